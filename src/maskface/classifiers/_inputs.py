"""From a crop of a face to what a network takes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.classifiers._card import Input
from maskface.crops import resize
from maskface.types import ImageArray


def prepare(crop: ImageArray, wanted: Input) -> NDArray[np.float32]:
    """Turn a square RGB crop into one input of a network, without the batch axis.

    Parameters
    ----------
    crop
        (S, S, 3) uint8 RGB.
    wanted
        What the network takes.

    Returns
    -------
    NDArray
        (channels, size, size) or (size, size, channels) float32.
    """
    side = max(round(len(crop) * wanted.crop), 1)
    edge = (len(crop) - side) // 2
    image = crop[edge : edge + side, edge : edge + side]
    if wanted.colour == "grey":
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    pixels = resize(image, wanted.size, wanted.size).reshape(wanted.size, wanted.size, -1)
    if wanted.colour == "bgr":
        pixels = pixels[..., ::-1]
    scaled = (pixels / wanted.scale - np.array(wanted.mean)) / np.array(wanted.std)
    laid = scaled.transpose(2, 0, 1) if wanted.layout == "NCHW" else scaled
    return np.ascontiguousarray(laid, dtype=np.float32)


def probe(wanted: Input) -> NDArray[np.float32]:
    """An input of grey noise, the same each time."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return prepare(noise, wanted)[None]
