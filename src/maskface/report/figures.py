"""The figures that a run supports, and how they are written.

Figures as parts of a page.

One face of a run as each condition shows it, where the set's terms allow it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from maskface.crops import face_crop, resize
from maskface.datasets import Dataset, load_dataset
from maskface.errors import MaskfaceError, format_error
from maskface.files import written_atomically
from maskface.findings import published_losses
from maskface.landmarks import MediaPipeDetector
from maskface.occluders import get_occluder
from maskface.pipeline import OccludedFace, open_picture
from maskface.plots import (
    plot_accuracy,
    plot_beside_people,
    plot_confusions,
    plot_flows,
    plot_loss_by_emotion,
    plot_loss_grid,
    plot_probabilities,
    plot_readers,
    plot_strip,
    save_figure,
)
from maskface.registry import unknown_name
from maskface.report.downloads import as_uri
from maskface.report.run_data import RunData, open_material
from maskface.seeds import derived_seed
from maskface.tables import PLAIN
from maskface.types import ImageArray, Sample

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE: Final = 224
MOST: Final = 20
"""So many conditions are shown at most."""
_EMOTIONS: Final = ("happiness", "disgust", "surprise", "sadness", "fear", "anger", "neutral")
"""Which emotion is shown, if it can be: those whose mouth moves most first."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Pictures of one face.

    Attributes
    ----------
    pictures
        By condition, the plain one first; empty if none may or can be shown.
    credit
        What is shown, and under what terms.
    reason
        Why nothing is shown.
    """

    pictures: Mapping[str, ImageArray]
    credit: str
    reason: str


def make_strip(material: RunData, *, allowed: bool = False) -> Strip:
    """Show one face under the run's conditions, as the classifiers were given it.

    Occluders and their seeds are those of the run.

    Parameters
    ----------
    material
        Of the run.
    allowed
        Whether the user says that the set's terms allow its pictures to be shown.

    Returns
    -------
    Strip
        Without pictures if the set's terms do not allow them or they are not there any more.
    """
    said = material.manifest["dataset"]
    if not (allowed or said.get("may_be_shown", False)):
        return _omitted(
            "the terms of the set are not known to allow its pictures to be shown; where they do, "
            "add --show-faces to maskface report"
        )
    try:
        dataset = load_dataset(material.manifest["experiment"]["data"])
        if dataset.index_hash != said["index_sha256"]:
            return _omitted("the set has changed since the run")
        sample = _choose(material, dataset)
        if sample is None:
            return _omitted("no picture was read under every condition")
        pictures = _pictures(material.manifest, sample, [PLAIN, *material.conditions])
    except MaskfaceError:
        return _omitted("the pictures are not where they were when the run was made")
    # An occluder or a detector may fail in any way; the report can do without its pictures.
    except Exception as error:  # noqa: BLE001
        return _omitted(f"drawing failed ({format_error(error)})")
    terms = ", ".join(filter(None, (said["name"], said["licence"], said["citation"])))
    return Strip(pictures, f"{sample.image_id} ({sample.label}). {terms}", "")


def _omitted(reason: str) -> Strip:
    return Strip({}, "", reason)


def _choose(material: RunData, dataset: Dataset) -> Sample | None:
    """The first picture that was read under every condition, of the first emotion there is."""
    wanted = material.failures.images - set(material.failures.trials["image_id"])
    by_label: dict[str, Sample] = {}
    for sample in dataset:
        if sample.image_id in wanted:
            by_label.setdefault(sample.label, sample)
    return next((by_label[name] for name in _EMOTIONS if name in by_label), None)


def _pictures(
    manifest: Mapping[str, Any], sample: Sample, conditions: list[str]
) -> dict[str, ImageArray]:
    image, _ = open_picture(sample.path)
    with MediaPipeDetector() as detector:
        found = detector.detect(image)
    if not found:
        raise MaskfaceError(f"No face found in {sample.image_id}.")
    seed, shown = int(manifest["seed"]), conditions[:MOST]
    occluded = OccludedFace.of(
        image,
        found[0],
        {name: get_occluder(name) for name in shown},
        {name: derived_seed(seed, sample.image_id, name) for name in shown},
    )
    for name, message in occluded.failures.items():
        raise RuntimeError(f"{name}: {message}")
    return {
        "plain" if name == PLAIN else name: resize(face_crop(one.image, found[0]), SIDE, SIDE)
        for name, one in occluded.occlusions.items()
    }


FORMATS: Final = ("svg", "png", "pdf")
_OF_PAIRS: Final[dict[str, tuple[Callable[..., Axes], str]]] = {
    "accuracy": (plot_accuracy, "Right answers by emotion, plain and covered"),
    "confusions": (plot_confusions, "Answers to each emotion, plain and covered"),
    "flows": (plot_flows, "Where wrong answers go"),
    "probabilities": (plot_probabilities, "Probability given to the true emotion"),
}
KINDS: Final = (
    "strip", "readers", "loss", "grid", "people", "accuracy", "flows", "confusions",
    "probabilities",
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A figure that can be drawn.

    Attributes
    ----------
    kind
        One of `KINDS`.
    stem
        Its file's name without the ending.
    title
        In words.
    draw
        Draws it.
    """

    kind: str
    stem: str
    title: str
    draw: Callable[[], Axes]


