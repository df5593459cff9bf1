"""One file from the servers in their order, checked before it is placed."""

from __future__ import annotations

import http.client
import math
import time
import urllib.error
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from email.message import Message
from urllib.parse import urlsplit

from pyrometer.collect.debuginfod.cache import Cache, CacheWriteError, is_elf
from pyrometer.collect.debuginfod.connections import Connections
from pyrometer.collect.debuginfod.settings import LEAST_BYTES, Settings
from pyrometer.collect.debuginfod.wanted import Failure, Wanted

Report = Callable[[int, int | None], None]
"""Called with bytes that have come, and how many there will be."""

_CHUNK = 1 << 16
_SLACK = 0.5
"""Seconds."""
_HEADERS = {"User-Agent": "pyrometer", "Accept": "*/*", "Accept-Encoding": "gzip"}


class _Refused(Exception):  # noqa: N818  it never leaves this module
    """What a server sends is not taken; the text says why."""


class Download:
    """Fetches files into a cache."""

    def __init__(self, settings: Settings, cache: Cache, connections: Connections, deadline: float) -> None:
        """``deadline`` is on the monotonic clock."""
        self._settings = settings
        self._cache = cache
        self._connections = connections
        self._deadline = deadline

    def get(self, wanted: Wanted, report: Report) -> Failure | None:
        """Fetch a file: None when it is in the cache. Whatever happens, no exception and no part of a file."""
        reasons: list[str] = []
        end = self._end()
        missing = 0
        for server in self._settings.servers:
            if self._connections.stopped.is_set():
                return Failure(wanted, "stopped")
            try:
                self._from(server, wanted, report, end)
            except urllib.error.HTTPError as error:
                error.close()
                missing += error.code == http.HTTPStatus.NOT_FOUND
                reasons.append(f"{_name(server)}: {error.code} {_printable(str(error.reason))}")
            except CacheWriteError as error:
                return Failure(wanted, _printable(str(error)))
            except (_Refused, OSError, http.client.HTTPException, zlib.error, ValueError) as error:
                reasons.append(f"{_name(server)}: {_why(error)}")
            else:
                return None
        return self._failed(wanted, reasons, missing)

    def _failed(self, wanted: Wanted, reasons: list[str], missing: int) -> Failure:
        if self._connections.stopped.is_set():
            return Failure(wanted, "stopped")
        if missing == len(self._settings.servers):
            self._cache.mark_missing(wanted)
            return Failure(wanted, "no server has it", missing=True)
        return Failure(wanted, "; ".join(reasons))

    def _end(self) -> float:
        own = time.monotonic() + self._settings.max_time if self._settings.max_time else math.inf
        # The deadline of all files is kept by whoever waits for us, and says so; this is for when nobody does.
        return min(own, self._deadline + _SLACK)

    def _from(self, server: str, wanted: Wanted, report: Report, end: float) -> None:
        address = f"{server}/buildid/{wanted.build_id}/{wanted.kind}"
        left = end - time.monotonic()
        if left <= 0:
            raise _Refused("no time was left for it")
        timeout: float | None = min(self._settings.timeout or math.inf, left)
        if timeout == math.inf:
            timeout = None
        limit = self._settings.max_size
        headers = _HEADERS | ({"X-DEBUGINFOD-MAXSIZE": str(limit)} if limit else {})
        response = self._connections.open(address, headers, timeout)
        with closing(response):
            size = _number(response.headers, "X-DEBUGINFOD-SIZE")
            self._check_size(size or _number(response.headers, "Content-Length") or 0)
            with self._cache.placing(wanted) as file:
                written = 0
                for chunk in _decoded(response.headers, self._body(response, end)):
                    written += len(chunk)
                    self._check_size(written)
                    if size is not None and written > size:
                        raise _Refused(f"it sent more than the {size} bytes that it announced")
                    self._cache.write(file, chunk)
                    report(len(chunk), size)
                if size is not None and written != size:
                    raise _Refused(f"it sent {written} of {size} bytes")
                if not is_elf(file):
                    raise _Refused("what it sent is no ELF file")

    def _check_size(self, size: int) -> None:
        limit = self._settings.max_size
        if limit and size > limit:
            raise _Refused(f"the file is larger than DEBUGINFOD_MAXSIZE, {limit} bytes")

    def _body(self, response: http.client.HTTPResponse, end: float) -> Iterator[bytes]:
        """The bytes as they come, in time, not too slowly, and all of them."""
        expected = None if response.chunked else _number(response.headers, "Content-Length")
        pace = _Pace(self._settings.timeout)
        while chunk := response.read1(_CHUNK):
            if self._connections.stopped.is_set():
                raise _Refused("stopped")
            if time.monotonic() > end:
                raise _Refused("it took longer than the time limit")
            pace.got(len(chunk))
            yield chunk
        if self._connections.stopped.is_set():
            raise _Refused("stopped")
        if expected is not None and pace.total != expected:
            raise _Refused(f"the connection ended after {pace.total} of {expected} bytes")


class _Pace:
    """Refuses a server that sends less than 100 KiB in the timeout."""

    def __init__(self, timeout: float) -> None:
        self.total = 0
        self._timeout = timeout
        self._since = time.monotonic()
        self._bytes = 0

    def got(self, count: int) -> None:
        self.total += count
        self._bytes += count
        if self._bytes >= LEAST_BYTES:
            self._since, self._bytes = time.monotonic(), 0
        elif self._timeout and time.monotonic() - self._since > self._timeout:
            raise _Refused(f"it sent less than {LEAST_BYTES >> 10} KiB in {self._timeout:g} s (DEBUGINFOD_TIMEOUT)")


def _decoded(headers: Message, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The body without its content encoding, in pieces of bounded size: gzip can blow up a thousandfold."""
    encoding = (headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding == "identity":
        yield from chunks
        return
    if encoding not in ("gzip", "x-gzip"):
        raise _Refused(f"its content encoding is {_printable(encoding)}")
    inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    for chunk in chunks:
        rest = chunk
        while rest:
            yield inflate.decompress(rest, _CHUNK)
            rest = inflate.unconsumed_tail
    yield inflate.flush()
    if not inflate.eof:
        raise _Refused("its gzip stream is cut short")


def _number(headers: Message, name: str) -> int | None:
    text = (headers.get(name) or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None


def _why(error: Exception) -> str:
    """An error in words: what urllib wraps is what happened."""
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(inner, TimeoutError):
        return "it did not answer in time"
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    return _printable(str(inner)) or type(inner).__name__


def _name(server: str) -> str:
    """A server without a password that may stand in its address."""
    try:
        place = urlsplit(server).netloc
    except ValueError:
        place = ""
    return _printable((place or server).rpartition("@")[2])


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:200])
