"""Examples in Python and in TOML of the docs do what the docs say."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from maskface.classifiers.card import parse_card
from maskface.datasets.example import example_dataset
from maskface.humans import ColumnMap
from maskface.tables import TRIALS
from maskface.types import EMOTIONS
from tests.fixtures.texts import ROOT, Block, blocks, run_cell


def _python(name: str) -> list[Block]:
    return [b for b in blocks(ROOT / "docs" / name) if b.language == "python"]


@pytest.fixture(scope="module")
def trials() -> pd.DataFrame:
    """Made-up answers of a network to pictures of 12 people under three conditions."""
    rng = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for person in range(12):
        for label in EMOTIONS * 3:
            image = f"{person}_{len(rows)}"
            for condition, right in (("none", 0.8), ("surgical", 0.5), ("ffp2", 0.4)):
                answer = label if rng.random() < right else str(rng.choice(EMOTIONS))
                rows.append(
                    {"run_id": "r", "dataset": "d", "image_id": image, "subject_id": f"p{person}",
                     "observer_id": f"o{person % 5}", "label": label, "condition": condition,
                     "occluder": condition, "params": "{}", "classifier": "fer",
                     "predicted": answer, "correct": int(answer == label), "status": "ok",
                     "message": "", "seed": 0}
                )  # fmt: skip
    return TRIALS.frame(rows)


def test_statistics(trials: pd.DataFrame) -> None:
    names: dict[str, Any] = {"result": SimpleNamespace(trials=trials)}
    first, own = [b for b in _python("statistics.md") if "mixed_logistic" not in b.code]
    loss, p, equivalent, interaction, pairs = run_cell(first.code, names)
    assert 0.1 < loss < 0.5
    assert p < 0.01
    assert equivalent > 0.5
    assert interaction is not None
    assert len(pairs) == 3
    (low,) = run_cell(own.code, names)
    assert -1 < float(low) < 1


def test_mixed_model(trials: pd.DataFrame) -> None:
    pytest.importorskip("bambi", reason="maskface[mixed] is not installed")
    (block,) = [b for b in _python("statistics.md") if "mixed_logistic" in b.code]
    problems, _ = run_cell(block.code, {"trials": trials})
    assert isinstance(problems, tuple | list)


def test_occluders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    face = next(s.path for s in example_dataset().samples if "_y+00" in s.path.name)
    shutil.copy(face, "portrait.jpg")
    (block,) = _python("occluders.md")
    (image, alpha, mask), (coverage, *_, seed) = run_cell(block.code, {})
    assert image.shape[:2] == alpha.shape == mask.shape
    assert mask.any()
    assert 0.3 < coverage < 0.8
    assert seed == 7


def test_column_map() -> None:
    """The map of docs/humans.md has every key that users need, and no other."""
    (block,) = [b for b in blocks(ROOT / "docs/humans.md") if b.language == "toml"]
    told = ColumnMap.model_validate(tomllib.loads(block.code))
    # The last two are for the maps that ship with the package.
    left_out = {"platform", "detect", "keep_if_there"}
    assert told.model_fields_set == set(ColumnMap.model_fields) - left_out
    assert "# platform =" in block.code


def test_card() -> None:
    """The card of docs/classifiers.md is one."""
    (block,) = [b for b in blocks(ROOT / "docs/classifiers.md") if b.language == "toml"]
    card = parse_card(block.code, "classifiers.md")
    assert card.input.size == 224
