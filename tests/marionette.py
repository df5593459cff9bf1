"""Firefox, by the protocol that it has itself: Playwright drives only a Firefox of its own making.

Messages are JSON behind their length: https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PATIENCE = 30.0
"""Seconds for a start, and for an answer."""


class Firefox:
    """A Firefox without a window, with one page."""

    def __init__(self, profile: Path) -> None:
        port = _free_port()
        (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
        assert FIREFOX
        command = [FIREFOX, "--headless", "--no-remote", "--marionette", "--profile", str(profile)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._number = 0
        self._connection = _connected(port)
        self._stream = self._connection.makefile("rwb")
        self._read()
        self.ask("WebDriver:NewSession", {})

    def close(self) -> None:
        """End it."""
        self._stream.close()
        self._connection.close()
        self._process.terminate()
        self._process.wait(timeout=PATIENCE)

    def open(self, address: str) -> None:
        """Go to a page and wait until it is ready."""
        self.ask("WebDriver:Navigate", {"url": address})
        self.wait("return document.documentElement.dataset.ready === 'true'")

    def wait(self, script: str) -> Any:
        """What a script returns, when that is true."""
        end = time.monotonic() + PATIENCE
        while not (found := self.run(script)):
            assert time.monotonic() < end, f"not true within {PATIENCE} s: {script}"
            time.sleep(0.05)
        return found

    def run(self, script: str) -> Any:
        """What a script returns."""
        return self.ask("WebDriver:ExecuteScript", {"script": script, "args": []})["value"]

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("WebDriver:PerformActions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def ask(self, command: str, parameters: dict[str, Any]) -> Any:
        """The answer to a command."""
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._stream.write(b"%d:%s" % (len(message), message))
        self._stream.flush()
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def _read(self) -> Any:
        length = b""
        while (letter := self._stream.read(1)) != b":":
            assert letter, "Firefox has ended"
            length += letter
        return json.loads(self._stream.read(int(length)))


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def _connected(port: int) -> socket.socket:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        except OSError:
            assert time.monotonic() < end, "Firefox does not answer"
            time.sleep(0.1)
        else:
            return connection
