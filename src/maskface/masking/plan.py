"""The plan of a call: sources, and the files that they become."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from maskface.errors import MaskfaceError
from maskface.images import (
    IMAGE_SUFFIXES,
    JPEG_SUFFIXES,
    PICTURE_SUFFIXES,
    READ_SUFFIXES,
    find_files,
    left_out_note,
    looks_like_picture,
)

VIDEO_SUFFIXES: Final = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
"""Endings of videos that are written."""
READ_VIDEO_SUFFIXES: Final = (
    *VIDEO_SUFFIXES, ".3gp", ".flv", ".m2ts", ".mpeg", ".mpg", ".mts", ".ts", ".wmv"
)  # fmt: skip
"""Endings of videos that are read; those that are not written become MP4."""
SUFFIXES: Final = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)
"""Endings of files that are written."""
SOURCES: Final = (*PICTURE_SUFFIXES, *READ_VIDEO_SUFFIXES)
"""Endings of files that are looked for; those that cannot be read get a row with the reason."""
TABLE: Final = "masked.csv"


@dataclass(frozen=True, slots=True)
class Job:
    """One file to be masked."""

    # The file below the folder that was given, with forward slashes; unique in a plan. Seeds depend
    # on it, so results do not depend on where the folder lies.
    name: str
    source: Path  # the picture or video
    target: Path  # file of the result, even if its kind cannot be written
    # File of the 8-bit alpha; None if it is not wanted, `source` is a video, or `target` cannot be
    # written.
    alpha: Path | None = None

    @property
    def is_video(self) -> bool:
        """True if the file is a video, by its suffix."""
        return is_video(self.source)

    @property
    def targets(self) -> tuple[Path, ...]:
        """All result files; none if the kind of `target` cannot be written."""
        if self.target.suffix.lower() not in SUFFIXES:
            return ()
        return (self.target,) if self.alpha is None else (self.target, self.alpha)


def is_video(path: Path) -> bool:
    """Return whether a file name is that of a video."""
    return path.suffix.lower() in READ_VIDEO_SUFFIXES


def is_one_file(sources: Sequence[str], out: Path) -> bool:
    """Return whether `out` names a file (for a single picture or video), not a folder."""
    one = len(sources) == 1 and Path(sources[0]).is_file()
    return one and out.suffix.lower() in SUFFIXES and not out.is_dir()


def plan_jobs(
    sources: Sequence[str],
    out: Path,
    *,
    alpha: bool = False,
    begun: bool = False,
    results: Path | None = None,
) -> list[Job]:
    """Plan the result of each picture and video; return jobs sorted by name.

    `sources` are files, folders (searched with their sub-folders) and patterns such as
    ``faces/**/*.jpg``. `out` is a folder, which gets the same tree; for one file also a file name
    of the same kind. In a folder, kinds that are read but not written become JPG (JFIF), PNG (GIF,
    PPM, ...) or MP4 (FLV, WMV, ...). With `alpha`, each picture's is written as
    ``<stem>.alpha.png`` beside it. If an earlier call has `begun` to write to `results` (the folder
    that holds `out` and the results of other occluders; `out` if None) and that lies below a
    source, its files are results and no sources.

    Raises MaskfaceError if there is no picture or video, one is a link out of the folder, a result
    would overwrite a source or lie among them, two sources would become one file, or `out` is a
    file.
    """
    if is_one_file(sources, out):
        found = [(Path(sources[0]), Path(sources[0]).name, _same_kind(Path(sources[0]), out))]
    else:
        named = dict.fromkeys(
            pair for source in sources for pair in _find(source, results or out, begun=begun)
        )
        _check_folder(out)
        found = [(path, name, _target(out / name)) for path, name in named]
        counts = Counter(target for *_, target in found)
        found = [
            (path, name, _longer(out / name, target) if counts[target] > 1 else target)
            for path, name, target in found
        ]
    jobs = [Job(name, path, target, _alpha(target, alpha)) for path, name, target in found]
    _check_targets(jobs, out)
    return sorted(jobs, key=lambda job: job.name)


def _same_kind(source: Path, out: Path) -> Path:
    if is_video(source) != is_video(out):
        kinds = ("a video", VIDEO_SUFFIXES) if is_video(source) else ("a picture", IMAGE_SUFFIXES)
        raise MaskfaceError(
            f"{source} is {kinds[0]}, so --out {out} cannot be written. Give a folder, or a file "
            f"that ends in {', '.join(kinds[1])}."
        )
    return out


def _check_folder(out: Path) -> None:
    kind = out.suffix.lower()
    if out.is_dir():
        return
    if kind in SUFFIXES:
        raise MaskfaceError(
            f"--out {out} names one file, but there may be several results. Give a folder."
        )
    if out.exists() or kind in PICTURE_SUFFIXES:
        why = "is a file" if out.exists() else "names a kind of picture that is not written"
        raise MaskfaceError(
            f"--out {out} {why}. Give a folder; or, for one picture, a name that ends in "
            f"{', '.join(IMAGE_SUFFIXES)}, for one video in {', '.join(VIDEO_SUFFIXES)}."
        )


def _target(path: Path) -> Path:
    kind = path.suffix.lower()
    if kind in SUFFIXES:
        return path
    if kind in READ_VIDEO_SUFFIXES:
        return path.with_suffix(".mp4")
    if kind in JPEG_SUFFIXES:
        return path.with_suffix(".jpg")
    return path.with_name(f"{path.stem}.png") if not kind or kind in READ_SUFFIXES else path


def _longer(path: Path, target: Path) -> Path:
    """Return the name of a converted file that keeps its old ending: ``a.flv.mp4``."""
    converted = path.suffix.lower() != target.suffix.lower()
    return path.with_name(path.name + target.suffix) if converted else target


def _alpha(target: Path, wanted: bool) -> Path | None:  # noqa: FBT001
    written = target.suffix.lower() in IMAGE_SUFFIXES
    return target.with_suffix(".alpha.png") if wanted and written else None


def _find(source: str, out: Path, *, begun: bool) -> Iterator[tuple[Path, str]]:
    """Yield each file of a source and its name below it."""
    path = Path(source)
    if path.is_file():
        yield path, path.name
        return
    if path.is_dir():
        found, root = [*find_files(path, SOURCES)], path
    elif glob.has_magic(source):
        found, root = _matches(source), _fixed_part(source)
    else:
        raise MaskfaceError(
            f"There is no file or folder {source!r}. Give pictures, videos, a folder, a quoted "
            "pattern such as 'faces/**/*.jpg', or webcam."
        )
    _refuse_links_out(found, root)
    kept = [file for file in found if not (_is_below(out, root) and _is_below(file, out))]
    if len(kept) < len(found) and not begun:
        raise MaskfaceError(
            f"--out {out} lies below {source} and holds pictures or videos that were not made by "
            "this program. Choose another folder."
        )
    if not kept:
        kinds = ", ".join((*READ_SUFFIXES, *READ_VIDEO_SUFFIXES))
        raise MaskfaceError(f"{source} holds no pictures or videos ({kinds}).")
    yield from ((file, file.relative_to(root).as_posix()) for file in kept)


def _refuse_links_out(files: Sequence[Path], root: Path) -> None:
    """Raise if a file below a folder is a link out of it."""
    home = real_path(root)
    outside = [file for file in files if not real_path(file).is_relative_to(home)]
    if outside:
        raise MaskfaceError(
            f"{root} has {len(outside)} pictures or videos that are links out of it, for example "
            f"{outside[0]}, which leads to {real_path(outside[0])}. Copy the files into the "
            "folder, or give the folder that holds both."
        )


def _matches(pattern: str) -> list[Path]:
    # Path.glob takes no absolute patterns.
    paths = (Path(path) for path in sorted(glob.glob(pattern, recursive=True)))  # noqa: PTH207
    return [path for path in paths if path.is_file() and is_source(path)]


def is_source(path: Path) -> bool:
    """Return whether a file is looked for, by its ending or, without one, by its beginning."""
    return path.suffix.lower() in SOURCES if path.suffix else looks_like_picture(path)


def left_out_notes(sources: Sequence[str], out: Path) -> list[str]:
    """Return remarks on the files in folders that are neither pictures nor videos."""
    folders = [path for path in map(Path, sources) if path.is_dir() and not _is_below(out, path)]
    return [left_out_note(folder, SOURCES, "pictures or videos") for folder in folders]


def _fixed_part(pattern: str) -> Path:
    """Return the folder before the first wildcard of a pattern."""
    parts = Path(pattern).parts
    magic = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:magic])


def _is_below(path: Path, folder: Path) -> bool:
    return real_path(folder) in real_path(path).parents


def real_path(path: Path) -> Path:
    """Return where a path leads; unlike `Path.resolve`, also of links in a circle."""
    return Path(os.path.realpath(path))


def _check_targets(jobs: Sequence[Job], out: Path) -> None:
    originals = {real_path(job.source) for job in jobs}
    # PNGs of GIFs would overwrite nothing, but be taken for pictures by the next call.
    if any(real_path(path) in originals for job in jobs for path in (*job.targets, out / job.name)):
        raise MaskfaceError(
            f"{out} would overwrite the original pictures, or lie among them. Choose another --out."
        )
    counts = Counter(target for job in jobs for target in job.targets)
    twice = [target for target, count in counts.items() if count > 1]
    if twice:
        one, other, *_ = (str(job.source) for job in jobs if twice[0] in job.targets)
        raise MaskfaceError(
            f"{one} and {other} would be written to one file, {twice[0]}. Rename one of them, or, "
            "if they lie in two folders, give the folder that holds both (its tree is kept)."
        )
