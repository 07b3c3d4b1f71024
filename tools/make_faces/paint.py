"""Colours painted on the vertices: skin and eyes."""

from __future__ import annotations

import numpy as np

from tools.make_faces import geometry as geo
from tools.make_faces.anatomy import Anatomy
from tools.make_faces.assets import Floats
from tools.make_faces.identities import HAIR, IRIS, SKIN, Identity

IRIS_ANGLE = 0.46
PUPIL_ANGLE = 0.17


def _noise(points: Floats, scale: float, seed: int) -> Floats:
    """Return smooth noise in about -1..1: a sum of randomly turned sine waves."""
    rng = np.random.default_rng([seed, 77])
    total = np.zeros(len(points))
    for octave in range(5):
        direction = geo.unit(rng.normal(size=(6, 3))) * scale * 1.7**octave
        phase = rng.uniform(0, 2 * np.pi, 6)
        total += np.sin(points @ direction.T + phase).sum(1) / (6 * 1.4**octave)
    return total


def _blend(base: Floats, colour: Floats | tuple[float, ...], weight: Floats) -> Floats:
    w = np.clip(weight, 0, 1)[:, None]
    return base * (1 - w) + np.asarray(colour) * w


def skin(anatomy: Anatomy, who: Identity) -> Floats:
    """Return the neutral skin colour of a person, (n, 3) linear RGB."""
    rng = np.random.default_rng([who.seed, 2])
    tone = np.array(SKIN[who.skin])
    dark = who.skin >= 6
    colour = np.tile(tone, (len(anatomy.rest), 1))
    colour *= 1 + 0.05 * _noise(anatomy.rest, 0.55, who.seed)[:, None]
    colour = _flush(anatomy, colour, dark, rng)
    colour = _spots(anatomy, who, colour, rng)
    colour = _eye_area(anatomy, who, colour)
    if who.sex == "male" and who.hair_colour not in ("white", "blond"):
        shade = anatomy.beard * rng.uniform(0.12, 0.28)
        colour = _blend(colour, tone * np.array([0.58, 0.62, 0.68]), shade)
    colour = _lips(anatomy, who, colour, tone, dark)
    return _blend(colour, (0.26, 0.055, 0.05), anatomy.mouth_inside)


def _flush(anatomy: Anatomy, colour: Floats, dark: bool, rng: np.random.Generator) -> Floats:
    """Blood under the skin: cheeks, nose, ears; paler forehead and upper lip."""
    red = np.array([1.03, 0.90, 0.88]) if dark else np.array([1.06, 0.78, 0.75])
    strength = rng.uniform(0.45, 0.75)
    ears = np.exp(-(((anatomy.rest[:, 2] + 7.7) / 1.8) ** 2)) * (np.abs(anatomy.rest[:, 0]) > 7.0)
    weight = 0.75 * anatomy.blob(anatomy.at(50), 1.7) + 0.8 * anatomy.blob(anatomy.at(4), 0.9)
    weight = weight + 0.7 * ears + 0.35 * anatomy.blob(anatomy.at(200), 1.0)
    patches = 1 + 0.35 * _noise(anatomy.rest, 1.6, 5)
    w = np.clip(weight * strength * patches, 0, 0.9)[:, None]
    return colour * (1 - w) + colour * red * w


def _spots(anatomy: Anatomy, who: Identity, colour: Floats, rng: np.random.Generator) -> Floats:
    """Freckles, moles and age spots."""
    face = (anatomy.normals[:, 2] > 0.1) & (anatomy.mouth_inside < 0.2) & (anatomy.lips < 0.2)
    places = np.flatnonzero(face)
    old = max(0.0, (who.age - 50) / 25)
    kinds = [
        (int(160 * who.freckles), 0.09, 0.35), (int(rng.integers(2, 6)), 0.07, 0.55),
        (int(14 * old), 0.22, 0.16),
    ]  # fmt: skip
    for count, radius, strength in kinds:
        for place in rng.choice(places, count):
            near = np.exp(-((anatomy.rest - anatomy.rest[place]) ** 2).sum(1) / (2 * radius**2))
            colour = _blend(colour, colour * np.array([0.62, 0.48, 0.42]), near * strength)
    return colour


