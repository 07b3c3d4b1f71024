"""Trials on disk, of which one classifier and condition at a time are in memory."""

from __future__ import annotations

import tempfile
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.stats._records import RECORD, Encoder, IrregularTrialsError, Key, frame_of
from maskface.stats._source import FrameSource, Head, People, TrialSource


class SpilledSource:
    """Trials that were read piece by piece, in a file without a name.

    The system takes the file away when it is closed or the process ends, however it ends.

    Parameters
    ----------
    pieces
        Trials in the schema of `maskface.tables.TRIALS`, at least what `NEEDED` names, by picture.
    folder
        Where the file is; where the system keeps such files if it cannot be there.

    Raises
    ------
    IrregularTrialsError
        If the trials are not as a run writes them.
    OSError
        If the disk is full.
    """

    def __init__(self, pieces: Iterable[pd.DataFrame], folder: Path) -> None:
        self._file = _nameless(folder)
        self.close = weakref.finalize(self, self._file.close)
        self._places: defaultdict[Key, list[tuple[int, int]]] = defaultdict(list)
        self._encoder = Encoder()
        try:
            for trials in _whole_pictures(pieces):
                self._write(*self._encoder.encode(trials))
        except BaseException:
            self.close()
            raise

    def _write(self, records: NDArray[np.void], keys: NDArray[np.int64]) -> None:
        names = self._encoder.names()
        order = np.argsort(keys, kind="stable")
        bounds = np.flatnonzero(np.diff(keys[order])) + 1
        for rows in np.split(order, bounds):
            self._places[names[keys[rows[0]]]].append((self._file.tell(), len(rows)))
            self._file.write(records[rows].tobytes())

    def heads(self) -> Sequence[Head]:
        """Data sets and classifiers, sorted."""
        encoder = self._encoder
        return sorted({Head(encoder.run, encoder.dataset, key.classifier) for key in self._places})

    def conditions(self, head: Head) -> Sequence[str]:
        """Names of the conditions, sorted."""
        return sorted(key.condition for key in self._places if key.classifier == head.classifier)

    def rows(self, head: Head, condition: str) -> pd.DataFrame:
        """Trials under a condition; none if it has not been shown."""
        places = self._places.get(Key(head.classifier, condition), [])
        records = np.empty(sum(n for _, n in places), RECORD)
        at = 0
        for start, n in places:
            self._file.seek(start)
            piece = np.frombuffer(self._file.read(n * RECORD.itemsize), RECORD)
            records[at : at + n] = piece
            at += n
        return frame_of(records, list(self._encoder.subjects))

    def named(self, head: Head) -> bool:
        """Whether every trial says who is shown."""
        return head.classifier not in self._encoder.nameless

    def people(self, run_id: str, dataset: str) -> People:
        """Count who is shown; there is one data set."""
        del run_id, dataset
        return self._encoder.people()


@contextmanager
def trial_source(
    pieces: Callable[[], Iterable[pd.DataFrame]], folder: Path
) -> Iterator[TrialSource]:
    """Hold trials on disk as long as the block lasts, so that memory does not grow with them.

    Parameters
    ----------
    pieces
        Reads the trials, some rows at a time: at least the columns `NEEDED`. Trials that are not as
        a run writes them, sorted and once each, are read a second time, into memory.
    folder
        Where they are held, in a file without a name.
    """
    source: TrialSource
    try:
        source = SpilledSource(pieces(), folder)
    except IrregularTrialsError:
        source = FrameSource(
            pd.concat([piece for piece in pieces() if len(piece)], ignore_index=True)
        )
        yield source
        return
    with closing(source):
        yield source


def _nameless(folder: Path) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError:
        return tempfile.TemporaryFile()


def _whole_pictures(pieces: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Keep the last picture of each piece for the next: it may go on there."""
    left: pd.DataFrame | None = None
    for piece in pieces:
        if piece.empty:
            continue
        trials = piece if left is None else pd.concat([left, piece], ignore_index=True)
        last = (trials["image_id"] == trials["image_id"].iloc[-1]).to_numpy()
        if not last.all():
            yield trials[~last]
        left = trials[last]
    if left is not None:
        yield left
