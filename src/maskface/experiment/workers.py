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
"""Interval at which a worker checks whether its parent is alive."""
_WAIT_S: Final = 10  # longest wait for a scheduler to answer, and for a cluster to have a worker


class WorkerLost(Exception):  # noqa: N818 (a state, which is handled)
    """A worker process ended during its task."""


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
    """Yield a function that calls a function for every task, with results in any order.

    Raises
    ------
    MaskfaceError
        If the cluster's package is missing or its scheduler does not answer.
    WorkerLost
        From the iteration, if a worker process ends during its task.
    """
    with _cluster(scheduler) if backend == "dask" else parallel_config(backend="loky"):

        def work(function: Callable[..., int], tasks: Iterable[Task]) -> Iterator[int]:
            n_jobs = -1 if backend == "dask" else jobs
            pool = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
            with worker_errors():
                with ignore_sigint():
                    results = pool(delayed(watched(function))(*task) for task in tasks)
                yield from results

        yield work


def run_isolated(function: Callable[..., int], task: Task) -> bool:
    """Call a function in a separate process; return whether the process survived."""
    try:
        with worker_errors():
            # With one job, joblib would not start another process.
            pool = Parallel(n_jobs=2, backend="loky", return_as="generator")
            with ignore_sigint():
                results = pool([delayed(watched(function))(*task)])
            list(results)
    except WorkerLost:
        return False
    return True


def watched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose worker process ends soon after this one, however this one ends.

    A killed process cannot end its workers, which would continue to write checkpoints.
    """
    return partial(_call_watched, os.getpid(), function)


def _call_watched(parent: int, function: Callable[..., Any], *task: Any) -> Any:
    if os.getppid() == parent:  # false in this process itself, and on a cluster
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
    """Start worker processes in the block so that they ignore Ctrl-C.

    A terminal sends it to all processes, but this one ends its workers, which would only print
    tracebacks. Signals that interrupt this process are deferred until the block ends: libraries
    are not written to be interrupted while they start a process.
    """
    with _deferred_signals():
        if not hasattr(signal, "pthread_sigmask"):  # Windows
            yield
            return
        resource_tracker.ensure_running()  # starting it later would unblock the signal
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _deferred_signals() -> Iterator[None]:
    """Defer what Python does on signals that end a command until the block ends.

    A mask does not suffice: the system hands a signal to any thread that has not blocked it, and
    Python then interrupts the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [n for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]
    before = {getattr(signal, name): signal.getsignal(getattr(signal, name)) for name in names}
    came: list[int] = []
    for number, handler in before.items():
        if callable(handler):  # else it is ignored, or ends the process
            signal.signal(number, lambda got, _: came.append(got))
    try:
        yield
    finally:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


@contextmanager
def worker_errors() -> Iterator[None]:
    """Raise `WorkerLost` in place of the errors by which libraries report a lost worker."""
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
    """Interrupt the block if the scheduler or all workers are lost: dask would wait forever.

    Raises
    ------
    MaskfaceError
        In place of the interruption, or of the error that dask raises then.
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
    """Return whether a client is known to be connected to a scheduler with workers."""
    try:
        return client.status == "running" and bool(client.scheduler_info()["workers"])
    except Exception:  # noqa: BLE001 (any error means that the connection is lost)
        return False


class Shipment:
    """An experiment that is sent to workers by value, with the objects that it holds.

    In this process it is the experiment itself. A worker unpacks it once, and equal shipments share
    one `TrialReader`.

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
        """Return the shipment that was packed to these bytes."""
        return _unpacked(data)

    def pack(self) -> bytes:
        """Return bytes; raise `MaskfaceError` if an object cannot be pickled."""
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
    """Pickle an experiment with the classes and functions that workers may lack.

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
        except Exception as error:  # pickling may raise anything
            raise MaskfaceError(
                "A classifier or an occluder cannot be sent to worker processes "
                f"({format_error(error)}). Load networks in predict_proba when they are first "
                f"needed, or use {argument('jobs', value=1)}."
            ) from error


def _is_users(module: ModuleType | None) -> bool:
    """Return whether a module is the user's own, and not part of an installed package."""
    file = getattr(module, "__file__", None)
    if module is None or file is None or module.__name__ == "__main__":
        return False  # cloudpickle sends the content of __main__ by value anyway
    paths = sysconfig.get_paths()
    roots = [paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    roots.append(str(Path(__file__).parents[1]))
    return not any(Path(file).is_relative_to(root) for root in roots)


ReaderParts = tuple[Shipment, tuple[tuple[str, Any], ...], Path | None]
"""Arguments of a worker's `TrialReader`: experiment, shared cells, folder of the landmark cache."""
Work = Callable[[Callable[..., int], Iterable[Task]], Iterator[int]]
_CRASHED: Final = "reading it ended the process (a decoder or a model crashed on it)"
_ONE_AT_A_TIME: Final = threading.Lock()
"""A cluster's worker may have several threads; models and OpenCV's settings allow one."""


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
    """Read the pictures of a plan that have no checkpoint yet.

    Parameters
    ----------
    cache
        Folder of the landmark cache; None for no cache.
    work
        Opened `workers`.
    chunk
        Pictures between two checkpoints.
    by_value
        True if workers are other processes, so that all objects of the experiment are pickled.

    Raises
    ------
    MaskfaceError
        If an object cannot be pickled, or a worker ends before it has read anything.
    """
    # Workers on other machines have another working directory.
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
    done = set(folder.read_checkpoints(plan.run_id).image_ids)
    return [i for i, sample in enumerate(plan.samples) if sample.image_id not in done]


def _read_guarded(parts: ReaderParts, folder: RunFolder, number: int, sample: Sample) -> None:
    """Read a picture on which a process ended, in a separate process."""
    if not run_isolated(_read_chunk, (parts, folder, number, [sample])):
        folder.pop_in_flight()
        fingerprint = read_fingerprinted(sample.path, parts[0].experiment.limits)[0]
        result = _reader(parts).lost(sample, fingerprint, "error", _CRASHED)
        folder.write_checkpoint(number, number, result, str(parts[1][0][1]))


def _read_chunk(parts: ReaderParts, folder: RunFolder, first: int, samples: list[Sample]) -> int:
    """Read some pictures and save a checkpoint; runs in a worker process."""
    with _ONE_AT_A_TIME, one_thread():
        reader = _reader(parts)
        result = ChunkResult()
        with folder.note_reading() as note:
            for sample in samples:
                note(sample.image_id)
                result.add(reader.read(sample))
            run_id = str(reader.head["run_id"])
            folder.write_checkpoint(first, first + len(samples) - 1, result, run_id)
    return len(samples)


@lru_cache(maxsize=1)
def _reader(parts: ReaderParts) -> TrialReader:
    """Load networks and models once per process."""
    shipment, head, cache = parts
    return TrialReader.load(shipment.experiment, dict(head), cache)
