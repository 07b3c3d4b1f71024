"""The commands about human observers, as a user types them."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from maskface.tables import RESPONSES, SUMMARY
from tests.fixtures.commands import call, type_in

HEADER = "subject,stimulus,trial_type,trial_index,time_elapsed,emotion,condition,response,rt"
EMOTIONS = ("angry", "disgusted", "happy", "fearful", "surprised", "sad")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Files of twelve jsPsych observers, who take masked disgust for anger."""
    folder = tmp_path / "data"
    folder.mkdir()
    rng = np.random.default_rng(7)
    for observer in range(12):
        rows: list[str] = []
        for emotion, condition, k in product(EMOTIONS, ("none", "mask"), range(8)):
            right = rng.random() < (0.3 if (emotion, condition) == ("disgusted", "mask") else 0.9)
            answer = emotion if right else "angry" if emotion == "disgusted" else "sad"
            name = f"{k}_{emotion}_{condition}.jpg"
            rows.append(f"p{observer},{name},x,{len(rows)},0,{emotion},{condition},{answer},700")
        (folder / f"{observer}.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    return folder


def test_humans_compare_power(data: Path, tmp_path: Path) -> None:
    done = type_in("humans", "data", "--out", "people", cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.startswith("12 files read with the ready-made map for jspsych: 1152 trials")
    assert "Odds ratio of a right answer" in done.stdout
    for name in ("responses.csv", "summary.csv", "exclusions.csv", "guards.csv", "study.json"):
        assert str(Path("people", name)) in done.stdout
    assert len(RESPONSES.read(tmp_path / "people" / "responses.csv")) == 1152
    summary = SUMMARY.read(tmp_path / "people" / "summary.csv")
    assert set(summary["classifier"]) == {"human"}

    text = call("compare", "people", cwd=tmp_path).stdout
    assert "Masked disgust is read as anger" in text
    assert "AGREES" in text
    told = json.loads(call("compare", "people", "--json", cwd=tmp_path).stdout)
    verdicts = {claim["claim"]: claim["results"][0]["verdict"] for claim in told["claims"]}
    assert verdicts["disgust-as-anger"] == "agrees"
    assert verdicts["window-happiness"] == "not measured"

    power = ("power", "people", "--loss", "20", "--subjects", "12,40", "--images", "8")
    first = call(*power, cwd=tmp_path).stdout
    assert first.splitlines()[0].split() == [
        "observers", "trials", "each", "power", "half", "width",
    ]  # fmt: skip
    assert call(*power, cwd=tmp_path).stdout == first
    for verb in ("summarize", "report"):
        refused = call(verb, "people", ok=False, cwd=tmp_path)
        assert (refused.returncode, "holds no run" in refused.stderr) == (2, True)
    again = call("humans", "data", "--out", "people", ok=False, cwd=tmp_path)
    assert (again.returncode, "new or empty folder" in again.stderr) == (2, True)


def test_unknown_columns_are_answered_with_a_map_to_begin_with(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("rater,shown,cover,said\na,anger,none,fear\n", encoding="utf-8")
    done = call("humans", "t.csv", "--out", "out", ok=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "[columns]" in done.stderr
    assert "--map map.toml" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("compare", "nothing"), "holds no summary.csv"),
        (("power", "nothing"), "neither trials.csv nor responses.csv"),
        (("power", "--subjects", "few"), "--subjects must be whole numbers"),
        (("power", "--emotion", "neutral"), "no human figures"),
        (("humans", "nothing.csv", "--out", "x"), "no file or folder"),
    ],
)
def test_mistakes_are_answered_in_words(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = call(*arguments, ok=False, cwd=tmp_path)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())


@pytest.mark.parametrize("verb", ["humans", "compare", "power"])
def test_help_has_examples(verb: str) -> None:
    assert f"maskface {verb}" in call(verb, "--help").stdout
