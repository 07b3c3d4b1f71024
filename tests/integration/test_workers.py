"""Runs whose workers die, and runs on a cluster."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from maskface import Experiment, MaskfaceError, run
from maskface.tables import TRIALS

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
            image[104:110, 86:92] = (255, 0, 255)  # beside the forehead, within the crop
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
    asked = ("run", "--data", faces, "--out", out, "--classifier", "crash", "--quiet")
    done = maskface(plugin, *asked, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    check_one_was_lost(out)


def test_a_picture_that_ends_the_run_is_left_out_by_resume(
    faces: Path, plugin: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    asked = ("run", "--data", faces, "--out", out, "--classifier", "crash", "--quiet")
    first = maskface(plugin, *asked)
    assert first.returncode == -signal.SIGSEGV
    second = maskface(plugin, *asked, "--resume")
    assert second.returncode == 0, second.stderr
    check_one_was_lost(out)


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Begin a dask scheduler and its workers: its address, and both processes."""
    distributed = pytest.importorskip("distributed", reason="the extra cluster is not installed")
    note = folder / "scheduler.json"
    started = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *options],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for what, options in (
            ("scheduler", ["--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                           "--scheduler-file", str(note)]),
            ("worker", ["--scheduler-file", str(note), "--nworkers", str(workers),
                        "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder)]),
        )
    ]  # fmt: skip
    try:
        with distributed.Client(scheduler_file=str(note), timeout=300) as client:
            client.wait_for_workers(workers, timeout=300)
            address = str(client.scheduler.address)
        yield address, started
    finally:
        for process in started:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with cluster(tmp_path_factory.mktemp("dask"), 2) as (address, _):
        yield address


@pytest.mark.parametrize("lost", [0, 1], ids=["scheduler", "workers"])
def test_a_cluster_that_is_lost_is_told(lost: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with cluster(tmp_path, 1) as (address, started):

        def lose() -> None:
            while not any(out.glob("parts/part-*")):
                time.sleep(0.05)
            started[lost].terminate()

        threading.Thread(target=lose, daemon=True).start()
        with pytest.raises(MaskfaceError, match="its scheduler or all its workers have ended"):
            run(
                Experiment(), out, progress=False, chunk=1, backend="dask", scheduler=address,
                cache=None,
            )  # fmt: skip
    assert any(out.glob("parts/part-*"))


def test_a_cluster_gives_the_same_bytes(scheduler: str, faces: Path, tmp_path: Path) -> None:
    experiment = Experiment(data=faces)
    here = run(experiment, tmp_path / "here", progress=False, chunk=3)
    there = run(
        experiment, tmp_path / "there", progress=False, chunk=1, backend="dask", scheduler=scheduler
    )
    files = [one.folder.trials_path.read_bytes() for one in (here, there)]
    assert files[0] == files[1]


def test_a_cluster_that_is_not_there(faces: Path, tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match=r"No dask scheduler answers at tcp://127.0.0.1:9\."):
        run(
            Experiment(data=faces), tmp_path / "out", backend="dask",
            scheduler="tcp://127.0.0.1:9", progress=False,
        )  # fmt: skip
    with pytest.raises(MaskfaceError, match=r"scheduler='tcp://HOST:8786'"):
        run(Experiment(data=faces), tmp_path / "out", backend="dask")
    with pytest.raises(MaskfaceError, match="loky, dask"):
        run(Experiment(data=faces), tmp_path / "out", backend="ray")
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
