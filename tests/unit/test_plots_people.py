"""The figure of a run beside people: numbers, who they are, and what it says of intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.legend import Legend

from maskface.errors import MaskfaceError
from maskface.findings import published_losses
from maskface.plots import plot_beside_people
from maskface.stats import summarize
from maskface.tables import TRIALS
from tests.unit.test_stats import HAND, pairs


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    return summarize(pairs(HAND, list("AABBCCDD")), n_resamples=100)


def values(ax: Axes, start: str) -> list[float]:
    (line,) = [line for line in ax.lines if str(line.get_label()).startswith(start)]
    return [float(x) for x in np.asarray(line.get_xdata(), float)]


def test_losses_of_run_and_studies_are_drawn(summary: pd.DataFrame) -> None:
    ax = plot_beside_people(summary, published_losses())
    # all 3/4 -> 1/2, anger 2/3 -> 1, disgust 3/4 -> 1/4, sadness 1 -> 0
    np.testing.assert_allclose(values(ax, "c"), [25, -100 / 3, 50, 100], atol=1e-3)
    williams = values(ax, "Williams 2023, study 1 (n = 228, hits)")
    assert williams == pytest.approx([11.71, -1.73, 22.26, 16.27])  # the run's emotions alone
    assert values(ax, "Rinck 2022 (n not given)") == pytest.approx([20])
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["all", "anger", "disgust", "sadness"]


def drawn_lines(ax: Axes) -> dict[tuple[float, float], bool]:
    """Ends of the grey lines in per cent, and whether each is solid."""
    found = {}
    for one in ax.collections:
        if isinstance(one, LineCollection) and np.allclose(one.get_colors(), to_rgba("0.5")):
            style: Any = one.get_linestyle()
            ((_, dashes),) = style
            for (low, _), (high, _) in one.get_segments():
                found[round(float(low), 2), round(float(high), 2)] = dashes is None
    return found


def test_intervals_of_people_are_solid_or_dotted(summary: pd.DataFrame) -> None:
    lines = drawn_lines(plot_beside_people(summary, published_losses()))
    assert lines[9.77, 13.77]  # study 1 of Williams, all: observers' own losses
    assert not lines[9.35, 23.75]  # study 2: bound by 264 observers
    # all and three emotions of four studies; the three other studies have none
    assert len(lines) == 16
    assert sum(lines.values()) == 5


def test_without_intervals_of_a_kind_none_is_explained(summary: pd.DataFrame) -> None:
    losses = published_losses()
    told = losses[losses["study"] == "Williams 2023, study 1"]
    label = " ".join(plot_beside_people(summary, told).get_xlabel().split())
    assert "Solid grey lines" in label
    assert "Dotted" not in label
    assert "No line" not in label
    ax = plot_beside_people(summary, losses[losses["interval"] == ""])
    assert not drawn_lines(ax)
    assert "grey lines" not in ax.get_xlabel()


def test_people_lie_in_their_row_above_the_classifiers(summary: pd.DataFrame) -> None:
    ax = plot_beside_people(summary, published_losses())
    rows = [3, 2, 1, 0]
    (own,) = [line for line in ax.lines if line.get_label() == "c"]
    lines = [line for line in ax.lines if "(n" in str(line.get_label())]
    assert len(lines) == published_losses()["study"].nunique()
    assert len({line.get_marker() for line in lines}) == len(lines)
    for line in lines:
        for height in np.asarray(line.get_ydata(), float):
            row = min(rows, key=lambda row: abs(row - height))
            assert abs(row - height) < 0.5
            below = float(np.asarray(own.get_ydata(), float)[rows.index(row)])
            assert height > below


def test_it_says_what_the_numbers_stand_on(summary: pd.DataFrame) -> None:
    ax = plot_beside_people(summary, published_losses())
    label = " ".join(ax.get_xlabel().split())
    assert "8 images of 4 subjects" in label
    assert "95 % intervals: t on bootstrap SE over subjects" in label
    assert "Solid grey lines: 95 % intervals of the observers' own losses." in label
    assert "Dotted: the widest 95 % interval that the number of observers allows" in label
    assert "Hysenaj 2024 (not known whether the same observers saw both), Rinck 2022 (" in label
    legends = [one for one in ax.get_children() if isinstance(one, Legend)]
    titles = {legend.get_title().get_text() for legend in legends}
    assert titles == {"Classifiers of this run", "People (n observers)"}


def test_more_than_six_classifiers_are_cut_and_it_is_said() -> None:
    one = pairs(HAND, list("AABBCCDD"))
    many = TRIALS.tidy(pd.concat([one.assign(classifier=f"c{k}") for k in range(8)]))
    ax = plot_beside_people(summarize(many, n_resamples=20), published_losses())
    assert "(the first 6 of 8)" in ax.get_xlabel()
    assert len([line for line in ax.lines if str(line.get_label()).startswith("c")]) == 6


def test_long_names_stay_apart_and_controls_are_left_out() -> None:
    one = pairs(HAND, list("AABBCCDD"))
    start, end = "onnx:" + "a" * 50, "b" * 50
    names = [f"{start}1", f"{start}2", f"{start}1{end}", f"{start}2{end}", "hog:permuted=true"]
    many = TRIALS.tidy(pd.concat([one.assign(classifier=name) for name in names]))
    ax = plot_beside_people(summarize(many, n_resamples=20), published_losses())
    labels = [str(line.get_label()) for line in ax.lines]
    labels = [label for label in labels if label.startswith(("onnx", "hog"))]
    assert len(labels) == len(set(labels)) == 4
    assert all(len(label) <= 34 for label in labels)
    assert {label[-1] for label in labels if not label.endswith(("b", ")"))} == {"1", "2"}


def test_more_studies_than_marks_are_refused(summary: pd.DataFrame) -> None:
    one = published_losses().iloc[[0]].assign(emotion="all")
    many = pd.concat([one.assign(study=f"study {k}") for k in range(9)])
    assert plot_beside_people(summary, many.iloc[:8])
    with pytest.raises(MaskfaceError, match="9 studies, and marks for 8"):
        plot_beside_people(summary, many)


def test_what_cannot_be_drawn_is_refused(summary: pd.DataFrame) -> None:
    with pytest.raises(MaskfaceError, match="'ffp2' is not among them"):
        plot_beside_people(summary, published_losses(), "ffp2")
    with pytest.raises(MaskfaceError, match="plain faces alone"):
        plot_beside_people(summary[summary["condition"] == "none"], published_losses())
