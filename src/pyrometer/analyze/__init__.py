"""Pure functions from a Profile to small result tables. Nothing here prints."""

from pyrometer.analyze.annotate import (
    Annotation,
    Assembly,
    Instruction,
    SourceLine,
    SourceListing,
    annotate,
)
from pyrometer.analyze.basis import Basis, Estimate, Place, Weighed, weigh
from pyrometer.analyze.binaries import Binaries, BinaryRow, binaries
from pyrometer.analyze.callers import Neighbour, Neighbours, callees, callers
from pyrometer.analyze.interval import effective_size, wilson
from pyrometer.analyze.lines import LineRow, Lines, lines
from pyrometer.analyze.summary import MetricTotal, Summary, summary
from pyrometer.analyze.top import FunctionRow, Top, top
from pyrometer.analyze.tree import Node, Tree, tree

__all__ = [
    "Annotation",
    "Assembly",
    "Basis",
    "Binaries",
    "BinaryRow",
    "Estimate",
    "FunctionRow",
    "Instruction",
    "LineRow",
    "Lines",
    "MetricTotal",
    "Neighbour",
    "Neighbours",
    "Node",
    "Place",
    "SourceLine",
    "SourceListing",
    "Summary",
    "Top",
    "Tree",
    "Weighed",
    "annotate",
    "binaries",
    "callees",
    "callers",
    "effective_size",
    "lines",
    "summary",
    "top",
    "tree",
    "weigh",
    "wilson",
]
