"""Emotions from action units by published prototypes: rules without training.

Action units are computed from MediaPipe's blendshapes with the mapping of Py-Feat 2.1.5
(``feat.utils.region_maps``), which follows M. Ozel's ARKit-to-FACS cheat sheet; AU24 (lip pressor),
which has no region there, is ``mouthPress``, as its comment says. Blendshapes are designed to
animate an avatar and are no FACS coding: a linear map from all 52 to Py-Feat's own action units
explains .24 of their variance (Py-Feat 2.1.5, ``feat.utils.blendshape_to_au``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.blendshapes import BLENDSHAPE_LANDMARKS, BLENDSHAPES
from maskface.classifiers.inputs import Points, needed, tracked
from maskface.classifiers.registry import CLASSIFIERS
from maskface.specs import with_parameters
from maskface.types import EMOTIONS, Face, FloatArray, MaskArray

LEAST_ACTIVE: Final = 0.05
"""Least mean of blendshapes that counts as fully active, however little it varies in resting faces:
a twentieth of the scale, this package's choice."""


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One action unit, computed from blendshapes."""

    name: str  # as in FACS
    shapes: tuple[str, ...]  # its blendshapes: one, or those of the left and right side
    # Median and 99th percentile of their mean over the 102 neutral faces of the Face Research Lab
    # London Set (DeBruine & Jones 2017, doi:10.6084/m9.figshare.5047666).
    rest: float
    top: float

    def intensity(self, value: float) -> float:
        """Return the intensity, 0 to 1, for a mean of the blendshapes."""
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
"""Action units of the prototypes that have a blendshape, by number."""


def seen_intensities(blendshapes: FloatArray, covered: MaskArray | None) -> dict[int, float]:
    """Compute the intensities, 0 to 1, of the action units with a visible blendshape, by number.

    `blendshapes` (52,) are 0 to 1, in the order of `maskface.blendshapes.BLENDSHAPES`; `covered`
    (478,) is true for hidden landmarks, and None if none is. A blendshape is hidden if all of its
    landmarks are.
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


Intensities = Mapping[int, float]

OPTIONAL_SHARE: Final = 0.5
"""Fraction of the gap left by the required action units that the optional ones can close."""


@dataclass(frozen=True, slots=True)
class Prototype:
    """Action units for and against an emotion."""

    required: tuple[tuple[int, ...], ...]  # alternatives: of each group of numbers, one is enough
    optional: tuple[int, ...] = ()  # action units that increase the score
    contradicting: tuple[int, ...] = ()  # action units that rule the emotion out when fully active

    def score(self, intensities: Intensities) -> float:
        """Return how well a face fits, 0 to 1; hidden action units count as inactive.

        With r the mean of the required action units, o that of the optional and c the largest of
        the contradicting ones: ``(r + (1 - r) * o / 2) * (1 - c)``.
        """
        needed = [max(intensities.get(unit, 0.0) for unit in units) for units in self.required]
        score = sum(needed) / len(needed)
        if self.optional:
            extra = sum(intensities.get(unit, 0.0) for unit in self.optional) / len(self.optional)
            score += (1 - score) * OPTIONAL_SHARE * extra
        return score * (1 - max((intensities.get(u, 0.0) for u in self.contradicting), default=0.0))

    def units(self) -> Iterable[tuple[str, tuple[int, ...]]]:
        """Yield +, (+) or - with the action units that are required, optional or contradicting."""
        yield from (("+", units) for units in self.required)
        yield from (("(+)", (unit,)) for unit in self.optional)
        yield from (("-", (unit,)) for unit in self.contradicting)


