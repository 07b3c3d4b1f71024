"""Read the pictures of a plan in chunks: in this process, in worker processes, or on a cluster."""

from __future__ import annotations

import _thread
import inspect
import os
import signal
import sysconfig
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from multiprocessing import resource_tracker
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

import cloudpickle
from joblib import Parallel, delayed, parallel_config
from tqdm.auto import tqdm

from maskface.errors import MaskfaceError, format_error
from maskface.experiment.checkpoints import ChunkResult, read_fingerprinted
from maskface.experiment.folder import RunFolder, chunks
from maskface.experiment.spec import Experiment, Plan, all_parts
from maskface.experiment.trials import TrialReader
from maskface.run_options import OPTIONS, argument, arguments
from maskface.threads import one_thread
from maskface.types import Sample

BACKENDS: Final = OPTIONS["backend"].choices
Task: TypeAlias = tuple[Any, ...]
_WATCH_S: Final = 1
"""How often a worker looks whether its parent is alive."""
_WAIT_S: Final = 10
"""How long a scheduler may take to answer, and a cluster to have a worker."""


class WorkerLost(Exception):  # noqa: N818 (a state, which is dealt with)
    """A worker process ended while it was at work."""


def check_workers(jobs: int, backend: str, scheduler: str) -> None:
    """Check the number and place of workers.

    Raises
    ------
    MaskfaceError
        If one is not allowed.
    """
    if jobs < 1 and jobs != -1:
        raise MaskfaceError(f"jobs must be 1 or more, or -1 for one per core, got {jobs}.")
    if backend not in BACKENDS:
        raise MaskfaceError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}.")
    if (backend == "dask") != bool(scheduler):
        got = f"backend was {backend!r} and scheduler {scheduler!r}"
        raise MaskfaceError(
            f"The dask backend needs a scheduler, and no other backend has one, but {got}. Write "
            f"{arguments(backend='dask', scheduler='tcp://HOST:8786')}, or neither."
        )


@contextmanager
def workers(
    jobs: int, backend: str, scheduler: str
) -> Iterator[Callable[[Callable[..., int], Iterable[Task]], Iterator[int]]]:
    """Open workers; what is given calls a function for every task and yields in any order.

    Raises
    ------
    MaskfaceError
        If the cluster's package is missing or its scheduler does not answer.
    WorkerLost
        From the iteration, if a process ends while it is at work.
    """
    with _cluster(scheduler) if backend == "dask" else parallel_config(backend="loky"):

        def work(function: Callable[..., int], tasks: Iterable[Task]) -> Iterator[int]:
            n_jobs = -1 if backend == "dask" else jobs
            pool = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
            with losses():
                with ignore_sigint():
                    results = pool(delayed(watched(function))(*task) for task in tasks)
                yield from results

        yield work


def run_isolated(function: Callable[..., int], task: Task) -> bool:
    """Call a function in a process of its own; whether the process survived."""
    try:
        with losses():
            # With one job joblib would stay in this process.
            pool = Parallel(n_jobs=2, backend="loky", return_as="generator")
            with ignore_sigint():
                results = pool([delayed(watched(function))(*task)])
            list(results)
    except WorkerLost:
        return False
    return True


def watched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose worker process ends soon after this one, however this one ends.

    A process that is killed cannot end its workers, which would go on writing parts.
    """
    return partial(_call_watched, os.getpid(), function)


def _call_watched(parent: int, function: Callable[..., Any], *task: Any) -> Any:
    if os.getppid() == parent:  # not so in this process itself, and on a cluster
        _watch(parent)
    return function(*task)


@lru_cache(maxsize=1)
def _watch(parent: int) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def ignore_sigint() -> Iterator[None]:
    """Let processes that are begun here never hear Ctrl-C, which a terminal sends to all.

    It is this process that ends them; they would only print where they were. Ctrl-C waits until
    the block ends.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # beginning it would let the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def losses() -> Iterator[None]:
    """Tell the loss of a worker, which each library calls otherwise, from all else.

    Raises
    ------
    WorkerLost
        In the place of the library's own error.
    """
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    try:
        yield
    except TerminatedWorkerError as error:
        raise WorkerLost from error
    except Exception as error:
        if type(error).__name__ == "KilledWorker":  # distributed need not be installed
            raise WorkerLost from error
        raise


@contextmanager
def _cluster(scheduler: str) -> Iterator[None]:
    try:
        from distributed import Client
    except ImportError as error:
        raise MaskfaceError(
            'The dask backend is not installed. Type: pip install "maskface[cluster]"'
        ) from error
    try:
        client: Any = Client(scheduler, timeout=_WAIT_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise MaskfaceError(
            f"No dask scheduler answers at {scheduler}. Start one with `dask scheduler`, and on "
            f"each machine `dask worker {scheduler} --nworkers CORES --nthreads 1`."
        ) from error
    with (
        client,
        parallel_config(backend="dask", wait_for_workers_timeout=_WAIT_S),
        _watched_cluster(client, scheduler),
    ):
        yield


@contextmanager
def _watched_cluster(client: Any, scheduler: str) -> Iterator[None]:
    """Interrupt the block if the scheduler or all workers are lost: dask would wait for ever.

    Raises
    ------
    MaskfaceError
        In place of the interruption, or of what dask raises then.
    """
    lost, done = threading.Event(), threading.Event()

    def watch() -> None:
        without = 0
        while not done.wait(_WATCH_S):
            without = 0 if _has_workers(client) else without + _WATCH_S
            if without >= _WAIT_S:
                lost.set()
                _thread.interrupt_main()
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, MaskfaceError | WorkerLost) or _has_workers(client):
            raise
        if isinstance(error, KeyboardInterrupt) and not lost.is_set():
            raise
        raise MaskfaceError(
            f"The dask cluster at {scheduler} is lost: its scheduler or all its workers have "
            f"ended. What was read is saved. Start them again, then go on with "
            f"{argument('resume', value=True)}."
        ) from error
    finally:
        done.set()


