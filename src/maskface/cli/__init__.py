"""Command line: verbs that call the other modules."""

from __future__ import annotations

import signal
from contextlib import suppress

__all__ = ["main"]


def main() -> None:
    """Run the command line; errors end it in words, never with a traceback."""
    with suppress(ValueError):  # not in the main thread
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback while the next line loads
    from maskface.exits import DONE, INTERRUPTED, Ended, ended_in_words

    with ended_in_words():
        # Here, so that Ctrl-C while modules load is answered in words, too.
        import sys

        from maskface.cli.complete import require_shell, whole_words
        from maskface.cli.root import app

        require_shell(sys.argv[1:])
        try:
            with whole_words():
                app()
        except SystemExit as error:
            if isinstance(error, Ended):
                raise
            if error.code == INTERRUPTED:
                raise KeyboardInterrupt from None  # before a verb began: nothing was printed yet
            if isinstance(error.__context__, BrokenPipeError):
                raise SystemExit(DONE) from None  # the reader of the help has closed the pipe
            raise
