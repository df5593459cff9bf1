"""DHAT's JSON, for its viewer ``dh_view.html``; of a profile that is none of DHAT's, the chosen metric."""

from __future__ import annotations

from pyrometer.formats.format import Format

FORMAT = Format("dhat", ".dhat.json", "DHAT (dh_view.html)", frozenset({"metric"}))
