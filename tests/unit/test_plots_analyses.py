"""Figures of the shared analyses: what they draw is what the tables say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from maskface.analyses import (
    appearance_table,
    contrast_table,
    dose_table,
    half_point_table,
    style_table,
)
from maskface.errors import MaskfaceError
from maskface.plots import (
    plot_appearance,
    plot_contrast_by_emotion,
    plot_contrasts,
    plot_dose,
    plot_half_points,
)
from tests.unit.test_analyses import answers


@pytest.fixture(scope="module")
def trials() -> pd.DataFrame:
    return answers()


def drawn(ax: Axes, name: str) -> np.ndarray:
    (line,) = [line for line in ax.lines if line.get_label() == name]
    return np.asarray(line.get_xydata(), float)


def names(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_yticklabels()]


def test_contrasts(trials: pd.DataFrame) -> None:
    table = contrast_table(trials, [("b", "a"), ("c", "a")], n_resamples=100)
    ax = plot_contrasts(table)
    assert names(ax) == ["b\nminus a", "c\nminus a"]
    np.testing.assert_allclose(drawn(ax, "c")[:, 0], [-100 / 3, -75], atol=1e-3)
    assert "12 images of 4 subjects" in ax.get_xlabel()
    assert "t on bootstrap SE over subjects" in ax.get_xlabel()
    by_emotion = plot_contrast_by_emotion(table, "b", "a")
    assert names(by_emotion) == ["all", "fear", "happiness"]
    np.testing.assert_allclose(drawn(by_emotion, "c")[:, 0], [-100 / 3, -25, -37.5], atol=1e-3)
    assert "4 to 12 images" in by_emotion.get_xlabel()
    with pytest.raises(MaskfaceError, match="holds the conditions b, c"):
        plot_contrast_by_emotion(table, "a", "b")


def test_styles_have_their_bound(trials: pd.DataFrame) -> None:
    table = style_table(trials, ["a", "b"], bound=0.05, n_resamples=50)
    ax = plot_contrasts(table, reference="a")
    assert names(ax) == ["b"]
    legend = ax.get_legend()
    assert legend is not None
    assert "within ±5" in [text.get_text() for text in legend.get_texts()]


def test_independent_images_are_said_to_be() -> None:
    table = contrast_table(answers(subject=""), [("b", "a")], n_resamples=50)
    assert "over images treated as independent" in plot_contrasts(table).get_xlabel()


def test_dose_and_half_points(trials: pd.DataFrame) -> None:
    series = {"up": ["a", "b", "c"], "short": ["a"]}
    dose = dose_table(trials, series, n_resamples=50)
    ax = plot_dose(dose)
    expected = np.column_stack([[0, 20, 40, 60], np.array([11, 9, 5, 0]) / 0.12])
    np.testing.assert_allclose(drawn(ax, "up"), expected, atol=1e-3)
    assert len(drawn(ax, "short")) == 2
    assert "fear" in plot_dose(dose, label="fear").get_ylabel()
    half = half_point_table(trials, series, n_resamples=50)
    points = plot_half_points(half)
    assert names(points) == ["all", "fear", "happiness"]
    assert drawn(points, "up")[0, 0] == pytest.approx(37.5)
    both = pd.concat([dose, dose.assign(classifier="d")])
    with pytest.raises(MaskfaceError, match="classifiers c, d; none was named"):
        plot_dose(both)


def test_appearance_is_set_by_group(trials: pd.DataFrame) -> None:
    table = appearance_table(trials, {"x": ["a", "b"], "y": ["c"], "z": ["a", "c"]}, n_resamples=50)
    ax = plot_appearance(table)
    assert names(ax) == ["b", "a", "c"]
    np.testing.assert_allclose(drawn(ax, "c")[:, 0], np.array([6, 2, 11]) / 0.12, atol=1e-3)
    assert {text.get_text() for text in ax.texts} == {"x", "y"}
