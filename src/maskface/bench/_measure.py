"""Measure where the time of experiments goes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from maskface.bench._bench import Bench
from maskface.bench._floor import Floor
from maskface.errors import MaskfaceError
from maskface.experiment import Experiment, make_plan
from maskface.threads import one_thread

CHUNK: Final = 16
"""Pictures that are timed together: as many as a run saves at once."""
_BYTES: Final = 5
"""Of a pixel of an occluded picture: its colours, and what is hidden and shaded."""
_MEMORY: Final = 1_000_000_000
"""Bytes that the pictures of a chunk may take; of large ones fewer are timed together."""


def take_turns(benches: Sequence[Bench], chunk: int = CHUNK) -> None:
    """Time several experiments on the same pictures, those of the first, chunk by chunk.

    Raises
    ------
    MaskfaceError
        If none of the pictures shows a face that can be read.
    """
    with one_thread():
        samples = benches[0].readable(benches[0].plan.samples)
        if not samples:
            raise MaskfaceError("None of the pictures shows one face that can be read.")
        for bench in benches:
            bench.warm(samples[0])
        # A smaller last chunk would count as much as the others; it is left out.
        size = max(min(chunk, len(samples), _room(benches)), 1)
        for start in range(0, len(samples) - size + 1, size):
            for bench in benches:
                bench.take(samples[start : start + size])
        for bench in benches:
            bench.finish()


def _room(benches: Sequence[Bench]) -> int:
    """How many pictures fit into the memory under all conditions of the largest experiment."""
    conditions = max(len(bench.plan.experiment.conditions) for bench in benches)
    return _MEMORY // (_BYTES * conditions * max(benches[0].largest, 1))


def bench(experiment: Experiment) -> pd.DataFrame:
    """Measure where the time of an experiment goes on this machine.

    The pictures are read as by one worker of a run, without the landmark cache; nothing is kept.

    Parameters
    ----------
    experiment
        Which pictures, occluders and classifiers. Pictures without a face to be read are left
        out.

    Returns
    -------
    pandas.DataFrame
        In the schema of `maskface.bench.BENCH`.

    Raises
    ------
    MaskfaceError
        If the data cannot be read or no picture shows a face.
    """
    plan = make_plan(experiment)
    with tempfile.TemporaryDirectory(prefix="maskface-bench-") as scratch:
        measured = Bench(plan, Path(scratch), Floor())
        take_turns([measured])
    return measured.frame()
