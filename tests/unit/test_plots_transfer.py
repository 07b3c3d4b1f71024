"""Figures of trained classifiers and of groups: what they draw is what the tables say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from maskface.analyses import Moderator, moderator_table, transfer_table
from maskface.errors import MaskfaceError
from maskface.plots import (
    plot_moderator_by_emotion,
    plot_moderators,
    plot_split,
    plot_transfer,
)
from tests.unit.test_analyses_moderators import HAND, frames
from tests.unit.test_analyses_transfer import FAMILY, answers
from tests.unit.test_plots_analyses import drawn, names


@pytest.fixture(scope="module")
def transfer() -> pd.DataFrame:
    return transfer_table(answers(), {"hog": FAMILY}, n_resamples=50)


@pytest.fixture(scope="module")
def moderators() -> pd.DataFrame:
    by = [Moderator("group", "person"), Moderator("number", "person", cuts=(3,))]
    return moderator_table(*frames(HAND), by, n_resamples=50)


def test_cells(transfer: pd.DataFrame) -> None:
    ax = plot_transfer(transfer)
    assert names(ax) == ["hog\nfitted to plain", "hog\nfitted to masked", "hog\nfitted to both"]
    right = np.array([8, 4, 7]) / 0.09
    np.testing.assert_allclose(drawn(ax, "plain faces")[:, 0], right, atol=1e-3)
    right = np.array([2, 6, 7]) / 0.09
    np.testing.assert_allclose(drawn(ax, "masked faces")[:, 0], right, atol=1e-3)
    assert "9 images of 3 subjects" in ax.get_xlabel()
    with pytest.raises(MaskfaceError, match="labels all, fear, happiness"):
        plot_transfer(transfer, "anger")


def test_bars_meet_at_the_loss(transfer: pd.DataFrame) -> None:
    ax = plot_split(transfer)
    assert names(ax) == ["hog"]
    information, shift, loss = (
        next(iter(bars)) for bars in ax.containers if hasattr(bars, "patches")
    )
    assert information.get_width() == pytest.approx(2 / 0.09, abs=1e-3)
    assert shift.get_x() == pytest.approx(2 / 0.09, abs=1e-3)
    assert shift.get_x() + shift.get_width() == pytest.approx(loss.get_width(), abs=1e-3)
    legend = ax.get_legend()
    assert legend is not None
    assert [t.get_text() for t in legend.get_texts()] == ["lost information", "shift", "loss"]


def test_groups_stand_in_their_order(moderators: pd.DataFrame) -> None:
    ax = plot_moderators(moderators)
    assert names(ax) == ["group\nx", "group\ny", "number\nunder 3", "number\n3 and over"]
    expected = np.array([4 / 6, 1 / 4, 2 / 2, 3 / 8]) * 100
    np.testing.assert_allclose(drawn(ax, "c")[:, 0], expected, atol=1e-3)
    assert [t.get_text() for t in ax.texts] == [
        "3 subjects",
        "2 subjects",
        "1 subject",
        "4 subjects",
    ]
    assert "2 to 8 images a group" in ax.get_xlabel()


def test_groups_by_emotion(moderators: pd.DataFrame) -> None:
    ax = plot_moderator_by_emotion(moderators, "group")
    assert names(ax) == ["all", "fear", "happiness"]
    np.testing.assert_allclose(
        drawn(ax, "group x")[:, 0], np.array([4 / 6, 2 / 3, 2 / 3]) * 100, atol=1e-3
    )
    np.testing.assert_allclose(drawn(ax, "group y")[:, 0], [25, 0, 50], atol=1e-3)
    with pytest.raises(MaskfaceError, match="attributes group, number; none was named"):
        plot_moderator_by_emotion(moderators)
