"""How commands end: exit codes, what is said of errors and interruptions, and what is printed."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from maskface.errors import MaskfaceError, format_error
from maskface.run_options import on_command_line

DONE: Final = 0
FAILED: Final = 1
"""Done, but something asked for could not be: a picture without a face, a figure on a full disk."""
REFUSED: Final = 2
"""What was asked cannot be done: it was asked wrongly, an input is bad, or a disk fails."""
BUG: Final = 70
"""An error that nobody thought of; the number is that of ``EX_SOFTWARE`` in sysexits.h."""
INTERRUPTED: Final = 130

DEBUG: Final = "MASKFACE_DEBUG"
"""Environment variable: when it is set, errors keep their traceback."""
NOTHING_KEPT: Final = "Nothing was kept"


class Ended(SystemExit):
    """An end of which the user was told."""


@contextmanager
def ended_in_words(kept: str = NOTHING_KEPT, more: str = "") -> Iterator[None]:
    """Let a command end with a line on stderr and an exit code, never with a traceback.

    Parameters
    ----------
    kept
        What is kept when the block is interrupted or the disk fails, without a full stop.
    more
        What has to be added to the command to go on: ``--resume``.

    Raises
    ------
    Ended
        In the place of any error, of Ctrl-C and of SIGTERM.
    """
    _open_streams()
    with _terminated_like_interrupted(), on_command_line():
        try:
            yield
        except KeyboardInterrupt:
            way = "go on" if more else "begin again"
            _end(INTERRUPTED, f"\nStopped. {kept}; to {way}, type: {command_again(more)}")
        except MaskfaceError as error:
            _end(REFUSED, f"maskface: {error}", error)
        except ImportError as error:
            why = " ".join(str(error).split())
            _end(REFUSED, f"maskface: a part cannot be loaded: {why}. Type: maskface doctor", error)
        except OSError as error:
            _end(REFUSED, f"maskface: {why_not(error)}. {kept}; mend that, then type: "
                 f"{command_again(more)}", error)  # fmt: skip
        except Exception as error:  # noqa: BLE001 (a bug; what it is goes to the user, and on)
            _end(BUG, f"maskface: unexpected {format_error(error)}. This is a bug in maskface: "
                 f"please report it, with what is shown when {DEBUG}=1 is set.", error)  # fmt: skip


def _open_streams() -> None:
    """Let what others say to a closed stream vanish: a progress bar fails if there is none.

    What native code logs would go into the next file that is opened, under the number of stderr.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _end(code: int, message: str, error: Exception | None = None) -> NoReturn:
    if threading.current_thread() is threading.main_thread():
        # Whoever presses Ctrl-C twice wants to be out at once, and without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if error is not None and os.environ.get(DEBUG):
        import traceback

        note("".join(traceback.format_exception(error)))
    note(message)
    raise Ended(code)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM raise `KeyboardInterrupt`, or worker processes would outlive this one."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def why_not(error: OSError) -> str:
    """Say which file an error of the system is about, and what it is."""
    reason = error.strerror or format_error(error)
    name = error.filename if error.filename2 is None else error.filename2
    return reason if name is None else f"{os.fsdecode(name)}: {reason}"


def command_again(more: str = "") -> str:
    """The command that was typed, as it can be typed again, with one more option."""
    program, *arguments = sys.argv
    if Path(program).name == "__main__.py":
        start = [_python(), "-m", Path(program).parent.name]
    elif program.endswith(".py"):
        start = [_python(), program]
    else:
        start = [_program(program)]
    end = arguments.index("--") if "--" in arguments else len(arguments)
    if more and more not in arguments[:end]:
        arguments.insert(end, more)
    words = [*start, *arguments]
    if sys.platform == "win32":
        import subprocess

        return subprocess.list2cmdline(words)
    return shlex.join(words)


def _python() -> str:
    """Name the running Python, as short as it can be: another one need not have maskface."""
    with suppress(OSError, ValueError):  # ValueError: it is not below this folder
        below = Path(sys.executable).relative_to(Path.cwd())
        if len(below.parts) > 1:  # a bare name would be looked for elsewhere
            return str(below)
    return sys.executable or "python"


def _program(typed: str) -> str:
    """The bare name of a program where the shell finds it by that, or what was typed."""
    name = Path(typed).stem
    found = shutil.which(name)
    with suppress(OSError):
        # Without suffixes: on Windows the file is maskface.exe, whatever was typed.
        if found and Path(found).resolve().with_suffix("") == Path(typed).resolve().with_suffix(""):
            return name
    return typed


def say(text: str) -> None:
    """Print a result on stdout; a reader that has heard enough (``| head``) is no error.

    Nothing is printed if stdout is closed.

    Raises
    ------
    MaskfaceError
        If it cannot be written.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    write(f"{text}\n".encode(encoding, "backslashreplace"))


def write(data: bytes) -> None:
    """Write bytes to stdout; see `say`.

    Raises
    ------
    MaskfaceError
        If they cannot be written.
    """
    if sys.stdout is None:  # closed before the program began
        return
    stream: Any = getattr(sys.stdout, "buffer", None)
    try:
        sys.stdout.flush()
        if stream is None:  # a console of another program, such as a notebook's
            sys.stdout.write(data.decode(errors="replace"))
        else:
            stream.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
    except OSError as error:
        _silence_stdout()
        raise MaskfaceError(
            f"Cannot print the result: {error.strerror or error}. Files that were written are kept."
        ) from error


def _silence_stdout() -> None:
    """Let what is still to be written vanish: Python tries again when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def note(text: str) -> None:
    """Print on stderr what is no result: an error, or a word about what was done."""
    if sys.stderr is None:
        return
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
