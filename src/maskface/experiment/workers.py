"""Read the pictures of a plan in chunks: in this process, in worker processes, or on a cluster."""

from __future__ import annotations

import ctypes
import hashlib
import inspect
import signal
import sysconfig
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import lru_cache
from multiprocessing import resource_tracker
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

import cloudpickle
from joblib import Parallel, delayed, parallel_config
from tqdm.auto import tqdm

from maskface._version import __version__
from maskface.errors import MaskfaceError, format_error
from maskface.experiment.checkpoints import ChunkResult, read_fingerprinted
from maskface.experiment.folder import RunFolder, chunks
from maskface.experiment.spec import Experiment, Plan, all_parts
from maskface.experiment.trials import TrialMaker
from maskface.files import write_atomically
from maskface.orphans import watching
from maskface.run_options import OPTIONS, argument, arguments
from maskface.threads import one_thread
from maskface.types import Sample

BACKENDS: Final = OPTIONS["backend"].choices
Task: TypeAlias = tuple[Any, ...]
_WATCH_S: Final = 1
"""Interval at which a cluster is checked for workers."""
_REPLACED: Final = 2
"""Times in a row that workers are replaced which ended while they read no picture."""
_AGAIN_S: Final = 5
_WAIT_S: Final = 10  # longest wait for a scheduler to answer, and for a cluster to have a worker


class WorkerLost(Exception):  # noqa: N818 (a state, which is handled)
    """A worker process ended during its task."""


def check_workers(jobs: int, backend: str, scheduler: str) -> None:
    """Check the number and place of workers.

    Raises MaskfaceError if one is not allowed.
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

    Raises MaskfaceError if the cluster's package is missing or its scheduler does not answer, and
    WorkerLost from the iteration, if a worker process ends during its task.
    """
    local = parallel_config(backend="loky", **watching())
    with _cluster(scheduler) if backend == "dask" else local:

        def work(function: Callable[..., int], tasks: Iterable[Task]) -> Iterator[int]:
            n_jobs = -1 if backend == "dask" else jobs
            pool = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
            with worker_errors():
                with ignore_sigint():
                    results = pool(delayed(function)(*task) for task in tasks)
                yield from results

        yield work


def run_isolated(function: Callable[..., int], task: Task) -> bool:
    """Call a function in a separate process; return whether the process survived."""
    try:
        with worker_errors():
            # With one job, joblib would not start another process.
            pool = Parallel(n_jobs=2, backend="loky", return_as="generator", **watching())
            with ignore_sigint():
                results = pool([delayed(function)(*task)])
            list(results)
    except WorkerLost:
        return False
    return True


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
    _check_versions(client, scheduler)
    with (
        client,
        parallel_config(backend="dask", wait_for_workers_timeout=_WAIT_S),
        _watched_cluster(client, scheduler),
    ):
        yield


def _check_versions(client: Any, scheduler: str) -> None:
    """Raise if workers have no maskface or another one: dask would wait for ever for answers."""
    try:
        found = set(client.run(installed_version).values())
    except Exception as error:  # noqa: BLE001 (what a worker cannot import is raised here)
        found = {format_error(error)}
    if found - {__version__}:
        client.close()
        raise MaskfaceError(
            f"Some workers at {scheduler} cannot use maskface {__version__} (they have "
            f"{', '.join(sorted(found))}). Install this version where they run, and start them "
            "again."
        )


def installed_version() -> str:
    """Return the version of maskface; called on workers."""
    return __version__


@contextmanager
def _watched_cluster(client: Any, scheduler: str) -> Iterator[None]:
    """Interrupt the block if the scheduler or all workers are lost: dask would wait forever.

    Raises MaskfaceError in place of the interruption, or of the error that dask raises then.
    """
    lost, done = threading.Event(), threading.Event()

    def watch() -> None:
        without = 0
        while not done.wait(_WATCH_S):
            without = 0 if _has_workers(client) else without + _WATCH_S
            if without >= _WAIT_S:
                lost.set()
                _interrupt(thread_id)
                without -= _AGAIN_S  # Python drops an interruption inside a `__del__`

    thread_id = threading.get_ident()
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


def _interrupt(thread_id: int) -> None:
    """Raise `KeyboardInterrupt` in a thread.

    `_thread.interrupt_main` does nothing in jobs that a shell began in the background: they ignore
    SIGINT.
    """
    error = ctypes.py_object(KeyboardInterrupt)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), error)


def _has_workers(client: Any) -> bool:
    """Return whether a client is known to be connected to a scheduler with workers."""
    try:
        return client.status == "running" and bool(client.scheduler_info()["workers"])
    except Exception:  # noqa: BLE001 (any error means that the connection is lost)
        return False


