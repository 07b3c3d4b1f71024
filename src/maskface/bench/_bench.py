"""Time the stages of one experiment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface.arrays import Row
from maskface.bench._clock import Clock, Spent, Stage
from maskface.bench._floor import Floor
from maskface.bench._table import BENCH, RUN, TOTAL
from maskface.errors import ImageError
from maskface.experiment import RunFolder
from maskface.experiment.checkpoints import ChunkResult, merge
from maskface.experiment.pipeline import (
    COVERED,
    REDETECTED,
    ClassifierAdapter,
    OccludedFace,
    TrialError,
    TrialReader,
    attribute_rows,
    choose_face,
    occlude,
    open_sample,
    own_rows,
    read_one,
)
from maskface.experiment.spec import Plan
from maskface.images import decode_image, read_bytes
from maskface.occluders import Occluder
from maskface.seeds import derived_seed
from maskface.tables import ATTRIBUTES, PLAIN, TRIALS
from maskface.types import Face, Sample

OPEN: Final = ("read file", "")
DECODE: Final = ("decode", "")
LANDMARKS: Final = ("landmarks", "")
CROPS: Final = ("crops", "")
MEASURED: Final = ("size and skin", "")
ROWS: Final = ("rows", "")
SAVE: Final = ("save parts", "")
MERGE: Final = ("merge tables", "")
WHOLE: Final = (RUN, "")
OCCLUDER: Final = "occluder"
FLOOR: Final = ("floor", "")
PARTS: Final = ("floor, each part in a loop of its own", "")


class Bench:
    """Times one experiment on chunks of its pictures.

    Several of them may take turns over the same pictures, so that a busy machine slows all alike.

    Parameters
    ----------
    plan
        The experiment, with its pictures.
    folder
        An empty folder on the disk that results would go to.
    floor
        The bare libraries.

    Attributes
    ----------
    clock
        What stages took.
    floors
        What the bare libraries took for the same stages.
    largest
        Pixels of the largest picture that `readable` saw.
    """

    def __init__(self, plan: Plan, folder: Path, floor: Floor) -> None:
        self.plan = plan
        self.clock, self.floors = Clock(), Clock()
        self._floor = floor
        head = {"run_id": plan.run_id, "dataset": plan.dataset.name}
        self._reader = TrialReader.load(plan.experiment, head, None)
        self._stages, self._whole = RunFolder(folder / "stages"), RunFolder(folder / "whole")
        for one in (self._stages, self._whole):
            one.claim(plan, resume=False)
        self._taken = self.largest = 0
        self._bare = Spent(0, 0)

    def readable(self, samples: Sequence[Sample]) -> list[Sample]:
        """Pictures that can be read and show one face; looking also loads the models."""
        return [sample for sample in samples if self._can_read(sample)]

    def _can_read(self, sample: Sample) -> bool:
        try:
            shown = open_sample(sample, self._reader.detect, self.plan.experiment.limits)
        except (ImageError, TrialError):
            return False
        height, width = shown.image.shape[:2]
        self.largest = max(self.largest, height * width)
        return True

    def warm(self, sample: Sample) -> None:
        """Do everything once, untimed."""
        self._reader.read(sample)
        image = decode_image(sample.path.read_bytes(), self.plan.experiment.limits)
        self._floor.detect([image])
        for one in self._reader.asked:
            if self._floor.knows(one.name):
                self._floor.forward(one.name, len(self._reader.occluders), 1)
        TRIALS.check(TRIALS.frame([]))

    def take(self, samples: Sequence[Sample]) -> None:
        """Time every stage for some pictures, and then all of them as a run does it."""
        n, first = len(samples), self._taken
        self._taken += n
        self._bare = Spent(0, 0)
        known = [one.name for one in self._reader.asked if self._floor.knows(one.name)]
        paths, batch = [sample.path for sample in samples], len(self._reader.occluders)
        in_turn = partial(self._floor.in_turn, paths, known, batch)
        self.floors.time(FLOOR, n, in_turn)
        shown = self._found(samples)
        for name, occluder in self._reader.occluders.items():
            self.clock.time((OCCLUDER, name), n, partial(self._put_on, shown, name, occluder))
        harvest = self._answered(shown)
        self.clock.time(SAVE, n, partial(self._save, self._stages, first, harvest))
        self.clock.time(WHOLE, n, partial(self._read, first, samples))
        self.floors.chunks[PARTS].append(self._bare)

    def finish(self) -> None:
        """Time the merging of all that was taken, which is a part of the whole run too."""
        self.clock.time(MERGE, self._taken, self._merge)

    def _floored(self, stage: Stage, pictures: int, work: Callable[[], Any]) -> None:
        """Time what a bare library takes for a stage."""
        self.floors.time(stage, pictures, work)
        spent = self.floors.chunks[stage][-1]
        self._bare = Spent(self._bare.cpu + spent.cpu, self._bare.wall + spent.wall)

    def _found(self, samples: Sequence[Sample]) -> list[OccludedFace]:
        n, limits = len(samples), self.plan.experiment.limits
        time = self.clock.time
        files = time(OPEN, n, lambda: [read_bytes(one.path, limits) for one in samples])
        images = time(DECODE, n, lambda: [decode_image(data, limits) for data in files])
        self._floored(DECODE, n, partial(self._floor.decode, files))
        detect = self._reader.detect
        faces = time(LANDMARKS, n, lambda: [detect(image, None) for image in images])
        self._floored(LANDMARKS, n, partial(self._floor.detect, images))
        return [
            OccludedFace(sample, image, *choose_face(found))
            for sample, image, found in zip(samples, images, faces, strict=True)
        ]

    def _put_on(self, shown: Sequence[OccludedFace], name: str, occluder: Occluder) -> None:
        seed = self.plan.experiment.seed
        for one in shown:
            seeds = {name: derived_seed(seed, one.sample.image_id, name)}
            occlude(one, {name: occluder}, seeds)

    def _answered(self, shown: Sequence[OccludedFace]) -> ChunkResult:
        n, reader, time = len(shown), self._reader, self.clock.time
        again = reader.detect if REDETECTED in reader.needed else None
        covered = COVERED in reader.needed
        faces = time(CROPS, n, lambda: [one.faces(again, covered=covered) for one in shown])
        measured = time(MEASURED, n, lambda: [attribute_rows(one, reader.head) for one in shown])
        alike = time(ROWS, n, lambda: [reader.rows(one) for one in shown])
        harvest = ChunkResult(image_ids=[one.sample.image_id for one in shown])
        for rows in measured:
            harvest.attributes.extend(rows)
        for one in reader.asked:
            stage = ("classifier", one.name)
            time(stage, n, partial(_ask, one, alike, faces, harvest))
            if self._floor.knows(one.name):
                self._floored(stage, n, partial(self._floor.forward, one.name, len(alike[0]), n))
        return harvest

    def _read(self, first: int, samples: Sequence[Sample]) -> None:
        harvest = ChunkResult()
        for sample in samples:
            harvest.add(self._reader.read(sample))
        self._save(self._whole, first, harvest)

    def _save(self, folder: RunFolder, first: int, harvest: ChunkResult) -> None:
        last = first + len(harvest.image_ids) - 1
        folder.write_part(first, last, harvest, self.plan.run_id)

    def _merge(self) -> None:
        parts = self._whole.read_parts(self.plan.run_id)
        for table in (TRIALS, ATTRIBUTES):
            merge(parts, table, self._whole.path / f"{table.name}.csv")

    @property
    def merging(self) -> Spent:
        """What merging the tables took per picture; its larger part does not grow with them."""
        return self.clock.per_picture(MERGE)

    def whole(self) -> list[float]:
        """CPU seconds per picture of a run without `merging`, for each chunk."""
        return [spent.cpu for spent in self.clock.chunks[WHOLE]]

    def bare_and_drawn(self, floor: Stage = FLOOR) -> list[float]:
        """CPU seconds per picture of a floor and of drawing all occluders, for each chunk."""
        drawn = [
            spent
            for (kind, name), spent in self.clock.chunks.items()
            if kind == OCCLUDER and name != PLAIN
        ]
        bare = self.floors.chunks[floor]
        return [sum(spent.cpu for spent in parts) for parts in zip(bare, *drawn, strict=True)]

    def frame(self) -> pd.DataFrame:
        """What was found, in the schema of `maskface.bench.BENCH`."""
        clock, floors = self.clock, self.floors
        stages = [stage for stage in clock.chunks if stage != WHOLE]
        spent = {stage: clock.per_picture(stage) for stage in stages}
        total = Spent(*(sum(part) for part in zip(*spent.values(), strict=True)))
        whole, merged = clock.per_picture(WHOLE), spent[MERGE]
        spent[TOTAL, ""] = total
        spent[WHOLE] = Spent(whole.cpu + merged.cpu, whole.wall + merged.wall)
        bare = {stage: floors.per_picture(stage) for stage in floors.chunks}
        bare[WHOLE], bare[TOTAL, ""] = bare.pop(FLOOR), bare.pop(PARTS)
        rows = [
            {
                "number": number,
                "stage": stage[0],
                "name": stage[1],
                "pictures": self._taken,
                "cpu_ms": 1000 * cpu,
                "wall_ms": 1000 * wall,
                "share": cpu / total.cpu if stage in stages else None,
                "floor_cpu_ms": 1000 * bare[stage].cpu if stage in bare else None,
                "floor_wall_ms": 1000 * bare[stage].wall if stage in bare else None,
            }
            for number, (stage, (cpu, wall)) in enumerate(spent.items(), 1)
        ]
        return BENCH.frame(rows)


def _ask(
    one: ClassifierAdapter,
    alike: Sequence[dict[str, Row]],
    faces: Sequence[dict[str, Face]],
    harvest: ChunkResult,
) -> None:
    for rows, shown in zip(alike, faces, strict=True):
        read_one(one, own_rows(one, rows, shown), shown, harvest)
