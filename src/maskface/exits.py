"""Ends of commands: exit codes, messages for errors and interruptions, and all printing.

Everything that is printed goes through `escaped`: names of files, headers of tables and values
may hold sequences that control a terminal.
"""

from __future__ import annotations

import _thread
import logging
import os
import re
import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO, cast

from maskface.errors import MaskfaceError, format_error
from maskface.run_options import on_command_line

DONE: Final = 0
FAILED: Final = 1
"""Done except for a part: a picture without a face, a figure on a full disk."""
REFUSED: Final = 2
"""Not done: a wrong option, bad input or a disk error."""
BUG: Final = 70
"""Unexpected error; the number is ``EX_SOFTWARE`` of sysexits.h."""
INTERRUPTED: Final = 130

DEBUG: Final = "MASKFACE_DEBUG"
"""Environment variable that adds tracebacks to errors."""
_AGAIN_S: Final = 0.05
NOTHING_KEPT: Final = "Nothing was kept"
_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Characters that control a terminal, are invisible or change the order of letters (Unicode,
UAX #9); no blank, tab or line break."""


class Ended(SystemExit):
    """End of a command whose message was printed."""


def only_errors() -> None:
    """Let the package's modules log nothing but errors."""
    logging.getLogger("maskface").setLevel(logging.ERROR)


@contextmanager
def ended_in_words(kept: str = NOTHING_KEPT, more: str = "") -> Iterator[None]:
    """End a command with a line on stderr and an exit code, never with a traceback.

    `kept` names results that are kept after an interruption or a disk error, as a sentence without
    its full stop; `more` is the option that continues the command: ``--resume``. Raises Ended in
    place of any error, of Ctrl-C and of SIGTERM.
    """
    _open_streams()
    # Matplotlib warns of every folder for its settings that it cannot write to.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with _escaped_stderr(), _signals_interrupt(), on_command_line():
        try:
            yield
        except KeyboardInterrupt:
            _stop(kept, more)
        except MaskfaceError as error:
            _end(REFUSED, f"maskface: {error}", error)
        except Exception as error:  # noqa: BLE001 (a bug: the user reads about it)
            if _is_interruption(error):
                _stop(kept, more)
            if isinstance(error, ImportError):
                why = " ".join(str(error).split())
                words = f"cannot load a package: {why}. Type: maskface doctor"
                _end(REFUSED, f"maskface: {words}", error)
            if isinstance(error, OSError):
                words = f"{why_not(error)}. {kept}; fix this, then type: {command_again(more)}"
                _end(REFUSED, f"maskface: {words}", error)
            _end(BUG, f"maskface: unexpected {format_error(error)}. This is a bug in maskface: "
                 f"please report it, with the traceback that {DEBUG}=1 adds.", error)  # fmt: skip


def _stop(kept: str, more: str) -> NoReturn:
    way = "continue" if more else "start again"
    _end(INTERRUPTED, f"\nStopped. {kept}; to {way}, type: {command_again(more)}")


def _is_interruption(error: BaseException | None) -> bool:
    """Return whether an error was raised while a library cleaned up after an interruption."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _open_streams() -> None:
    """Open missing streams: progress bars fail without them.

    The logs of native code would go into the next file that gets the number of stderr.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


@contextmanager
def _escaped_stderr() -> Iterator[None]:
    before = sys.stderr
    if not isinstance(before, EscapedStream):
        sys.stderr = cast("TextIO", EscapedStream(before))
    try:
        yield
    finally:
        sys.stderr = before


def _end(code: int, message: str, error: Exception | None = None) -> NoReturn:
    if error is not None and os.environ.get(DEBUG):
        import traceback

        note("".join(traceback.format_exception(error)))
    note(message)
    raise Ended(code)


class _Interrupt:
    """Handler of signals that raises `KeyboardInterrupt`; a second signal ends the process."""

    def __init__(self, signals: Iterable[int]) -> None:
        self._signals = tuple(signals)

    def __call__(self, number: int, _: object) -> None:
        for other in self._signals:
            signal.signal(other, signal.SIG_DFL)
        sys.unraisablehook = partial(self._forgive, number)
        raise KeyboardInterrupt

    def _forgive(self, number: int, error: sys.UnraisableHookArgs) -> None:
        """Print no error of a `__del__`: the signal may have come while its object was made.

        Python drops an interruption inside `__del__`: send the signal again once that is left.
        """
        if error.exc_type is KeyboardInterrupt:
            for other in self._signals:
                signal.signal(other, self)
            threading.Timer(_AGAIN_S, _signal_main_thread, (number,)).start()


def _signal_main_thread(number: int) -> None:
    thread = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and thread is not None:
        signal.pthread_kill(thread, number)  # also wakes a thread that waits
    else:
        _thread.interrupt_main(signal.Signals(number))


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `KeyboardInterrupt` as Ctrl-C does: workers would outlive it.

    A second signal ends the process at once; workers end soon after it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ends = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]
    # nohup ignores SIGHUP, and so does what it starts; a shell's background jobs ignore SIGINT.
    ends = [end for end in ends if signal.getsignal(end) is not signal.SIG_IGN]
    interrupt = _Interrupt(ends)
    before = {end: signal.signal(end, interrupt) for end in ends}
    try:
        yield
    finally:
        for end, handler in before.items():
            if signal.getsignal(end) is interrupt:  # else an end is under way
                signal.signal(end, handler)


