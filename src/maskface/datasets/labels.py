"""Labels and names in other people's data: spellings of emotions, odd characters, and links."""

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
"""Control characters, and surrogates of bytes that are not UTF-8."""
LONGEST: Final = 4096
"""Largest number of characters in a path; no common system allows more."""
_SHOWN: Final = 80


def printable(text: str) -> str:
    """Replace each run of control characters and surrogates by a blank."""
    return _ODD.sub(" ", text)


def quoted(text: str) -> str:
    """Return a text of any length and content, quoted for a message."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def require_printable(image_ids: Iterable[str], source: str) -> None:
    """Raise `MaskfaceError` if an id has control characters, is not UTF-8, or is too long."""
    odd = [name for name in image_ids if _ODD.search(name) or len(name) > LONGEST]
    if odd:
        raise MaskfaceError(
            f"{source} has {len(odd)} pictures whose names hold line breaks, control characters "
            f"or bytes that are not UTF-8, or are longer than {LONGEST:,} characters, for example "
            f"{quoted(odd[0])}. Rename them, or leave them out."
        )


def require_inside(samples: Iterable[Sample], root: Path) -> None:
    """Raise `MaskfaceError` if a picture, or a folder above it, is a link out of `root`."""
    home = os.path.realpath(root)
    inside = lru_cache(maxsize=1024)(lambda folder: _is_inside(folder, home))
    outside = [sample for sample in samples if not _lies_inside(str(sample.path), home, inside)]
    if outside:
        first = outside[0]
        raise MaskfaceError(
            f"{root} has {len(outside)} pictures that are links out of it, for example "
            f"{quoted(first.image_id)}, which leads to {quoted(os.path.realpath(first.path))}. "
            "Copy the pictures into the folder, or name the folder that holds both."
        )


# Strings and os.path: pathlib takes four times as long, which matters for a million pictures.
def _lies_inside(path: str, home: str, inside: Callable[[str], bool]) -> bool:
    """Return whether a picture lies below `home`, given the same function for its folder."""
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
"""Emotions with their other spellings in published face sets, in lower case."""

_EMOTION_OF: Final = {
    spelling: emotion for emotion, others in SPELLINGS.items() for spelling in (emotion, *others)
}


def emotion_of(label: str) -> str | None:
    """Return the emotion that a label spells, or None; case and outer blanks do not matter."""
    return _EMOTION_OF.get(label.strip().lower())


def require_emotions(labels: Iterable[tuple[str, str]], source: str, advice: str) -> None:
    """Raise if labels are not emotions.

    `labels` are pairs of a label and its place (``"line 7"``, a folder); `source`, the file or
    folder they come from, and `advice` are parts of the message. Raises MaskfaceError if any label
    is unknown; the message names the first five of them and all spellings.
    """
    unknown = [(label, place) for label, place in labels if emotion_of(label) is None]
    if not unknown:
        return
    listed = "; ".join(f"{quoted(label)} ({place})" for label, place in unknown[:5])
    more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
    spellings = "; ".join(f"{e} ({', '.join(SPELLINGS[e])})" for e in EMOTIONS)
    raise MaskfaceError(
        f"{source} has labels that are none of the seven emotions: {listed}{more}.\n"
        f"Allowed: {spellings}.\n"
        f"{advice}"
    )
