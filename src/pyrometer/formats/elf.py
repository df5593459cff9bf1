"""Where a program's addresses go, by the headers of its file. Structures of ``elf.h``."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

from pyrometer.frozen import frozen

_PT_LOAD: Final = 1
_ET_EXEC: Final = 2


@frozen
class Span:
    """From where to where they go, and whether the program must lie there."""

    begin: int
    end: int
    fixed: bool


def span(program: Path) -> Span | None:
    """None for what is no ELF file of 64 bits."""
    try:
        with program.open("rb") as file:
            head = file.read(64)
            if head[:6] != b"\x7fELF\x02\x01" or len(head) < 64:
                return None
            kind, offset = struct.unpack_from("<H", head, 16)[0], struct.unpack_from("<Q", head, 32)[0]
            size, count = struct.unpack_from("<HH", head, 54)
            file.seek(min(offset, os.fstat(file.fileno()).st_size))
            table = file.read(size * count)
    except OSError:
        return None
    rows = [table[at : at + 56] for at in range(0, len(table) - 55, max(size, 56))]
    loads = [struct.unpack("<IIQQQQQQ", row) for row in rows if struct.unpack_from("<I", row)[0] == _PT_LOAD]
    if not loads:
        return None
    return Span(min(row[3] for row in loads), max(row[3] + row[6] for row in loads), kind == _ET_EXEC)
