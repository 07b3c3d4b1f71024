"""Which pictures are to be read, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np

from maskface.datasets._names import require_plain
from maskface.errors import MaskfaceError
from maskface.images import decode_image, find_images, read_bytes
from maskface.types import ImageArray

Picture: TypeAlias = str | Path | ImageArray


def named_pictures(images: Picture | Sequence[Picture]) -> dict[str, Picture]:
    """Name the pictures, those of folders one by one.

    Raises
    ------
    MaskfaceError
        If there is none, or no table can hold its name.
    ValueError
        If an array is no RGB picture.
    """
    named: dict[str, Picture] = {}
    for number, image in enumerate(_several(images)):
        if isinstance(image, str | Path):
            path = Path(image)
            found = list(find_images(path)) if path.is_dir() else [path]
            named |= {str(file): file for file in found}
        else:
            named[f"array {number}"] = _checked(image)
    if not named:
        raise MaskfaceError("There is no picture to read. Name a picture or a folder of pictures.")
    require_plain(named, "What is to be read")
    return named


def _several(images: Picture | Sequence[Picture]) -> Sequence[Picture]:
    if isinstance(images, str | Path):
        return [images]
    if isinstance(images, np.ndarray) and images.ndim != 4:
        return [images]
    return cast("Sequence[Picture]", images)


def _checked(image: Any) -> ImageArray:
    if np.ndim(image) != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            "Expected an image of shape (H, W, 3) and type uint8, "
            f"but it had shape {np.shape(image)} and type {getattr(image, 'dtype', type(image))}."
        )
    checked: ImageArray = image
    return checked


def open_picture(picture: Picture) -> tuple[ImageArray, bytes | None]:
    """Open a picture: its pixels, and the bytes of its file if it is one.

    Raises
    ------
    ImageError
        If the file cannot be read.
    """
    if isinstance(picture, str | Path):
        data = read_bytes(Path(picture))
        return decode_image(data), data
    return picture, None
