"""Reader of folders with one sub-folder per emotion."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from maskface.datasets.base import Dataset
from maskface.datasets.labels import (
    emotion_of,
    printable,
    quoted,
    require_emotions,
    require_inside,
    require_printable,
)
from maskface.datasets.registry import DATASET_READERS
from maskface.errors import MaskfaceError
from maskface.images import READ_SUFFIXES, find_images, walk
from maskface.types import EMOTIONS, Sample


@DATASET_READERS.register("folder")
def read_folder(root: Path) -> Dataset:
    """Read a folder that holds one folder per emotion, with pictures anywhere below.

    The sub-folders are named after emotions in any spelling of `maskface.datasets.SPELLINGS`;
    hidden ones, and those without pictures, are left out. The set is named after the folder, and
    holds every file that is named like a picture; subjects are not known. Raises MaskfaceError if
    there is no emotion folder, one has another name, none holds a picture, a folder cannot be
    listed, a folder in it is a link, or a picture is a link that leads out of `root`.
    """
    found = {folder: list(find_images(folder)) for folder in _folders(root)}
    filled = [folder for folder, paths in found.items() if paths]
    labels = ((folder.name, f"folder {printable(folder.name)}/") for folder in filled)
    require_emotions(labels, str(root), _advice(root, filled))
    if not filled:
        raise MaskfaceError(_why_empty(root, list(found)))
    samples = tuple(
        Sample(path.relative_to(root).as_posix(), path, emotion_of(folder.name) or "")
        for folder in filled
        for path in found[folder]
    )
    require_printable((sample.image_id for sample in samples), str(root))
    require_inside(samples, root)
    return Dataset(root.resolve().name, samples)


def _advice(root: Path, folders: list[Path]) -> str:
    """Return what to do about folders that are not named after emotions."""
    strange = [folder for folder in folders if emotion_of(folder.name) is None]
    inner = [folder for folder in strange if _has_emotions(folder)]
    if inner:
        return f"The emotion folders seem to lie one level deeper, in {inner[0]}: give that folder."
    return f"Rename such folders, or move them out of {root} (for example contempt)."


def _has_emotions(folder: Path) -> bool:
    return any(emotion_of(path.name) is not None for path in _folders(folder))


def _why_empty(root: Path, folders: list[Path]) -> str:
    """Return why a folder is no data set."""
    if any(emotion_of(folder.name) is not None for folder in folders):
        files = (Path(name) for folder in folders for *_, names in walk(folder) for name in names)
        kinds = Counter(printable(path.suffix.lower()) or "without an ending" for path in files)
        content = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
        return (
            f"The emotion folders in {root} hold no pictures ({', '.join(READ_SUFFIXES)}), but "
            f"{content or 'nothing'}. Put pictures there; of videos, save single frames."
        )
    reason = (
        f"{root} has neither an index.csv (path,emotion,subject) nor a folder per emotion "
        f"({', '.join(EMOTIONS)}) with pictures in it."
    )
    if emotion_of(root.resolve().name) is not None:
        return f"{reason} It seems to be such a folder itself: give the one above, {root.parent}."
    sheets = sorted(root.glob("index.xls*")) or sorted(root.glob("index.ods"))
    if sheets:
        return f"{reason} Save {sheets[0].name} as 'CSV UTF-8', under the name index.csv."
    return f"{reason} Sort the pictures into such folders, or list them in an index.csv."


def _folders(root: Path) -> list[Path]:
    try:
        folders = [p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")]
    except OSError as error:
        raise MaskfaceError(f"Cannot list the folder {root}: {error.strerror}.") from error
    for folder in folders:
        for path, inner, _ in walk(folder):
            _require_no_links(path, inner)
    return sorted(folders)


def _require_no_links(folder: Path, inner: list[str]) -> None:
    """Raise if a folder is a link; links may lead in circles, and are not followed."""
    links = [name for name in inner if (folder / name).is_symlink()]
    if links:
        raise MaskfaceError(
            f"The folder {quoted(str(folder / links[0]))} is a link, which is not followed. Put "
            "the folder it leads to in its place, or delete it."
        )
