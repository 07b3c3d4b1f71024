from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskface.occluders.drawing.geometry import damped

VALUES = st.floats(-10, 10)
NOISES = st.floats(0.01, 5)


@given(value=VALUES, noise=NOISES)
def test_a_deviation_keeps_its_sign_and_never_grows(value: float, noise: float) -> None:
    assert damped(-value, noise) == -damped(value, noise)
    assert 0 <= damped(abs(value), noise) <= abs(value)


@given(noise=NOISES)
def test_small_deviations_vanish_and_large_ones_stay(noise: float) -> None:
    small, large = noise / 3, noise * 3
    assert damped(small, noise) < small / 80
    assert damped(large, noise) > large * 0.98
    assert damped(noise, noise) == pytest.approx(noise / 2)


def test_it_rises_throughout_by_less_than_the_stated_slope() -> None:
    steps = np.diff([damped(value, 1.0) for value in np.linspace(0, 8, 8001)]) / 1e-3
    assert steps.min() >= 0
    assert 1.5 < steps.max() < 1.6
