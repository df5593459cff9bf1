"""``pyrometer view``: who is answered, with what, and when it ends."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import known
import pytest

from asking import ask
from installed import PYROMETER
from looking import Open, cells, show_panel


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of the known profile, and its address."""
    path = tmp_path / "known.pyro"
    known.profile().save(path)
    (tmp_path / "secret").write_text("secret")
    command = [str(PYROMETER), "view", path.name, "--no-browser"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield server, server.stdout.readline().strip()
        server.kill()


def test_the_page_shows_the_profile_and_its_end_is_the_servers(open_page: Open, served):
    server, address = served
    page = open_page(address)
    show_panel(page, "functions")
    assert [(row[0], row[6]) for row in cells(page)][:2] == [("42.9 %", "program::solve"), ("28.6 %", "memcpy")]
    show_panel(page, "source")
    page.wait_for_selector(".both .heading")
    assert "/src/program.rs is not on this machine" in page.locator(".both").inner_text()
    page.reload()
    page.wait_for_selector("[data-ready]")
    assert server.poll() is None
    page.close()
    assert server.wait(timeout=20) == 0


def test_ctrl_c_ends_it(served):
    server, address = served
    assert ask(address, urlsplit(address).path)[0] == 200
    server.send_signal(signal.SIGINT)
    assert server.wait(timeout=10) == 0
    assert "Traceback" not in server.stderr.read()


def test_only_the_token_is_answered_and_only_to_this_machine(served):
    _, address = served
    root = urlsplit(address).path
    assert urlsplit(address).hostname == "127.0.0.1"
    assert len(root) > 30
    assert ask(address, root)[0] == 200
    assert ask(address, root, host="localhost:9999")[0] == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "", "evil.example:80"):
        assert ask(address, root, host=host)[0] == 403
    for path in ("/", "/profile", f"{root[:-2]}/", "/x/profile", f"/x{root}profile"):
        assert ask(address, path) == (404, b"not found\n")


def test_no_file_is_served(served):
    _, address = served
    root = urlsplit(address).path
    for path in ("secret", "known.pyro", "../secret", "%2e%2e/secret", "/etc/passwd", "..%2f..%2fetc%2fpasswd"):
        assert ask(address, root + path)[0] == 404
    for function in ("main()", "/etc/passwd", "../secret", "%00"):
        assert ask(address, f"{root}listing?function={function}")[0] == 404
    status, listing = ask(address, f"{root}listing?function=program::solve")
    assert (status, json.loads(listing)["sources"][0]["path"]) == (200, "/src/program.rs")
    assert ask(address, root, method="POST")[0] == 501


def test_it_listens_on_no_other_address(served):
    _, address = served
    port = urlsplit(address).port
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if " 0A " in line]
    assert [one.partition(":")[0] for one in listening if one.endswith(f":{port:04X}")] == ["0100007F"]


def test_a_port_in_use_is_told(served, run_pyrometer, tmp_path):
    _, address = served
    done = run_pyrometer("view", "known.pyro", "--no-browser", "--port", urlsplit(address).port, cwd=tmp_path)
    assert done.returncode == 98
    assert "cannot be used" in done.stderr


def test_a_file_that_is_no_profile_is_told_before_anything_is_served(run_pyrometer, tmp_path):
    path = tmp_path / "a.pyro"
    path.write_text("just text\n")
    begun = time.monotonic()
    assert run_pyrometer("view", path, "--no-browser").returncode == 82
    assert time.monotonic() - begun < 30
