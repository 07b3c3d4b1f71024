"""Figures of a run: the table of their kinds, as files, and as parts of a page.

The strip shows one face under each condition, where the terms of the set allow it.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from maskface import plots
from maskface.crops import face_crop, resize
from maskface.datasets import Dataset, load_dataset
from maskface.errors import MaskfaceError, format_error, os_errors_explained
from maskface.files import written_atomically
from maskface.findings import published_losses
from maskface.images import Limits
from maskface.landmarks import MediaPipeDetector
from maskface.occluders import get_occluder
from maskface.pipeline import OccludedFace, open_picture
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
"""Most conditions that are shown."""
_EMOTIONS: Final = ("happiness", "disgust", "surprise", "sadness", "fear", "anger", "neutral")
"""Emotions in the order in which one is chosen: those whose mouth moves most first."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Pictures of one face."""

    pictures: Mapping[str, ImageArray]  # by condition, the plain one first; empty if none is shown
    credit: str  # picture, set and terms
    reason: str  # why no picture is shown


def make_strip(material: RunData, *, allowed: bool = False) -> Strip:
    """Show one face under the run's conditions, as the classifiers were given it.

    Occluders and their seeds are those of the run. `allowed` if the user says that the set's terms
    allow its pictures to be shown; there are none if they do not, or the pictures are gone.
    """
    said = material.manifest["dataset"]
    if not (allowed or said.get("may_be_shown", False)):
        return _omitted(
            "the terms of the set are not known to allow its pictures to be shown; where they do, "
            "add --show-faces to maskface report"
        )
    try:
        spec = material.manifest["experiment"]
        dataset = load_dataset(spec["data"], spec.get("dataset", ""))
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
    """Return the first picture read under every condition, of the first emotion there is."""
    wanted = material.failures.images - set(material.failures.trials["image_id"])
    by_label: dict[str, Sample] = {}
    for sample in dataset:
        if sample.image_id in wanted:
            by_label.setdefault(sample.label, sample)
    return next((by_label[name] for name in _EMOTIONS if name in by_label), None)


def _pictures(
    manifest: Mapping[str, Any], sample: Sample, conditions: list[str]
) -> dict[str, ImageArray]:
    factor = float(manifest["experiment"].get("restore_aspect", 1.0))
    image, _ = open_picture(sample.path, Limits(restore_aspect=factor))
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
FEW: Final = 4
"""Most pairs of a classifier and a condition for which a page has all figures."""
MANY: Final = 30
"""Most pairs for which a page has any figures of pairs: `maskface plot` draws the others."""
ROWS: Final = 40
"""Most conditions or classifiers that fit a figure of the page; the table has them all."""
AT_ONCE: Final = 2
"""Most figures of a kind that a page shows unfolded."""

