"""Write picture files, and find them in folders."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from maskface.errors import ImageError, MaskfaceError
from maskface.files import write_atomically
from maskface.types import ImageArray

IMAGE_SUFFIXES: Final = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Endings of pictures that are written."""
JPEG_SUFFIXES: Final = (".jfif", ".jif", ".jpe")
"""Further endings of JPEG files, which browsers and old programs write."""
READ_SUFFIXES: Final = (
    *IMAGE_SUFFIXES, *JPEG_SUFFIXES, ".apng", ".avif", ".dib", ".gif", ".heic", ".heif", ".pgm",
    ".pnm", ".ppm",
)  # fmt: skip
"""Endings of pictures that are read."""
PICTURE_SUFFIXES: Final = (*READ_SUFFIXES, ".jp2", ".jxl")
"""Endings of pictures that are looked for; those that cannot be read are named in messages."""


def write_image(path: str | Path, image: ImageArray, *, durable: bool = False) -> None:
    """Write an RGB picture, whole or not at all; the suffix chooses the format (quality 95).

    Parameters
    ----------
    path
        The file; folders above it are made.
    image
        (H, W, 3) uint8 RGB, or (H, W) uint8 grey.
    durable
        Wait until it is on the disk, so that it survives a power failure.

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
        write_atomically(path, encoded.getvalue(), durable=durable)
    except OSError as error:
        raise ImageError(f"cannot write {path}: {error.strerror or error}") from error


_SIGNATURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*", b"RIFF")
_LONGEST_SIGNATURE: Final = 12
_NAMED: Final = 5
"""Endings that a remark names at most."""


def looks_like_picture(path: Path) -> bool:
    """Return whether a regular file begins as pictures do that are read."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        with path.open("rb") as stream:
            start = stream.read(_LONGEST_SIGNATURE)
    except (OSError, ValueError):
        return False
    return start.startswith(_SIGNATURES) and (start[:4] != b"RIFF" or start[8:] == b"WEBP")


def find_images(root: Path) -> Iterator[Path]:
    """Yield the pictures below a folder, sorted, without hidden ones; see `find_files`."""
    return find_files(root, PICTURE_SUFFIXES)


def find_files(root: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    """Yield the files below a folder that end in one of `suffixes`, sorted, without hidden ones.

    A file without any ending is among them if it begins as a picture does. Links to files count as
    files; links to folders are not followed, so loops do no harm. Pipes and devices with such an
    ending are listed too; reading them raises an error.

    Raises
    ------
    MaskfaceError
        If a folder cannot be listed.
    """
    paths = (folder / name for folder, _, names in walk(root) for name in names)
    yield from sorted(path for path in paths if _is_wanted(path, suffixes))


def _is_wanted(path: Path, suffixes: Sequence[str]) -> bool:
    return path.suffix.lower() in suffixes if path.suffix else looks_like_picture(path)


def left_out_note(
    folder: Path, suffixes: Sequence[str] = PICTURE_SUFFIXES, kinds: str = "pictures"
) -> str:
    """Return a remark on the files below a folder that `find_files` leaves out; empty if none.

    Examples
    --------
    >>> from maskface.datasets.example import FOLDER
    >>> left_out_note(FOLDER / "images")
    ''
    """
    paths = (path / name for path, _, names in walk(folder) for name in names)
    others = Counter(path.suffix.lower() for path in paths if not _is_wanted(path, suffixes))
    if not others:
        return ""
    ordered = sorted(others.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{n} {ending or 'without ending'}" for ending, n in ordered[:_NAMED]]
    more = ", ..." if len(others) > _NAMED else ""
    return (
        f"{folder} also holds {others.total()} files that are not read as {kinds}: "
        f"{', '.join(named)}{more}."
    )


def walk(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield each folder with its folders and files, hidden ones left out.

    Raises MaskfaceError if a folder cannot be listed.
    """
    for folder, folders, files in os.walk(root, onerror=_unlistable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield Path(folder), folders, [name for name in files if not name.startswith(".")]


def _unlistable(error: OSError) -> None:
    raise MaskfaceError(
        f"Cannot list the folder {error.filename}: {error.strerror}. Make it readable, or move it "
        "away."
    ) from error
