"""Read, write and crop pictures.

Pillow decodes (it honours EXIF orientation and CMYK, refuses truncated files and prints nothing
on the terminal); OpenCV does the geometry. No other module touches a picture file.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from maskface.errors import ImageError
from maskface.files import write_atomically
from maskface.types import FaceLandmarks, ImageArray

IMAGE_SUFFIXES: Final = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
MIN_SIDE: Final = 16
"""Pictures with a shorter side than this (px) hold no readable face and are refused."""
MAX_PIXELS: Final = 100_000_000
"""Pictures with more pixels than this are refused before they are decoded."""

CROP_SCALE: Final = 1.1
"""Side of the classifier crop, as a multiple of the larger side of the landmark box."""
CROP_LIFT: Final = 0.06
"""How far the crop is moved up, as a share of its side, to take in the forehead."""


def read_image(path: Path) -> ImageArray:
    """Read a picture file as RGB.

    Parameters
    ----------
    path
        A JPEG, PNG, BMP, TIFF or WebP file.

    Returns
    -------
    ImageArray
        (H, W, 3) uint8, read-only. EXIF orientation is applied; grey is repeated in three
        channels; 16-bit values are divided by 257; transparency is laid over white.

    Raises
    ------
    ImageError
        If the file is missing, not a picture, truncated, too small or too large.
    """
    return decode_image(read_bytes(path))


def read_rgba(path: Path) -> NDArray[np.uint8]:
    """Read a picture file with its transparency: (H, W, 4) uint8, read-only; see `read_image`.

    The fourth channel is 255 where the picture is solid, everywhere if it has no transparency.
    """
    with _open(read_bytes(path)) as picture:
        if picture.has_transparency_data:
            return np.asarray(picture.convert("RGBA"))
        solid = np.dstack([_to_rgb(picture), np.full(picture.size[::-1], 255, np.uint8)])
    solid.flags.writeable = False
    return solid


def read_bytes(path: Path) -> bytes:
    """Read a picture file's bytes; `ImageError` if that fails."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"cannot read the file: {error.strerror or error}") from error


def decode_image(data: bytes) -> ImageArray:
    """Decode the bytes of a picture file as RGB; see `read_image` for what it does and raises."""
    with _open(data) as picture:
        return _to_rgb(picture)


@contextmanager
def _open(data: bytes) -> Iterator[Image.Image]:
    """Open a picture upright; whatever fails until it is decoded is an `ImageError`."""
    try:
        with warnings.catch_warnings():
            # Pillow only warns between one and two times its own limit; ours is checked below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data))
        _check_size(*picture.size)
        ImageOps.exif_transpose(picture, in_place=True)
        yield picture
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError("not a picture that can be read (JPEG, PNG, BMP, TIFF, WebP)") from error
    except Image.DecompressionBombError as error:
        raise ImageError(f"picture has more than {MAX_PIXELS:,} pixels") from error
    # Decoders raise many kinds of error on broken files; each means the same to the user.
    except Exception as error:
        raise ImageError(f"broken picture file: {error}") from error


def _check_size(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            f"picture is {width} x {height} px; at least {MIN_SIDE} px a side are needed"
        )
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"picture is {width} x {height} px; at most {MAX_PIXELS:,} pixels are read"
        )


def _to_rgb(picture: Image.Image) -> ImageArray:
    if picture.mode.startswith("I"):
        grey = np.asarray(picture)
        # Pillow would clip 16-bit grey at 255 instead of scaling it.
        scaled = np.round(np.clip(grey.astype(np.float64), 0, 65535) / 257).astype(np.uint8)
        return np.repeat(scaled[..., None], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture)
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def write_image(path: Path, image: ImageArray) -> None:
    """Write an RGB picture, whole or not at all; the suffix chooses the format (quality 95).

    Raises
    ------
    ImageError
        If the folder cannot be written to or the suffix is not a picture's.
    """
    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind is None or path.suffix.lower() not in IMAGE_SUFFIXES:
        raise ImageError(
            f"cannot write a {path.suffix or 'nameless'} picture; use one of "
            f"{', '.join(IMAGE_SUFFIXES)}"
        )
    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, format=kind, quality=95)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, encoded.getvalue())
    except OSError as error:
        raise ImageError(f"cannot write {path}: {error.strerror or error}") from error


def find_images(root: Path) -> Iterator[Path]:
    """Yield the picture files below a folder in sorted order, hidden ones left out."""
    return find_files(root, IMAGE_SUFFIXES)


def find_files(root: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    """Yield the files below a folder that end in one of `suffixes`, as `find_images` does."""
    for path in sorted(root.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if path.suffix.lower() in suffixes and path.is_file() and not hidden:
            yield path


def crop_box(landmarks: FaceLandmarks) -> tuple[int, int, int]:
    """Where the square that classifiers read lies in the picture.

    Returns
    -------
    tuple of int
        Its left and its top edge and its side in pixels; it may reach outside the picture. A
        landmark at (x, y) of the picture is at (x - left, y - top) of the square.
    """
    left, top, right, bottom = landmarks.box
    side = max(round(CROP_SCALE * max(right - left, bottom - top)), 2)
    x0 = round((left + right) / 2 - side / 2)
    y0 = round((top + bottom) / 2 - side / 2 - CROP_LIFT * side)
    return x0, y0, side


def face_crop(image: ImageArray, landmarks: FaceLandmarks) -> ImageArray:
    """Cut the square that classifiers read.

    Its side is `CROP_SCALE` times the larger side of the landmark box, it is moved up by
    `CROP_LIFT` of its side, and the picture's border is repeated where it reaches outside.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB, the picture the landmarks were found in or an occluded copy of it.
    landmarks
        The face.

    Returns
    -------
    ImageArray
        (S, S, 3) uint8 at the picture's own resolution.
    """
    x0, y0, side = crop_box(landmarks)
    return cut(image, x0, y0, side, side)


def cut(image: ImageArray, x0: int, y0: int, width: int, height: int) -> ImageArray:
    """Cut a box out of a picture; where it reaches outside, the border is repeated."""
    rows, columns = image.shape[:2]
    inside = image[
        max(y0, 0) : max(min(y0 + height, rows), 0),
        max(x0, 0) : max(min(x0 + width, columns), 0),
    ]
    if inside.shape[:2] == (height, width):
        return inside
    ys = np.clip(np.arange(y0, y0 + height), 0, rows - 1)
    xs = np.clip(np.arange(x0, x0 + width), 0, columns - 1)
    return image[ys[:, None], xs[None, :]]


def resize(image: ImageArray, width: int, height: int) -> ImageArray:
    """Resize with the filter that suits the direction: area when shrinking, cubic when growing."""
    shrinking = width * height < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), dtype=np.uint8)
