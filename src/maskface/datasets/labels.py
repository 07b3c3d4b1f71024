"""The spellings of emotion labels that published face sets use.

Names that strangers gave: which of them are refused, and which links.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS, Sample

_ODD: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
"""Control characters, and what stands for bytes that are no UTF-8."""
LONGEST: Final = 4096
"""Characters of a path; no common system takes more."""
_SHOWN: Final = 80


def plain(text: str) -> str:
    """Set each run of control characters, or of what is no text, as a blank."""
    return _ODD.sub(" ", text)


def shown(text: str) -> str:
    """Set a text of any length and kind in a message."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def require_plain(image_ids: Iterable[str], source: str) -> None:
    """Refuse names of pictures that no table can hold.

    Raises
    ------
    MaskfaceError
        If a name has control characters, is not UTF-8, or is longer than `LONGEST`.
    """
    odd = [name for name in image_ids if _ODD.search(name) or len(name) > LONGEST]
    if odd:
        raise MaskfaceError(
            f"{source} has {len(odd)} pictures whose names hold line breaks, control characters "
            f"or bytes that are not UTF-8, or are longer than {LONGEST:,} characters, for example "
            f"{shown(odd[0])}. Rename them, or leave them out."
        )


def require_inside(samples: Iterable[Sample], root: Path) -> None:
    """Refuse pictures that are links to somewhere else.

    Raises
    ------
    MaskfaceError
        If a picture, or a folder on the way to it, is a link that leads out of `root`.
    """
    home = os.path.realpath(root)
    inside = lru_cache(maxsize=1024)(lambda folder: _is_inside(folder, home))
    outside = [sample for sample in samples if not _lies_inside(str(sample.path), home, inside)]
    if outside:
        first = outside[0]
        raise MaskfaceError(
            f"{root} has {len(outside)} pictures that are links out of it, for example "
            f"{shown(first.image_id)}, which leads to {shown(os.path.realpath(first.path))}. Copy "
            "the pictures into the folder, or name the folder that holds both."
        )


# Texts and os.path: pathlib takes four times as long, which shows in sets of a million pictures.
def _lies_inside(path: str, home: str, inside: Callable[[str], bool]) -> bool:
    """Whether a picture lies below `home`; `inside` says so of its folder."""
    if os.path.islink(path):  # noqa: PTH114
        return _is_inside(path, home)
    return inside(os.path.dirname(path))  # noqa: PTH120


def _is_inside(path: str, home: str) -> bool:
    return os.path.join(os.path.realpath(path), "").startswith(os.path.join(home, ""))  # noqa: PTH118


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
