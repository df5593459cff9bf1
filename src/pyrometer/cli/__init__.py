"""The command line: thin commands, and what becomes of an error.

Commands and what they need are loaded when they are called: ``pyrometer --help`` loads click alone, and ``pyrometer
counts FILE`` not even that.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from pyrometer.cli.streams import ClosedPipe, not_vital, prepare
from pyrometer.errors import FileAccessError, NoSpaceError, PyrometerError

INTERRUPTED = 130
"""As a shell reports SIGINT."""
CLOSED_PIPE = 141
"""As a shell reports SIGPIPE."""


def main() -> None:
    """Run a command and end the process: the entry point of ``pyrometer``."""
    # Views are trees of small objects that all live to the end: looking for garbage among them finds none, and takes
    # a third of the time that a large view does.
    gc.set_threshold(100_000, 50, 100)
    prepare()
    _leave(run())


def _leave(code: int) -> NoReturn:
    """End the process as it is: to free the millions of rows of a profile takes a tenth of the time of a view.

    Commands have put away what they made by then: nothing here waits for the interpreter to take itself apart.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Run a command; its exit code."""
    return guarded(lambda: _call(sys.argv[1:] if arguments is None else arguments))


def _call(arguments: list[str]) -> object:
    if arguments[:1] == ["counts"]:
        from pyrometer.cli.drop_in import understood

        if (call := understood(arguments[1:])) is not None:
            return call.run()
    from pyrometer.cli.group import group

    return group.main(arguments, prog_name="pyrometer", standalone_mode=False)


def guarded(call: Callable[[], object]) -> int:
    """Make a call; its exit code. Whatever goes wrong is a message, never a traceback.

    ``PYROMETER_DEBUG=1`` shows the traceback too.
    """
    try:
        code = call()
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BrokenPipeError, ClosedPipe):
        return _closed_pipe()
    except Exception as error:
        return _refused(error)
    except BaseException as error:
        # A defect of the Rust side; pyo3 keeps its class from being imported.
        if type(error).__name__ != "PanicException":
            raise
        return _failed(RuntimeError(f"a defect: {error}"))


def _refused(error: Exception) -> int:
    import click

    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    return INTERRUPTED if isinstance(error, click.Abort) else _failed(error)


def _closed_pipe() -> int:
    # Python flushes stdout once more at exit; into a closed pipe that would print an error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return CLOSED_PIPE


def _failed(error: Exception) -> int:
    if os.environ.get("PYROMETER_DEBUG"):
        import traceback

        traceback.print_exception(error)
    import click

    known = error if isinstance(error, PyrometerError) else _unexpected(error)
    lines = [("error", known.what), ("why", known.why), ("try", known.cure)]
    with not_vital():
        for label, text in lines:
            if text:
                click.echo(f"{label}: {_printable(text)}", err=True)
    return known.exit_code


def _unexpected(error: Exception) -> PyrometerError:
    if isinstance(error, MemoryError):
        return PyrometerError("memory is exhausted", cure="select less: --time, --thread, --focus")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpaceError(f"{error.filename or 'the output'}: cannot be written: {error.strerror}")
    if isinstance(error, OSError):
        return FileAccessError(str(error))
    return PyrometerError(f"{type(error).__name__}: {error}", "this is a defect of Pyrometer")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
