"""The command line: verbs only. What they do is in the modules they call."""

from __future__ import annotations

from maskface.exits import DONE, INTERRUPTED, Ended, ended_in_words

__all__ = ["main"]


def main() -> None:
    """Run the command line; nothing ends it with a traceback."""
    with ended_in_words():
        # Here, so that Ctrl-C while all of this is loaded is answered in words, too.
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
                raise KeyboardInterrupt from None  # before a verb began, so nobody was told
            if isinstance(error.__context__, BrokenPipeError):
                raise SystemExit(DONE) from None  # whoever read the help has read enough
            raise
