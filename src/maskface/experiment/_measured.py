"""What is measured of every picture beside its emotion."""

from __future__ import annotations

import math

from maskface.arrays import Row
from maskface.experiment._shown import Shown
from maskface.skin import skin_ita


def measured_rows(shown: Shown, head: Row) -> list[Row]:
    """Rows of `maskface.tables.ATTRIBUTES` that come from the picture itself."""
    values = {"face_px": f"{shown.face.size:.1f}"}
    angle = skin_ita(shown.image, shown.face)
    if not math.isnan(angle):
        values["skin_ita_deg"] = f"{angle:.2f}"
    fixed = head | {"image_id": shown.sample.image_id, "source": "measured"}
    return [fixed | {"attribute": name, "value": values[name]} for name in sorted(values)]
