"""Counting without sampling."""

from pyrometer.collect.stat.programs import stat
from pyrometer.collect.stat.running import stat_running

__all__ = ["stat", "stat_running"]