def _eye_area(anatomy: Anatomy, who: Identity, colour: Floats) -> Floats:
    under = anatomy.blob(anatomy.at(230), 0.75)
    tired = 0.30 + 0.25 * np.clip((who.age - 25) / 45, 0, 1)
    colour = _blend(colour, colour * np.array([0.80, 0.72, 0.76]), under * tired)
    socket = anatomy.blob(anatomy.at(222), 0.8) * 0.3
    colour = _blend(colour, colour * np.array([0.82, 0.74, 0.74]), socket)
    rim = np.exp(-((anatomy.lid_distance / 0.13) ** 2)) * 0.55
    colour = _blend(colour, colour * np.array([0.72, 0.50, 0.48]), rim)
    if who.makeup:
        lid = np.exp(-((anatomy.lid_distance / 0.12) ** 2)) * (anatomy.rest[:, 1] > -0.1)
        colour = _blend(colour, (0.03, 0.02, 0.02), lid * who.makeup * 0.9)
    return colour


def _lips(anatomy: Anatomy, who: Identity, colour: Floats, tone: Floats, dark: bool) -> Floats:
    own = tone * (np.array([0.98, 0.66, 0.66]) if dark else np.array([0.86, 0.57, 0.56]))
    if who.makeup:
        own = own * (1 - 0.5 * who.makeup) + np.array([0.34, 0.06, 0.075]) * 0.5 * who.makeup
    streaks = 1 + 0.08 * np.sin(anatomy.rest[:, 0] * 14 + 2 * _noise(anatomy.rest, 2.0, 3))
    edge = geo.smoothstep(0.12, 0.75, anatomy.lips)
    return _blend(colour, own * streaks[:, None], edge * 0.92)


def scalp(anatomy: Anatomy, who: Identity, colour: Floats, density: Floats) -> Floats:
    """Darken the scalp by the roots of the hair that covers it."""
    roots = np.array(HAIR[who.hair_colour]) * 0.8
    return _blend(colour, np.minimum(roots, colour[0] * 0.8), density * 0.9)


def wrinkled(colour: Floats, crease: Floats) -> Floats:
    """Deepen the colour where skin is creased."""
    return colour * (1 - crease[:, None] * np.array([0.20, 0.30, 0.32]))


def gloss(anatomy: Anatomy, who: Identity) -> Floats:
    """Return the roughness of the skin: shinier nose and lips, matt cheeks."""
    base = 0.50 if who.skin < 6 else 0.46
    rough = np.full(len(anatomy.rest), base)
    rough -= 0.07 * anatomy.blob(anatomy.at(4), 1.0) + 0.06 * anatomy.blob(anatomy.at(151), 1.8)
    rough -= 0.14 * anatomy.lips + 0.3 * anatomy.mouth_inside
    return rough + 0.02 * _noise(anatomy.rest, 3.0, 9)


def eyeball(vertices: Floats, who: Identity) -> Floats:
    """Return the colour of an eyeball from its neutral, forward-looking shape."""
    centre = (vertices.max(0) + vertices.min(0)) / 2
    radii = (vertices.max(0) - vertices.min(0)) / 2
    ray = geo.unit((vertices - centre) / radii)
    angle = np.arccos(np.clip(ray[:, 2], -1, 1))
    around = np.arctan2(ray[:, 1], ray[:, 0])
    white = np.array([0.70, 0.66, 0.63]) * (1 - 0.0025 * max(0, who.age - 30))
    colour = np.tile(white, (len(vertices), 1))
    pink = geo.smoothstep(0.7, 1.3, angle) * 0.55
    colour = _blend(colour, white * np.array([0.98, 0.74, 0.70]), pink)
    spokes = 1 + 0.22 * np.sin(around * 23 + 3 * np.sin(around * 7)) * np.sin(angle * 40)
    iris = np.array(IRIS[who.iris]) * spokes[:, None]
    inner = geo.smoothstep(0.34, 0.2, angle)[:, None]
    iris = iris * (1 + 0.35 * inner)
    limbus = geo.smoothstep(0.36, IRIS_ANGLE, angle)[:, None]
    iris = iris * (1 - 0.72 * limbus)
    colour = _blend(colour, iris, geo.smoothstep(IRIS_ANGLE + 0.05, IRIS_ANGLE - 0.02, angle))
    return _blend(colour, (0.004, 0.004, 0.004), geo.smoothstep(0.20, PUPIL_ANGLE, angle))
