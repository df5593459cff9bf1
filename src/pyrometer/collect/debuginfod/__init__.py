"""A client of debuginfod: debug info and executables by build id, from the servers that the user names.

Files go to the cache of elfutils' client, ``FOLDER/BUILDID/debuginfo`` and ``FOLDER/BUILDID/executable``, which gdb and
others share. Nothing is asked of anybody but the servers of ``DEBUGINFOD_URLS``: where that is unset, nothing happens.

Source: elfutils, debuginfod(8) and debuginfod-client-config(7). Unlike there, servers are asked in their order, not all
at once, and only by http and https; the cache is not cleaned: elfutils' client does that.
"""

from pyrometer.collect.debuginfod.fetching import DEFAULT_TIME_LIMIT, fetch
from pyrometer.collect.debuginfod.wanted import Failure, Kind, Wanted

__all__ = ["DEFAULT_TIME_LIMIT", "Failure", "Kind", "Wanted", "fetch"]
