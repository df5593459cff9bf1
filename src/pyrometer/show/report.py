"""The viewer's page: one HTML file, with a profile inside or as a server sends it.

``make viewer`` builds its parts from ``viewer/`` into ``page/``. What the page may do is said by its content security
policy: run the one script whose hash it names, apply the one style sheet, and reach no network.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from html import escape
from pathlib import Path

from pyrometer.errors import OutputError, PyrometerError
from pyrometer.profile import ProfileData, units
from pyrometer.show import listings
from pyrometer.show.about import about

PARTS = Path(__file__).with_name("page")
MOST = 20 << 20
"""Packed bytes of a profile inside of a page: browsers take long with larger files, and fail with much larger ones."""
DATA = "profile"
"""The ``id`` of the element with the data."""


def page(profile: ProfileData, title: str = "", source: bool = True, base: ProfileData | None = None) -> bytes:
    """The page with a profile inside.

    ``title`` is in place of the command; ``source``: with source and machine code of the hottest functions; ``base`` is
    what the profile is compared with.
    """
    data = pack(profile, title, listings.hottest(profile) if source else None, base)
    if len(data) > MOST:
        raise OutputError(
            "the profile is too large for one page",
            f"it would hold {units.size(len(data))}, and browsers open no more than {units.size(MOST)} well",
            "look at it with: pyrometer view FILE",
        )
    inside = f'<script type="application/octet-stream" id="{DATA}">{base64.b64encode(data).decode()}</script>'
    return assemble(inside, title or profile_title(profile))


def pack(profile: ProfileData, title: str = "", source: str | None = None, base: ProfileData | None = None) -> bytes:
    """The data of the page: the columns of the profile and listings of its functions, deflated (RFC 1950)."""
    texts = [("about", about(profile, title, base))]
    if source is not None:
        texts.append(("listings", source))
    return zlib.compress(profile.native.page(None if base is None else base.native, texts), 6)


def profile_title(profile: ProfileData) -> str:
    """What a browser calls the page before it has read the data."""
    return " ".join(profile.meta.command) or profile.meta.instrument or "profile"


def assemble(data: str, title: str, connect: str = "'none'") -> bytes:
    """The page around ``data``; ``connect`` is what it may fetch from, as its policy has it."""
    style, code = _part("page.css"), _part("page.js")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(code)}",
            f"style-src {_hash(style)}",
            "worker-src blob:",
            "img-src data:",
            f"connect-src {connect}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types worker",
        )
    )
    head, _, foot = _part("page.html").partition("@DATA@")
    top = _fill(head, {"POLICY": policy, "TITLE": escape(title[:200]), "STYLE": style})
    return "".join((top, data, _fill(foot, {"CODE": code}))).encode()


def _fill(template: str, parts: dict[str, str]) -> str:
    """The template with each part in its place; the parts themselves are not looked into."""
    filled = ""
    for name, text in parts.items():
        before, _, template = template.partition(f"@{name}@")
        filled += before + text
    return filled + template


def _part(name: str) -> str:
    path = PARTS / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PyrometerError(f"there is no {path}", "the viewer was not built", "build it: make viewer") from error


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
