"""What stands in the way of a good profile, most harmful first, each with the command that cures it.

Facts are read by small probes (:mod:`.machine`, :mod:`.binary`, :mod:`.process`, :mod:`.project`,
:mod:`.recording`), which take a folder or a file, so that a test can lay one out. Checks are pure functions
from facts to findings, in one list, :data:`.checks.CHECKS`. Nothing is loaded here: a recording that begins
needs a part only, :mod:`.early`.
"""