PROTOTYPES: Final[Mapping[str, Prototype]] = {
    "anger": Prototype(((4,), (5,), (7,)), (24,), (1, 2, 12, 20)),
    "disgust": Prototype(((9, 10),), (4, 15, 16, 17), (12,)),
    "fear": Prototype(((1,), (2,), (4,), (5,), (20,)), (7, 26), (12,)),
    "happiness": Prototype(((12,),), (6,)),
    "sadness": Prototype(((1,), (4,), (15,)), (), (12,)),
    "surprise": Prototype(((1,), (2,), (5,), (26,)), (), (4, 12, 20)),
}
"""Rules of `Emfacs`, which names their sources."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Intensities and scores behind a prediction of `Emfacs`."""

    intensities: Intensities  # intensity, 0 to 1, of each visible action unit
    # How well the face fits each emotion, 0 to 1; for neutral, 1 minus the largest of them.
    scores: Mapping[str, float]

    @property
    def answer(self) -> str:
        """The emotion with the largest score."""
        return max(EMOTIONS, key=lambda emotion: self.scores[emotion])

    @property
    def hidden(self) -> tuple[int, ...]:
        """Action units that are hidden."""
        return tuple(unit for unit in ACTION_UNITS if unit not in self.intensities)

    @property
    def text(self) -> str:
        """Prediction, action units and rules as lines for a terminal."""
        largest = max(EMOTIONS[:-1], key=lambda emotion: self.scores[emotion])
        return "\n".join(
            [
                f"{self.answer} (score {self.scores[self.answer]:.2f})",
                *(
                    f"  AU{number:<2}  {unit.name:20}  {self._value(number)}"
                    for number, unit in ACTION_UNITS.items()
                ),
                *(f"  {emotion:9}  {self._rule(emotion)}" for emotion in PROTOTYPES),
                f"  neutral    {self.scores['neutral']:.2f}  = 1 - {largest}",
            ]
        )

    def _value(self, unit: int) -> str:
        return f"{self.intensities[unit]:.2f}" if unit in self.intensities else "hidden"

    def _rule(self, emotion: str) -> str:
        terms = (
            f"{sign} {' or '.join(f'AU{unit} {self._value(unit)}' for unit in units)}"
            for sign, units in PROTOTYPES[emotion].units()
        )
        return f"{self.scores[emotion]:.2f}  = {', '.join(terms)}"


@CLASSIFIERS.register("emfacs")
@dataclass(frozen=True)
class Emfacs:
    """Rules: published prototypes of action units, computed from MediaPipe's blendshapes.

    Required are the action units that two tables of prototypes share, optional those in one of
    them: Table 11-1 of Ekman & Friesen (1978) as quoted in Methods of Psychological Research
    Online, issue 4, article 3 (the most intense combinations), and the caption of Fig. 7 in
    Scientific Reports 2024, doi:10.1038/s41598-024-62902-6. Contradicting are, by this package's
    choice, AU12, which is in the prototype of happiness alone, and what fear requires beyond anger
    and beyond surprise, both of which it nearly contains. Consequences:

    - AU9 (``noseSneer``) and AU6 (``cheekSquint``) are inactive in MediaPipe: below .0001 in all
      1178 pictures of the London and Taiwan sets. Happiness depends on AU12; disgust on AU10 (which
      can indicate it alone: M. Ozel, lower face cheat sheet), with AU4, AU15, AU16 and AU17.
    - AU23 and AU25 have no blendshape of their own.
    - AU1 and AU4 exclude each other in MediaPipe: in none of 974 Taiwan pictures are both above .5.
      Fear and sadness, whose prototypes need both, are therefore seldom predicted.
    - An action unit's intensity is 0 at the median of resting faces and 1 at their 99th percentile.
      It is no FACS intensity (A to E).
    - MediaPipe estimates each blendshape from landmarks all over the face (Grishchenko et al. 2023,
      arXiv:2309.05782), so those of visible parts may carry information about hidden ones.

    Neutral is 1 minus the largest score, so an emotion is predicted if its score is at least .5.
    Probabilities are the seven scores divided by their sum; they are not calibrated.

    Attributes
    ----------
    points
        ``seen``: blendshapes of the occluded picture; hidden action units count as inactive.
        ``redetected``: all of them, including MediaPipe's guesses behind the occluder. ``plain``:
        blendshapes of the plain picture; hidden action units count as inactive.
    """

    points: Points = "seen"

    @property
    def name(self) -> str:
        """``emfacs``, with the parameters that are not the default."""
        return with_parameters("emfacs", self)

    @property
    def needs(self) -> frozenset[str]:
        """Parts of a `Face` that it reads."""
        return needed(self.points)

    @property
    def fingerprint(self) -> str:
        """Hash of the rules, the constants and the parameters."""
        rules = (self.points, OPTIONAL_SHARE, LEAST_ACTIVE, dict(ACTION_UNITS), PROTOTYPES)
        return hashlib.sha256(repr(rules).encode()).hexdigest()

    def explain(self, face: Face) -> Explanation:
        """Predict one face, with the intensities and scores.

        Raises
        ------
        ValueError
            If the face was not found in the occluded picture and `points` needs it.
        """
        found, hidden = tracked(face, self.points)
        seen = seen_intensities(found.blendshapes, hidden)
        scores = {emotion: rule.score(seen) for emotion, rule in PROTOTYPES.items()}
        scores["neutral"] = 1 - max(scores.values())
        return Explanation(MappingProxyType(seen), MappingProxyType(scores))

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Predict a batch of faces; see `maskface.classifiers.Classifier`."""
        explained = [self.explain(face).scores for face in faces]
        scores = np.array([[found[e] for e in EMOTIONS] for found in explained], dtype=np.float64)
        scores = scores.reshape(len(faces), len(EMOTIONS))
        return np.asarray(scores / scores.sum(axis=1, keepdims=True), dtype=np.float64)
