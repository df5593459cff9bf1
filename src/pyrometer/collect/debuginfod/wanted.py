"""What is wanted, and why it was not got."""

from __future__ import annotations

import re
from typing import Literal, get_args

from pyrometer.frozen import frozen

Kind = Literal["debuginfo", "executable"]

_BUILD_ID = re.compile(r"(?:[0-9a-f]{2}){1,64}")


@frozen
class Wanted:
    """A file to fetch: of the binary at ``path``, which is for messages only."""

    build_id: str
    """In hexadecimal digits; whatever else it is, no path and no address is made of it."""
    path: str
    kind: Kind = "debuginfo"

    def why_invalid(self) -> str:
        """Why it cannot be asked for; empty if it can."""
        if _BUILD_ID.fullmatch(self.build_id) is None:
            return f"{self.build_id[:80]!r} is no build id"
        return "" if self.kind in get_args(Kind) else f"{self.kind!r} is no kind of file"


@frozen
class Failure:
    """A file that was not got."""

    wanted: Wanted
    reason: str
    missing: bool = False
    """Whether every server said that it has no such file: nothing went wrong."""

    @property
    def note(self) -> str:
        """The failure as a note of a profile."""
        what = "debug info" if self.wanted.kind == "debuginfo" else "executable"
        return f"no {what} of {self.wanted.path} from debuginfod: {self.reason}"
