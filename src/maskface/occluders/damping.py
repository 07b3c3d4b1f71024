"""What is too small to be told from noise."""

from __future__ import annotations


def damped(value: float, noise: float) -> float:
    """Take a value that may well be noise to nearly 0, and leave a large one.

    Measurements of a photograph vary a little with the expression, though what they measure does
    not. A drawing that followed such small values would give the expression away.

    Parameters
    ----------
    value
        The deviation from what is usual, in any unit.
    noise
        Deviations well below this one count as none, in the same unit; above 0.

    Returns
    -------
    float
        value**5 / (value**4 + noise**4), which rises throughout, at most 1.6 times as fast as
        `value`: whatever changes smoothly still does.
    """
    return value**5 / (value**4 + noise**4)
