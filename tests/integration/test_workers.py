"""Runs whose workers die, and runs on a cluster."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from maskface import Experiment, MaskfaceError, run
from maskface.experiment import workers
from maskface.experiment.workers import Shipment, _unpacked
from maskface.occluders import Drawing, Occluder
from maskface.tables import TRIALS
from maskface.types import Face, FaceLandmarks, ImageArray

PLUGIN = """
import os, signal
import numpy as np

class Crash:
    name, needs, fingerprint = "crash", frozenset({"crop"}), "1"

    def predict_proba(self, faces):
        if any((face.crop == (255, 0, 255)).all(axis=2).any() for face in faces):
            os.kill(os.getpid(), signal.SIGSEGV)
        return np.full((len(faces), 7), 1 / 7)
"""


@pytest.fixture(scope="module")
def faces(example_faces: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight synthetic faces, the third of them with a spot that the plug-in cannot bear."""
    from maskface.images import read_image, write_image

    folder = tmp_path_factory.mktemp("faces")
    chosen = [p for p in example_faces if "_happiness_100_y+00" in p.name][:8]
    for number, path in enumerate(chosen):
        target = folder / "happiness" / f"{number}.png"
        target.parent.mkdir(exist_ok=True)
        image = read_image(path).copy()
        if number == 2:
            image[126:132, 98:104] = (255, 0, 255)  # beside the forehead, within the crop
        write_image(target, image)
    return folder


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment in which a classifier of another package is installed."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "crashing.py").write_text(PLUGIN)
    about = folder / "crashing-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: crashing\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[maskface.classifiers]\ncrash = crashing:Crash\n")
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def maskface(
    environment: dict[str, str], *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maskface", *map(str, arguments)],
        env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


CRASHING = ("--classifier", "crash", "--occluder", "block", "-q")


def check_one_was_lost(out: Path) -> None:
    trials = TRIALS.read(out / "trials.csv")
    assert len(trials) == 8 * 2
    lost = trials[trials["status"] != "ok"]
    assert set(lost["image_id"]) == {"happiness/2.png"}
    assert set(lost["message"]) == {
        "reading it ended the process (a decoder or a model crashed on it)"
    }
    assert len(lost) == 2


def test_a_picture_that_ends_a_worker_costs_itself_alone(
    faces: Path, plugin: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    asked = ("run", "--data", faces, "--out", out, *CRASHING)
    done = maskface(plugin, *asked, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    check_one_was_lost(out)


def test_a_picture_that_ends_the_run_is_left_out_by_resume(
    faces: Path, plugin: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    asked = ("run", "--data", faces, "--out", out, *CRASHING)
    first = maskface(plugin, *asked)
    assert first.returncode == -signal.SIGSEGV
    second = maskface(plugin, *asked, "--resume")
    assert second.returncode == 0, second.stderr
    check_one_was_lost(out)


@contextmanager
def cluster(folder: Path, *options: str) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Begin a dask scheduler and workers with some options: its address, and both processes."""
    distributed = pytest.importorskip("distributed", reason="the extra cluster is not installed")
    note = folder / "scheduler.json"
    started = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *more],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for what, more in (
            ("scheduler", ["--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                           "--scheduler-file", str(note)]),
            ("worker", ["--scheduler-file", str(note), "--no-dashboard",
                        "--local-directory", str(folder), *options]),
        )
    ]  # fmt: skip
    try:
        with distributed.Client(scheduler_file=str(note), timeout=300) as client:
            client.wait_for_workers(1, timeout=300)
            address = str(client.scheduler.address)
        yield address, started
    finally:
        for process in started:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # a worker may wait for its lost scheduler
                process.kill()
                process.wait(30)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    options = ("--nworkers", "2", "--nthreads", "1")
    with cluster(tmp_path_factory.mktemp("dask"), *options) as (address, _):
        yield address


@pytest.mark.parametrize("lost", [0, 1], ids=["scheduler", "workers"])
def test_a_cluster_that_is_lost_is_told(
    lost: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    out = tmp_path / "out"
    if lost:  # as in jobs that a shell begins in the background
        request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    # With one thread in all, joblib would read the pictures here.
    with cluster(tmp_path, "--nthreads", "2", "--no-nanny") as (address, started):

        def lose() -> None:
            while not any(out.glob("parts/part-*")):
                time.sleep(0.05)
            started[lost].terminate()

        threading.Thread(target=lose, daemon=True).start()
        with pytest.raises(MaskfaceError, match="its scheduler or all its workers have ended"):
            run(
                Experiment(occluders=("block",), classifiers=("fer",)), out, progress=False,
                chunk=1, backend="dask", scheduler=address, cache=None,
            )  # fmt: skip
    assert any(out.glob("parts/part-*"))


def test_a_cluster_gives_the_same_bytes(scheduler: str, faces: Path, tmp_path: Path) -> None:
    experiment = Experiment(data=faces, occluders="surgical", classifiers="fer")
    here = run(experiment, tmp_path / "here", progress=False, chunk=3)
    there = run(
        experiment, tmp_path / "there", progress=False, chunk=1, backend="dask", scheduler=scheduler
    )
    files = [one.folder.trials_path.read_bytes() for one in (here, there)]
    assert files[0] == files[1]


@pytest.mark.parametrize("times", [2, 3])
def test_workers_that_end_between_two_pictures_are_replaced(
    times: int, faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(range(times))

    @contextmanager
    def losing(*_: object) -> Iterator[Any]:
        def work(function: Any, tasks: Any) -> Iterator[int]:
            if next(left, None) is not None:
                raise workers.WorkerLost
            return (function(*task) for task in tasks)

        yield work

    monkeypatch.setattr("maskface.experiment.runner.workers", losing)
    experiment = Experiment(data=faces, occluders="surgical", classifiers=("fer",), limit=2)
    if times == 2:
        assert len(run(experiment, tmp_path / "out", progress=False).trials) == 4
        return
    with pytest.raises(MaskfaceError, match=r"Worker processes end before .* jobs=1 if memory is"):
        run(experiment, tmp_path / "out", progress=False)


class Heavy:
    """A classifier of one's own with weights of 8 MB, that answers by the light of the crop."""

    name, needs, fingerprint = "heavy", frozenset({"crop"}), "1"

    def __init__(self) -> None:
        self.weights = np.random.default_rng(0).random(10**6)

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        light = np.array([cast("Any", face.crop).mean() for face in faces])
        answers = self.weights[:7] ** (light[:, None] / 50)
        return np.asarray(answers / answers.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Bar(Occluder):
    """An occluder of one's own: a grey bar."""

    name: ClassVar[str] = "bar"

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        low, high = landmarks.points[:, 1].min(), landmarks.points[:, 1].max()
        alpha = np.zeros(image.shape[:2], np.uint8)
        alpha[int((low + 2 * high) / 3) : int(high)] = 255
        painted = image.copy()
        painted[alpha > 0] = rng.integers(100, 150)
        return Drawing(painted, alpha, np.zeros_like(alpha))


def test_own_objects_are_sent_to_a_cluster(scheduler: str, faces: Path, tmp_path: Path) -> None:
    own = Experiment(data=faces, classifiers=(Heavy(),), occluders=(Bar(),))
    here = run(own, tmp_path / "here", progress=False)
    there = run(
        own, tmp_path / "there", progress=False, chunk=1, backend="dask", scheduler=scheduler
    )
    for name in ("trials.csv", "summary.csv", "guards.csv"):
        files = [(one.folder.path / name).read_bytes() for one in (here, there)]
        assert files[0] == files[1]
    assert here.trials["predicted"].nunique() == 1
    assert here.trials.query("condition == 'bar'")["coverage"].gt(0.1).all()


def test_an_own_model_is_sent_once_and_nobody_elses(tmp_path: Path) -> None:
    shipment = Shipment(Experiment(classifiers=(Heavy(),)), tmp_path)
    task = pickle.dumps(shipment)
    assert len(task) < 1000
    (sent,) = tmp_path.iterdir()
    assert sent.stat().st_size > 8 * 10**6
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(pickle.loads, [task, task])
    assert first is second
    assert first.experiment.made_classifiers[0].weights.shape == (10**6,)
    _unpacked.cache_clear()
    sent.write_bytes(pickle.dumps(print))
    with pytest.raises(MaskfaceError, match=r"experiment\.pickle has changed\. Start the run"):
        pickle.loads(task)  # noqa: S301 (made here)
    shipment.close()
    assert not sent.exists()


def test_workers_with_another_maskface_are_told(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "__version__", "0.0.1")
    words = rf"workers at {scheduler} cannot use maskface 0\.0\.1 .they have .*\. Install"
    with pytest.raises(MaskfaceError, match=words):
        run(Experiment(), tmp_path / "out", backend="dask", scheduler=scheduler)


def test_a_cluster_that_is_not_there(faces: Path, tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match=r"No dask scheduler answers at tcp://127.0.0.1:9\."):
        run(
            Experiment(data=faces, occluders="surgical"), tmp_path / "out", backend="dask",
            scheduler="tcp://127.0.0.1:9", progress=False,
        )  # fmt: skip
    with pytest.raises(MaskfaceError, match=r"scheduler='tcp://HOST:8786'"):
        run(Experiment(data=faces, occluders="surgical"), tmp_path / "out", backend="dask")
    with pytest.raises(MaskfaceError, match="loky, dask"):
        run(Experiment(data=faces, occluders="surgical"), tmp_path / "out", backend="ray")
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
