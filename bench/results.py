"""Everything that one run of the benchmark has measured."""

from dataclasses import dataclass, field

from bench.coverage import Coverage
from bench.debug_info import Lookups
from bench.demangle import Demangling
from bench.files import Files
from bench.overhead import Comparison
from bench.pictures import Picture
from bench.scale import Scale


@dataclass
class Results:
    """Filled step by step; a step that failed stays empty and is named in ``failures``."""

    machine: dict[str, str]
    comparisons: list[Comparison] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    second_opening: float | None = None
    help_time: float | None = None
    scale: Scale | None = None
    demangling: Demangling | None = None
    lookups: Lookups | None = None
    coverage: Coverage | None = None
    files: Files = field(default_factory=Files)
    failures: dict[str, str] = field(default_factory=dict)
