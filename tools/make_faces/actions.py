"""Expressions as FACS action units, and how the mesh performs them.

The prototypes follow the EMFACS table of basic emotions: Friesen & Ekman (1983),
*EMFACS-7: Emotional Facial Action Coding System*, and Ekman, Friesen & Hager (2002),
*Facial Action Coding System: Investigator's Guide*. Intensities run from 0 (absent)
to 1 (the E level of FACS); 0.5 renders every unit at half its value.
"""

from __future__ import annotations

import numpy as np

EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

# Action unit -> {morph: amount at intensity 1}. A name ending in * is done on both
# sides. Names with a slash are MakeHuman expression targets, the others face units.
UNITS: dict[int, dict[str, float]] = {
    1: {"browInnerUp": 1.38, "eyebrows-*-inner-up": 1.25},
    2: {"browOuterUp*": 1.0},
    4: {"browDown*": 0.84, "eyebrows-*-down": 0.96},
    5: {"eyeWide*": 1.15},
    6: {"cheekSquint*": 1.875},
    7: {"eyeSquint*": 1.0},
    9: {"noseSneer*": 1.328, "nose-*-elevation": 0.974, "mouth-elevation": 0.67},
    10: {"mouthUpperUp*": 0.5, "mouth-elevation": 0.5},
    12: {"mouthSmile*": 1.1},
    15: {"mouthFrown*": 0.8, "mouth-depression": 0.5},
    16: {"mouthLowerDown*": 0.7, "mouth-depression-retraction": 0.35},
    17: {"mouthShrugLower": 1.0},
    20: {"mouthStretch*": 1.2},
    21: {"neck-platysma": 1.2},
    22: {"mouthFunnel": 1.0},
    23: {"mouthRollLower": 0.6, "mouthRollUpper": 0.6},
    24: {"mouthPress*": 1.0},
    25: {"mouth-upward-retraction": 0.8, "mouthUpperUp*": 0.2},
    26: {"jawOpen": 0.35},
    27: {"jawOpen": 1.1, "mouthFunnel": 0.3},
    38: {"nose-*-dilatation": 1.0},
    41: {"eyeBlink*": 0.35},
}

# Emotion -> {action unit: intensity}.
RECIPES: dict[str, dict[int, float]] = {
    "anger": {4: 1.0, 5: 0.261, 7: 0.5, 9: 0.284, 10: 0.6, 16: 1.0, 38: 0.6},
    "disgust": {6: 0.5, 7: 1.0, 9: 1.0, 10: 0.55, 15: 0.5, 17: 0.65, 41: 0.32},
    "fear": {1: 0.85, 2: 0.7, 4: 0.33, 5: 0.87, 16: 0.3, 20: 1.0, 21: 1.0, 25: 0.4, 26: 0.55},
    "happiness": {6: 0.544, 7: 0.3, 12: 0.95, 20: 0.15, 25: 0.6},
    "sadness": {1: 1.0, 4: 0.83, 6: 0.8, 15: 0.8, 16: 0.4, 20: 0.4, 21: 0.85, 41: 0.75},
    "surprise": {1: 0.2, 2: 0.75, 5: 1.0, 22: 0.35, 27: 0.6},
    # At rest the upper lid covers the top of the iris; the mesh's own lids stare.
    "neutral": {41: 0.4},
}

# Which creases an action unit presses in, at intensity 1.
CREASES: dict[int, dict[str, float]] = {
    1: {"forehead": 0.6},
    2: {"forehead": 0.5},
    4: {"glabella": 1.0},
    6: {"crow": 1.125, "fold": 0.25},
    9: {"nose": 1.265, "fold": 0.76, "glabella": 0.38},
    10: {"fold": 0.6},
    12: {"fold": 0.7},
    15: {"fold": 0.2},
    17: {"chin": 0.8},
    20: {"fold": 0.2},
}


def person_recipe(emotion: str, intensity: float, seed: int) -> dict[int, float]:
    """Return a person's own version of an expression.

    People differ in how strongly they move: every unit varies by up to 8 percent
    from the prototype, always in the same way for the same person.

    Parameters
    ----------
    emotion
        One of `EMOTIONS`.
    intensity
        0..1, scales every unit; neutral has no degrees.
    seed
        The person's seed.

    Returns
    -------
    {action unit: intensity}
    """
    rng = np.random.default_rng([seed, EMOTIONS.index(emotion)])
    recipe = RECIPES[emotion]
    if emotion == "neutral":
        intensity = 1.0
    own = 1 + rng.uniform(-0.08, 0.08, len(recipe))
    return {
        unit: value * intensity * k for (unit, value), k in zip(recipe.items(), own, strict=True)
    }


def morphs(recipe: dict[int, float]) -> dict[str, float]:
    """Add up the morph amounts of a recipe, both sides written out."""
    total: dict[str, float] = {}
    for unit, value in recipe.items():
        for name, amount in UNITS[unit].items():
            for side_name in _sides(name):
                total[side_name] = total.get(side_name, 0.0) + amount * value
    return total


def _sides(name: str) -> list[str]:
    if "-*-" in name:
        return [name.replace("*", side) for side in ("left", "right")]
    if name.endswith("*"):
        return [name[:-1] + side for side in ("Left", "Right")]
    return [name]


def creases(recipe: dict[int, float]) -> dict[str, float]:
    """Return how deep each crease is pressed by a recipe, 0..1."""
    total: dict[str, float] = {}
    for unit, value in recipe.items():
        for name, amount in CREASES.get(unit, {}).items():
            total[name] = min(1.0, total.get(name, 0.0) + amount * value)
    return total