def _has_workers(client: Any) -> bool:
    """Return whether a client is connected to a scheduler with workers, as far as it knows."""
    try:
        return client.status == "running" and bool(client.scheduler_info()["workers"])
    except Exception:  # noqa: BLE001 (of many kinds; each means that the connection is lost)
        return False


class Shipment:
    """An experiment on its way to workers, with the objects that it holds, by value.

    Within this process it is the experiment itself. A worker unpacks it once; equal shipments are
    the same for its `TrialReader`.

    Parameters
    ----------
    experiment
        The experiment.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment.without_data()
        self._data: bytes | None = None

    @classmethod
    def unpack(cls, data: bytes) -> Shipment:
        """Return the shipment of which these are the bytes."""
        return _unpacked(data)

    def pack(self) -> bytes:
        """Return the bytes; raise `MaskfaceError` if an object cannot be pickled."""
        if self._data is None:
            self._data = _packed(self.experiment)
        return self._data

    def __reduce__(self) -> tuple[Callable[[bytes], Shipment], tuple[bytes]]:
        return Shipment.unpack, (self.pack(),)


@lru_cache(maxsize=1)
def _unpacked(data: bytes) -> Shipment:
    made = Shipment(cloudpickle.loads(data))
    made._data = data
    return made


def _packed(experiment: Experiment) -> bytes:
    """Pickle an experiment; classes and functions that workers may not have go along.

    Raises
    ------
    MaskfaceError
        If a classifier or an occluder cannot be pickled.
    """
    held = [*experiment.made_classifiers, *experiment.made_occluders.values()]
    modules = {inspect.getmodule(one) or inspect.getmodule(type(one)) for one in (
        *held, *(getattr(one, "model", None) for one in held),
        *(part for one in experiment.made_occluders.values() for part in all_parts(one)),
    )}  # fmt: skip
    with ExitStack() as stack:
        for module in filter(_is_users, modules):
            cloudpickle.register_pickle_by_value(module)
            stack.callback(cloudpickle.unregister_pickle_by_value, module)
        try:
            return bytes(cloudpickle.dumps(experiment))
        except Exception as error:  # objects may refuse to be pickled in any way
            raise MaskfaceError(
                "A classifier or an occluder cannot be sent to worker processes "
                f"({format_error(error)}). Load networks in predict_proba when they are first "
                f"needed, or use {argument('jobs', value=1)}."
            ) from error


def _is_users(module: ModuleType | None) -> bool:
    """Whether a module is the user's own, and not of an installed package."""
    file = getattr(module, "__file__", None)
    if module is None or file is None or module.__name__ == "__main__":
        return False  # cloudpickle sends what is in __main__ by value anyway
    paths = sysconfig.get_paths()
    roots = [paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    roots.append(str(Path(__file__).parents[1]))
    return not any(Path(file).is_relative_to(root) for root in roots)


ReaderParts = tuple[Shipment, tuple[tuple[str, Any], ...], Path | None]
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
    by_value: bool,
) -> None:
    """Read the pictures of a plan that are not in its folder yet.

    Parameters
    ----------
    plan, folder
        What to read, and where to save it.
    cache
        Folder of the landmark cache; None for none.
    work
        Workers; see `maskface.experiment.workers.workers`.
    chunk
        Pictures between two saves.
    progress
        Show a progress bar.
    by_value
        Whether workers are other processes, so that all objects of the experiment have to be
        pickled.

    Raises
    ------
    MaskfaceError
        If an object cannot be pickled, or workers end before they have read anything.
    """
    # Workers elsewhere have another working directory.
    folder = RunFolder(folder.path.absolute())
    samples = [replace(sample, path=sample.path.absolute()) for sample in plan.samples]
    head = {"run_id": plan.run_id, "dataset": plan.dataset.name}
    shipment = Shipment(plan.experiment)
    if by_value:
        shipment.pack()
    parts = (shipment, tuple(head.items()), cache)
    suspects = folder.pop_in_flight()
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
                suspects = folder.pop_in_flight()
                if not suspects:
                    raise MaskfaceError(
                        "A worker process ended before it had read anything. What was read is "
                        f"saved in {folder.path}; go on with {argument('resume', value=True)}."
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
    if not run_isolated(_read_chunk, (parts, folder, number, [sample])):
        folder.pop_in_flight()
        mark = read_fingerprinted(sample.path, parts[0].experiment.limits)[0]
        harvest = _reader(parts).lost(sample, mark, "error", _CRASHED)
        folder.write_part(number, number, harvest, str(parts[1][0][1]))


def _read_chunk(parts: ReaderParts, folder: RunFolder, first: int, samples: list[Sample]) -> int:
    """Read some pictures and save their trials; runs in a worker process."""
    with _ONE_AT_A_TIME, one_thread():
        reader = _reader(parts)
        harvest = ChunkResult()
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
    shipment, head, cache = parts
    return TrialReader.load(shipment.experiment, dict(head), cache)
