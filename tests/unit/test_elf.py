"""Where a program's addresses go, of any file."""

import struct
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from pyrometer.formats.elf import span

HEADER = struct.pack("<6s10xHHIQQQIHHHHHH", b"\x7fELF\x02\x01", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
LOADS = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x1000, 0, 0, 0x234, 0) + struct.pack(
    "<IIQQQQQQ", 1, 6, 0, 0x3000, 0, 0, 8, 0
)


def span_of(content):
    with TemporaryDirectory() as name:
        program = Path(name, "program")
        program.write_bytes(content)
        return span(program)


def test_a_program_goes_from_its_first_to_its_last_segment():
    found = span_of(HEADER + LOADS)
    assert found is not None
    assert (found.begin, found.end, found.fixed) == (0x1000, 0x3008, False)


@given(st.binary(max_size=200), st.dictionaries(st.integers(6, 63), st.sampled_from([0, 1, 0x7F, 0xFF]), max_size=12))
def test_any_bytes_are_a_program_or_not(rest, changes):
    header = bytearray(HEADER)
    for at, byte in changes.items():
        header[at] = byte
    for content in [rest, HEADER + rest, bytes(header) + LOADS]:
        found = span_of(content)
        assert found is None or isinstance(found.begin, int)


def test_a_table_of_segments_beyond_the_file_is_none():
    assert span_of(HEADER[:32] + b"\xff" * 8 + HEADER[40:] + LOADS) is None
