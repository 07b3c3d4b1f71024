"""The spellings of emotion labels that published face sets use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from maskface.datasets._names import shown
from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS

SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    "anger": ("angry", "an", "ang"),
    "disgust": ("disgusted", "di", "dis"),
    "fear": ("fearful", "afraid", "scared", "fe", "af", "fea"),
    "happiness": ("happy", "joy", "joyful", "smiling", "smile", "ha", "hap"),
    "sadness": ("sad", "sa"),
    "surprise": ("surprised", "su", "sp", "sur"),
    "neutral": ("neutrality", "ne", "neu"),
}
"""Each emotion and what else it is called, in lower case."""

_EMOTION_OF: Final = {
    spelling: emotion for emotion, others in SPELLINGS.items() for spelling in (emotion, *others)
}


def emotion_of(label: str) -> str | None:
    """Return the emotion that a label spells, or None; case and outer blanks do not matter."""
    return _EMOTION_OF.get(label.strip().lower())


def require_emotions(labels: Iterable[tuple[str, str]], source: str, mend: str) -> None:
    """Refuse labels that are not emotions.

    Parameters
    ----------
    labels
        Pairs of a label and where it stands (``"line 7"``, a folder).
    source
        The file or folder they come from, for the message.
    mend
        What to do about it, for the message.

    Raises
    ------
    MaskfaceError
        If any label is unknown; the message names the first five of them and all spellings.
    """
    unknown = [(label, place) for label, place in labels if emotion_of(label) is None]
    if not unknown:
        return
    listed = "; ".join(f"{shown(label)} ({place})" for label, place in unknown[:5])
    more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
    spellings = "; ".join(f"{e} ({', '.join(SPELLINGS[e])})" for e in EMOTIONS)
    raise MaskfaceError(
        f"{source} has labels that are none of the seven emotions: {listed}{more}.\n"
        f"Allowed: {spellings}.\n"
        f"{mend}"
    )
