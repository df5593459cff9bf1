"""The program's end becomes ours."""

from __future__ import annotations

import os
import signal
import sys


def end_like(status: int | None) -> None:
    """End as the program ended: its exit status, or its signal.

    A status of None (it still runs) or 0 lets us end by ourselves. A signal that would dump core
    dumps none here: that core would be ours, not the program's.
    """
    if not status:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    if status > 0:
        sys.exit(status)
    import resource  # Unix only, as is everything that ends by a signal

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    number = -status
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