def why_not(error: OSError) -> str:
    """Return the file that a system error is about, and the reason."""
    reason = error.strerror or format_error(error)
    name = error.filename if error.filename2 is None else error.filename2
    return reason if name is None else f"{os.fsdecode(name)}: {reason}"


def command_again(more: str = "") -> str:
    """Return the command that was typed, ready to be typed again, with one more option."""
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
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """Quote a word for a shell; what `escaped` would change, as bytes in bash's own way."""
    if escaped(word) == word and "\n" not in word:
        return shlex.quote(word)
    return f"$'{''.join(map(_shell_byte, os.fsencode(word)))}'"


def _shell_byte(byte: int) -> str:
    plain = 32 <= byte < 127 and byte not in b"\\'"
    return chr(byte) if plain else f"\\x{byte:02x}"


def _python() -> str:
    """Return the path of the running Python: another one need not have maskface."""
    with suppress(OSError, ValueError):  # ValueError: not below this folder
        below = Path(sys.executable).relative_to(Path.cwd())
        if len(below.parts) > 1:  # a bare name would be looked for elsewhere
            return str(below)
    return sys.executable or "python"


def _program(typed: str) -> str:
    """Return the bare name of a program if the shell finds it, else the typed one."""
    name = Path(typed).stem
    found = shutil.which(name)
    with suppress(OSError):
        # Without suffixes: on Windows the file is maskface.exe, whatever was typed.
        if found and Path(found).resolve().with_suffix("") == Path(typed).resolve().with_suffix(""):
            return name
    return typed


def escaped(text: str) -> str:
    r"""Escape what controls a terminal or changes the order of letters, as in JSON.

    Examples
    --------
    >>> print(escaped("a\N{ESCAPE}[31m.jpg"))
    a\u001b[31m.jpg
    """
    return _CONTROL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    utf16 = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{utf16[i : i + 2].hex()}" for i in range(0, len(utf16), 2))


class EscapedStream:
    """Text stream that escapes what is written to it, for messages of other libraries."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; a progress bar may return to the start of its line."""
        self._stream.write("\r".join(map(escaped, text.split("\r"))))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def say(text: str) -> None:
    """Print a result on stdout; it is no error if the reader has closed the pipe (``| head``).

    Nothing is printed if stdout is closed. Raises MaskfaceError if it cannot be written.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    write(f"{escaped(text)}\n".encode(encoding, "backslashreplace"))


def write(data: bytes) -> None:
    """Write bytes to stdout; see `say`."""
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
    """Discard what is still buffered: Python tries to write it again when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def note(text: str) -> None:
    """Print an error or a remark on stderr."""
    if sys.stderr is None:
        return
    with suppress(OSError):
        sys.stderr.write(f"{escaped(text)}\n")
        sys.stderr.flush()
