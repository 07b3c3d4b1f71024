"""The One Euro filter beside its published equations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from maskface.masking.tracking import OneEuro

POINTS = hnp.arrays(np.float64, (6, 4, 3), elements=st.floats(-1e3, 1e3, width=32))


def test_two_steps_worked_by_hand() -> None:
    # Casiez et al. 2012: alpha = 1 / (1 + 1 / (2 pi f T)); cutoff = min_cutoff + beta |speed|.
    # T = 0.1 s, so at 1 Hz alpha = 0.385870.
    smooth = OneEuro(min_cutoff=1.0, slope=0.5, speed_cutoff=1.0)
    assert smooth(np.array([[0.0, 0.0]]), 0.0) == pytest.approx(np.zeros((1, 2)))
    # Speed 0.385870 x 10 = 3.858695; cutoff 2.929348 Hz; alpha 0.647957.
    assert smooth(np.array([[1.0, 0.0]]), 0.1)[0, 0] == pytest.approx(0.647957, abs=2e-6)
    # Speed 0.385870 x 3.520430 + 0.614130 x 3.858695 = 3.728168; cutoff 2.864084 Hz;
    # alpha 0.642804; 0.642804 + 0.357196 x 0.647957.
    assert smooth(np.array([[1.0, 0.0]]), 0.2)[0, 0] == pytest.approx(0.874252, abs=2e-6)


def test_the_speed_is_the_root_mean_square_over_the_points() -> None:
    # Speeds 3 and 4 in a unit of 5 are like one point's speed of sqrt((9 + 16) / 2) / 5.
    two = OneEuro(min_cutoff=1.0, slope=1.0, speed_cutoff=1.0)
    two(np.zeros((2, 2)), 0.0, unit=5.0)
    one = OneEuro(min_cutoff=1.0, slope=1.0, speed_cutoff=1.0)
    one(np.zeros((1, 2)), 0.0)
    moved = two(np.array([[3.0, 0.0], [0.0, 4.0]]), 1.0, unit=5.0)
    step = np.sqrt(12.5) / 5
    share = one(np.array([[step, 0.0]]), 1.0)[0, 0] / step
    assert moved == pytest.approx(share * np.array([[3.0, 0.0], [0.0, 4.0]]))


def test_no_time_between_two_frames_changes_nothing() -> None:
    smooth = OneEuro()
    first = smooth(np.zeros((2, 2)), 1.0)
    assert smooth(np.ones((2, 2)), 1.0) is first


@given(POINTS)
def test_results_stay_between_the_smallest_and_the_largest_value(points: np.ndarray) -> None:
    smooth = OneEuro()
    results = [smooth(p, i / 30) for i, p in enumerate(points)]
    assert (results >= points.min(axis=0) - 1e-6).all()
    assert (results <= points.max(axis=0) + 1e-6).all()


@given(POINTS, st.floats(0.1, 10))
def test_the_unit_makes_size_irrelevant(points: np.ndarray, scale: float) -> None:
    small, large = OneEuro(), OneEuro()
    for i, p in enumerate(points):
        expected = scale * small(p, i / 30, unit=1.0)
        assert large(scale * p, i / 30, unit=scale) == pytest.approx(expected, rel=1e-6, abs=1e-6)
