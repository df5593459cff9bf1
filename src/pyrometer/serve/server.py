"""A server of one page and one profile, for this machine's browsers alone.

It listens on the loopback address, answers only below an address that holds a random token, and only under a name of
this machine, so that a foreign site can reach it neither directly nor by rebinding its own name. It has the page and
the profile's data in memory; a request can name a function or a part of the profile, never a file, and what is read
for it are the sources and binaries that the profile names. It ends when the last page has gone.
"""

from __future__ import annotations

import secrets
import sys
import threading
import time
from functools import cached_property, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pyrometer.analyze.listing import Lister
from pyrometer.errors import OutputError
from pyrometer.profile import ProfileData
from pyrometer.serve.parts import BYTES, INSIDE, Found, Parts
from pyrometer.show import listings, report

ADDRESS = "127.0.0.1"
NAMES = frozenset({"127.0.0.1", "localhost"})
"""Hosts that a browser on this machine may ask for."""
BEAT = 0.5
"""Seconds between two looks if a page is still there."""
GRACE = 3.0
"""Seconds without a page before the end: one that is loaded again comes back sooner."""


Content = dict[str, Found]
"""Kind and bytes of what there is, by what follows the token."""


class Server:
    """Serves a profile from :meth:`run` until nobody looks at it any more, or it is interrupted.

    Of a call tree with more than ``inside`` nodes, the page asks for what it shows.
    """

    def __init__(
        self,
        profile: ProfileData,
        port: int = 0,
        grace: float = GRACE,
        base: ProfileData | None = None,
        inside: int = INSIDE,
    ) -> None:
        self.token = secrets.token_urlsafe(24)
        self.pages = Pages(grace)
        title = report.profile_title(profile)
        # Two are compared node by node: the page needs all of both.
        parts = Parts.of(profile, inside) if base is None else None
        content: Content = {
            "": ("text/html; charset=utf-8", report.assemble("", title, connect="'self'")),
            "profile": (BYTES, parts.head if parts else report.pack(profile, base=base)),
        }
        handler = partial(Handler, self.token, content, parts, Source(profile), self.pages)
        try:
            self._http = _Http((ADDRESS, port), handler)
        except OSError as error:
            raise OutputError(f"port {port} cannot be used", error.strerror or "", "leave --port out") from error

    @property
    def address(self) -> str:
        """Where a browser finds the page; whoever knows it may look."""
        return f"http://{ADDRESS}:{self._http.server_port}/{self.token}/"

    def run(self) -> None:
        """Serve."""
        answering = threading.Thread(target=self._http.serve_forever, args=(BEAT,), daemon=True)
        answering.start()
        try:
            self.pages.wait_until_gone()
        finally:
            self._http.shutdown()
            self._http.server_close()
            answering.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that is closed while it loads is no error."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Source:
    """Listings of the functions of a profile, and of no others: these alone say which files are read."""

    def __init__(self, profile: ProfileData) -> None:
        self._profile = profile
        self._lock = threading.Lock()

    def listing(self, name: str) -> str | None:
        """JSON, or None for a function that the profile does not have."""
        with self._lock:
            return listings.render(self._lister.list([name])[0]) if name in self._names else None

    @cached_property
    def _lister(self) -> Lister:
        return Lister(self._profile)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self._profile.functions.column("name"))


class Pages:
    """How many pages are open."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._changed = threading.Condition()
        self._open = 0
        self._came = False

    def come(self) -> None:
        """A page has been opened."""
        with self._changed:
            self._open += 1
            self._came = True
            self._changed.notify_all()

    def go(self) -> None:
        """A page has been closed."""
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def wait_until_gone(self) -> None:
        """Return when there was a page, and for some time there has been none."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._came and self._open == 0)
                if not self._changed.wait_for(lambda: self._open > 0, timeout=self._grace):
                    return


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    def __init__(
        self, token: str, content: Content, parts: Parts | None, source: Source, pages: Pages, *connection: Any
    ) -> None:
        self.token = token
        self.content = content
        self.parts = parts
        self.source = source
        self.pages = pages
        super().__init__(*connection)

    protocol_version = "HTTP/1.1"
    server_version = "pyrometer"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        """Answer."""
        name = _name(self.path, self.token)
        if not _is_ours(self.headers.get("Host", "")):
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", b"only for this machine\n")
        elif name == "alive":
            self._stay()
        elif name == "listing":
            self._list()
        elif name in self.content:
            self._answer(HTTPStatus.OK, *self.content[name])
        elif found := name and self.parts and self.parts.answer(name, self._asked()):
            self._answer(HTTPStatus.OK, *found)
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"not found\n")

    def _asked(self) -> dict[str, str]:
        """What the address says after its name."""
        return {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}

    def _list(self) -> None:
        """The source and machine code of a function."""
        name = self._asked().get("function", "")
        listing = self.source.listing(name)
        if listing is None:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"the profile has no such function\n")
        else:
            self._answer(HTTPStatus.OK, "application/json", listing.encode())

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self._head(kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _head(self, kind: str) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")

    def _stay(self) -> None:
        """Stay connected for as long as the page is there."""
        self.send_response(HTTPStatus.OK)
        self._head("text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.pages.come()
        try:
            while True:
                time.sleep(BEAT)
                self.wfile.write(b":\n\n")
                self.wfile.flush()
        except OSError:
            pass
        finally:
            self.pages.go()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal is the user's."""


def _name(path: str, token: str) -> str | None:
    """What is asked for below the token; None without it."""
    given, _, name = path.removeprefix("/").partition("/")
    known = secrets.compare_digest(given.encode(), token.encode())
    return name.partition("?")[0] if known else None


def _is_ours(host: str) -> bool:
    """Whether a Host header names this machine; the port may be that of a tunnel.

    >>> _is_ours("localhost:4711"), _is_ours("127.0.0.1"), _is_ours("evil.example:80"), _is_ours("")
    (True, True, False, False)
    """
    return host.partition(":")[0] in NAMES
