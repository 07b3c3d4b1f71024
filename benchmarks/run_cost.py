"""CPU time per picture of a whole run beside its bare floor, in one process.

The floor is what cannot be left out: decoding with OpenCV, MediaPipe's face landmarker, and the
forward passes of the two networks on inputs made beforehand (plain and masked face, in one batch
of two). The run does all of that, and draws the mask, cuts and resizes crops, makes rows, writes
and merges part files. Both take turns over the same pictures, chunk by chunk, so that a busy
machine slows both alike.

    python benchmarks/run_cost.py --data FOLDER --limit 200
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import mediapipe as mp
import numpy as np

from maskface import Experiment
from maskface.experiment import make_plan
from maskface.experiment._harvest import Harvest
from maskface.experiment._parts import merge
from maskface.experiment._spec import Plan
from maskface.experiment._store import RunFolder, chunks
from maskface.experiment._trials import TrialReader
from maskface.landmarks import MediaPipeDetector
from maskface.tables import TRIALS
from maskface.types import ImageArray, Sample
from maskface.weights import manifest

CHUNK = 20


class Floor:
    """The parts without the package: OpenCV, MediaPipe, two networks."""

    def __init__(self) -> None:
        detector = MediaPipeDetector()
        self.landmarker = detector._load()
        self.detector = detector  # keeps the landmarker open
        shapes = {"faceapi.onnx": (2, 3, 112, 112), "fer.onnx": (2, 64, 64, 1)}
        rng = np.random.default_rng(0)
        self.networks = [
            (
                cv2.dnn.readNetFromONNX(str(manifest()[file].path)),
                rng.normal(size=shape).astype(np.float32),
            )
            for file, shape in shapes.items()
        ]

    def decode(self, samples: list[Sample]) -> list[ImageArray]:
        """Decode with OpenCV."""
        files = [np.frombuffer(sample.path.read_bytes(), np.uint8) for sample in samples]
        return [np.asarray(cv2.imdecode(f, cv2.IMREAD_COLOR_RGB), np.uint8) for f in files]

    def detect(self, images: list[ImageArray]) -> None:
        """Find landmarks with MediaPipe."""
        for image in images:
            self.landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=image))

    def forward(self, times: int) -> None:
        """Run both networks on a batch of two."""
        for _ in range(times):
            for network, blob in self.networks:
                network.setInput(blob)
                network.forward()


def cpu(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """Return the CPU seconds that a call took, and what it returned."""
    start = time.process_time()
    result = work(*arguments)
    return time.process_time() - start, result


def measure(data: str, limit: int, scratch: Path) -> None:
    cv2.setNumThreads(1)
    plan = make_plan(Experiment(data=data, limit=limit))
    reader = TrialReader.load(
        plan.experiment, {"run_id": plan.run_id, "dataset": plan.dataset.name}, None
    )
    floor, folder = Floor(), RunFolder(scratch / "run")
    folder.claim(plan, resume=False)
    warm = plan.samples[0]
    reader.read(warm)
    floor.detect(floor.decode([warm]))
    parts = dict.fromkeys(("decode", "landmarks", "networks", "run"), 0.0)
    for chunk in chunks(range(len(plan.samples)), CHUNK):
        samples = [plan.samples[i] for i in chunk]
        seconds, pictures = cpu(floor.decode, samples)
        parts["decode"] += seconds
        parts["landmarks"] += cpu(floor.detect, pictures)[0]
        parts["networks"] += cpu(floor.forward, len(samples))[0]
        parts["run"] += cpu(_save, reader, folder, chunk[0], samples)[0]
    parts["run"] += cpu(_merge, folder, plan)[0]
    n = len(plan.samples)
    for name, seconds in parts.items():
        print(f"{name:10s} {1000 * seconds / n:7.2f} ms CPU per picture")
    bare = parts["decode"] + parts["landmarks"] + parts["networks"]
    print(f"floor      {1000 * bare / n:7.2f} ms CPU per picture")
    print(f"run / floor: {parts['run'] / bare:.2f}   ({n} pictures of {plan.dataset.name})")


def _save(reader: TrialReader, folder: RunFolder, first: int, samples: list[Sample]) -> None:
    harvest = Harvest()
    for sample in samples:
        harvest.add(reader.read(sample))
    folder.write_part(first, first + len(samples) - 1, harvest, str(reader.head["run_id"]))


def _merge(folder: RunFolder, plan: Plan) -> None:
    merge(folder.read_parts(plan.run_id), TRIALS, folder.trials_path, TRIALS.frame([]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="example")
    parser.add_argument("--limit", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measure(options.data, options.limit, Path(scratch))
