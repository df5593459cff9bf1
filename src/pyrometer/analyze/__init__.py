"""Pure functions from a Profile to small result tables. Nothing here prints."""

from pyrometer.analyze.accesses import Accesses, AccessRow, accesses
from pyrometer.analyze.annotate import (
    Annotation,
    Assembly,
    Instruction,
    SourceLine,
    SourceListing,
    annotate,
)
from pyrometer.analyze.basis import Basis, Cycle, Estimate, Place, Weighed, weigh
from pyrometer.analyze.binaries import Binaries, BinaryRow, binaries
from pyrometer.analyze.callers import Neighbour, Neighbours, callees, callers
from pyrometer.analyze.causal import Causal, CausalPoint, CausalRow, causal
from pyrometer.analyze.columns import Amount, MetricColumn, MetricsOptions, is_several
from pyrometer.analyze.diff import Diff, DiffBy, Difference, DiffOptions, diff
from pyrometer.analyze.interval import effective_size, wilson
from pyrometer.analyze.lines import LineRow, Lines, lines
from pyrometer.analyze.metric_annotation import (
    MetricAnnotation,
    MetricLine,
    MetricListing,
    annotate_all,
    annotate_file,
    annotate_function,
)
from pyrometer.analyze.metric_tables import (
    MetricRow,
    MetricTable,
    Shown,
    metric_files,
    metric_lines,
    metric_neighbours,
    metric_top,
)
from pyrometer.analyze.metric_tree import MetricNode, MetricTree, metric_tree
from pyrometer.analyze.several import ColumnsOptions, Several, TableView, View, several
from pyrometer.analyze.source import SOURCES, Sources
from pyrometer.analyze.stat import Change, Measured, Stat, StatCommand, stat
from pyrometer.analyze.summary import MetricTotal, Summary, summary
from pyrometer.analyze.top import FunctionRow, Top, top
from pyrometer.analyze.tree import Node, Tree, tree
from pyrometer.profile.derived import derivations

__all__ = [
    "SOURCES",
    "AccessRow",
    "Accesses",
    "Amount",
    "Annotation",
    "Assembly",
    "Basis",
    "Binaries",
    "BinaryRow",
    "Causal",
    "CausalPoint",
    "CausalRow",
    "Change",
    "ColumnsOptions",
    "Cycle",
    "Diff",
    "DiffBy",
    "DiffOptions",
    "Difference",
    "Estimate",
    "FunctionRow",
    "Instruction",
    "LineRow",
    "Lines",
    "Measured",
    "MetricAnnotation",
    "MetricColumn",
    "MetricLine",
    "MetricListing",
    "MetricNode",
    "MetricRow",
    "MetricTable",
    "MetricTotal",
    "MetricTree",
    "MetricsOptions",
    "Neighbour",
    "Neighbours",
    "Node",
    "Place",
    "Several",
    "Shown",
    "SourceLine",
    "SourceListing",
    "Sources",
    "Stat",
    "StatCommand",
    "Summary",
    "TableView",
    "Top",
    "Tree",
    "View",
    "Weighed",
    "accesses",
    "annotate",
    "annotate_all",
    "annotate_file",
    "annotate_function",
    "binaries",
    "callees",
    "callers",
    "causal",
    "derivations",
    "diff",
    "effective_size",
    "is_several",
    "lines",
    "metric_files",
    "metric_lines",
    "metric_neighbours",
    "metric_top",
    "metric_tree",
    "several",
    "stat",
    "summary",
    "top",
    "tree",
    "weigh",
    "wilson",
]
