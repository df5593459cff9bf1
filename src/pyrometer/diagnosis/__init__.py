"""What stands in the way of a good profile, most harmful first, each with the command that cures it.

Facts are read by small probes (:mod:`.machine`, :mod:`.binary`, :mod:`.process`, :mod:`.project`), which
take a folder or a file, so that a test can lay one out. Checks are pure functions from facts to
findings, in one list, :data:`.checks.CHECKS`.
"""

from pyrometer.diagnosis.checks import CHECKS
from pyrometer.diagnosis.diagnose import diagnose, early
from pyrometer.diagnosis.finding import Check, Diagnosis, Finding, Found

__all__ = ["CHECKS", "Check", "Diagnosis", "Finding", "Found", "diagnose", "early"]
