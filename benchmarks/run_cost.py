"""CPU time per picture of a whole run and of its stages, beside the bare libraries.

The floor is what cannot be left out: decoding with OpenCV, MediaPipe's face landmarker, and the
forward passes of the two networks on inputs made beforehand (one batch for each picture: four views
for each condition). The run does all of that, and puts occluders on, cuts and resizes crops,
measures size and skin, makes rows, and writes and merges part files. Pictures are read as by one
worker of a run, without the landmark cache. Three experiments take turns over the same pictures,
chunk by chunk, each beside its floor, so that a busy machine slows all alike; ratios are medians
over chunks.

1. The plain picture alone: run / floor.
2. Plain and surgical mask: run / (floor + drawing the mask, measured alone).
3. Plain and twelve occluders: what a further condition adds, over what drawing it and both
   networks take.

    python benchmarks/run_cost.py --data FOLDER --limit 200
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple, TypeVar

import cv2
import numpy as np

from maskface import Experiment
from maskface.arrays import Row
from maskface.errors import ImageError, MaskfaceError
from maskface.experiment import RunFolder, make_plan
from maskface.experiment.checkpoints import ChunkResult, merge
from maskface.experiment.spec import Plan
from maskface.experiment.trials import (
    TrialError,
    TrialMaker,
    add_answers,
    attribute_rows,
    choose_face,
)
from maskface.images import decode_image, read_bytes
from maskface.landmarks import MediaPipeDetector
from maskface.pipeline import ClassifierAdapter, OccludedFace, occlude, open_picture
from maskface.tables import ATTRIBUTES, PLAIN, TRIALS
from maskface.text import align
from maskface.threads import one_thread
from maskface.types import ImageArray, Occlusion, Sample
from maskface.weights import manifest

TWELVE: Final = (
    "surgical", "surgical:colour=black", "surgical:top=50", "ffp2", "n95", "cloth", "fashion",
    "scarf", "niqab", "sunglasses", "fill", "block",
)  # fmt: skip
CHUNK: Final = 16
"""Pictures that are timed together: as many as a run saves at once."""
MEMORY: Final = 1_000_000_000
"""Bytes that the occluded pictures of a chunk may take; of large pictures, fewer are timed
together."""
SHAPES: Final = {"faceapi": (3, 112, 112), "fer": (64, 64, 1)}
"""Inputs of the networks that ship with the package, by classifier."""
VIEWS: Final = 4
"""Views of each face that the networks see."""

Stage = tuple[str, str]
"""What is done, and with which occluder or classifier; the second may be empty."""
Result = TypeVar("Result")
MERGE: Final = ("merge tables", "")
WHOLE: Final = ("whole run", "")
FLOOR: Final = ("floor", "")
PARTS: Final = ("floor, each part in a loop of its own", "")
OCCLUDER: Final = "occluder"


class Spent(NamedTuple):
    """Seconds that something took: of all threads of this process together, and of the clock."""

    cpu: float
    wall: float


class Clock:
    """Times of stages per picture, chunk by chunk, in the order in which stages came first."""

    def __init__(self) -> None:
        self.chunks: dict[Stage, list[Spent]] = defaultdict(list)

    def time(self, stage: Stage, pictures: int, work: Callable[[], Result]) -> Result:
        """Do something for a chunk of pictures, and note how long it took."""
        started = time.process_time(), time.perf_counter()
        result = work()
        cpu, wall = time.process_time() - started[0], time.perf_counter() - started[1]
        self.chunks[stage].append(Spent(cpu / pictures, wall / pictures))
        return result

    def per_picture(self, stage: Stage) -> Spent:
        """Return the median over chunks, which a disturbed chunk does not move."""
        cpu, wall = zip(*self.chunks[stage], strict=True)
        return Spent(median(cpu), median(wall))


class Floor:
    """OpenCV's decoder, MediaPipe's face landmarker, and bare networks run by OpenCV."""

    def __init__(self) -> None:
        self._detector = MediaPipeDetector()  # keeps the landmarker open
        self._landmarker: Any = self._detector._load()

    def decode(self, files: Sequence[bytes]) -> list[ImageArray]:
        """Decode pictures; Pillow reads a few kinds that OpenCV does not, which are left out."""
        found = (
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) for data in files
        )
        return [np.asarray(image, np.uint8) for image in found if image is not None]

    def detect(self, images: Sequence[ImageArray]) -> None:
        """Find landmarks."""
        import mediapipe as mp

        for image in images:
            self._landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=image))

    def in_turn(self, paths: Sequence[Path], classifiers: Sequence[str], batch: int) -> None:
        """Do all of it for one picture after the other, as a run does.

        What one library leaves in the processor's caches is of no use to the next one, so this
        takes longer than the parts do in loops of their own.
        """
        for path in paths:
            self.detect(self.decode([path.read_bytes()]))
            for classifier in classifiers:
                self.forward(classifier, batch, 1)

    def forward(self, classifier: str, batch: int, times: int) -> None:
        """Run a network some times on a batch that was made beforehand."""
        network, blob = _network(classifier), _noise((VIEWS * batch, *SHAPES[classifier]))
        for _ in range(times):
            network.setInput(blob)
            network.forward()


@cache
def _network(classifier: str) -> Any:
    return cv2.dnn.readNetFromONNX(str(manifest()[f"{classifier}.onnx"].path))


@cache
def _noise(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


class Bench:
    """Times one experiment on chunks of its pictures.

    Several of them may take turns over the same pictures, so that a busy machine slows all alike.
    """

    def __init__(self, plan: Plan, folder: Path, floor: Floor) -> None:
        self.plan, self._floor = plan, floor
        self.clock, self.floors = Clock(), Clock()
        head = {"run_id": plan.run_id, "dataset": plan.dataset.name}
        self.reader = TrialMaker.load(plan.experiment, head, None)
        self._known = [one.name for one in self.reader.adapters if one.name in SHAPES]
        self._stages, self._whole = RunFolder(folder / "stages"), RunFolder(folder / "whole")
        for one in (self._stages, self._whole):
            one.claim(plan, resume=False)
        self.taken = self.largest = 0
        self._bare = Spent(0, 0)

    def can_read(self, sample: Sample) -> bool:
        """Return whether a picture shows one face; looking also loads the models."""
        try:
            image, data = open_picture(sample.path, self.plan.experiment.limits)
            choose_face(self.reader.detect(image, data))
        except (ImageError, TrialError):
            return False
        self.largest = max(self.largest, image.shape[0] * image.shape[1])
        return True

    def warm(self, sample: Sample) -> None:
        """Do everything once, untimed."""
        self.reader.read(sample)
        self._floor.in_turn([sample.path], self._known, len(self.reader.occluders))
        TRIALS.check(TRIALS.frame([]))

    def take(self, samples: Sequence[Sample]) -> None:
        """Time every stage for some pictures, and then all of them as a run does it."""
        n, first, reader, clock = len(samples), self.taken, self.reader, self.clock
        self.taken += n
        self._bare = Spent(0, 0)
        paths = [sample.path for sample in samples]
        in_turn = partial(self._floor.in_turn, paths, self._known, len(reader.occluders))
        self.floors.time(FLOOR, n, in_turn)
        images = self._open(paths)
        detect = partial(_each, lambda image: reader.detect(image, None), images)
        found = clock.time(("landmarks", ""), n, detect)
        self._floored(("landmarks", ""), n, partial(self._floor.detect, images))
        faces = [choose_face(one)[0] for one in found]
        made = [OccludedFace(*pair, {}, {}) for pair in zip(images, faces, strict=True)]
        for name in reader.occluders:
            clock.time((OCCLUDER, name), n, partial(self._occlude, samples, made, name))
        result = self._answer(samples, made)
        clock.time(("save parts", ""), n, partial(self._save, self._stages, first, result))
        clock.time(WHOLE, n, partial(self._read, first, samples))
        self.floors.chunks[PARTS].append(self._bare)

    def _open(self, paths: Sequence[Path]) -> list[ImageArray]:
        n, limits = len(paths), self.plan.experiment.limits
        opened = partial(_each, lambda path: read_bytes(path, limits), paths)
        files = self.clock.time(("read file", ""), n, opened)
        decoded = partial(_each, lambda data: decode_image(data, limits), files)
        images = self.clock.time(("decode", ""), n, decoded)
        self._floored(("decode", ""), n, partial(self._floor.decode, files))
        return images

    def _occlude(self, samples: Sequence[Sample], made: Sequence[OccludedFace], name: str) -> None:
        for sample, one in zip(samples, made, strict=True):
            seed = self.reader.seeds(sample)[name]
            done = occlude(one.image, one.face, self.reader.occluders[name], seed)
            if isinstance(done, Occlusion):
                one.occlusions[name] = done
            else:
                one.failures[name] = done

    def _answer(self, samples: Sequence[Sample], made: Sequence[OccludedFace]) -> ChunkResult:
        n, reader, clock = len(made), self.reader, self.clock
        crop = partial(_each, lambda one: one.faces(reader.needs, reader.detect), made)
        faces = clock.time(("crops", ""), n, crop)
        measure = partial(_each, lambda one: attribute_rows(one, reader.head), made)
        clock.time(("size and skin", ""), n, measure)
        pairs = list(zip(samples, made, strict=True))
        rows: list[dict[str, Row]] = clock.time(
            ("rows", ""), n, partial(_each, lambda pair: reader.rows(*pair), pairs)
        )
        result = ChunkResult(image_ids=[sample.image_id for sample in samples])
        for one in reader.adapters:
            stage = ("classifier", one.name)
            clock.time(stage, n, partial(_ask, one, rows, faces, result))
            if one.name in SHAPES:
                self._floored(stage, n, partial(self._floor.forward, one.name, len(rows[0]), n))
        return result

    def _read(self, first: int, samples: Sequence[Sample]) -> None:
        result = ChunkResult()
        for sample in samples:
            result.add(self.reader.read(sample))
        self._save(self._whole, first, result)

    def _save(self, folder: RunFolder, first: int, result: ChunkResult) -> None:
        last = first + len(result.image_ids) - 1
        folder.write_checkpoint(first, last, result, self.plan.run_id)

    def _floored(self, stage: Stage, pictures: int, work: Callable[[], Any]) -> None:
        """Time what a bare library takes for a stage."""
        self.floors.time(stage, pictures, work)
        spent = self.floors.chunks[stage][-1]
        self._bare = Spent(self._bare.cpu + spent.cpu, self._bare.wall + spent.wall)

    def finish(self) -> None:
        """Time the merging of all that was taken, which is a part of the whole run too."""
        self.clock.time(MERGE, self.taken, self._merge)

    def _merge(self) -> None:
        parts = self._whole.read_checkpoints(self.plan.run_id)
        for table in (TRIALS, ATTRIBUTES):
            merge(parts, table, self._whole.path / f"{table.name}.csv")

    def whole(self) -> list[float]:
        """Return CPU seconds per picture of a run without merging, for each chunk."""
        return [spent.cpu for spent in self.clock.chunks[WHOLE]]

    def bare_and_drawn(self, floor: Stage = FLOOR) -> list[float]:
        """Return CPU seconds per picture of a floor and of all occluders, for each chunk."""
        drawn = [
            spent
            for (kind, name), spent in self.clock.chunks.items()
            if kind == OCCLUDER and name != PLAIN
        ]
        bare = self.floors.chunks[floor]
        return [sum(spent.cpu for spent in parts) for parts in zip(bare, *drawn, strict=True)]

    def stages(self) -> list[tuple[Stage, Spent, Spent | None]]:
        """Return every stage, their sum and the whole run: what it took, and its floor if any."""
        clock, floors = self.clock, self.floors
        spent = {stage: clock.per_picture(stage) for stage in clock.chunks if stage != WHOLE}
        total = Spent(*(sum(part) for part in zip(*spent.values(), strict=True)))
        whole = Spent(*map(sum, zip(clock.per_picture(WHOLE), spent[MERGE], strict=True)))
        bare = {stage: floors.per_picture(stage) for stage in floors.chunks}
        return [
            *((stage, one, bare.get(stage)) for stage, one in spent.items()),
            (("all stages", ""), total, bare[PARTS]),
            (WHOLE, whole, bare[FLOOR]),
        ]


def _ask(
    one: ClassifierAdapter, rows: Sequence[Any], faces: Sequence[Any], result: ChunkResult
) -> None:
    for shared, shown in zip(rows, faces, strict=True):
        add_answers(one, shared, shown, result)


def _each(work: Callable[[Any], Any], things: Sequence[Any]) -> list[Any]:
    return [work(thing) for thing in things]


def take_turns(benches: Sequence[Bench], chunk: int = CHUNK) -> None:
    """Time several experiments on the same pictures, those of the first, chunk by chunk.

    Raises
    ------
    MaskfaceError
        If none of the pictures shows a face that can be read.
    """
    with one_thread():
        samples = [one for one in benches[0].plan.samples if benches[0].can_read(one)]
        if not samples:
            raise MaskfaceError("None of the pictures shows one face that can be read.")
        for bench in benches:
            bench.warm(samples[0])
        conditions = max(len(bench.plan.experiment.conditions) for bench in benches)
        # Of a pixel of an occluded picture 5 bytes: its colours, what is hidden, what is shaded.
        room = MEMORY // (5 * conditions * max(benches[0].largest, 1))
        # A smaller last chunk would count as much as the others; it is left out.
        size = max(min(chunk, len(samples), room), 1)
        for start in range(0, len(samples) - size + 1, size):
            for bench in benches:
                bench.take(samples[start : start + size])
        for bench in benches:
            bench.finish()


def stages_text(bench: Bench) -> str:
    found = bench.stages()
    whole = sum(spent.cpu for (kind, _), spent, _ in found if kind == "all stages")
    rows = [
        (
            *stage,
            f"{1000 * spent.cpu:.2f}",
            f"{1000 * spent.wall:.2f}",
            f"{100 * spent.cpu / whole:.0f} %"
            if stage in bench.clock.chunks and stage != WHOLE
            else "",
            "" if bare is None else f"{1000 * bare.cpu:.2f}",
        )
        for stage, spent, bare in found
    ]
    head = ("stage", "", "CPU ms", "wall ms", "share", "floor CPU ms")
    return f"{align([head, *rows])}\nPer picture, on {bench.taken} pictures, one after the other."


def measure(data: str, limit: int, scratch: Path) -> None:
    floor = Floor()
    plain, masked, twelve = (
        Bench(
            make_plan(Experiment(data=data, limit=limit, occluders=occluders)),
            scratch / str(len(occluders)),
            floor,
        )
        for occluders in ((), ("surgical",), TWELVE)
    )
    take_turns([plain, masked, twelve])
    for bench in (plain, masked, twelve):
        print(f"{stages_text(bench)}\n")
    print("CPU time, medians over chunks; the second number with merging the tables at the end:")
    for least in (FLOOR, PARTS):
        for name, bench in (("plain only", plain), ("plain and surgical", masked)):
            bare = bench.bare_and_drawn(least)
            merging = bench.clock.per_picture(MERGE).cpu / median(bare)
            ratio = median(run / other for run, other in zip(bench.whole(), bare, strict=True))
            print(f"{name}: run / ({least[0]}) {ratio:.2f}, {ratio + merging:.2f}")
    added = [
        (many - one) / (least - first)
        for many, one, least, first in zip(
            twelve.whole(), plain.whole(), twelve.bare_and_drawn(), plain.bare_and_drawn(),
            strict=True,
        )
    ]  # fmt: skip
    ms = median(m - p for m, p in zip(twelve.whole(), plain.whole(), strict=True))
    print(
        f"a further condition: {1000 * ms / len(TWELVE):.2f} ms, {median(added):.2f} times its "
        "drawing and two networks"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="example")
    parser.add_argument("--limit", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options.data, options.limit, Path(folder))
