"""Write picture files, and find them in folders."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from maskface.errors import ImageError, MaskfaceError
from maskface.files import write_atomically
from maskface.types import ImageArray

IMAGE_SUFFIXES: Final = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Endings of pictures that are written."""
READ_SUFFIXES: Final = (*IMAGE_SUFFIXES, ".gif", ".pgm", ".pnm", ".ppm")
"""Endings of pictures that are read."""
PICTURE_SUFFIXES: Final = (*READ_SUFFIXES, ".avif", ".heic", ".heif", ".jp2", ".jxl")
"""Endings of pictures that are looked for; those that cannot be read are named in messages."""


def write_image(path: str | Path, image: ImageArray) -> None:
    """Write an RGB picture, whole or not at all; the suffix chooses the format (quality 95).

    Raises
    ------
    ImageError
        If the folder cannot be written to or the suffix is not a picture's.
    """
    path = Path(path)
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
    """Yield files with the ending of a picture below a folder, sorted, without hidden ones."""
    return find_files(root, PICTURE_SUFFIXES)


def find_files(root: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    """Yield the files below a folder that end in one of `suffixes`, as `find_images` does.

    Links to files count as files; links to folders are not followed, so loops do no harm. Pipes
    and devices are listed too; reading them raises an error.

    Raises
    ------
    MaskfaceError
        If a folder cannot be listed.
    """
    paths = (folder / name for folder, _, names in walk(root) for name in names)
    yield from sorted(path for path in paths if path.suffix.lower() in suffixes)


def walk(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield each folder with its folders and files, hidden ones left out.

    Raises
    ------
    MaskfaceError
        If a folder cannot be listed.
    """
    for folder, folders, files in os.walk(root, onerror=_unlistable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield Path(folder), folders, [name for name in files if not name.startswith(".")]


def _unlistable(error: OSError) -> None:
    raise MaskfaceError(
        f"Cannot list the folder {error.filename}: {error.strerror}. Make it readable, or move it "
        "away."
    ) from error