class Shipment:
    """An experiment that is sent to workers by value, with the objects that it holds.

    It is written once to a file in a folder that workers can read, not sent with each task: models
    may be large. In this process it stays itself; a worker unpacks it once, and equal shipments
    share one `TrialMaker`.
    """

    def __init__(self, experiment: Experiment, folder: Path) -> None:
        self.experiment = experiment
        self._path = folder / "experiment.pickle"
        self._sha256 = ""

    @classmethod
    def unpack(cls, path: Path, sha256: str) -> Shipment:
        """Return the shipment that was packed to a file with this hash."""
        with _UNPACKING:  # a cluster's worker may have several threads
            return _unpacked(path, sha256)

    def pack(self) -> None:
        """Write the file; raise `MaskfaceError` if an object cannot be pickled."""
        if not self._sha256:
            data = _packed(self.experiment)
            write_atomically(self._path, data)
            self._sha256 = hashlib.sha256(data).hexdigest()

    def close(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)

    def __reduce__(self) -> tuple[Callable[[Path, str], Shipment], tuple[Path, str]]:
        self.pack()
        return Shipment.unpack, (self._path, self._sha256)


_UNPACKING: Final = threading.Lock()


@lru_cache(maxsize=1)
def _unpacked(path: Path, sha256: str) -> Shipment:
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:  # another's file is never unpickled
        raise MaskfaceError(f"{path} has changed. Start the run again, on its own.")
    made = Shipment(cloudpickle.loads(data), path.parent)
    made._sha256 = sha256
    return made


def _packed(experiment: Experiment) -> bytes:
    """Pickle an experiment with the classes and functions that workers may lack.

    Raises MaskfaceError if a classifier or an occluder cannot be pickled.
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


MakerParts = tuple[Shipment, tuple[tuple[str, Any], ...], Path | None]
"""Arguments of a worker's `TrialMaker`: experiment, shared cells, folder of the landmark cache."""
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

    `cache` is the folder of the landmark cache, if any; `work` are opened `workers`; `chunk`
    pictures are read between two checkpoints. If workers are other processes, all objects of the
    experiment are pickled (`by_value`). Raises MaskfaceError if an object cannot be pickled, or a
    worker ends before it has read anything.
    """
    # Workers on other machines have another working directory.
    folder = RunFolder(folder.path.absolute())
    samples = [replace(sample, path=sample.path.absolute()) for sample in plan.samples]
    head = {"run_id": plan.run_id, "dataset": plan.dataset.name}
    shipment = Shipment(plan.experiment.without_data(), folder.parts_path)
    if by_value:
        shipment.pack()
    parts = (shipment, tuple(head.items()), cache)
    suspects = folder.pop_in_flight()
    total, lost = len(samples), 0
    with closing(shipment), tqdm(total=total, unit="image", disable=not progress) as bar:
        while True:
            left = _left(plan, folder)
            bar.update(total - len(left) - bar.n)
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
                lost = 0 if suspects else lost + 1
                if lost > _REPLACED:
                    raise MaskfaceError(
                        "Worker processes end before they have read anything. What was read is "
                        f"saved in {folder.path}; go on with {argument('resume', value=True)}, or "
                        f"with {argument('jobs', value=1)} if memory is short."
                    ) from error
                continue
            finally:
                _maker.cache_clear()
            return


def _left(plan: Plan, folder: RunFolder) -> list[int]:
    done = set(folder.read_checkpoints(plan.run_id).image_ids)
    return [i for i, sample in enumerate(plan.samples) if sample.image_id not in done]


def _read_guarded(parts: MakerParts, folder: RunFolder, number: int, sample: Sample) -> None:
    """Read a picture on which a process ended, in a separate process."""
    if not run_isolated(_read_chunk, (parts, folder, number, [sample])):
        folder.pop_in_flight()
        fingerprint = read_fingerprinted(sample.path, parts[0].experiment.limits)[0]
        result = _maker(parts).lost(sample, fingerprint, "error", _CRASHED)
        folder.write_checkpoint(number, number, result, str(parts[1][0][1]))


def _read_chunk(parts: MakerParts, folder: RunFolder, first: int, samples: list[Sample]) -> int:
    """Read some pictures and save a checkpoint; runs in a worker process."""
    with _ONE_AT_A_TIME, one_thread():
        maker = _maker(parts)
        result = ChunkResult()
        with folder.note_reading() as note:
            for sample in samples:
                note(sample.image_id)
                result.add(maker.read(sample))
            run_id = str(maker.head["run_id"])
            folder.write_checkpoint(first, first + len(samples) - 1, result, run_id)
    return len(samples)


@lru_cache(maxsize=1)
def _maker(parts: MakerParts) -> TrialMaker:
    """Load networks and models once per process."""
    shipment, head, cache = parts
    return TrialMaker.load(shipment.experiment, dict(head), cache)
