"""Read a folder that holds one folder per emotion."""

from __future__ import annotations

from pathlib import Path

from maskface.datasets._base import Dataset
from maskface.datasets._labels import emotion_of, require_emotions
from maskface.datasets._names import plain, require_inside, require_plain, shown
from maskface.errors import MaskfaceError
from maskface.images import IMAGE_SUFFIXES, find_images, walk
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
        Named after the folder. What is named like a picture is listed, whatever it is.

    Raises
    ------
    MaskfaceError
        If there is no emotion folder, one has another name, none holds a picture, a folder cannot
        be listed, a folder in it is a link, or a picture is a link that leads out of `root`.
    """
    folders = _emotion_folders(root)
    if not folders:
        raise MaskfaceError(
            f"{root} has neither an index.csv (path,emotion,subject) nor a folder per emotion "
            "(anger, disgust, fear, happiness, sadness, surprise, neutral)."
        )
    require_emotions(((f.name, f"folder {plain(f.name)}/") for f in folders), str(root))
    samples = tuple(
        Sample(path.relative_to(root).as_posix(), path, emotion_of(folder.name) or "")
        for folder in folders
        for path in find_images(folder)
    )
    if not samples:
        raise MaskfaceError(
            f"The emotion folders in {root} hold no pictures ({', '.join(IMAGE_SUFFIXES)})."
        )
    require_plain((sample.image_id for sample in samples), str(root))
    require_inside(samples, root)
    return Dataset(root.resolve().name, samples)


def _emotion_folders(root: Path) -> list[Path]:
    try:
        folders = [p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")]
    except OSError as error:
        raise MaskfaceError(f"Cannot list the folder {root}: {error.strerror}.") from error
    for folder in folders:
        for path, inner, _ in walk(folder):
            _refuse_links(path, inner)
    return sorted(folders)


def _refuse_links(folder: Path, inner: list[str]) -> None:
    """Links to folders may lead in circles, and are not followed: say so."""
    links = [name for name in inner if (folder / name).is_symlink()]
    if links:
        raise MaskfaceError(
            f"The folder {shown(str(folder / links[0]))} is a link, which is not followed. Put "
            "the folder it leads to in its place, or delete it."
        )
