"""Contact sheets: a row for each face, a column for each occluder."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from maskface.crops import cut, resize
from maskface.errors import ImageError, MaskfaceError
from maskface.images import IMAGE_SUFFIXES, MAX_PIXELS, READ_SUFFIXES, find_images, read_image
from maskface.landmarks import LandmarkDetector, MediaPipeDetector
from maskface.occluders import OCCLUDERS, Occluder, expand, get_occluder, occluder_name
from maskface.pipeline import occlude
from maskface.seeds import derived_seed
from maskface.types import FaceLandmarks, ImageArray

SIZE: Final = 200
SIZES: Final = (32, 1024)
COLUMNS: Final = 8
HEAD: Final = 1.6
"""Side of a cell's square as a multiple of the face's: hair, ears and neck are inside."""
LIFT: Final = 0.04
"""How far that square is moved up, as a share of its side."""
FINER: Final = 2
"""Occluders are drawn at so many times the cell's size, and then shrunk."""

PAPER: Final = (255, 255, 255)
INK: Final = (40, 40, 40)
GAP: Final = 0.03
"""Gap between cells, as a share of a cell's side."""
BAND_GAP: Final = 2
"""Further gaps between a band of occluders and the next."""
LETTERS: Final = 0.085
"""Height of the letters, as a share of a cell's side, and in pixels at least."""
SMALLEST_LETTERS: Final = 10
LINE: Final = 1.3
"""Distance of two lines of text, as a multiple of the height of the letters."""

EXAMPLES: Final = (
    "S01_neutral_000_y+00.jpg",
    "S18_happiness_100_y+00.jpg",
    "S15_surprise_100_y+20.jpg",
    "S08_neutral_000_y-40.jpg",
)


def example_faces() -> list[Path]:
    """Return some shipped synthetic faces that differ in skin, beard, glasses and view."""
    from maskface.datasets.example import FOLDER

    return [FOLDER / "images" / name for name in EXAMPLES]


def every_occluder() -> list[str]:
    """Return the names of all occluders, the plain face first."""
    return sorted(OCCLUDERS.names(), key=lambda name: (name != "none", name))


def find_faces(paths: Sequence[Path]) -> list[Path]:
    """Return pictures, and in the place of folders all pictures below them.

    Raises MaskfaceError if a folder holds none.
    """
    faces: list[Path] = []
    for path in paths:
        found = list(find_images(path)) if path.is_dir() else [path]
        if not found:
            raise MaskfaceError(f"{path} holds no pictures ({', '.join(READ_SUFFIXES)}).")
        faces += found
    return faces


def check_out(out: Path, faces: Sequence[Path]) -> None:
    """Raise before any work if the sheet cannot be written to a file.

    Raises MaskfaceError if it is a folder, has no ending of a picture, or would overwrite one of
    `faces`.
    """
    if out.is_dir() or out.suffix.lower() not in IMAGE_SUFFIXES:
        raise MaskfaceError(
            f"--out {out} is not the name of a picture. Give one that ends in "
            f"{', '.join(IMAGE_SUFFIXES)}, such as --out gallery.png."
        )
    if out.resolve() in {face.resolve() for face in faces}:
        raise MaskfaceError(
            f"--out {out} is one of the faces and would be overwritten. Choose another --out."
        )


def read_faces(paths: Sequence[Path], *, labels: bool = True) -> list[tuple[str, ImageArray]]:
    """Read pictures for `draw_gallery`, with their file names as labels if `labels` is true.

    Raises MaskfaceError if one cannot be read; the message names it.
    """
    faces = []
    for path in paths:
        try:
            faces.append((path.stem if labels else "", read_image(path)))
        except ImageError as error:
            raise MaskfaceError(f"{path}: {error}.") from error
    return faces


def draw_gallery(
    faces: Sequence[tuple[str, ImageArray]],
    occluders: Sequence[str] | None = None,
    *,
    size: int = SIZE,
    columns: int = COLUMNS,
    seed: int = 0,
    detector: LandmarkDetector | None = None,
) -> ImageArray:
    """Draw faces under occluders: a row for each face, a column for each occluder.

    Parameters
    ----------
    faces
        Labels and pictures, (H, W, 3) uint8 RGB. The largest face of each is shown, cut out with
        its hair and neck. Empty labels take no room if all are empty.
    occluders
        Names such as ``surgical:colour=white``; all occluders if None.
    size
        Side of a cell in pixels, 32 to 1024.
    columns
        Greatest number of occluders side by side, 1 or more; further ones follow below.
    seed
        Seed of whatever is random, 0 or more.
    detector
        Finds the faces; MediaPipe's if None.

    Returns
    -------
    ImageArray
        (H, W, 3) uint8 RGB.

    Raises
    ------
    MaskfaceError
        If a picture shows no face, an occluder fails, a number is out of range, or the sheet
        would have more than `maskface.images.MAX_PIXELS` pixels.
    """
    names = list(every_occluder() if occluders is None else occluders)
    chosen = {occluder_name(one): one for name in names for one in expand(get_occluder(name))}
    _check(len(faces), len(chosen), size, columns)
    sheet = _Sheet([label for label, _ in faces], list(chosen), size, columns)
    if detector is None:
        with MediaPipeDetector() as opened:
            heads = [_head(label, image, opened, size) for label, image in faces]
    else:
        heads = [_head(label, image, detector, size) for label, image in faces]
    for row, head in enumerate(heads):
        for column, (name, occluder) in enumerate(chosen.items()):
            sheet.put(row, column, _cell(head, occluder, name, derived_seed(seed, row, name), size))
    return sheet.image()