def figures(material: RunData, strip: Strip) -> list[Figure]:
    """All figures that a run supports, in the order of `KINDS`."""
    found = [*_of_run(material, strip), *_of_losses(material)]
    for classifier, condition in material.pairs:
        kinds = (kind for kind in _OF_PAIRS if supports(material, kind, classifier))
        found += [pair_figure(material, kind, classifier, condition) for kind in kinds]
    found.sort(key=lambda figure: KINDS.index(figure.kind))
    return _apart(found)


def supports(material: RunData, kind: str, classifier: str) -> bool:
    """Whether a classifier's results have what a figure of pairs shows."""
    if kind != "probabilities":
        return True
    own = material.summary[material.summary["classifier"] == classifier]
    return bool((own["metric"] == "p_true").any())


def pair_figure(material: RunData, kind: str, classifier: str, condition: str) -> Figure:
    """A figure of one classifier under one condition."""
    draw, title = _OF_PAIRS[kind]
    return Figure(
        kind,
        f"{kind}_{_slug(classifier)}_{_slug(condition)}",
        f"{title}: {classifier} under {condition}",
        partial(draw, material.summary, classifier, condition),
    )


def readers_figure(material: RunData) -> Figure:
    """Right answers of all classifiers under all conditions."""
    title = "Right answers by condition and classifier"
    return Figure("readers", "readers", title, partial(plot_readers, material.summary))


def loss_figure(material: RunData, condition: str) -> Figure:
    """What is lost under a condition, by emotion and classifier."""
    draw = partial(plot_loss_by_emotion, material.summary, condition)
    return Figure("loss", f"loss_{_slug(condition)}", f"Loss by emotion under {condition}", draw)


def grid_figure(material: RunData, classifier: str) -> Figure:
    """What a classifier loses under every condition, by emotion."""
    draw = partial(plot_loss_grid, material.summary, classifier)
    title = f"Loss by occluder and emotion: {classifier}"
    return Figure("grid", f"grid_{_slug(classifier)}", title, draw)


def people_figure(material: RunData, mask: str) -> Figure:
    """What is lost under a mask, beside what people lost in published studies."""
    draw = partial(plot_beside_people, material.summary, published_losses(), mask)
    title = f"Loss under {mask} beside published losses of people"
    return Figure("people", f"people_{_slug(mask)}", title, draw)


def _of_run(material: RunData, strip: Strip) -> Iterator[Figure]:
    if strip.pictures:
        draw = partial(plot_strip, strip.pictures, strip.credit)
        yield Figure("strip", "strip", "One face under each condition", draw)
    if len(material.summary):
        yield readers_figure(material)


def _of_losses(material: RunData) -> Iterator[Figure]:
    yield from (loss_figure(material, condition) for condition in material.conditions)
    if len(material.conditions) > 1:
        readers = material.losses["classifier"].unique()
        yield from (grid_figure(material, str(name)) for name in sorted(readers))
    yield from (people_figure(material, mask) for mask in material.masks)


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "_", name).strip("_.")[:60]


