"""Figures as parts of a page."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from maskface.plots import save_figure
from maskface.report._downloads import as_uri
from maskface.report._figures import Figure
from maskface.report._strip import Strip

_QUALITY: Final = 88
_LARGEST: Final = 400_000
_TOGETHER: Final = 1_500_000
"""Bytes of one picture file, and of all, that are put into the page at most."""
_OURS: Final = "loss_by_emotion_"


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure in a page.

    Attributes
    ----------
    title
        In words.
    src
        The picture as a data URI.
    kind
        Which figure it is.
    """

    title: str
    src: str
    kind: str = ""


def show(figure: Figure) -> Shown:
    """Draw a figure, as SVG: a third of its PNG, and sharp on paper."""
    stream = io.BytesIO()
    save_figure(figure.draw(), stream, "svg")
    return Shown(figure.title, as_uri(stream.getvalue(), "image/svg+xml"), figure.kind)


def show_faces(strip: Strip) -> Iterator[Shown]:
    """Set the pictures of a strip one by one, as JPEG."""
    for condition, picture in strip.pictures.items():
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "JPEG", quality=_QUALITY, optimize=True)
        yield Shown(condition, as_uri(stream.getvalue(), "image/jpeg"))


def further_pictures(folder: Path) -> Iterator[Shown]:
    """Figures that a script wrote beside its run's tables, as far as they are small."""
    left = _TOGETHER
    for path in sorted(folder.glob("*.png")):
        size = path.stat().st_size
        if path.name.startswith(_OURS) or size > min(_LARGEST, left):
            continue
        left -= size
        yield Shown(path.stem.replace("_", " "), as_uri(path.read_bytes(), "image/png"))
