"""Which pictures of a run have changed since they were read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd
from tqdm import tqdm

from maskface.errors import ImageError, MaskfaceError
from maskface.experiment._pictures import Mark
from maskface.experiment._spec import Plan

_SLOW_S: Final = 2
"""Progress is shown if it takes longer: of a set that was copied, every file has to be read."""


def changed_pictures(
    plan: Plan, read: Iterable[str], marks: Iterable[pd.DataFrame], *, progress: bool
) -> set[str]:
    """Find the pictures whose files are not those that were read.

    Parameters
    ----------
    plan
        Says where the pictures are.
    read
        The pictures that have answers.
    marks
        Rows of `maskface.experiment._pictures.PICTURES`, some at a time. Pictures without one
        count as changed.
    progress
        Show a progress bar on stderr if it takes long.

    Raises
    ------
    MaskfaceError
        If files that could be read cannot be read any more.
    """
    paths = {sample.image_id: sample.path for sample in plan.samples}
    limits = plan.experiment.limits
    found, gone = set(read), []
    with tqdm(total=len(found), unit="image", delay=_SLOW_S, disable=not progress) as bar:
        for frame in marks:
            columns = (frame[name] for name in ("image_id", "sha256", "message", "state"))
            for image_id, *cells in zip(*columns, strict=True):
                try:
                    if Mark(*cells).fits(paths[image_id], limits):
                        found.discard(image_id)
                except ImageError as error:
                    gone.append(f"{image_id}: {error}")
            bar.update(len(frame))
    if gone:
        raise MaskfaceError(
            f"Of the pictures that this run has read, {len(gone)} cannot be read any more, for "
            f"example {gone[0]}. Put them back and add --resume, or choose another folder with "
            "--out to run without them."
        )
    return found
