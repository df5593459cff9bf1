"""``python -m pyrometer``: the command line."""

from pyrometer.cli import main

main()