Key = tuple[str, ...]
"""Names of what a figure shows: a classifier, a condition, both, or none."""


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A kind of figure: what it draws, its caption, and its place in a report."""

    name: str  # name on the command line, in file names and as the CSS class
    caption: str  # template of the caption; the names of the key fill it in
    keys: Callable[[RunData], Sequence[Key]]  # keys of the figures that a run supports
    draw: Callable[..., Axes]  # draws the figure of a key
    # Whether a page shows the figures at once.
    unfolded: Callable[[RunData], bool] = lambda _: False
    # Whether a page shows them folded away, by classifier and condition.
    folded: Callable[[RunData], bool] = lambda _: False
    needs: str = "an occluder"  # what a run without such figures lacks, for messages

    def figures(self, run: RunData, chosen: Container[Key] | None = None) -> list[Figure]:
        """Return the figures of this kind that a run supports, or those of some keys."""
        return [
            Figure(
                self.name,
                "_".join([self.name, *map(_slug, key)]),
                self.caption.format(*key),
                partial(self.draw, run, *key),
            )
            for key in self.keys(run)
            if chosen is None or key in chosen
        ]


@dataclass(frozen=True)
class Figure:
    """A figure that can be drawn."""

    kind: str  # name of its kind
    stem: str  # name of its file without the ending
    title: str  # caption
    draw: Callable[[], Axes]  # draws it


def _few_pairs(run: RunData) -> bool:
    return len(run.pairs) <= AT_ONCE


def _with_probabilities(run: RunData) -> list[Key]:
    known = set(run.summary.loc[run.summary["metric"] == "p_true", "classifier"])
    return [pair for pair in run.pairs if pair[0] in known]


FIGURES: Final = (
    FigureKind(
        "classifiers",
        "Right answers by condition and classifier",
        keys=lambda run: [()] if len(run.summary) else [],
        draw=lambda run: plots.plot_classifiers(run.summary),
        unfolded=lambda run: len(run.pairs) > 1,
    ),
    FigureKind(
        "loss",
        "Loss by emotion under {}",
        keys=lambda run: [(condition,) for condition in run.conditions],
        draw=lambda run, condition: plots.plot_loss_by_emotion(run.summary, condition),
        unfolded=lambda run: len(run.conditions) <= AT_ONCE,
    ),
    FigureKind(
        "grid",
        "Loss by occluder and emotion: {}",
        keys=lambda run: [(name,) for name in run.losing] if len(run.conditions) > 1 else [],
        draw=lambda run, classifier: plots.plot_loss_grid(run.summary, classifier),
        unfolded=lambda run: len(run.conditions) > AT_ONCE >= len(run.classifiers),
        needs="two occluders or more",
    ),
    FigureKind(
        "people",
        "Loss under {} beside published losses of people",
        keys=lambda run: [(mask,) for mask in run.masks],
        draw=lambda run, mask: plots.plot_beside_people(run.summary, published_losses(), mask),
        needs="a mask, such as surgical",
    ),
    FigureKind(
        "accuracy",
        "Right answers by emotion, plain and occluded: {} under {}",
        keys=lambda run: run.pairs,
        draw=lambda run, *pair: plots.plot_accuracy(run.summary, *pair),
        unfolded=_few_pairs,
        folded=lambda run: AT_ONCE < len(run.pairs) <= FEW,
    ),
    FigureKind(
        "flows",
        "Where wrong answers go: {} under {}",
        keys=lambda run: run.pairs,
        draw=lambda run, *pair: plots.plot_flows(run.summary, *pair),
        unfolded=_few_pairs,
        folded=lambda run: AT_ONCE < len(run.pairs) <= MANY,
    ),
    FigureKind(
        "confusions",
        "Answers to each emotion, plain and occluded: {} under {}",
        keys=lambda run: run.pairs,
        draw=lambda run, *pair: plots.plot_confusions(run.summary, *pair),
        folded=lambda run: len(run.pairs) <= MANY,
    ),
    FigureKind(
        "probabilities",
        "Probability given to the true emotion: {} under {}",
        keys=_with_probabilities,
        draw=lambda run, *pair: plots.plot_probabilities(run.summary, *pair),
        folded=lambda run: len(run.pairs) <= FEW,
        needs="an occluder, and a classifier that gives probabilities",
    ),
)
"""All kinds of figures of a run, in the order of the page. A new figure is an entry here,
and its name in `KINDS`."""
STRIP: Final = "strip"
KINDS: Final = (
    "strip", "classifiers", "loss", "grid", "people", "accuracy", "flows", "confusions",
    "probabilities",
)  # fmt: skip
"""Names of all kinds and of the strip; a literal, which the command line reads without loading."""


def main_figures(run: RunData) -> list[Shown]:
    """Draw the figures that a page shows at once."""
    if max(len(run.conditions), len(run.classifiers)) > ROWS:
        return []
    return [show(figure) for kind in FIGURES if kind.unfolded(run) for figure in kind.figures(run)]


def folded_figures(run: RunData, pair: Key) -> tuple[Shown, ...]:
    """Draw the figures of a classifier under a condition that a page folds away."""
    kinds = (kind for kind in FIGURES if kind.folded(run))
    return tuple(show(figure) for kind in kinds for figure in kind.figures(run, [pair]))


def people_figures(run: RunData) -> list[Shown]:
    """Draw the losses beside those of people, for as many masks as a page shows at once."""
    (kind,) = (kind for kind in FIGURES if kind.name == "people")
    masks = [] if run.partial else run.masks[:AT_ONCE]
    return [show(figure) for figure in kind.figures(run, [(mask,) for mask in masks])]


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "_", name).strip("_.")[:60]


def _apart(found: Sequence[Figure]) -> list[Figure]:
    """Number the files that would have one name, capital letters aside."""
    seen: Counter[str] = Counter()
    out = []
    for figure in found:
        seen[figure.stem.lower()] += 1
        n = seen[figure.stem.lower()]
        out.append(figure if n == 1 else replace(figure, stem=f"{figure.stem}_{n}"))
    return out


def write_figures(
    path: str | Path,
    kinds: Sequence[str] = (),
    *,
    form: str = "svg",
    out: str | Path | None = None,
    faces_allowed: bool = False,
) -> list[Path]:
    """Write figures of a finished run; return the files.

    `kinds` are names in `KINDS`, all that the run supports if empty; `form` is svg, png (200 dots
    per inch) or pdf; `out` is the folder to write to, ``figures`` in that of the run if None;
    `faces_allowed` is as in `write_report`. Raises MaskfaceError if the folder holds no complete
    run, a kind is unknown or the run does not support it, or the files cannot be written.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise MaskfaceError(unknown_name("figure", kind, list(KINDS)))
    if form not in FORMATS:
        raise MaskfaceError(unknown_name("format", form, list(FORMATS)))
    run = open_material(path)
    wanted = not kinds or STRIP in kinds
    strip = make_strip(run, allowed=faces_allowed) if wanted else Strip({}, "", "")
    found = [figure for kind in FIGURES for figure in kind.figures(run)]
    if strip.pictures:
        draw = partial(plots.plot_strip, strip.pictures, strip.credit)
        found.insert(0, Figure(STRIP, STRIP, "One face under each condition", draw))
    there = list(dict.fromkeys(figure.kind for figure in found))
    for kind in kinds:
        if kind not in there:
            needs = {one.name: f"it needs {one.needs}" for one in FIGURES} | {STRIP: strip.reason}
            raise MaskfaceError(
                f"The run has no figure {kind!r}: {needs[kind]}. It has: {', '.join(there)}."
            )
    chosen = [figure for figure in _apart(found) if not kinds or figure.kind in kinds]
    return _write(chosen, Path(out) if out is not None else Path(path) / "figures", form)