def _check(faces: int, occluders: int, size: int, columns: int) -> None:
    if not faces or not occluders:
        raise MaskfaceError("A gallery needs at least one face and one occluder.")
    if not SIZES[0] <= size <= SIZES[1]:
        raise MaskfaceError(
            f"The size of a cell must be {SIZES[0]} to {SIZES[1]} pixels, got {size}. "
            "Try --size 200."
        )
    if columns < 1:
        raise MaskfaceError(f"columns must be 1 or more, got {columns}. Try --columns {COLUMNS}.")


@dataclass(frozen=True, slots=True, eq=False)
class _Head:
    """A face cut out of its picture."""

    label: str
    image: ImageArray
    landmarks: FaceLandmarks


def _head(label: str, image: ImageArray, detector: LandmarkDetector, size: int) -> _Head:
    found = detector.detect(image)
    if not found:
        raise MaskfaceError(
            f"No face found in {label or 'a picture'}. Leave it out, or crop it closer to the face."
        )
    face = found[0]
    left, top, right, bottom = face.box
    side = max(round(HEAD * face.size), 1)
    x = round((left + right - side) / 2)
    y = round((top + bottom - side) / 2 - LIFT * side)
    drawn = min(side, FINER * size)  # more pixels than these would not be seen
    scale = drawn / side
    cut_out = cut(image, x, y, side, side)
    points = (face.points - np.array([x, y, 0], np.float32)) * np.float32(scale)
    return _Head(label, resize(cut_out, drawn, drawn), replace(face, points=points))


def _cell(head: _Head, occluder: Occluder, name: str, seed: int, size: int) -> ImageArray:
    occlusion = occlude(head.image, head.landmarks, occluder, seed)
    if isinstance(occlusion, str):
        raise MaskfaceError(
            f"Occluder {name!r} fails on {head.label or 'a face'}: {occlusion}. Leave one of them "
            "out."
        )
    return resize(occlusion.image, size, size)


class _Sheet:
    """Paper with labels, and places for cells."""

    def __init__(self, rows: list[str], columns: list[str], size: int, wrap: int) -> None:
        self._size, self._rows = size, len(rows)
        bands = math.ceil(len(columns) / wrap)
        self._wrap = math.ceil(len(columns) / bands)  # bands of even length
        self._letters = max(round(LETTERS * size), SMALLEST_LETTERS)
        self._gap = max(round(GAP * size), 2)
        self._step = size + self._gap
        self._titles = [fold(name, size, self._letters) for name in columns]
        lines = max(len(title) for title in self._titles)
        self._title = round(lines * LINE * self._letters) + self._gap
        self._margin = round(LINE * self._letters) + self._gap if any(rows) else self._gap
        self._band = self._title + self._rows * self._step + BAND_GAP * self._gap
        width = self._margin + self._wrap * self._step
        height = self._gap + bands * self._band - BAND_GAP * self._gap
        if width * height > MAX_PIXELS:
            raise MaskfaceError(
                f"{len(rows)} faces with {len(columns)} occluders at {size} px make a picture of "
                f"more than {MAX_PIXELS:,} pixels. Give fewer faces or occluders, or a smaller "
                "--size."
            )
        self._paper = Image.new("RGB", (width, height), PAPER)
        self._label(rows)

    def put(self, row: int, column: int, cell: ImageArray) -> None:
        """Put a cell in its place."""
        x, y = self._corner(column)
        self._paper.paste(Image.fromarray(cell), (x, y + self._title + row * self._step))

    def image(self) -> ImageArray:
        """Return the sheet, (H, W, 3) uint8 RGB."""
        return np.asarray(self._paper)

    def _corner(self, column: int) -> tuple[int, int]:
        band, place = divmod(column, self._wrap)
        return self._margin + place * self._step, self._gap + band * self._band

    def _label(self, rows: list[str]) -> None:
        for column, title in enumerate(self._titles):
            x, y = self._corner(column)
            if column % self._wrap == 0:
                self._label_rows(rows, y + self._title)
            # Short titles stand on the line next to the faces.
            y += self._title - self._gap - round(len(title) * LINE * self._letters)
            for number, line in enumerate(title):
                where = (x + self._size / 2, y + number * LINE * self._letters)
                _write(self._paper, where, line, self._letters)

    def _label_rows(self, rows: list[str], y: int) -> None:
        for number, row in enumerate(rows):
            strip = Image.new("RGB", (self._size, self._margin), PAPER)
            line = shorten(row, self._size, self._letters)
            _write(strip, (self._size / 2, 0), line, self._letters)
            self._paper.paste(strip.rotate(90, expand=True), (0, y + number * self._step))


def _write(paper: Image.Image, where: tuple[float, float], text: str, height: int) -> None:
    """Write a line centred on a point of its upper edge."""
    ImageDraw.Draw(paper).text(where, text, fill=INK, font=_font(height), anchor="ma")


@cache
def _font(height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(height)


def _width(text: str, height: int) -> float:
    return float(_font(height).getlength(text))


def shorten(text: str, width: float, height: int) -> str:
    """Cut a text so that it fits a width in pixels; three dots mark the cut."""
    if _width(text, height) <= width:
        return text
    while text and _width(text + "...", height) > width:
        text = text[:-1]
    return text + "..."


def fold(text: str, width: float, height: int) -> list[str]:
    """Break an occluder's name into lines that fit a width in pixels."""
    lines = [""]
    for part in re.findall(r"[^:,+]+[:,+]?|[:,+]", text):
        if lines[-1] and _width(lines[-1] + part, height) > width:
            lines.append("")
        lines[-1] += part
    return [shorten(line, width, height) for line in lines]
