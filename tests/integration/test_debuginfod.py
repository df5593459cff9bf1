"""The client of debuginfod against servers on loopback, the well-behaved and the others."""

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from debuginfod_server import ELF, ID, Answer, Handler, Server, closes_early, drips, redirects, sends, serving, waits
from pyrometer.collect.debuginfod import Failure, Wanted, fetch


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.fixture
def second() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.fixture(autouse=True)
def cache(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's folder; the environment names it and the server."""
    for name in [*os.environ]:
        if name.startswith("DEBUGINFOD_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DEBUGINFOD_URLS", server.address)
    monkeypatch.setenv("DEBUGINFOD_CACHE_PATH", str(tmp_path / "cache"))
    return tmp_path / "cache"


def get(*build_ids: str, **options) -> list[Failure]:
    return fetch([Wanted(each, f"/lib/{each[:4]}.so") for each in build_ids or (ID,)], **options)


def files(cache: Path) -> dict[str, bytes]:
    return {str(path.relative_to(cache)): path.read_bytes() for path in cache.rglob("*") if path.is_file()}


# found


def test_a_file_is_placed_where_every_client_looks(server: Server, cache: Path):
    server.has(sends(ELF, X_DEBUGINFOD_SIZE=len(ELF)))
    server.has(sends(ELF[::1] + b"x"), kind="executable")
    assert fetch([Wanted(ID, "a"), Wanted(ID, "a", "executable")]) == []
    assert files(cache) == {f"{ID}/debuginfo": ELF, f"{ID}/executable": ELF + b"x"}
    assert (cache / ID / "debuginfo").stat().st_mode & 0o777 == 0o400
    assert cache.stat().st_mode & 0o077 == 0


def test_what_is_there_is_not_asked_for_again(server: Server):
    server.has(sends(ELF))
    assert get() == get() == []
    assert len(server.asked) == 1


def test_no_limits_at_all(server: Server, monkeypatch: pytest.MonkeyPatch):
    for name in ("TIMEOUT", "MAXTIME", "MAXSIZE"):
        monkeypatch.setenv(f"DEBUGINFOD_{name}", "0")
    server.has(waits(0.2, first=10))
    assert get(time_limit=None) == []


def test_the_same_file_twice_is_one_request(server: Server):
    server.has(sends(ELF))
    assert fetch([Wanted(ID, "a"), Wanted(ID, "a")]) == []
    assert len(server.asked) == 1


def test_gzip_is_unpacked(server: Server, cache: Path):
    server.has(sends(gzip.compress(ELF), Content_Encoding="gzip", X_DEBUGINFOD_SIZE=len(ELF)))
    assert get() == []
    assert files(cache) == {f"{ID}/debuginfo": ELF}
    assert server.headers[0]["Accept-Encoding"] == "gzip"


def test_chunks_are_joined(server: Server, cache: Path):
    def chunked(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        for part in (ELF[:7], ELF[7:]):
            request.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        request.wfile.write(b"0\r\n\r\n")

    server.has(chunked)
    assert get() == []
    assert files(cache) == {f"{ID}/debuginfo": ELF}


def test_redirects_are_followed_to_another_server(server: Server, second: Server, cache: Path):
    server.has(redirects(f"{second.address}/moved"))
    second.answers["/moved"] = sends(ELF)
    assert get() == []
    assert files(cache) == {f"{ID}/debuginfo": ELF}


def test_the_second_server_is_asked_when_the_first_has_it_not(
    server: Server, second: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    second.has(sends(ELF))
    monkeypatch.setenv("DEBUGINFOD_URLS", f" {server.address}/  ima:enforcing {second.address} ")
    assert get() == []
    assert server.asked == second.asked == [f"/buildid/{ID}/debuginfo"]
    assert files(cache) == {f"{ID}/debuginfo": ELF}


@pytest.mark.parametrize("bad", ["refused", "truncated", "html", "error", "no-http", "no-address", "no-host"])
def test_the_second_server_is_asked_when_the_first_fails(
    bad: str, server: Server, second: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    first = {
        "refused": "http://127.0.0.1:1",
        "no-http": "file:///",
        "no-address": "http://[",
        "no-host": "http://é..x:y",
    }.get(bad, server.address)
    answers = {"truncated": closes_early, "html": sends(b"<html>log in</html>"), "error": sends(b"", status=500)}
    server.has(answers.get(bad, closes_early))
    second.has(sends(ELF))
    monkeypatch.setenv("DEBUGINFOD_URLS", f"{first} {second.address}")
    assert get() == []
    assert files(cache) == {f"{ID}/debuginfo": ELF}


def test_many_files_come_at_the_same_time(server: Server, cache: Path):
    ids = [f"{number:040x}" for number in range(12)]
    for each in ids:
        server.has(waits(0.3), each)
    start = time.monotonic()
    assert get(*ids) == []
    assert time.monotonic() - start < 12 * 0.3 / 2
    assert len(files(cache)) == 12


# not found


def test_a_miss_is_said_and_remembered(server: Server, cache: Path):
    [failure] = get()
    assert failure.missing
    assert failure.note == "no debug info of /lib/0123.so from debuginfod: no server has it"
    assert files(cache) == {f"{ID}/debuginfo": b""}, "the mark of elfutils"
    [again] = get()
    assert again.missing
    assert len(server.asked) == 1


def test_a_remembered_miss_is_asked_again_after_its_time(server: Server, cache: Path):
    get()
    old = time.time() - 700
    os.utime(cache / ID / "debuginfo", (old, old))
    server.has(sends(ELF))
    assert get() == []
    assert files(cache) == {f"{ID}/debuginfo": ELF}


def test_the_time_of_a_miss_is_the_caches(server: Server, cache: Path):
    get()
    (cache / "cache_miss_s").write_text("1000\n")
    old = time.time() - 700
    os.utime(cache / ID / "debuginfo", (old, old))
    assert get()[0].missing
    (cache / "cache_miss_s").write_text("0")
    get()
    assert len(server.asked) == 2


def test_an_error_is_no_miss(server: Server, second: Server, cache: Path, monkeypatch: pytest.MonkeyPatch):
    second.has(sends(b"", status=503))
    monkeypatch.setenv("DEBUGINFOD_URLS", f"{server.address} {second.address}")
    [failure] = get()
    assert not failure.missing
    assert "404" in failure.reason
    assert "503" in failure.reason
    assert files(cache) == {}


# servers that misbehave


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (closes_early, f"the connection ended after {len(ELF) // 2} of {len(ELF)} bytes"),
        (sends(ELF, X_DEBUGINFOD_SIZE=len(ELF) + 1), f"it sent {len(ELF)} of {len(ELF) + 1} bytes"),
        (sends(ELF, X_DEBUGINFOD_SIZE=100), "it sent more than the 100 bytes that it announced"),
        (sends(b"<html>please log in</html>"), "what it sent is no ELF file"),
        (sends(b""), "what it sent is no ELF file"),
        (sends(gzip.compress(ELF)[:-20], Content_Encoding="gzip"), "its gzip stream is cut short"),
        (sends(ELF, Content_Encoding="gzip"), "incorrect header check"),
        (sends(ELF, Content_Encoding="br"), "its content encoding is br"),
        (redirects("file:///etc/passwd"), "is not allowed"),
        (redirects("ftp://127.0.0.1/x"), "neither http nor https"),
        (redirects(f"/buildid/{ID}/debuginfo"), "302"),
        (lambda request: request.wfile.write(b"\x00\xffgarbage\r\n\r\n"), ""),
        (lambda request: request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), ""),
        (lambda request: request.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n"), ""),
        (lambda request: request.wfile.write(b"HTTP/1.1 200 " + b"x" * 200_000), ""),
    ],
)
def test_nothing_but_a_whole_file_is_kept(answer: Answer, reason: str, server: Server, cache: Path):
    def and_close(request: Handler) -> None:
        answer(request)
        request.close_connection = True

    server.has(and_close)
    [failure] = get(time_limit=10)
    assert reason in failure.reason
    assert failure.reason.startswith(server.address.removeprefix("http://")), "which server it was"
    assert failure.reason.isprintable()
    assert not failure.missing
    assert files(cache) == {}
    assert list(cache.rglob("*")) == [], "no folder is left either"


def test_a_server_that_never_answers(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEBUGINFOD_TIMEOUT", "1")
    server.has(waits(5))
    start = time.monotonic()
    [failure] = get()
    assert time.monotonic() - start < 3
    assert "it did not answer in time" in failure.reason


def test_a_server_that_is_too_slow(server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEBUGINFOD_TIMEOUT", "1")
    server.has(drips(5))
    [failure] = get()
    assert "less than 100 KiB in 1 s (DEBUGINFOD_TIMEOUT)" in failure.reason
    assert files(cache) == {}


def test_the_time_for_one_file(server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEBUGINFOD_MAXTIME", "1")
    server.has(drips(5))
    [failure] = get()
    assert "longer than the time limit" in failure.reason
    assert files(cache) == {}


@pytest.mark.parametrize("answer", [waits(30), waits(30, first=1000), drips(30)])
def test_the_time_for_all_files(answer: Answer, server: Server, cache: Path):
    quick = "ff" * 20
    server.has(answer)
    server.has(sends(ELF), quick)
    start = time.monotonic()
    [failure] = get(ID, quick, time_limit=0.7)
    assert time.monotonic() - start < 2.5
    assert failure.wanted.build_id == ID
    assert failure.reason == "the time limit for all files had passed"
    assert files(cache) == {f"{quick}/debuginfo": ELF}, "what has come is kept"


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_that_is_too_large(announced: bool, server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEBUGINFOD_MAXSIZE", "10000")
    packed = gzip.compress(b"\x7fELF" + bytes(50_000_000))
    body = sends(packed, Content_Encoding="gzip", **({"X_DEBUGINFOD_SIZE": 50_000_004} if announced else {}))
    server.has(body)
    [failure] = get()
    assert server.headers[0]["X-DEBUGINFOD-MAXSIZE".title()] == "10000"
    assert "larger than DEBUGINFOD_MAXSIZE, 10000 bytes" in failure.reason
    assert files(cache) == {}


def test_a_cache_that_cannot_be_written(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    server.has(sends(ELF))
    (tmp_path / "file").touch()
    monkeypatch.setenv("DEBUGINFOD_CACHE_PATH", str(tmp_path / "file"))
    [failure] = get()
    assert failure.reason == f"the cache {tmp_path / 'file'} cannot be written: File exists"
    monkeypatch.setenv("DEBUGINFOD_CACHE_PATH", str(tmp_path / "file" / "below"))
    [failure] = get()
    assert failure.reason.endswith("Not a directory")


def test_a_full_disk(server: Server, cache: Path):
    server.has(sends(ELF))
    command = [sys.executable, "-c", SCRIPT, "30", ID]

    def limit() -> None:
        # No file may have more bytes: writing fails in the middle, as on a full disk.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert done.returncode == 0, done.stderr
    [reason] = json.loads(done.stdout.splitlines()[-1])
    assert reason == f"the cache {cache} cannot be written: File too large"
    assert files(cache) == {}


def test_a_password_is_not_repeated(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEBUGINFOD_URLS", server.address.replace("//", "//me:secret@") + "x")
    [failure] = get()
    assert "secret" not in failure.note


# who is asked, and for what


@pytest.mark.parametrize("urls", [None, "", "   "])
def test_without_servers_nothing_happens(urls, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.delenv("DEBUGINFOD_URLS")
    if urls is not None:
        monkeypatch.setenv("DEBUGINFOD_URLS", urls)
    assert get() == []
    assert get("../../etc") == []
    assert not cache.exists()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "build_id",
    ["", "0", "../../../etc/passwd", f"{ID}/../x", ID.upper(), f"{ID}\n", "é" * 40, "0" * 200, "a?b", "%2e%2e"],
)
def test_a_hostile_build_id_is_no_path_and_no_address(build_id: str, server: Server, cache: Path):
    server.has(sends(ELF))
    [failure] = fetch([Wanted(build_id, "a"), Wanted(ID, "b")])
    assert failure.wanted.build_id == build_id
    assert "is no build id" in failure.reason
    assert server.asked == [f"/buildid/{ID}/debuginfo"]
    assert files(cache) == {f"{ID}/debuginfo": ELF}


def test_an_unknown_kind(server: Server):
    [failure] = fetch([Wanted(ID, "a", "../x")])  # type: ignore[arg-type]
    assert "no kind of file" in failure.reason
    assert server.asked == []


def test_the_folder_is_the_one_of_elfutils(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    server.has(sends(ELF))
    monkeypatch.delenv("DEBUGINFOD_CACHE_PATH")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for expected in ("xdg/debuginfod_client", "home/.cache/debuginfod_client", "home/.debuginfod_client_cache"):
        if expected.startswith("xdg"):
            monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
        else:
            monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        if expected.endswith("_cache"):
            (tmp_path / expected).mkdir()
        assert get() == []
        assert (tmp_path / expected / ID / "debuginfo").read_bytes() == ELF


# elfutils' own client


ELFUTILS = """
import ctypes, sys
library = ctypes.CDLL("libdebuginfod.so.1")
library.debuginfod_begin.restype = ctypes.c_void_p
client, path = ctypes.c_void_p(library.debuginfod_begin()), ctypes.c_char_p()
for build_id in sys.argv[1:]:
    print(library.debuginfod_find_debuginfo(client, build_id.encode(), 0, ctypes.byref(path)) >= 0)
"""


def elfutils_finds(*build_ids: str) -> list[bool]:
    done = subprocess.run([sys.executable, "-c", ELFUTILS, *build_ids], capture_output=True, text=True, check=False)
    if "cannot open shared object file" in done.stderr:
        pytest.skip("libdebuginfod is not installed: apt-get install libdebuginfod1")
    return [line == "True" for line in done.stdout.splitlines()]


def test_the_cache_is_shared_with_elfutils(server: Server, cache: Path):
    ours, theirs, nowhere, never = ("aa" * 20, "bb" * 20, "cc" * 20, "dd" * 20)
    server.has(sends(ELF), ours)
    server.has(sends(ELF), theirs)
    assert elfutils_finds(theirs, never) == [True, False]
    assert [failure.wanted.build_id for failure in get(ours, nowhere)] == [nowhere]
    assert len(server.asked) == 4
    assert elfutils_finds(ours, nowhere) == [True, False]
    assert [failure.missing for failure in get(theirs, never)] == [True]
    assert len(server.asked) == 4, "each knows what the other has found, and what it has not"
    assert files(cache)[f"{ours}/debuginfo"] == files(cache)[f"{theirs}/debuginfo"] == ELF


# several at once


SCRIPT = """
import json, sys
from pyrometer.collect.debuginfod import Wanted, fetch
print("ready", flush=True)
failures = fetch([Wanted(each, each) for each in sys.argv[2:]], time_limit=float(sys.argv[1]))
print(json.dumps([failure.reason for failure in failures]))
"""


def test_several_fetchers_of_the_same_file(server: Server, cache: Path):
    server.has(waits(0.3, first=10))
    command = [sys.executable, "-c", SCRIPT, "30", ID]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for each in started:
        output, _ = each.communicate(timeout=60)
        assert each.returncode == 0
        assert json.loads(output.splitlines()[-1]) == []
    assert files(cache) == {f"{ID}/debuginfo": ELF}


def test_ctrl_c_stops_and_keeps_what_has_come(server: Server, cache: Path):
    quick = "ff" * 20
    server.has(waits(60, first=1000))
    server.has(sends(ELF), quick)
    command = [sys.executable, "-c", SCRIPT, "60", ID, quick]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as fetcher:
        deadline = time.monotonic() + 30
        while not (cache / quick / "debuginfo").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        start = time.monotonic()
        fetcher.send_signal(signal.SIGINT)
        output, errors = fetcher.communicate(timeout=30)
    assert time.monotonic() - start < 3
    assert fetcher.returncode == 0
    assert errors == ""
    assert json.loads(output.splitlines()[-1]) == ["interrupted"]
    assert files(cache) == {f"{quick}/debuginfo": ELF}


def test_progress_is_shown_on_a_terminal_only(server: Server, cache: Path, capsys):
    server.has(waits(1, first=50_000))
    child = pexpect.spawn(sys.executable, ["-c", SCRIPT, "30", ID], timeout=30, dimensions=(24, 80))
    child.expect(r"debug info 0/1 .*50\.0/")
    child.expect(pexpect.EOF)
    assert child.before is not None
    assert b"[]" in child.before
    (cache / ID / "debuginfo").unlink()
    assert get() == []
    assert capsys.readouterr() == ("", "")