def _apart(found: Sequence[Figure]) -> list[Figure]:
    """Number the files that would have one name, capital letters aside."""
    seen: dict[str, int] = {}
    out = []
    for figure in found:
        key = figure.stem.lower()
        seen[key] = seen.get(key, 0) + 1
        stem = figure.stem if seen[key] == 1 else f"{figure.stem}_{seen[key]}"
        out.append(Figure(figure.kind, stem, figure.title, figure.draw))
    return out


def write_figures(
    path: str | Path,
    kinds: Sequence[str] = (),
    *,
    form: str = "svg",
    out: str | Path | None = None,
    faces_allowed: bool = False,
) -> list[Path]:
    """Write figures of a finished run.

    Parameters
    ----------
    path
        Folder of the run.
    kinds
        Which, of `KINDS`; all that the run supports if empty.
    form
        svg, png (200 dots an inch) or pdf.
    out
        Folder to write to; ``figures`` in that of the run if None.
    faces_allowed
        As in `write_report`.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    MaskfaceError
        If the folder holds no complete run, a kind is unknown or the run does not support it, or
        the files cannot be written.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise MaskfaceError(unknown_name("figure", kind, list(KINDS)))
    if form not in FORMATS:
        raise MaskfaceError(unknown_name("format", form, list(FORMATS)))
    material = open_material(path)
    wanted = not kinds or "strip" in kinds
    strip = make_strip(material, allowed=faces_allowed) if wanted else Strip({}, "", "")
    found = figures(material, strip)
    missing = [kind for kind in kinds if kind not in {figure.kind for figure in found}]
    if missing:
        raise MaskfaceError(_not_there(missing[0], strip, found))
    chosen = [figure for figure in found if not kinds or figure.kind in kinds]
    return _write(chosen, Path(out) if out is not None else Path(path) / "figures", form)


def _not_there(kind: str, strip: Strip, found: Sequence[Figure]) -> str:
    reasons = {
        "strip": strip.reason,
        "grid": "it needs two occluders or more",
        "people": "it needs a mask, such as surgical",
    }
    why = reasons.get(kind, "it needs an occluder")
    kinds = ", ".join(dict.fromkeys(figure.kind for figure in found))
    return f"The run has no figure {kind!r}: {why}. It has: {kinds}."


def _write(chosen: Sequence[Figure], folder: Path, form: str) -> list[Path]:
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for figure in chosen:
            paths.append(folder / f"{figure.stem}.{form}")
            with written_atomically(paths[-1]) as stream:
                save_figure(figure.draw(), stream, form)
    except OSError as error:
        raise MaskfaceError(
            f"Cannot write to {folder}: {error.strerror or error}. Choose another folder with "
            "--out."
        ) from error
    return paths


_QUALITY: Final = 88
_LARGEST: Final = 400_000
_TOGETHER: Final = 1_500_000
"""Bytes of one picture file, and of all, that are put into the page at most."""
_OURS: Final = "loss_by_emotion_"


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure in a page.

    Attributes
    ----------
    title
        In words.
    src
        The picture as a data URI.
    kind
        Which figure it is.
    """

    title: str
    src: str
    kind: str = ""


def show(figure: Figure) -> Shown:
    """Draw a figure, as SVG: a third of its PNG, and sharp on paper."""
    stream = io.BytesIO()
    save_figure(figure.draw(), stream, "svg")
    return Shown(figure.title, as_uri(stream.getvalue(), "image/svg+xml"), figure.kind)


def show_faces(strip: Strip) -> Iterator[Shown]:
    """Set the pictures of a strip one by one, as JPEG."""
    for condition, picture in strip.pictures.items():
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "JPEG", quality=_QUALITY, optimize=True)
        yield Shown(condition, as_uri(stream.getvalue(), "image/jpeg"))


def further_pictures(folder: Path) -> Iterator[Shown]:
    """Figures that a script wrote beside its run's tables, as far as they are small."""
    left = _TOGETHER
    for path in sorted(folder.glob("*.png")):
        size = path.stat().st_size
        if path.name.startswith(_OURS) or size > min(_LARGEST, left):
            continue
        left -= size
        yield Shown(path.stem.replace("_", " "), as_uri(path.read_bytes(), "image/png"))
