"""What can go wrong, one class a cause.

Every error says what happened, why, and what to do about it, and ends the command line with an
exit code of its own (listed in ``docs/errors.md``). Codes 126 and 127 are the shell's for a program
that cannot be executed or found; 2 is click's for wrong usage; 130 and 141 are a shell's for an
interrupted command and a closed pipe.

>>> error = ProfileNotFoundError("no such file: a.pyro", cure="check the path")
>>> error.exit_code
81
>>> str(error)
'no such file: a.pyro'
"""

from __future__ import annotations

from typing import ClassVar


class PyrometerError(Exception):
    """The base of all errors that Pyrometer raises; by itself: one with no class of its own.

    ``what`` happened, ``why`` (may be empty when ``what`` says it), and the ``cure``.
    """

    exit_code: ClassVar[int] = 80
    kinds: ClassVar[tuple[str, ...]] = ("system",)
    default_why: ClassVar[str] = ""
    default_cure: ClassVar[str] = "run again with PYROMETER_DEBUG=1 and report what it prints"

    def __init__(self, what: str, why: str = "", cure: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why or self.default_why
        self.cure = cure or self.default_cure

    def __reduce__(self) -> tuple[type[PyrometerError], tuple[str, str, str]]:
        return type(self), (self.what, self.why, self.cure)


class ProfileNotFoundError(PyrometerError):
    """There is no such file, or no profile in this folder."""

    exit_code = 81
    default_cure = "check the path, or record one: pyrometer record -- PROGRAM"


class NotAProfileError(PyrometerError):
    """The file is something else: another format, a folder, an empty file."""

    exit_code = 82
    kinds = ("not-a-profile",)
    default_why = (
        "it is neither a .pyro file, nor an unfinished .pyro.recording, nor a file of another tool that is known"
    )
    default_cure = "give another file; if it is text of another tool, say which: pyrometer import --from FORMAT FILE"


class CorruptProfileError(PyrometerError):
    """The file was a profile once, but is cut short or damaged."""

    exit_code = 83
    kinds = ("truncated", "corrupt")
    default_why = "the file was cut short or changed after it was written"
    default_cure = "copy the file again from where it was recorded"


class FutureProfileError(PyrometerError):
    """A newer Pyrometer wrote the file."""

    exit_code = 84
    kinds = ("future-version",)
    default_why = "the file was written by a newer Pyrometer"
    default_cure = "update: pip install --upgrade pyrometer"


class FileAccessError(PyrometerError):
    """The operating system refused to read or write a file."""

    exit_code = 85
    kinds = ("io",)
    default_cure = "check the path and the permissions of the file and of its folder"


class NoSpaceError(PyrometerError):
    """The file system is full; what was recorded until then is kept."""

    exit_code = 86
    kinds = ("no-space", "journal")
    default_why = "the file system or the quota is full"
    default_cure = "free space, or write to another file system with -o"


class InvalidRowsError(PyrometerError, ValueError):
    """The rows handed to :func:`pyrometer.build` make no profile."""

    exit_code = 87
    kinds = ("invalid",)
    default_cure = "correct the rows: ids are row numbers, and a stack's parent stands before it"


class SelectionError(PyrometerError, ValueError):
    """A filter names what the profile does not have, or is no valid pattern."""

    exit_code = 88
    kinds = ("selection", "empty")
    default_cure = "choose one of the names that the profile has"


class FunctionNotFoundError(SelectionError):
    """No function of the profile has this name."""

    exit_code = 89
    default_cure = "list the functions: pyrometer show --view top"


class ProcessNotFoundError(PyrometerError):
    """There is no process with this id."""

    exit_code = 90
    kinds = ("no-such-process",)
    default_why = "it has ended, or the id belongs to another pid namespace"
    default_cure = "list the running processes: ps -e"


class ProcessPermissionError(PyrometerError):
    """The process belongs to somebody else."""

    exit_code = 91
    kinds = ("not-ours",)
    default_why = "only its owner and root may profile a process"


class PerfPermissionError(PyrometerError):
    """The kernel refuses perf events to this user or in this container."""

    exit_code = 92
    kinds = ("no-permission",)


class NoPerfEventsError(PyrometerError):
    """This kernel, or the sandbox around us, has no perf events."""

    exit_code = 93
    kinds = ("no-perf-events",)


class UnknownEventError(PyrometerError):
    """No event has this name."""

    exit_code = 94
    kinds = ("unknown-event",)


class UnsupportedEventError(PyrometerError):
    """The event exists, but this machine cannot count it."""

    exit_code = 95
    kinds = ("unsupported-event",)


class RateError(PyrometerError):
    """The rate is above the kernel's limit, or no rate at all."""

    exit_code = 96
    kinds = ("rate-too-high",)
    default_why = "the kernel keeps the cost of sampling below a limit"


class ResourceLimitError(PyrometerError):
    """Too little memory may be locked, or too few files may be open."""

    exit_code = 97
    kinds = ("no-ring", "too-many-files")


class OutputError(PyrometerError):
    """The result cannot be written where it was asked to be."""

    exit_code = 98
    kinds = ("output",)
    default_cure = "choose another file with -o"


class DisassemblyError(PyrometerError):
    """The machine code of a function cannot be shown."""

    exit_code = 99
    kinds = ("symbols",)
    default_cure = "annotate on the machine where it was recorded, before the program is rebuilt"


class NoRecorderError(PyrometerError):
    """Nothing can be recorded on this machine: only on Linux on x86-64."""

    exit_code = 100
    kinds = ("no-recorder",)
    default_why = "recording needs Linux on x86-64; reading, viewing and exporting work everywhere"
    default_cure = "record on Linux on x86-64, copy the .pyro file here, and open it: pyrometer show FILE"


class MalformedFileError(PyrometerError):
    """Another tool's file holds something that its format does not allow, or was cut short."""

    exit_code = 112
    kinds = ("malformed",)
    default_why = "the file was cut short, changed, or written by a program that takes liberties"
    default_cure = "leave out what does not fit: pyrometer import --lenient FILE"


class AmbiguousFormatError(PyrometerError):
    """The file could be read as several formats."""

    exit_code = 113
    kinds = ("ambiguous-format",)
    default_cure = "say which one it is: pyrometer import --from FORMAT FILE"


class FileTooLargeError(PyrometerError):
    """The file holds, or unpacks to, more than any profile does."""

    exit_code = 114
    kinds = ("too-large",)
    default_why = "a damaged or hostile file may claim or unpack to any size"
    default_cure = "check where the file comes from"


class CargoOwnerError(PyrometerError):
    """Root would build a Cargo project that belongs to somebody else."""

    exit_code = 110


class CargoTargetError(PyrometerError):
    """Cargo has built nothing that can be recorded."""

    exit_code = 111
    default_cure = "choose a target that is there: --bin, --example, --test or --bench NAME"


class EngineNotFoundError(PyrometerError):
    """The program that an instrument needs is not installed."""

    exit_code = 115


class EngineError(PyrometerError):
    """The engine cannot run this program, or left nothing."""

    exit_code = 116


class CountedLinesError(PyrometerError):
    """Lines cannot be counted: an input that cannot be read, that is no text, or has a weight of more than 64 bits."""

    exit_code = 117
    kinds = ("counted-lines",)
    default_why = "nothing is printed of a count that is not whole"
    default_cure = "check the path and the permissions of the file"


class ProgramNotExecutableError(PyrometerError):
    """The program exists, but cannot be executed."""

    exit_code = 126
    kinds = ("not-executable",)


class ProgramNotFoundError(PyrometerError):
    """There is no such program."""

    exit_code = 127
    kinds = ("program-not-found",)
    default_cure = "check the spelling, or give a path such as ./program"


def every_class() -> tuple[type[PyrometerError], ...]:
    """All classes of errors, in the order of their exit codes."""
    found: list[type[PyrometerError]] = [PyrometerError]
    for known in found:
        found.extend(known.__subclasses__())
    return tuple(sorted(found, key=lambda known: known.exit_code))


def from_kind(kind: str, what: str, why: str = "", cure: str = "") -> PyrometerError:
    """The error of the class whose ``kinds`` has this word; what the Rust side raises.

    An unknown word gives the base class: a new cause is never swallowed.

    >>> type(from_kind("truncated", "a.pyro: truncated")).__name__
    'CorruptProfileError'
    """
    if kind == "broken-pipe":
        raise BrokenPipeError(what)
    for known in every_class():
        if kind in known.__dict__.get("kinds", ()):
            return known(what, why, cure)
    return PyrometerError(what, why, cure)
