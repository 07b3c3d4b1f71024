"""Results of a run, read from its folder: tables, figures, and pictures without an answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import pandas as pd

from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.experiment.checkpoints import PICTURES
from maskface.experiment.folder import RunFolder
from maskface.experiment.integrity import DERIVED, require_sound
from maskface.registry import unknown_name
from maskface.run_options import argument, resuming
from maskface.tables import ATTRIBUTES, DETECTIONS, GUARDS, PLAIN, SUMMARY, TRIALS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from maskface.stats import TrialSource


@dataclass(frozen=True, repr=False)
class Run:
    """A finished run; a notebook displays the loss, its figure and the cautions.

    Attributes
    ----------
    folder
        The folder of its files.
    """

    folder: RunFolder

    def __repr__(self) -> str:
        return f"Run({str(self.folder.path)!r})"

    def _repr_html_(self) -> str:
        """Return the loss, its figure and the cautions as HTML."""
        from base64 import b64encode
        from html import escape

        from maskface.text import guard_sentences, loss_text

        about = self.manifest
        head = f"{about['dataset']['images']} pictures of {about['dataset']['name']}"
        parts = [
            f"<p><b>Run {escape(about['run_id'])}</b>: {escape(head)}, in "
            f"<code>{escape(str(self.folder.path))}</code></p>",
            f"<pre>{escape(loss_text(self.summary))}</pre>",
        ]
        if len(self.losses):
            data = b64encode(_png(self.plot("loss"))).decode()
            parts.append(f'<img alt="Loss by emotion" src="data:image/png;base64,{data}">')
        cautions = "".join(f"<li>{escape(one)}</li>" for one in guard_sentences(self.guards))
        if cautions:
            parts.append(f"<p>Cautions:</p><ul>{cautions}</ul>")
        return "\n".join(parts)

    @cached_property
    def losses(self) -> pd.DataFrame:
        """Accuracy lost, a row for each classifier, condition and emotion.

        Columns are classifier, condition, emotion (``all`` first), n (pictures), plain and masked
        (proportion correct without and with the occluder), loss (plain minus masked, -1 to 1),
        ci_low and ci_high (its 95 % interval), p_value, and p_adjusted (Holm).
        """
        from maskface.stats import loss_table

        keys = ["classifier", "condition", "emotion"]
        summary = self.summary.rename(columns={"label": "emotion"})
        measured = summary[summary["metric"].isin(["accuracy", "recall"])]
        table = loss_table(self.summary).rename(columns={"clean": "plain", "occluded": "masked"})
        return table.merge(measured[[*keys, "p_value"]], on=keys, validate="1:1")[[*_LOSSES]]

    def plot(
        self, kind: str = "loss", *, classifier: str | None = None, condition: str | None = None
    ) -> Figure:
        """Draw a figure of the results, which a notebook shows.

        Parameters
        ----------
        kind
            ``loss`` by emotion (one panel for each condition unless `condition` names one);
            ``grid``, losses of one classifier under all conditions; ``classifiers``, the proportion
            correct by condition and classifier; or, for one classifier and condition, ``accuracy``,
            ``confusions``, ``flows`` or ``probabilities``.
        classifier, condition
            Names as in the tables; may be left out where there is one.

        Returns
        -------
        matplotlib.figure.Figure
            It has its own canvas: ``figure.savefig("loss.png")`` works without pyplot.

        Raises
        ------
        MaskfaceError
            If there is no such figure, classifier or condition, or the choice is not clear.

        Examples
        --------
        >>> load_run("results/mine").plot("loss")  # doctest: +SKIP
        """
        from maskface import plots
        from maskface.plots.style import new_panels

        pairs = ("accuracy", "confusions", "flows", "probabilities")
        kinds = ("loss", "grid", "classifiers", *pairs)
        if kind not in kinds:
            raise MaskfaceError(unknown_name("figure", kind, list(kinds)))
        conditions = sorted(self.losses["condition"].unique())
        if kind == "loss" and condition is None and len(conditions) > 1:
            panels = new_panels(len(conditions), 1, (6.0, 4.0)).ravel()
            for name, panel in zip(conditions, panels, strict=True):
                plots.plot_loss_by_emotion(self.summary, name, panel)
            ax = panels[0]
        elif kind == "loss":
            ax = plots.plot_loss_by_emotion(self.summary, condition)
        elif kind == "grid":
            ax = plots.plot_loss_grid(self.summary, classifier)
        elif kind == "classifiers":
            ax = plots.plot_classifiers(self.summary)
        else:
            ax = getattr(plots, f"plot_{kind}")(self.summary, classifier, condition)
        return cast("Figure", ax.figure)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """All trials; see `maskface.tables.TRIALS`."""
        return TRIALS.read(self.folder.trials_path)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Measures, losses, intervals and tests; see `maskface.tables.SUMMARY`."""
        return SUMMARY.read(self.folder.summary_path)

    @cached_property
    def guards(self) -> pd.DataFrame:
        """Cautions about the results; see `maskface.tables.GUARDS`."""
        if self.folder.guards_path.exists():
            return GUARDS.read(self.folder.guards_path)
        # Imported here and below, as workers and the start of a run need no SciPy.
        from maskface.stats import find_guards

        with _trial_source(self.folder) as trials:
            return find_guards(trials, _same_files(self.folder), *_measured(self.folder, *_JUDGED))

    @cached_property
    def attributes(self) -> pd.DataFrame:
        """Attributes of the pictures; see `maskface.tables.ATTRIBUTES`."""
        if self.folder.attributes_path.exists():
            return ATTRIBUTES.read(self.folder.attributes_path)
        return ATTRIBUTES.frame([])

    @cached_property
    def detections(self) -> pd.DataFrame:
        """Faces found again under each condition; see `maskface.tables.DETECTIONS`.

        Raises MaskfaceError if the experiment has no `detect_px`.
        """
        if not self.folder.detections_path.exists():
            raise MaskfaceError(
                f"The run in {self.folder.path} did not detect faces again. Run an experiment "
                "with detect_px=(0,), which means pictures as they are."
            )
        return DETECTIONS.read(self.folder.detections_path)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Manifest of the run; docs/architecture.md describes it."""
        return self.folder.require_manifest()


def load_run(path: str | Path) -> Run:
    """Open the folder of a finished run.

    Parameters
    ----------
    path
        The folder that `run`, ``maskface run`` or an experiment script wrote to.

    Raises
    ------
    MaskfaceError
        If the folder holds no run, or an incomplete one.

    Examples
    --------
    >>> load_run("results/mine").losses  # doctest: +SKIP
    """
    folder = RunFolder(Path(path))
    folder.require_manifest()
    require_complete(folder.path)
    return Run(folder)


def require_complete(path: Path) -> None:
    """Raise MaskfaceError unless a run is complete and its tables are as the run wrote them.

    Does nothing for a folder without a manifest, such as that of a study with human observers.
    """
    begun = RunFolder(path).read_manifest()
    if begun is not None and not begun["complete"]:
        raise MaskfaceError(f"The run in {path} is not complete. Finish it with {resuming()}.")
    if begun is not None:
        require_sound(RunFolder(path), begun)


def incomplete(folder: RunFolder) -> MaskfaceError:
    """Return the error of a run that is not complete, but of which a part can be shown."""
    return MaskfaceError(
        f"The run in {folder.path} is not complete. Finish it with {resuming()}, or add "
        f"{argument('allow_partial', value=True)} to see what there is."
    )


def _png(figure: Figure) -> bytes:
    from io import BytesIO

    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=100)
    return stream.getvalue()


def _trial_source(folder: RunFolder) -> AbstractContextManager[TrialSource]:
    from maskface.stats import NEEDED, trial_source

    path = folder.trials_path
    return trial_source(lambda: TRIALS.pieces(path, NEEDED), folder.path)


def write_summary(folder: RunFolder, seed: int) -> dict[str, Any]:
    """Write summary and guards of the trials on disk; return hash and rows of each file."""
    from maskface.stats import find_guards, summarize

    _require_answers(folder.trials_path)
    with _trial_source(folder) as trials:
        summary = summarize(trials, seed=seed)
        guards = find_guards(trials, _same_files(folder), *_measured(folder, *_JUDGED))
    return {
        folder.summary_path.name: SUMMARY.write(summary, folder.summary_path),
        folder.guards_path.name: GUARDS.write(guards, folder.guards_path),
    }


def _same_files(folder: RunFolder) -> pd.DataFrame:
    """Return the pictures whose file is that of another, with their labels and subjects."""
    path, wanted = folder.pictures_path, ("image_id", "sha256")
    files = pd.DataFrame(columns=[*wanted])
    if path.exists():
        # Of a large set, numbers of 8 bytes are held, not texts.
        held = (piece["sha256"].map(hash) for piece in PICTURES.pieces(path, wanted))
        hashes = pd.concat(held, ignore_index=True)
        twice = hashes[hashes.duplicated()]
        pieces = PICTURES.pieces(path, wanted) if len(twice) else ()
        files = pd.concat([files, *(one[one["sha256"].map(hash).isin(twice)] for one in pieces)])
    files = files[(files["sha256"] != "") & files["sha256"].duplicated(keep=False)]
    about = ("run_id", "dataset", "image_id", "label", "subject_id")
    parts = TRIALS.pieces(folder.trials_path, about) if len(files) else ()
    named = [part[part["image_id"].isin(files["image_id"])].drop_duplicates() for part in parts]
    return files.merge(pd.concat(named).drop_duplicates()) if named else files


_JUDGED: Final = ("face_px", "iris_aspect")


def _measured(folder: RunFolder, *names: str) -> list[Floats]:
    """Return measured attributes of the faces of a run, each (n,)."""
    values: list[list[Floats]] = [[np.empty(0)] for _ in names]
    if folder.attributes_path.exists():
        for piece in ATTRIBUTES.pieces(folder.attributes_path, ("attribute", "value", "source")):
            for name, own in zip(names, values, strict=True):
                chosen = (piece["source"] == "measured") & (piece["attribute"] == name)
                own.append(piece.loc[chosen, "value"].to_numpy(np.float64))
    return [np.concatenate(own) for own in values]


def _require_answers(path: Path) -> None:
    """Raise if no plain face has an answer, with the reason of the first."""
    wanted = ("image_id", "condition", "status", "message")
    first: pd.Series | None = None
    for trials in TRIALS.pieces(path, wanted):
        plain = trials[trials["condition"] == PLAIN]
        if (plain["status"] == "ok").any():
            return
        first = plain.iloc[0] if first is None and len(plain) else first
    why = "" if first is None else f", for example {first['image_id']}: {first['message']}"
    raise MaskfaceError(
        "No picture has an answer without an occluder, so there is nothing to compare with"
        f"{why}. All reasons are in the column message of {path}. Change the pictures, and choose "
        f"a new folder with {argument('out')}."
    )


def summarize_run(path: str | Path, *, allow_partial: bool = False) -> pd.DataFrame:
    """Compute the summary of a run again from its trials.

    Parameters
    ----------
    path
        Folder of the run. summary.csv and guards.csv of a complete run are replaced; the folder of
        an incomplete run stays as it is.
    allow_partial
        Accept an incomplete run, and summarize the pictures that have been read.

    Returns
    -------
    pandas.DataFrame
        In the schema of `maskface.tables.SUMMARY`.

    Raises
    ------
    MaskfaceError
        If the folder holds no run, or an incomplete one and `allow_partial` is false.
    """
    from maskface.stats import summarize, trial_source

    folder = RunFolder(Path(path))
    manifest = folder.require_manifest()
    seed = int(manifest["seed"])
    if manifest["complete"]:
        require_sound(folder, manifest, but=DERIVED)
        manifest["files"] |= write_summary(folder, seed)
        folder.write_manifest(manifest)
        return SUMMARY.read(folder.summary_path)
    if not allow_partial:
        raise incomplete(folder)
    parts = folder.read_checkpoints(str(manifest["run_id"]))

    def read() -> Iterator[pd.DataFrame]:
        for _, rows in parts.frames(TRIALS):
            yield rows.sort_values("image_id", kind="stable", ignore_index=True)

    with trial_source(read, folder.path) as trials:
        return summarize(trials, seed=seed)


_LOSSES: Final = (
    "classifier", "condition", "emotion", "n", "plain", "masked", "loss", "ci_low", "ci_high",
    "p_value", "p_adjusted",
)  # fmt: skip
_COLUMNS: Final = ["image_id", "condition", "status", "message"]


@dataclass(frozen=True, slots=True, eq=False)
class Failures:
    """Images that have trials without an answer."""

    images: frozenset[str]  # ids of all images of the run
    # Trials without an answer, in their order: columns image_id, condition, status and message.
    trials: pd.DataFrame

    @property
    def n_images(self) -> int:
        """Number of all images."""
        return len(self.images)

    @property
    def failed(self) -> tuple[dict[str, str], ...]:
        """First trial without an answer of each such image: image_id, status and message."""
        first = self.trials.drop_duplicates("image_id").drop(columns="condition")
        return tuple({str(k): v for k, v in row.items()} for row in first.to_dict("records"))


def failures_of(pieces: Iterable[pd.DataFrame]) -> Failures:
    """Find the trials without an answer, by image_id, condition, status and message."""
    images: set[str] = set()
    failed = [TRIALS.frame([])[_COLUMNS]]
    for piece in pieces:
        images.update(piece["image_id"].unique())
        failed.append(piece.loc[piece["status"] != "ok", _COLUMNS])
    return Failures(frozenset(images), pd.concat(failed, ignore_index=True))


def find_failures(result: Run) -> Failures:
    """Find the trials of a run without an answer, some at a time."""
    return failures_of(TRIALS.pieces(result.folder.trials_path, _COLUMNS))


def failures_text(result: Run) -> str:
    """Return how many images have trials without an answer, with the reason of the first."""
    found = find_failures(result)
    n, failed = found.n_images, found.failed
    if not failed:
        return f"All {n} images were read." if n > 1 else "The image was read."
    return (
        f"{len(failed)} of {n} images have trials without an answer, for example "
        f"{failed[0]['image_id']}: {failed[0]['message']} (column message of trials.csv)."
    )
