"""What is claimed of masks and emotions, and when a run agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Verdict = Literal["agrees", "differs", "cannot tell", "disputed", "not measured"]
Kind = Literal["mask", "window", "sunglasses"]

LEAST_LOSS: Final = 0.12
MOST_LOSS: Final = 0.25
"""Losses of accuracy over all emotions that were published for prototypical faces; see
docs/findings.md."""
SAME: Final = 0.05
"""Accuracies nearer than this are the same: less than half of the smallest published loss."""
LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of the literature.

    Attributes
    ----------
    id
        As in the column ``claim`` of the findings.
    statement
        In words.
    measured
        What the run's number is.
    rule
        When a run agrees and when it differs; otherwise it cannot tell.
    needs
        Kinds of conditions that a run must have.
    add
        What to add to ``maskface run`` if it has not.
    """

    id: str
    statement: str
    measured: str
    rule: str
    needs: tuple[Kind, ...] = ("mask",)
    add: str = "--occluder surgical"


def _read_as(source: str, target: str) -> Claim:
    return Claim(
        f"{source}-as-{target}",
        f"masked {source} is read as {target}",
        f"how much more often {source} is read as {target} with a mask",
        "agrees: the interval lies above 0; differs: below 0",
    )


CLAIMS: Final = (
    Claim(
        "overall-loss",
        "a mask costs 12 to 25 points of accuracy on prototypical faces",
        "loss of accuracy",
        "agrees: the interval lies within 12 to 25 points; differs: outside of it",
    ),
    Claim(
        "disgust-most",
        "disgust loses most",
        "loss of disgust minus that of the emotion nearest to it or above",
        "agrees: disgust loses more than each other emotion, every interval above 0; differs: less "
        "than some other, an interval below 0 at Bonferroni's level",
    ),
    _read_as("disgust", "anger"),
    _read_as("sadness", "neutral"),
    _read_as("happiness", "neutral"),
    _read_as("fear", "surprise"),
    Claim(
        "anger",
        "what a mask does to anger is disputed",
        "loss of hits of anger",
        "no verdict: published results go both ways",
    ),
    Claim(
        "window-happiness",
        "a transparent window restores happiness",
        "hits of happiness with the window minus those with the mask",
        "agrees: the interval lies above 0; differs: below 0",
        ("mask", "window"),
        "--occluder surgical --occluder window_mask",
    ),
    Claim(
        "mask-over-sunglasses",
        "a mask hides more than sunglasses",
        "accuracy with sunglasses minus that with the mask",
        "agrees: the interval lies above 0; differs: below 0",
        ("mask", "sunglasses"),
        "--occluder surgical --occluder sunglasses",
    ),
    Claim(
        "mask-style",
        "the mask's colour and pattern do not matter",
        "the largest difference of accuracy between two masks",
        "agrees: every interval lies within -5 to +5 points; differs: one lies outside at "
        "Bonferroni's level",
        ("mask",),
        "--occluder surgical --occluder surgical:colour=black",
    ),
)
"""In the order in which they are shown."""

_OCCLUDERS: Final[dict[str, Kind | None]] = {
    **dict.fromkeys(("window_mask", "clear"), "window"),
    **dict.fromkeys(("surgical", "cloth", "ffp2", "n95", "fashion", "texture"), "mask"),
    "sunglasses": "sunglasses",
    "window": None,  # the whole face but for a window
}
_OTHERS: Final = ("none", "upper", "eye", "unmask", "no mask", "no_mask")
_WORDS: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    ("window", ("window", "transparent", "clear")),
    ("sunglasses", ("sunglass",)),
    ("mask", ("mask", "surgical", "ffp", "kn95", "n95", "cloth")),
)


def kind_of(condition: str, masks: tuple[str, ...] = ()) -> Kind | None:
    """Tell what kind of cover a condition is.

    Parameters
    ----------
    condition
        An occluder with its parameters, or any name in a study with human observers.
    masks
        Conditions that count as masks whatever their name.

    Returns
    -------
    str or None
        None for what the claims are not about: covers of the upper face, controls of area, several
        occluders at once.
    """
    if condition in masks:
        return "mask"
    name, _, parameters = condition.partition(":")
    if "+" in condition or name.startswith(_OTHERS):
        return None
    if name in _OCCLUDERS:
        return _OCCLUDERS[name]
    words = () if parameters else _WORDS  # only occluders have parameters
    return next((kind for kind, of in words if any(w in name.lower() for w in of)), None)
