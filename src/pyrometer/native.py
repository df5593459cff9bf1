"""The one module that imports the Rust extension; everything else imports this.

The types are in ``_native.pyi``. Long calls release the GIL, and errors arrive as the classes of
:mod:`pyrometer.errors`.
"""

from typing import TYPE_CHECKING

from pyrometer._native import (
    AddressCost,
    Neighbours,
    Profile,
    Recording,
    Row,
    Table,
    Weights,
    __version__,
    debug_files,
    demangle,
    demangle_stream,
    disassemble,
    export,
    finish,
    fold_generics,
    inspect,
    library_source,
    parse_name,
    probe_events,
    read_foreign,
    read_perf_data,
    recognise,
    record,
    recover,
    require_recording,
    resymbolize,
    stat,
    wanted,
)

if TYPE_CHECKING:
    from pyrometer._native import (
        Config,
        ExportOptions,
        Grouping,
        Instruction,
        Selection,
        StatTotal,
        SymbolOptions,
        TreeRow,
    )

__all__ = [
    "AddressCost",
    "Config",
    "ExportOptions",
    "Grouping",
    "Instruction",
    "Neighbours",
    "Profile",
    "Recording",
    "Row",
    "Selection",
    "StatTotal",
    "SymbolOptions",
    "Table",
    "TreeRow",
    "Weights",
    "__version__",
    "debug_files",
    "demangle",
    "demangle_stream",
    "disassemble",
    "export",
    "finish",
    "fold_generics",
    "inspect",
    "library_source",
    "parse_name",
    "probe_events",
    "read_foreign",
    "read_perf_data",
    "recognise",
    "record",
    "recover",
    "require_recording",
    "resymbolize",
    "stat",
    "wanted",
]
