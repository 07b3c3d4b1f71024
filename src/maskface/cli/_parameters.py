"""Parameters of occluders and classifiers, as shells complete them.

They are what `maskface list` shows. Reading them off the classes would load OpenCV, which takes
longer than anybody waits for a completion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Values = tuple[str, ...]
COLOURS: Final = (
    "black", "blue", "brown", "green", "grey", "lightblue", "navy", "pink", "red", "white",
)  # fmt: skip
"""Names in `maskface.occluders.colours.PALETTE`."""
ANY_OCCLUDER: Final = ("*",)
"""In the place of the values: names of occluders."""
_SWITCH: Final = ("true", "false")
_WORN: Final[dict[str, Values]] = {
    "top": (),
    "wearing": ("correct", "nose_out", "under_lip", "chin", "one_ear", "loose", "tight"),
}
_COLOUR: Final[dict[str, Values]] = {"colour": COLOURS}
_REGION: Final[dict[str, Values]] = {"region": ANY_OCCLUDER}
_LIKE: Final[dict[str, Values]] = {"like": ANY_OCCLUDER}
_FRAME: Final[dict[str, Values]] = {"frame": ("square", "round")}
_LEARNS: Final[dict[str, Values]] = {
    "train": ("clean", "masked", "both"), "folds": ("10",), "permuted": _SWITCH,
}  # fmt: skip
_POINTS: Final[dict[str, Values]] = {"points": ("seen", "redetected", "plain")}

OCCLUDERS: Final[Mapping[str, Mapping[str, Values]]] = {
    "block": _COLOUR | {"over": ("eyes", "mouth")},
    "blur": _REGION | {"size": ("0.1",)},
    "bubbles": _COLOUR | {"n": ("20",), "sample": ("0",), "size": ("0.06",)},
    "cap": _COLOUR | {"drawn": _SWITCH, "edge": ("80.0",), "shadow": ("0.5",)},
    "clear": _COLOUR | _WORN,
    "cloth": _COLOUR
    | _WORN
    | {"accent": COLOURS, "pattern": ("plain", "stripes", "dots", "check", "floral")},
    "fashion": _COLOUR | _WORN,
    "ffp2": _COLOUR | _WORN,
    "fill": _COLOUR | _REGION,
    "glasses": _COLOUR | _FRAME,
    "half": _COLOUR | {"side": ("left", "right")},
    "lower": _COLOUR | _LIKE,
    "mean": _REGION,
    "n95": _COLOUR | _WORN,
    "niqab": _COLOUR,
    "noise": _REGION | {"blocks": ("32",)},
    "none": {},
    "patch": _COLOUR | _LIKE,
    "pixelate": _REGION | {"blocks": ("6",)},
    "scarf": _COLOUR | {"pattern": ("plain", "dots")},
    "shield": _COLOUR,
    "spot": _COLOUR | {"size": ("0.25",), "x": ("0.5",), "y": ("0.5",)},
    "sunglasses": _COLOUR | _FRAME | {"lens": COLOURS, "opacity": ("0.95",)},
    "surgical": _COLOUR | _WORN,
    "sweep": _COLOUR | {"share": ("0.5",), "start": ("below", "above")},
    "tears": {
        "amount": ("2",), "length": ("lid", "cheek", "jaw"), "side": ("both", "left", "right"),
        "wet": _SWITCH,
    },
    "texture": _WORN | {"path": ()},
    "upper": _COLOUR | _LIKE,
    "window": _COLOUR | {"show": ("eyes", "mouth")},
    "window_mask": _COLOUR | _WORN,
}  # fmt: skip
"""By occluder and parameter: the values where few are allowed; names of colours, also where others
can be written; else what it is if nothing is said."""

CLASSIFIERS: Final[Mapping[str, Mapping[str, Values]]] = {
    "blendshapes": _LEARNS | _POINTS,
    "deepface": {"download": _SWITCH},
    "embedding": _LEARNS | {"network": ("faceapi", "fer")},
    "emfacs": _POINTS,
    "faceapi": {},
    "fer": {},
    "hog": _LEARNS,
    "landmarks": _LEARNS | _POINTS,
    "onnx": {"card": (), "model": ()},
    "pyfeat": {"download": _SWITCH},
}
"""The same of classifiers."""
