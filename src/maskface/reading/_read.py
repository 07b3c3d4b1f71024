"""Read many pictures, and say why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
from tqdm import tqdm

from maskface.errors import MaskfaceError
from maskface.reading._pictures import Picture, named_pictures
from maskface.reading._reader import FaceReader, is_lost
from maskface.tables import READINGS

DEFAULT: Final = ("faceapi", "fer")
"""What reads faces unless the user says otherwise."""


def read_faces(
    images: Picture | Sequence[Picture],
    *,
    classifiers: str | Sequence[str] = DEFAULT,
    occluder: str = "none",
    seed: int = 0,
    progress: bool = False,
) -> pd.DataFrame:
    """Read the emotion of every face in pictures.

    Faces are looked for and cut out once for all classifiers; landmarks are kept in the cache on
    disk that runs use.

    Parameters
    ----------
    images
        Picture files, folders (with all below them) and RGB arrays (H, W, 3) uint8; one or several.
    classifiers
        Names of classifiers that need no training, such as ``emfacs``.
    occluder
        What to put on each face before it is read, such as ``surgical``.
    seed
        Seed of whatever is random in the occluder, 0 or more.
    progress
        Show a progress bar on stderr.

    Returns
    -------
    DataFrame
        In the schema of `maskface.tables.READINGS`: a row for each face and classifier. A picture
        that cannot be read or shows no face has rows that say so.

    Raises
    ------
    MaskfaceError
        If there is no picture, or a classifier or occluder cannot be used.
    ValueError
        If an array is no RGB picture.

    Examples
    --------
    >>> read_faces("portrait.jpg", classifiers="emfacs", occluder="surgical")  # doctest: +SKIP
    """
    names = [classifiers] if isinstance(classifiers, str) else list(classifiers)
    pictures = named_pictures(images)
    reader = FaceReader.load(names, occluder, seed)
    rows = [
        row
        for name, picture in tqdm(
            pictures.items(), unit="image", disable=not progress or len(pictures) == 1
        )
        for row in reader.rows(name, picture)
    ]
    return READINGS.frame(rows)


def explain_faces(
    images: Picture | Sequence[Picture],
    *,
    classifier: str = "emfacs",
    occluder: str = "none",
    seed: int = 0,
) -> list[tuple[str, int, Any]]:
    """Say of every face why a classifier answers what it answers.

    Parameters
    ----------
    images, occluder, seed
        As in `read_faces`.
    classifier
        One that can explain itself: it has a method ``explain(face)``.

    Returns
    -------
    list of (str, int, Explanation)
        The picture, the number of the face, and what the classifier says, which has a ``text``.
        Faces that cannot be read are left out.

    Raises
    ------
    MaskfaceError
        As `read_faces`, or if the classifier cannot explain itself.
    """
    reader = FaceReader.load([classifier], occluder, seed)
    (one,) = reader.classifiers.values()
    explain = getattr(one, "explain", None)
    if explain is None:
        raise MaskfaceError(f"Classifier {one.name!r} cannot explain itself; emfacs can.")
    return [
        (name, look.cells["face"], explain(look.face))
        for name, picture in named_pictures(images).items()
        for look in reader.look(name, picture)
        if look.face is not None and not is_lost(one, look.face)
    ]
