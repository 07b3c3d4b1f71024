"""Completion for a shell that cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from maskface.errors import MaskfaceError

SHELLS: Final = ("bash", "zsh", "fish", "powershell", "pwsh")
_ASKING: Final = ("--show-completion", "--install-completion")


def require_shell(arguments: Sequence[str]) -> None:
    """Refuse to complete for a shell that is not known.

    Raises
    ------
    MaskfaceError
        If completion is asked for; the message says how to name the shell.
    """
    if not set(_ASKING) & set(arguments[:1]):
        return
    import shellingham  # type: ignore[import-untyped]

    try:
        shell = shellingham.detect_shell()[0]
    except shellingham.ShellDetectionFailure:
        shell = "unknown"
    if shell not in SHELLS:
        raise MaskfaceError(
            f"There is no completion for this shell ({shell}). For bash, type: "
            "_MASKFACE_COMPLETE=source_bash maskface > ~/.maskface.sh ; "
            "echo '. ~/.maskface.sh' >> ~/.bashrc (source_zsh and source_fish are there too)."
        )
