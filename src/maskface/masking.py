"""Put an occluder on the faces in picture files, outside any experiment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from maskface.errors import ImageError, MaskfaceError
from maskface.images import IMAGE_SUFFIXES, find_images, read_image, write_image
from maskface.landmarks import LandmarkDetector
from maskface.occluders import Occluder
from maskface.types import ImageArray


@dataclass(frozen=True, slots=True)
class Masked:
    """What became of one picture.

    Attributes
    ----------
    source
        The picture.
    target
        Where the result is, or would have been.
    coverages
        Hidden fraction of each face's oval, largest face first; empty if nothing was written.
    message
        Why nothing was written; empty if it was.
    """

    source: Path
    target: Path
    coverages: tuple[float, ...] = ()
    message: str = ""


def plan_files(source: Path, out: Path) -> list[tuple[Path, Path]]:
    """Say which file each picture becomes.

    Parameters
    ----------
    source
        A picture, or a folder that is searched with its sub-folders.
    out
        For a picture: a file name with a picture's suffix, or a folder. For a folder: a folder,
        which gets the same tree.

    Returns
    -------
    list of (Path, Path)
        Each picture and its result.

    Raises
    ------
    MaskfaceError
        If there is no picture, or a result would overwrite a picture.
    """
    if source.is_dir():
        pairs = [(path, out / path.relative_to(source)) for path in find_images(source)]
    elif source.is_file():
        pairs = [(source, out if out.suffix.lower() in IMAGE_SUFFIXES else out / source.name)]
    else:
        raise MaskfaceError(f"There is no file or folder {str(source)!r}.")
    if not pairs:
        raise MaskfaceError(f"{source} holds no pictures ({', '.join(IMAGE_SUFFIXES)}).")
    originals = {path.resolve() for path, _ in pairs}
    if any(target.resolve() in originals for _, target in pairs):
        raise MaskfaceError(f"{out} would overwrite the original pictures. Choose another --out.")
    return pairs


def mask_files(
    pairs: list[tuple[Path, Path]], occluder: Occluder, detector: LandmarkDetector, *, seed: int = 0
) -> Iterator[Masked]:
    """Put the occluder on every face of each picture, and write the results.

    Parameters
    ----------
    pairs
        Pictures and their results, from `plan_files`.
    occluder
        What to put on.
    detector
        Finds the faces.
    seed
        Seed of whatever is random in the occluder.

    Yields
    ------
    Masked
        One for each picture, also for those that cannot be read or show no face.
    """
    for source, target in pairs:
        try:
            masked, coverages = mask_faces(read_image(source), occluder, detector, seed=seed)
            if coverages:
                write_image(target, masked)
        except ImageError as error:
            yield Masked(source, target, message=str(error))
        else:
            yield Masked(source, target, coverages, "" if coverages else "no face found")


def mask_faces(
    image: ImageArray, occluder: Occluder, detector: LandmarkDetector, *, seed: int = 0
) -> tuple[ImageArray, tuple[float, ...]]:
    """Put the occluder on every face of a picture.

    Returns
    -------
    image
        (H, W, 3) uint8 RGB.
    coverages
        Hidden fraction of each face's oval, largest face first.
    """
    coverages = []
    for face in detector.detect(image):
        occlusion = occluder.apply(image, face, seed=seed)
        image = occlusion.image
        coverages.append(occlusion.coverage)
    return image, tuple(coverages)
