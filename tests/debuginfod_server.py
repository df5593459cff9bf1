"""A debuginfod server on loopback that answers as a test wants it to."""

import contextlib
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

ID = "0123456789abcdef0123456789abcdef01234567"
ELF = b"\x7fELF" + bytes(range(256)) * 300

Handler = http.server.BaseHTTPRequestHandler
Answer = Callable[[Handler], None]


@dataclass
class Server:
    """A server on loopback; answers by path, and everything else with 404."""

    address: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def has(self, answer: Answer, build_id: str = ID, kind: str = "debuginfo") -> None:
        self.answers[f"/buildid/{build_id}/{kind}"] = answer


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    class Requests(Handler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # noqa: N802  http.server calls it so
            server.asked.append(self.path)
            server.headers.append(dict(self.headers))
            answer = server.answers.get(self.path, sends(b"not here", status=404))
            with contextlib.suppress(ConnectionError):
                answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Requests) as inner:
        inner.daemon_threads = True
        server = Server(f"http://127.0.0.1:{inner.server_port}")
        thread = threading.Thread(target=inner.serve_forever, args=(0.01,))
        thread.start()
        yield server
        inner.shutdown()
        thread.join()


def sends(body: bytes, status: int = 200, **headers: str | int) -> Answer:
    """Answers with a body; a header of None is left out."""

    def answer(request: Handler) -> None:
        request.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Content-Length": len(body)} | named).items():
            request.send_header(name, str(value))
        request.end_headers()
        request.wfile.write(body)

    return answer


def redirects(address: str) -> Answer:
    return sends(b"", status=302, Location=address)


def waits(seconds: float, body: bytes = ELF, first: int = 0) -> Answer:
    """Sends the first bytes, then nothing for a time."""

    def answer(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[:first])
        request.wfile.flush()
        time.sleep(seconds)
        request.wfile.write(body[first:])

    return answer


def drips(seconds: float) -> Answer:
    """Sends a byte every hundredth of a second."""

    def answer(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(ELF)))
        request.end_headers()
        end = time.monotonic() + seconds
        for byte in ELF:
            if time.monotonic() > end:
                return
            request.wfile.write(bytes([byte]))
            request.wfile.flush()
            time.sleep(0.01)

    return answer


def closes_early(request: Handler) -> None:
    """Announces a whole file and sends half of it."""
    sends(ELF[: len(ELF) // 2], Content_Length=len(ELF))(request)
    request.close_connection = True
