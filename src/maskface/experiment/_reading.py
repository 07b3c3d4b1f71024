"""Read the pictures of a plan: chunks to workers, and what they give to disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from maskface.errors import MaskfaceError
from maskface.experiment._harvest import Harvest
from maskface.experiment._pictures import read_marked
from maskface.experiment._spec import Experiment, Plan
from maskface.experiment._store import RunFolder, chunks
from maskface.experiment._trials import TrialReader
from maskface.experiment._workers import Task, WorkerLost, alone
from maskface.threads import one_thread
from maskface.types import Sample

ReaderParts = tuple[Experiment, tuple[tuple[str, Any], ...], Path | None]
"""What decides a worker's `TrialReader`: the experiment, shared cells, the landmark cache."""
Work = Callable[[Callable[..., int], Iterable[Task]], Iterator[int]]
_CRASHED: Final = "reading it ended the process (a decoder or a model crashed on it)"
_ONE_AT_A_TIME: Final = threading.Lock()
"""A cluster's worker may have several threads; models and OpenCV's settings bear one."""


def read_pictures(
    plan: Plan,
    folder: RunFolder,
    cache: Path | None,
    work: Work,
    chunk: int,
    *,
    progress: bool,
) -> None:
    """Read the pictures of a plan that are not in its folder yet.

    Parameters
    ----------
    plan, folder
        What to read, and where to save it.
    cache
        Folder of the landmark cache; None for none.
    work
        Workers; see `maskface.experiment._workers.workers`.
    chunk
        Pictures between two saves.
    progress
        Show a progress bar on stderr.

    Raises
    ------
    MaskfaceError
        If workers end before they have read anything.
    """
    # Workers elsewhere have another working directory.
    folder = RunFolder(folder.path.absolute())
    samples = [replace(sample, path=sample.path.absolute()) for sample in plan.samples]
    head = {"run_id": plan.run_id, "dataset": plan.dataset.name}
    parts = (plan.experiment, tuple(head.items()), cache)
    suspects = folder.take_suspects()
    with tqdm(total=len(plan.samples), unit="image", disable=not progress) as bar:
        while True:
            left = _left(plan, folder)
            bar.update(len(plan.samples) - len(left) - bar.n)
            guarded = [i for i in left if samples[i].image_id in suspects]
            for i in guarded:
                _read_guarded(parts, folder, i, samples[i])
                bar.update(1)
            tasks = (
                (parts, folder, part[0], [samples[i] for i in part])
                for part in chunks([i for i in left if i not in set(guarded)], chunk)
            )
            try:
                for size in work(_read_chunk, tasks):
                    bar.update(size)
            except WorkerLost as error:
                suspects = folder.take_suspects()
                if not suspects:
                    raise MaskfaceError(
                        "A worker process ended before it had read anything. What was read is "
                        f"saved in {folder.path}; go on with --resume."
                    ) from error
                continue
            finally:
                _reader.cache_clear()
            return


def _left(plan: Plan, folder: RunFolder) -> list[int]:
    done = set(folder.read_parts(plan.run_id).image_ids)
    return [i for i, sample in enumerate(plan.samples) if sample.image_id not in done]


def _read_guarded(parts: ReaderParts, folder: RunFolder, number: int, sample: Sample) -> None:
    """Read a picture that was being read when a process ended, in a process of its own."""
    if not alone(_read_chunk, (parts, folder, number, [sample])):
        folder.take_suspects()
        mark = read_marked(sample.path, parts[0].limits)[0]
        harvest = _reader(parts).lost(sample, mark, "error", _CRASHED)
        folder.write_part(number, number, harvest, str(parts[1][0][1]))


def _read_chunk(parts: ReaderParts, folder: RunFolder, first: int, samples: list[Sample]) -> int:
    """Read some pictures and save their trials; runs in a worker process."""
    with _ONE_AT_A_TIME, one_thread():
        reader = _reader(parts)
        harvest = Harvest()
        with folder.note_reading() as note:
            for sample in samples:
                note(sample.image_id)
                harvest.add(reader.read(sample))
            run_id = str(reader.head["run_id"])
            folder.write_part(first, first + len(samples) - 1, harvest, run_id)
    return len(samples)


@lru_cache(maxsize=1)
def _reader(parts: ReaderParts) -> TrialReader:
    """Load networks and models once per process."""
    experiment, head, cache = parts
    return TrialReader.load(experiment, dict(head), cache)
