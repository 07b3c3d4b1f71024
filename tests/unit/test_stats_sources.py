"""Trials held on disk give the numbers that they give in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskface.errors import MaskfaceError
from maskface.stats import find_guards, summarize, trial_source
from maskface.stats.trial_source import (
    FrameSource,
    Head,
    IrregularTrialsError,
    People,
    SpilledSource,
)
from maskface.tables import GUARDS, SUMMARY, TRIALS
from maskface.types import EMOTIONS
from tests.unit.test_stats import trial

CONDITIONS = ("none", "surgical", "ffp2")
SOME = (*EMOTIONS, *EMOTIONS, "")


def cells(number: int, condition: str, answer: str, p: list[float] | None) -> dict[str, Any]:
    label = EMOTIONS[number % 7]
    more: dict[str, Any] = {}
    if answer and p is not None:
        more = {f"p_{e}": value for e, value in zip(EMOTIONS, p, strict=True)}
    return trial(f"{label}/{number:03d}", condition, label, answer, **more)


def random_trials(
    pictures: int, seed: int, *, subjects: bool = True, graded: bool = True
) -> pd.DataFrame:
    """Two classifiers, ties among the probabilities, pictures without an answer."""
    rng = np.random.default_rng(seed)
    rows = [
        cells(
            number, condition, str(rng.choice(SOME)),
            (rng.multinomial(4, np.ones(7) / 7) / 4).tolist() if graded else None,
        )
        | {"classifier": reader, "subject_id": f"s{number % 9}" if subjects else ""}
        for number in range(pictures)
        for condition in CONDITIONS
        for reader in ("a", "b:train=masked")
    ]  # fmt: skip
    return TRIALS.frame(rows)


def cut(trials: pd.DataFrame, size: int) -> Iterator[pd.DataFrame]:
    for start in range(0, len(trials), size):
        yield trials.iloc[start : start + size]


def tables(trials: pd.DataFrame | Any) -> tuple[bytes, bytes]:
    summary = summarize(trials, n_resamples=60)
    return SUMMARY.to_bytes(summary), GUARDS.to_bytes(find_guards(trials))


@pytest.mark.slow
@pytest.mark.parametrize("subjects", [True, False])
@pytest.mark.parametrize("graded", [True, False])
def test_trials_on_disk_give_the_same_bytes(
    tmp_path: Path, *, subjects: bool, graded: bool
) -> None:
    trials = random_trials(60, 1, subjects=subjects, graded=graded)
    expected = tables(trials)
    assert len(expected[0].splitlines()) > 100
    assert b"chance" in expected[1]
    for size in (7, 50, len(trials)):
        source = SpilledSource(cut(trials, size), tmp_path)
        assert tables(source) == expected
        source.close()


def test_missing_names_in_parquet_are_empty(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    trials = random_trials(30, 2)
    nobody = trials["image_id"].isin(trials["image_id"].unique()[::4])
    empty = trials.assign(subject_id=trials["subject_id"].mask(nobody, ""))
    path = tmp_path / "trials.parquet"
    empty.assign(subject_id=trials["subject_id"].astype(object).mask(nobody, None)).to_parquet(path)
    assert pd.read_parquet(path)["subject_id"].isna().sum() == nobody.sum() > 0
    pd.testing.assert_frame_equal(TRIALS.parse(path), empty)
    pd.testing.assert_frame_equal(pd.concat(TRIALS.pieces(path), ignore_index=True), empty)
    source = SpilledSource(TRIALS.pieces(path), tmp_path)
    assert tables(source) == tables(empty)
    source.close()


def test_missing_names_are_no_ones(tmp_path: Path) -> None:
    trials = random_trials(10, 2)
    missing = trials.assign(subject_id=trials["subject_id"].mask(trials.index < 4))
    with pytest.raises(IrregularTrialsError, match="subject_id"):
        SpilledSource(iter([missing]), tmp_path)


answers = st.tuples(
    st.integers(0, 7), st.sampled_from(CONDITIONS), st.sampled_from(("", "fear", "anger")),
    st.sampled_from(("", "s1", "s2", "Ä")), st.booleans(),
)  # fmt: skip


@pytest.mark.slow
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(answers, min_size=1, max_size=25), size=st.integers(1, 9))
def test_any_trials_give_the_same(
    rows: list[tuple[int, str, str, str, bool]], size: int, tmp_path: Path
) -> None:
    """Some under one condition alone, some twice, some pictures with and without a subject."""
    found = TRIALS.frame(
        [
            cells(number, condition, answer, [1, 0, 0, 0, 0, 0, 0] if graded else None)
            | {"subject_id": subject}
            for number, condition, answer, subject, graded in rows
        ]
    )

    def outcome(trials: Any) -> tuple[bytes, bytes] | str:
        try:
            return tables(trials)
        except MaskfaceError as error:
            return str(error)

    with trial_source(lambda: cut(found, size), tmp_path) as source:
        twice = found.duplicated(list(TRIALS.key)).any()
        assert isinstance(source, FrameSource if twice else SpilledSource)
        assert outcome(source) == outcome(found)
    assert not list(tmp_path.iterdir())


def test_who_is_shown(tmp_path: Path) -> None:
    rows = [
        trial(name, condition, "fear", "fear", subject, classifier=reader)
        for name, subject in (("a", "x"), ("b", ""), ("c", "x"), ("d", "y"))
        for condition in ("none", "surgical")
        for reader in ("one", "two")
        if subject or reader == "one"
    ]
    trials = TRIALS.frame(rows)
    spilled = SpilledSource(cut(trials, 3), tmp_path)
    for source in (FrameSource(trials), spilled):
        assert source.people("r", "d") == People(4, 1, 3)
        one, two = (Head("r", "d", name) for name in ("one", "two"))
        assert list(source.heads()) == [one, two]
        assert list(source.conditions(one)) == ["none", "surgical"]
        assert (source.named(one), source.named(two)) == (False, True)
        assert len(source.rows(one, "none")) == 4
        assert source.rows(two, "ffp2").empty
    spilled.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.iloc[::-1],
        lambda t: pd.concat([t, t.iloc[-1:]]),
        lambda t: t.assign(dataset=np.where(t["image_id"] < "c", "d", "e")),
        lambda t: t.assign(run_id=np.where(t["image_id"] < "c", "r", "s")),
        lambda t: t.assign(label="joy"),
        lambda t: t.assign(status="fine"),
        lambda t: t.assign(predicted=""),
        lambda t: t.assign(correct=7),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_what_no_run_writes_is_told(change: Any, size: int, tmp_path: Path) -> None:
    trials = TRIALS.frame([trial(name, "none", "fear", "fear") for name in "abcdef"])
    SpilledSource(cut(trials, size), tmp_path).close()
    with pytest.raises(IrregularTrialsError):
        SpilledSource(cut(change(trials), size), tmp_path)


def open_files() -> set[str]:
    """Numbers of the process's files, where the system tells them."""
    folder = Path("/proc/self/fd")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def test_nothing_is_left_on_disk(tmp_path: Path) -> None:
    """Not while it is used, not after an error, not after an interruption."""
    trials = random_trials(20, 2)
    with trial_source(lambda: cut(trials, 50), tmp_path) as source:
        assert not list(tmp_path.iterdir())
        assert isinstance(source, SpilledSource)
        handle = source._file
    assert handle.closed
    source = SpilledSource(cut(trials, 50), tmp_path)
    handle = source._file
    del source
    assert handle.closed

    def interrupted() -> Iterator[pd.DataFrame]:
        yield trials.iloc[:50]
        raise KeyboardInterrupt

    before = open_files()
    with pytest.raises(KeyboardInterrupt), trial_source(interrupted, tmp_path):
        pass
    assert open_files() == before
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    trials = random_trials(10, 3)
    with trial_source(lambda: cut(trials, 50), tmp_path / "missing") as source:
        assert tables(source) == tables(trials)


@pytest.mark.slow
@pytest.mark.parametrize("subjects", [True, False])
def test_how_much_is_held_at_a_time_changes_no_number(
    monkeypatch: pytest.MonkeyPatch, *, subjects: bool
) -> None:
    trials = random_trials(133, 4, subjects=subjects)
    trials["subject_id"] = trials["subject_id"].mask(trials["subject_id"] != "", trials["image_id"])
    expected = tables(trials)
    monkeypatch.setattr("maskface.stats.aggregate._AT_ONCE", 11)
    monkeypatch.setattr("maskface.stats.intervals._CELLS_AT_ONCE", 2000)
    monkeypatch.setattr("maskface.stats.intervals._ROWS_AT_ONCE", 13)
    monkeypatch.setattr("maskface.stats.randomization._CELLS_AT_ONCE", 30_000)
    assert tables(trials) == expected
