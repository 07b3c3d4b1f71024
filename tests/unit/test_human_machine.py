"""People beside classifiers: correlations against scipy, and readers that agree by construction."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats as sps

from maskface.errors import MaskfaceError
from maskface.experiment_cli import parse_options
from maskface.findings import (
    AGREEMENT,
    CELLS,
    agreement_tables,
    agreement_text,
    human_answers,
    load_findings,
    published_answers,
)
from maskface.findings.agreement import classifier_answers, pearson, spearman
from maskface.humans import read_study
from maskface.plots import plot_confusion_change, plot_human_machine_loss
from maskface.tables import RESPONSES, TRIALS
from maskface.types import EMOTIONS
from tests.conftest import PHOTOGRAPHS
from tests.unit.test_stats import trial

WILLIAMS = Path(__file__).parents[2] / "docs" / "maps" / "williams2023.toml"
FOUR = ("anger", "disgust", "fear", "sadness")
# How many of four faces of each emotion are taken for what, plain and masked.
PLAIN = {
    "anger": "aaas", "disgust": "ddda", "fear": "ffff", "sadness": "sssa",
}  # fmt: skip
MASKED = {
    "anger": "aaas", "disgust": "daaa", "fear": "ffsd", "sadness": "ssaf",
}  # fmt: skip
NAMES = {name[0]: name for name in FOUR}


def run(plain: dict[str, str] = PLAIN, masked: dict[str, str] = MASKED) -> pd.DataFrame:
    """Trials of a classifier: each of four people shows each emotion once."""
    rows = []
    for label, answers in plain.items():
        for condition, given in (("none", answers), ("surgical", masked[label])):
            for i, mark in enumerate(given):
                answer = NAMES[mark]
                # It would rather say neutral, which people could not.
                p = {f"p_{e}": 0.02 for e in EMOTIONS} | {"p_neutral": 0.5, f"p_{answer}": 0.4}
                row = trial(f"{label}{i}", condition, label, "neutral", f"S{i}")
                rows.append(row | p)
    return TRIALS.frame(rows)


def response(observer: str, number: int, condition: str, label: str, **more: Any) -> dict[str, Any]:
    cells = {"classifier": f"human:{observer}", "observer_id": observer, "trial": number}
    answer = more.pop("predicted", "")
    base = trial(f"{label}{number}", condition, label, answer or label, "")
    return base | cells | {"predicted": answer, "dataset": "study", "question": ""} | more


def study(folder: Path, plain: dict[str, str], masked: dict[str, str], covered: str) -> Path:
    """A study in which four observers chose, one answer of each string each."""
    rows = []
    for observer in range(4):
        sides = (("none", plain), (covered, masked))
        cells = [(c, label, NAMES[side[label][observer]]) for c, side in sides for label in side]
        rows += [
            response(f"P{observer}", n, condition, label, predicted=answer)
            for n, (condition, label, answer) in enumerate(cells)
        ]
    return written(folder, rows)


def written(folder: Path, rows: list[dict[str, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    frame = pd.DataFrame(rows).reindex(columns=RESPONSES.header)
    RESPONSES.write(RESPONSES.tidy(frame), folder / "responses.csv")
    return folder


def only(table: pd.DataFrame, **cells: str) -> Any:
    for name, value in cells.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_correlations_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, (2, 20, 9)).astype(float)
    for mine, theirs in ((pearson, sps.pearsonr), (spearman, sps.spearmanr)):
        expected = [theirs(a, b).statistic for a, b in zip(first, second, strict=True)]
        np.testing.assert_allclose(mine(first, second), expected, atol=1e-12)
        assert np.isnan(mine(np.ones((1, 4)), first[:1, :4])).all()


def test_who_goes_wrong_alike_agrees_wholly(tmp_path: Path) -> None:
    human = human_answers(study(tmp_path, PLAIN, MASKED, "surgical mask"))
    assert (human.condition, human.observers, human.units) == ("surgical mask", 4, "observer")
    agreement, cells = agreement_tables(run(), [human], ["surgical"], n_resamples=200)
    assert len(agreement) == 8
    assert agreement["value"].to_numpy() == pytest.approx(1)
    assert set(agreement["n_emotions"]) == {4}
    by_cell = cells[cells["pattern"] == "change"]
    human_row = only(by_cell, classifier="human", label="disgust", answer="anger")
    machine_row = only(by_cell, classifier="c", label="disgust", answer="anger")
    assert human_row["value"] == machine_row["value"] == 0.5  # from 1 to 3 of 4
    loss = only(cells[cells["pattern"] == "loss"], classifier="c", label="disgust")
    assert (loss["value"], loss["n"], loss["n_clusters"]) == (0.5, 16, 4)
    AGREEMENT.check(agreement)
    CELLS.check(cells)


def test_p_values_count_the_ways_to_exchange_emotions(tmp_path: Path) -> None:
    other = {"anger": "assa", "disgust": "ddas", "fear": "fsff", "sadness": "sadf"}
    human = human_answers(study(tmp_path, MASKED, other, "mask"))
    agreement, cells = agreement_tables(run(), [human], ["surgical"], n_resamples=50)
    for pattern in ("plain", "masked", "change", "loss"):
        own = cells[cells["pattern"] == pattern]
        sides = [own[own["classifier"] == who] for who in ("c", "human")]
        tables = [
            side.pivot_table("value", "label", "answer").reindex(index=FOUR, columns=FOUR)
            for side in sides
        ]
        off = np.eye(4, dtype=bool) == (pattern == "loss")
        first, second = (table.to_numpy(float) for table in tables)
        row = only(agreement, pattern=pattern, statistic="pearson")
        r = sps.pearsonr(first[off], second[off]).statistic
        assert row["value"] == pytest.approx(r, abs=1e-6)
        ways = [
            sps.pearsonr(first[off], second[np.ix_(way, way)][off]).statistic
            for way in map(list, permutations(range(4)))
        ]
        share = np.mean(np.abs(ways) >= abs(r) - 1e-9)
        assert row["p_value"] == pytest.approx(share, abs=1e-9)


def test_yes_no_studies_give_the_share_of_yes(tmp_path: Path) -> None:
    rows, number = [], 0
    for observer in ("P", "Q"):
        for condition in ("none", "lower"):
            for label in FOUR:
                for question in FOUR:
                    same = label == question
                    alarm = (label, question, condition) == ("disgust", "anger", "lower")
                    yes = int((same and condition == "none") or alarm)
                    rows.append(
                        response(
                            observer,
                            number,
                            condition,
                            label,
                            question=question,
                            answer_yes=yes,
                            correct=int(yes == same),
                        )
                    )
                    number += 1
    folder = written(tmp_path, rows)
    with pytest.raises(MaskfaceError, match=r"It has lower\. Name one with --mask"):
        human_answers(folder)
    human = human_answers(folder, "lower")
    _, cells = agreement_tables(run(), [human], ["surgical"], n_resamples=50)
    own = cells[(cells["classifier"] == "human") & (cells["pattern"] == "masked")]
    said = own.set_index(["label", "answer"])["value"]
    assert said["disgust", "anger"] == 1
    assert said.sum() == 1
    losses = cells[(cells["classifier"] == "human") & (cells["pattern"] == "loss")]
    assert losses["value"].tolist() == [1, 1, 1, 1]
    # Losses that are all alike correlate with nothing.
    agreement, _ = agreement_tables(run(), [human], ["surgical"], n_resamples=50)
    row = only(agreement, pattern="loss", statistic="spearman")
    assert np.isnan(row["value"])
    assert np.isnan(row["p_value"])
    assert row["interval"] == ""


def test_who_is_counted_by_hand(tmp_path: Path) -> None:
    trials = run()
    lost = (trials["image_id"] == "anger0") & (trials["condition"] == "surgical")
    trials.loc[lost, ["status", "predicted"]] = ["no_face", ""]
    shown = np.isin(EMOTIONS, FOUR)
    reader = classifier_answers(trials, "surgical", shown)
    anger, sadness = EMOTIONS.index("anger"), EMOTIONS.index("sadness")
    assert reader.n == 15  # the face that was not found when masked does not count plain either
    chances = reader.counts[:, :, 1].sum(axis=0)
    assert (chances[:, anger] == 3).all()
    assert (chances[:, sadness][:, shown] == 4).all()
    given = reader.counts[:, :, 0].sum(axis=0)
    assert given[0, anger, anger] == given[1, anger, anger] == 2  # of "aaas", without the first

    folder = study(tmp_path / "people", PLAIN, MASKED, "mask")
    rows = RESPONSES.read(folder / "responses.csv")
    never = (rows["observer_id"] == "P3") & (rows["condition"] == "mask")
    rows = rows[~never]
    late = (rows["observer_id"] == "P0") & (rows["label"] == "fear") & (rows["condition"] == "none")
    rows.loc[late, ["status", "message"]] = ["excluded", "late"]
    RESPONSES.write(rows, folder / "responses.csv")
    people = human_answers(folder)
    assert (people.observers, people.n) == (3, 3 * 8 - 1)
    assert people.counts[:, 0, 1, EMOTIONS.index("fear")].max(axis=1).sum() == 2


def test_published_figures_are_those_of_the_table() -> None:
    readers = {reader.dataset: reader for reader in published_answers()}
    assert "Williams 2023, study 1" in readers
    assert "Gori 2021, adults, upper figure" not in readers  # no plain faces
    agreement, cells = agreement_tables(run(), list(readers.values()), ["surgical"], n_resamples=50)
    table = load_findings()
    for name in readers:
        own = table[(table["study"] == name) & (table["emotion"] == "fear")]
        hits = own[own["measure"].isin(["accuracy", "hit_rate"])]
        value = hits.set_index("condition")["value"]
        row = only(cells, humans=name, classifier="human", label="fear")
        assert row["value"] == pytest.approx(value["none"] - value["mask"])
        assert np.isnan(row["ci_low"])
    assert set(agreement["pattern"]) == {"loss"}
    assert agreement["ci_low"].notna().all()
    assert "rank correlation" in agreement_text(agreement)


def test_a_folder_without_responses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match="maskface humans"):
        human_answers(tmp_path)


def test_scripts_may_have_options_of_their_own() -> None:
    extra = {"--humans": "folder of people", "--human-mask": "condition"}
    given = parse_options("d", ["--out", "o", "--human-mask", "lower"], extra)
    assert given.extra == {"human_mask": "lower"}
    assert parse_options("d", ["--out", "o"]).extra == {}
    with pytest.raises(SystemExit):
        parse_options("d", ["--out", "o", "--humans", "x"])


def test_figures_show_both_sides(tmp_path: Path) -> None:
    human = human_answers(study(tmp_path, PLAIN, MASKED, "mask"))
    _, cells = agreement_tables(run(), [human], ["surgical"], n_resamples=50)
    ax = plot_human_machine_loss(cells, "surgical")
    assert next(t.get_text() for t in ax.get_yticklabels()) in ("disgust", "fear")
    lines = {line.get_label(): np.asarray(line.get_xdata(), float) for line in ax.lines}
    np.testing.assert_allclose(lines["people: study"], lines["c"])
    first = plot_confusion_change(cells, "study", "surgical")
    assert [ax.get_title() for ax in first.figure.axes[:2]] == ["people", "c"]
    written_in = {text.get_text() for text in first.texts}
    assert "+50" in written_in
    (published,) = published_answers()[:1]
    _, losses = agreement_tables(run(), [published], ["surgical"], n_resamples=20)
    with pytest.raises(MaskfaceError, match="no confusions"):
        plot_confusion_change(losses, published.dataset, "surgical")


@pytest.mark.slow
@pytest.mark.data
def test_williams_hits_are_the_published_ones(tmp_path: Path) -> None:
    trials = PHOTOGRAPHS / "human" / "williams2023_study1_trials.csv.gz"
    if not trials.is_file():
        pytest.skip("the trials of Williams 2023 are not on this machine (set MASKFACE_TEST_DATA)")
    responses = read_study([trials], WILLIAMS).responses
    RESPONSES.write(responses, tmp_path / "responses.csv")
    human = human_answers(tmp_path, "lower")
    assert human.observers == 228
    _, cells = agreement_tables(run(), [human], ["surgical"], n_resamples=50)
    table = load_findings()
    table = table[(table["study"] == "Williams 2023, study 1") & (table["measure"] == "hit_rate")]
    shares = table.pivot_table("value", "emotion", "condition")
    losses = (shares["none"] - shares["mask"]).to_dict()
    for emotion in FOUR:
        row = only(cells, classifier="human", pattern="loss", label=emotion)
        loss = losses[emotion]
        # Published: mean over observers; here: all trials together.
        assert row["value"] == pytest.approx(loss, abs=0.01)
    change = only(cells, classifier="human", pattern="change", label="disgust", answer="anger")
    assert change["ci_low"] > 0.15
