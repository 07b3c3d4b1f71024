"""The folder of a run, read again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.experiment._parts import joined
from maskface.experiment._store import RunFolder
from maskface.tables import ATTRIBUTES, DETECTIONS, GUARDS, SUMMARY, TRIALS
from maskface.types import EMOTIONS


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes
    ----------
    folder
        Where its files are.
    """

    folder: RunFolder

    @cached_property
    def trials(self) -> pd.DataFrame:
        """All trials; see `maskface.tables.TRIALS`."""
        return TRIALS.read(self.folder.trials_path)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """What they amount to; see `maskface.tables.SUMMARY`."""
        return SUMMARY.read(self.folder.summary_path)

    @cached_property
    def guards(self) -> pd.DataFrame:
        """What may be wrong with them; see `maskface.tables.GUARDS`."""
        if self.folder.guards_path.exists():
            return GUARDS.read(self.folder.guards_path)
        # Here and below: workers and the start of a run need no statistics, which load SciPy.
        from maskface.stats import find_guards

        return find_guards(self.trials)

    @cached_property
    def attributes(self) -> pd.DataFrame:
        """What is known of the pictures; see `maskface.tables.ATTRIBUTES`."""
        if self.folder.attributes_path.exists():
            return ATTRIBUTES.read(self.folder.attributes_path)
        return ATTRIBUTES.frame([])

    @cached_property
    def detections(self) -> pd.DataFrame:
        """Whether faces were found anew; see `maskface.tables.DETECTIONS`.

        Raises
        ------
        MaskfaceError
            If the run was not asked for it.
        """
        if not self.folder.detections_path.exists():
            raise MaskfaceError(
                f"The run in {self.folder.path} did not look for faces anew. Run an experiment "
                "with detect_px=(0,), which stands for pictures as they are."
            )
        return DETECTIONS.read(self.folder.detections_path)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The record of the run."""
        return self.folder.require_manifest()


def failures_text(result: Run) -> str:
    """Say how many images have trials without an answer, and why the first of them has."""
    trials = result.trials
    failed = trials[trials["status"] != "ok"].drop_duplicates("image_id")
    n_images = trials["image_id"].nunique()
    if failed.empty:
        return f"All {n_images} images were read."
    first = failed.iloc[0]
    return (
        f"{len(failed)} of {n_images} images have trials without an answer, for example "
        f"{first['image_id']}: {first['message']} (column message of trials.csv)."
    )


def load_run(path: str | Path) -> Run:
    """Open the folder of a finished run.

    Raises
    ------
    MaskfaceError
        If the folder holds no run, or an incomplete one.
    """
    folder = RunFolder(Path(path))
    if not folder.require_manifest()["complete"]:
        raise MaskfaceError(
            f"The run in {folder.path} is not complete. Finish it with `maskface run ... --resume`."
        )
    return Run(folder)


_NEEDED: Final = (
    "run_id", "dataset", "image_id", "subject_id", "label", "condition", "classifier",
    "predicted", "correct", *(f"p_{emotion}" for emotion in EMOTIONS), "status",
)  # fmt: skip
"""What summary and guards are made of; the longest texts are not among it."""


def write_summary(folder: RunFolder, seed: int) -> dict[str, Any]:
    """Write summary and guards of the trials on disk; return hash and rows of each file."""
    from maskface.stats import find_guards, summarize

    trials = TRIALS.parse(folder.trials_path, _NEEDED)
    return {
        folder.summary_path.name: SUMMARY.write(summarize(trials, seed=seed), folder.summary_path),
        folder.guards_path.name: GUARDS.write(find_guards(trials), folder.guards_path),
    }


def summarize_run(path: str | Path, *, allow_partial: bool = False) -> pd.DataFrame:
    """Compute the summary of a run again from its trials.

    Parameters
    ----------
    path
        Folder of the run. A complete run's summary.csv and guards.csv are written anew; an
        incomplete run's folder is left as it is.
    allow_partial
        Accept an incomplete run, and summarise the pictures read so far.

    Returns
    -------
    pandas.DataFrame
        In the schema of `maskface.tables.SUMMARY`.

    Raises
    ------
    MaskfaceError
        If the folder holds no run, or an incomplete one and `allow_partial` is false.
    """
    from maskface.stats import summarize

    folder = RunFolder(Path(path))
    manifest = folder.require_manifest()
    seed = int(manifest["seed"])
    if manifest["complete"]:
        manifest["files"] |= write_summary(folder, seed)
        folder.write_manifest(manifest)
        return SUMMARY.read(folder.summary_path)
    if not allow_partial:
        raise MaskfaceError(
            f"The run in {folder.path} is not complete. Finish it with `maskface run ... "
            "--resume`, or type --allow-partial to see what there is."
        )
    parts = folder.read_parts(str(manifest["run_id"]))
    return summarize(
        joined((rows for _, rows in parts.frames(TRIALS)), TRIALS.frame([])), seed=seed
    )
