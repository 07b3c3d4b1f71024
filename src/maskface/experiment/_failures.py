"""Pictures that have trials without an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pandas as pd

from maskface.experiment._results import Run
from maskface.tables import TRIALS

_COLUMNS: Final = ["image_id", "condition", "status", "message"]


@dataclass(frozen=True, slots=True, eq=False)
class Failures:
    """Images that have trials without an answer.

    Attributes
    ----------
    images
        Ids of all images of the run.
    trials
        Trials without an answer, in their order: columns image_id, condition, status and message.
    """

    images: frozenset[str]
    trials: pd.DataFrame

    @property
    def n_images(self) -> int:
        """Number of all images."""
        return len(self.images)

    @property
    def failed(self) -> tuple[dict[str, str], ...]:
        """Of each image without an answer somewhere, the first such trial.

        As image_id, status and message, in the order of the trials.
        """
        first = self.trials.drop_duplicates("image_id").drop(columns="condition")
        return tuple({str(k): v for k, v in row.items()} for row in first.to_dict("records"))


def failures_of(pieces: Iterable[pd.DataFrame]) -> Failures:
    """Go through trials, together or piece by piece, for those without an answer.

    Parameters
    ----------
    pieces
        With the columns image_id, condition, status and message.
    """
    images: set[str] = set()
    failed = [TRIALS.frame([])[_COLUMNS]]
    for piece in pieces:
        images.update(piece["image_id"].unique())
        failed.append(piece.loc[piece["status"] != "ok", _COLUMNS])
    return Failures(frozenset(images), pd.concat(failed, ignore_index=True))


def find_failures(result: Run) -> Failures:
    """Look through the trials of a run, some at a time, for those without an answer."""
    return failures_of(TRIALS.pieces(result.folder.trials_path, _COLUMNS))


def failures_text(result: Run) -> str:
    """Say how many images have trials without an answer, and why the first of them has."""
    found = find_failures(result)
    n, failed = found.n_images, found.failed
    if not failed:
        return f"All {n} images were read." if n > 1 else "The image was read."
    return (
        f"{len(failed)} of {n} images have trials without an answer, for example "
        f"{failed[0]['image_id']}: {failed[0]['message']} (column message of trials.csv)."
    )
