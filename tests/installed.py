"""The installed command, and the types of the fixtures that run it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from recordings import Recorded

PYROMETER = Path(sys.executable).with_name("pyrometer")

Run = Callable[..., subprocess.CompletedProcess[str]]
Record = Callable[..., Recorded]
