"""Where chunks of pictures are read: in this process, in worker processes, or on a cluster."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, Final, Literal, TypeAlias, get_args

from joblib import Parallel, delayed, parallel_config

from maskface.errors import MaskfaceError

Backend: TypeAlias = Literal["loky", "dask"]
BACKENDS: Final = get_args(Backend)
Task: TypeAlias = tuple[Any, ...]
_WAIT_S: Final = 10
"""How long a scheduler may take to answer, and a cluster to have a worker."""


class WorkerLost(Exception):  # noqa: N818 (a state, which is dealt with)
    """A worker process ended while it was at work."""


def check_workers(jobs: int, backend: str, scheduler: str) -> None:
    """Refuse numbers and names that cannot be.

    Raises
    ------
    MaskfaceError
        If one is not allowed.
    """
    if jobs < 1 and jobs != -1:
        raise MaskfaceError(f"jobs must be 1 or more, or -1 for one per core, but it was {jobs}.")
    if backend not in BACKENDS:
        raise MaskfaceError(
            f"backend must be one of {', '.join(BACKENDS)}, but it was {backend!r}."
        )
    if (backend == "dask") != bool(scheduler):
        got = f"backend was {backend!r} and scheduler {scheduler!r}"
        raise MaskfaceError(
            f"A scheduler goes with the dask backend and with it alone, but {got}. Write "
            "--backend dask --scheduler tcp://HOST:8786, or neither."
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
                with deaf_processes():
                    results = pool(delayed(function)(*task) for task in tasks)
                yield from results

        yield work


def alone(function: Callable[..., int], task: Task) -> bool:
    """Call a function in a process of its own; whether the process survived."""
    try:
        with losses():
            # With one job joblib would stay in this process.
            pool = Parallel(n_jobs=2, backend="loky", return_as="generator")
            with deaf_processes():
                results = pool([delayed(function)(*task)])
            list(results)
    except WorkerLost:
        return False
    return True


@contextmanager
def deaf_processes() -> Iterator[None]:
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
    with client, parallel_config(backend="dask", wait_for_workers_timeout=_WAIT_S):
        yield
