"""Read a folder that holds one folder per emotion."""

from __future__ import annotations

from pathlib import Path

from maskface.datasets._base import Dataset
from maskface.datasets._labels import emotion_of, require_emotions
from maskface.errors import MaskfaceError
from maskface.images import IMAGE_SUFFIXES, find_images
from maskface.types import Sample


def read_folder(root: Path) -> Dataset:
    """Read a data set laid out as ``root/<emotion>/**/<picture>``.

    Parameters
    ----------
    root
        The folder. Its sub-folders are named after emotions in any spelling of
        `maskface.datasets.SPELLINGS`; hidden ones are left out. Who is shown is not known.

    Returns
    -------
    Dataset
        Named after the folder.

    Raises
    ------
    MaskfaceError
        If there is no emotion folder, one has another name, or none holds a picture.
    """
    folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not folders:
        raise MaskfaceError(
            f"{root} has neither an index.csv (path,emotion,subject) nor a folder per emotion "
            "(anger, disgust, fear, happiness, sadness, surprise, neutral)."
        )
    require_emotions(((f.name, f"folder {f.name}/") for f in folders), str(root))
    samples = tuple(
        Sample(path.relative_to(root).as_posix(), path, emotion_of(folder.name) or "")
        for folder in folders
        for path in find_images(folder)
    )
    if not samples:
        raise MaskfaceError(
            f"The emotion folders in {root} hold no pictures ({', '.join(IMAGE_SUFFIXES)})."
        )
    return Dataset(root.resolve().name, samples)
