"""Numbers with their limits, as cells of a table."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.stats import INTERVAL_NAMES, Resampled, interval

KIND: Final = INTERVAL_NAMES["expanded"]
"""The default kind of interval, as tables name it."""


def limits(point: Floats, values: Floats, n_clusters: NDArray[np.int64]) -> Floats:
    """Points and limits (3, ...) of numbers (1, ...) and their resamples (B, ...).

    `n_clusters` says how many units each stands on, in a shape that can be broadcast.
    """
    shape = point.shape[1:]
    drawn = Resampled(
        point.ravel(),
        values.reshape(len(values), -1),
        np.broadcast_to(n_clusters, shape).ravel(),
        lambda: np.zeros((1, point.size)),
    )
    return np.stack([drawn.point, *interval(drawn)]).reshape(3, *shape)


def interval_cells(found: Floats, kind: str = KIND) -> dict[str, Any]:
    """Cells for a value and its limits (3,)."""
    value, low, high = found.tolist()
    return {"value": value} | limit_cells(low, high, kind)


def limit_cells(low: float, high: float, kind: str = KIND) -> dict[str, Any]:
    """Cells for limits, which may be NaN."""
    return {"ci_low": low, "ci_high": high, "interval": "" if np.isnan(high) else kind}
