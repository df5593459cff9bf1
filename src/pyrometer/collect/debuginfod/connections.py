"""Connections that can all be ended at once, from another thread: at the end of the time, and by Ctrl-C."""

from __future__ import annotations

import http.client
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

SCHEMES = ("http", "https")


class Connections:
    """Opens addresses by http and https, redirected or not; proxies are those of the environment, as for curl."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self.stopped = threading.Event()
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.UnknownHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            _Redirects(),
            _Plain(self),
            _Secure(self),
        ):
            self._opener.add_handler(handler)

    def open(self, address: str, headers: dict[str, str], timeout: float | None) -> http.client.HTTPResponse:
        """A response with status 200; else an OSError (``HTTPError`` for a status) or an HTTPException."""
        if urlsplit(address).scheme not in SCHEMES:
            raise OSError("its address is neither http nor https")
        return self._opener.open(urllib.request.Request(address, headers=headers), timeout=timeout)  # noqa: S310

    def stop(self) -> None:
        """End all connections; whoever reads from one sees its end."""
        self.stopped.set()
        with self._lock:
            for each in self._sockets:
                with suppress(OSError):
                    # Of the plain socket: that of TLS would wait for the other side.
                    socket.socket.shutdown(each, socket.SHUT_RDWR)

    def add(self, connected: socket.socket) -> None:
        """Remember a connection; one that comes too late is refused."""
        with self._lock:
            self._sockets = {each for each in self._sockets if each.fileno() >= 0} | {connected}
        if self.stopped.is_set():
            raise OSError("stopped")


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = 5

    def redirect_request(  # noqa: PLR0913, PLR0917  urllib calls it so
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if urlsplit(newurl).scheme not in SCHEMES:
            raise urllib.error.HTTPError(newurl, code, "redirects to neither http nor https", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Plain(urllib.request.HTTPHandler):
    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self._connections = connections

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_noted(http.client.HTTPConnection, self._connections), req)


class _Secure(urllib.request.HTTPSHandler):
    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self._connections = connections

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_noted(http.client.HTTPSConnection, self._connections), req)


def _noted(kind: type[http.client.HTTPConnection], connections: Connections) -> Callable[..., Any]:
    def make(*arguments: Any, **options: Any) -> http.client.HTTPConnection:
        connection = kind(*arguments, **options)
        connect = connection.connect

        def connect_and_note() -> None:
            connect()
            connections.add(connection.sock)

        connection.connect = connect_and_note  # type: ignore[method-assign]
        return connection

    return make
