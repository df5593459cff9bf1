"""The Profile: tables, meta, units and filters. Knows nothing of views, formats or collectors."""

from pyrometer.profile.build import build_native
from pyrometer.profile.cache import downloads_folder, symbol_options
from pyrometer.profile.data import Metric, ProfileData
from pyrometer.profile.filters import FilterOptions, Filters, SelectionOptions, nothing_measured
from pyrometer.profile.meta import Host, Meta, Quality, Recorder, as_utf8
from pyrometer.profile.payload import corrupt, is_count, is_number, payload
from pyrometer.profile.table import Table

__all__ = [
    "FilterOptions",
    "Filters",
    "Host",
    "Meta",
    "Metric",
    "ProfileData",
    "Quality",
    "Recorder",
    "SelectionOptions",
    "Table",
    "as_utf8",
    "build_native",
    "corrupt",
    "downloads_folder",
    "is_count",
    "is_number",
    "nothing_measured",
    "payload",
    "symbol_options",
]
