"""Figures and tables for people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from maskface.errors import MaskfaceError
from maskface.images import read_image
from maskface.plots import plot_loss_by_emotion, plot_losses
from maskface.stats import summarize
from maskface.tables import TRIALS
from maskface.text import align, loss_text
from tests.unit.test_stats import HAND, pairs, trial


def test_points_and_intervals_are_those_of_the_summary() -> None:
    summary = summarize(pairs(HAND, list("AABBCCDD")), n_resamples=200)
    ax = plot_loss_by_emotion(summary)
    (line,) = [line for line in ax.lines if line.get_label() == "c"]
    losses = np.asarray(line.get_xdata(), float)
    np.testing.assert_allclose(losses, [25, -33.3333, 50, 100], atol=1e-3)
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels == ["all", "anger", "disgust", "sadness"]
    heights = list(np.asarray(line.get_ydata(), float))
    assert heights == sorted(heights, reverse=True)
    rows = summary[(summary["metric"] == "accuracy") & (summary["condition"] == "surgical")]
    bars = ax.collections[0]
    assert isinstance(bars, LineCollection)
    bar = bars.get_segments()[0]
    np.testing.assert_allclose(bar[:, 0], 100 * rows[["ci_low", "ci_high"]].iloc[0].astype(float))
    assert "4 subjects" in ax.get_xlabel()
    assert "8 images" in ax.get_xlabel()


def test_independent_images_are_said_to_be() -> None:
    ax = plot_loss_by_emotion(summarize(pairs(HAND), n_resamples=50))
    assert "images treated as independent" in ax.get_xlabel()


def test_condition_must_be_named_if_there_are_two() -> None:
    other = pairs(HAND).replace({"condition": {"surgical": "cap"}})
    both = TRIALS.tidy(pd.concat([pairs(HAND), other[other["condition"] == "cap"]]))
    summary = summarize(both, n_resamples=50)
    with pytest.raises(MaskfaceError, match="cap, surgical"):
        plot_loss_by_emotion(summary)
    assert "'cap'" in plot_loss_by_emotion(summary, "cap").get_xlabel()


def test_a_figure_for_each_occluder(tmp_path: Path) -> None:
    frame = pairs(HAND).replace({"condition": {"surgical": "surgical:colour=#aabbcc"}})
    paths = plot_losses(summarize(frame, n_resamples=50), tmp_path)
    assert [path.name for path in paths] == ["loss_by_emotion_surgical_colour_aabbcc.png"]
    assert read_image(paths[0]).std() > 10


def test_loss_text_of_the_hand_worked_example() -> None:
    text = loss_text(summarize(pairs(HAND), n_resamples=50))
    row = next(line for line in text.splitlines() if " all " in line).split()
    assert row[:7] == ["c", "surgical", "all", "8", "75.0", "50.0", "+25.0"]
    assert row[-1] == ".625"
    assert "the set names no subjects" in text


def test_loss_text_without_occluder() -> None:
    plain = TRIALS.frame([trial("a", "none", "fear", "fear")])
    assert "no loss to show" in loss_text(summarize(plain, n_resamples=50))


def test_columns_are_aligned() -> None:
    assert align([("a", "n"), ("long", "5"), ("b", "10")]) == "a      n\nlong   5\nb     10"
