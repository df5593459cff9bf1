"""DHAT's JSON, for its viewer ``dh_view.html``; of a profile that is none of DHAT's, the chosen metric."""

from __future__ import annotations

from pyrometer.formats.format import Format


def recognise(head: bytes) -> bool:
    """True if it is JSON with DHAT's version."""
    return head.lstrip().startswith(b"{") and b'"dhatFileVersion"' in head


FORMAT = Format("dhat", ".dhat.json", "DHAT (dh_view.html)", recognise, frozenset({"metric"}))
