"""Which package has the debug info of a system's program."""

import shutil
import time

import pytest

from pyrometer.diagnosis import package


def _tool(folder, name, answer):
    tool = folder / name
    tool.write_text(f"#!/bin/sh\n{answer}\n")
    tool.chmod(0o755)
    return tool


@pytest.mark.parametrize(
    ("tool", "answer", "command"),
    [
        ("dpkg", 'echo "tree: /usr/bin/tree"', "sudo apt install tree-dbgsym"),
        ("dpkg", 'echo "libc6:amd64: /bin/tree"; exit 1', "sudo apt install libc6-dbg"),
        ("dpkg", 'printf "diversion by a from: /bin/tree\\nb, c:i386: /bin/tree\\n"', "sudo apt install b-dbgsym"),
        ("dpkg", 'echo "other: /usr/bin/other"', ""),
        ("dpkg", "exit 1", ""),
        ("dpkg", "while :; do :; done", ""),
        ("rpm", "echo tree", "sudo dnf debuginfo-install tree"),
        ("rpm", "echo file /usr/bin/tree is not owned by any package; exit 1", ""),
        ("neither", "", ""),
    ],
)
def test_the_package_of_a_system_program_is_named(tmp_path, monkeypatch, tool, answer, command):
    _tool(tmp_path, tool, answer)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(package, "PATIENCE", 0.5)
    start = time.monotonic()
    assert package.debug_symbols("/usr/bin/tree") == command
    assert time.monotonic() - start < 5


def test_the_package_of_a_real_program():
    """As the machine has it, which may have neither of the tools."""
    own = {"dpkg": "sudo apt install dpkg-dbgsym", "rpm": "sudo dnf debuginfo-install rpm"}
    path, command = next(((path, own[tool]) for tool in own if (path := shutil.which(tool))), ("/bin/sh", ""))
    assert package.debug_symbols(path) == command