def _write(chosen: Sequence[Figure], folder: Path, form: str) -> list[Path]:
    paths = []
    with os_errors_explained(f"write to {folder}", "Choose another folder with --out."):
        folder.mkdir(parents=True, exist_ok=True)
        for figure in chosen:
            paths.append(folder / f"{figure.stem}.{form}")
            with written_atomically(paths[-1]) as stream:
                plots.save_figure(figure.draw(), stream, form)
    return paths


_QUALITY: Final = 88
_LARGEST: Final = 400_000
_TOGETHER: Final = 1_500_000
"""Most bytes of one picture file, and of all, in the page."""
_OURS: Final = "loss_by_emotion_"


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure in a page."""

    title: str  # caption
    src: str  # picture as a data URI
    kind: str = ""  # name of the kind of figure


def show(figure: Figure) -> Shown:
    """Draw a figure as SVG: a third of the size of a PNG, and sharp on paper."""
    stream = io.BytesIO()
    plots.save_figure(figure.draw(), stream, "svg")
    return Shown(figure.title, as_uri(stream.getvalue(), "image/svg+xml"), figure.kind)


def show_faces(strip: Strip) -> Iterator[Shown]:
    """Return the pictures of a strip one by one, as JPEG."""
    for condition, picture in strip.pictures.items():
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "JPEG", quality=_QUALITY, optimize=True)
        yield Shown(condition, as_uri(stream.getvalue(), "image/jpeg"))


def further_pictures(folder: Path) -> Iterator[Shown]:
    """Return the figures that a script wrote into the folder of its run, if they are small."""
    left = _TOGETHER
    for path in sorted(folder.glob("*.png")):
        size = path.stat().st_size
        if path.name.startswith(_OURS) or size > min(_LARGEST, left):
            continue
        left -= size
        yield Shown(path.stem.replace("_", " "), as_uri(path.read_bytes(), "image/png"))
