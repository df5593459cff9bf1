"""Which package installed a program, and the command that installs its debug symbols."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

PATIENCE = 2.0
"""Seconds that the package manager may take."""
_OWN_NAMES = {"libc6": "libc6-dbg"}
"""Debian packages whose debug symbols are not in the package that is called after them."""


def debug_symbols(path: str) -> str:
    """The command that installs the debug symbols of the program at ``path``; empty if no package has it.

    Asks dpkg, else rpm, and gives up after :data:`PATIENCE` seconds.
    """
    names = list(dict.fromkeys(_names(path)))
    if shutil.which("dpkg"):
        found = owner(_ask("dpkg", "-S", "--", *names), names)
        return f"sudo apt install {_OWN_NAMES.get(found, f'{found}-dbgsym')}" if found else ""
    if shutil.which("rpm"):
        # It fails for a file of no package, and writes so where the name would be.
        found = _ask("rpm", "-qf", "--queryformat", "%{NAME}\n", "--", names[0]).partition("\n")[0]
        return f"sudo dnf debuginfo-install {found}" if found and " " not in found else ""
    return ""


def _names(path: str) -> Iterator[str]:
    """What the package may call the file: ``/bin`` is a link to ``/usr/bin`` today, and was none when it was built."""
    for name in (path, os.path.realpath(path)):
        yield name
        if name.startswith("/usr/"):
            yield name.removeprefix("/usr")


def _ask(*command: str) -> str:
    """What a command prints; empty if it takes too long.

    One that knows only some of the files prints these, and fails.
    """
    try:
        in_english = {**os.environ, "LC_ALL": "C"}
        asked = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False, env=in_english
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout


def owner(listed: str, names: list[str]) -> str:
    r"""The package that ``dpkg -S`` lists for one of the files, without its architecture; empty if none.

    >>> owner("diversion by dash from: /bin/sh\ndash: /bin/sh\n", ["/bin/sh"])
    'dash'
    >>> owner("libc6:amd64: /lib/x86_64-linux-gnu/libc.so.6\n", ["/lib/x86_64-linux-gnu/libc.so.6"])
    'libc6'
    """
    for line in listed.splitlines():
        packages, _, file = line.rpartition(": ")
        if file in names and packages and not packages.startswith("diversion by"):
            return packages.split(", ")[0].partition(":")[0]
    return ""
