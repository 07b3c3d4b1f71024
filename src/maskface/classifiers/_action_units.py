"""From MediaPipe's blendshapes to the action units of FACS.

Which blendshape shows which action unit is as in Py-Feat 2.1.5 (``feat.utils.region_maps``), which
follows M. Ozel's ARKit-to-FACS cheat sheet; AU24 (lip pressor), which has no region there, is
``mouthPress``, as its comment says. Blendshapes are made to move an avatar and are no FACS coding:
a linear map from all 52 to Py-Feat's own action units explains .24 of their variance (Py-Feat
2.1.5, ``feat.utils.blendshape_to_au``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from maskface.blendshapes import BLENDSHAPE_LANDMARKS, BLENDSHAPES
from maskface.types import FloatArray, MaskArray

LEAST_ACTIVE: Final = 0.05
"""No mean of blendshapes below this counts as fully active, however still resting faces keep it:
a twentieth of their scale, this package's choice."""


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One action unit, and how it is read from blendshapes.

    Attributes
    ----------
    name
        As in FACS.
    shapes
        Its blendshapes: one, or that of the left and that of the right.
    rest, top
        Median and 99th percentile of their mean over the 102 neutral faces of the Face Research
        Lab London Set (DeBruine & Jones 2017, doi:10.6084/m9.figshare.5047666).
    """

    name: str
    shapes: tuple[str, ...]
    rest: float
    top: float

    def intensity(self, value: float) -> float:
        """How active it is where its blendshapes have this mean: 0 to 1."""
        span = max(self.top, LEAST_ACTIVE) - self.rest
        return min(max((value - self.rest) / span, 0.0), 1.0)


def _sides(name: str) -> tuple[str, str]:
    return f"{name}Left", f"{name}Right"


ACTION_UNITS: Final[Mapping[int, ActionUnit]] = MappingProxyType(
    {
        1: ActionUnit("inner brow raiser", ("browInnerUp",), 0.013, 0.649),
        2: ActionUnit("outer brow raiser", _sides("browOuterUp"), 0.038, 0.606),
        4: ActionUnit("brow lowerer", _sides("browDown"), 0.054, 0.579),
        5: ActionUnit("upper lid raiser", _sides("eyeWide"), 0.007, 0.038),
        6: ActionUnit("cheek raiser", _sides("cheekSquint"), 0.0, 0.0),
        7: ActionUnit("lid tightener", _sides("eyeSquint"), 0.244, 0.587),
        9: ActionUnit("nose wrinkler", _sides("noseSneer"), 0.0, 0.0),
        10: ActionUnit("upper lip raiser", _sides("mouthUpperUp"), 0.0, 0.054),
        12: ActionUnit("lip corner puller", _sides("mouthSmile"), 0.002, 0.512),
        15: ActionUnit("lip corner depressor", _sides("mouthFrown"), 0.001, 0.009),
        16: ActionUnit("lower lip depressor", _sides("mouthLowerDown"), 0.0, 0.001),
        17: ActionUnit("chin raiser", ("mouthShrugLower",), 0.096, 0.837),
        20: ActionUnit("lip stretcher", _sides("mouthStretch"), 0.002, 0.095),
        24: ActionUnit("lip pressor", _sides("mouthPress"), 0.053, 0.382),
        26: ActionUnit("jaw drop", ("jawOpen",), 0.002, 0.023),
    }
)
"""The action units of the prototypes that have a blendshape, by number."""


def seen_intensities(blendshapes: FloatArray, covered: MaskArray | None) -> dict[int, float]:
    """Measure those action units that can be seen.

    Parameters
    ----------
    blendshapes
        (52,) in 0 to 1, in the order of `maskface.blendshapes.BLENDSHAPES`.
    covered
        (478,) bool, which landmarks are hidden; None if none is. A blendshape is hidden if all
        landmarks that it shows at are.

    Returns
    -------
    dict
        Intensity, 0 to 1, of each action unit of which at least one blendshape is seen.
    """
    found = {}
    for number, unit in ACTION_UNITS.items():
        seen = [name for name in unit.shapes if covered is None or not _hidden(name, covered)]
        if seen:
            value = np.mean([blendshapes[BLENDSHAPES.index(name)] for name in seen])
            found[number] = unit.intensity(float(value))
    return found


def _hidden(name: str, covered: MaskArray) -> bool:
    return bool(covered[list(BLENDSHAPE_LANDMARKS[name])].all())
