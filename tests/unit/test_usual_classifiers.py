"""When `maskface run` adds the classifier that is fitted to the pictures of the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from maskface import Experiment
from maskface.datasets import Dataset
from maskface.types import EMOTIONS, Sample
from maskface.workflow import FUSION, with_fusion


def people(n: int, emotions: int = 7, each: int = 1) -> Dataset:
    """`n` people who show some emotions, each of them several times."""
    samples = [
        Sample(f"{who}-{emotion}-{i}", Path("x.jpg"), emotion, f"P{who}")
        for who in range(n)
        for emotion in EMOTIONS[:emotions]
        for i in range(each)
    ]
    return Dataset("made", tuple(samples))


@pytest.mark.parametrize(
    ("data", "limit", "added"),
    [
        (people(10), None, True),
        (people(9, each=5), None, False),
        (people(10), 69, False),
        (people(20), 70, True),
        (people(10, emotions=1, each=9), None, False),
    ],
)
def test_fusion_is_added_where_enough_people_are_named(
    data: Dataset, limit: int | None, *, added: bool
) -> None:
    asked = Experiment(data=data, limit=limit)
    found = with_fusion(asked)
    assert found.classifiers == (*asked.classifiers, *((FUSION,) if added else ()))
    others = {"classifiers"}
    assert found.model_dump(exclude=others) == asked.model_dump(exclude=others)
    if not added:
        assert found is asked


def test_fusion_is_not_added_where_somebody_is_not_named() -> None:
    known = people(12)
    samples = (*known.samples, replace(known.samples[0], image_id="new", subject_id=""))
    asked = Experiment(data=Dataset("made", samples))
    assert with_fusion(asked) is asked
