"""A person in a pose: identity plus expression gives skin, eyes, teeth and tongue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from tools.make_faces import actions, teeth
from tools.make_faces import geometry as geo
from tools.make_faces.anatomy import EYES, Anatomy, eye_centre
from tools.make_faces.assets import Floats, Ints
from tools.make_faces.identities import Identity, shape

CREASE_DEPTH = {
    "forehead": 0.10, "glabella": 0.15, "nose": 0.09, "fold": 0.09, "crow": 0.05, "chin": 0.0,
}  # fmt: skip
JAWS = {"upper-teeth": "helper-upper-teeth", "lower-teeth": "helper-lower-teeth"}
TONGUE = "helper-tongue"
# The base mesh lists the body first; helper shapes follow.
BODY_VERTICES = 13380


@dataclass(frozen=True)
class Pose:
    """The geometry of one expression, eyes of the neutral face at the origin.

    Attributes
    ----------
    skin : (n, 3) fine skin vertices
    normals : (n, 3)
    parts : {part: vertices} of eyes, teeth and tongue
    crease : (n,) how deep skin is creased, 0..1, for the paint
    """

    skin: Floats
    normals: Floats
    parts: dict[str, Floats]
    crease: Floats


def part_mesh(anatomy: Anatomy, name: str, rounds: int) -> tuple[Ints, Any, Ints]:
    """Return used vertices, refinement matrix and fine quads of a small part."""
    used, quads = geo.compact(anatomy.assets.mesh.part(name))
    matrix = None
    count = len(used)
    for _ in range(rounds):
        step, quads = geo.subdivide(count, quads)
        matrix = step if matrix is None else step @ matrix
        count = step.shape[0]
    return used, matrix, quads


def taper(vertices: Floats, who: Identity) -> Floats:
    """Narrow jaw and neck, which the averaged targets leave wider than in life."""
    y = vertices[:, 1]
    amount = 0.13 if who.sex == "female" else 0.06
    reach = geo.smoothstep(-3.5, -9.0, y) * geo.smoothstep(-19.0, -13.0, y)
    narrowed = vertices.copy()
    narrowed[:, 0] *= 1 - amount * reach
    return _level_crown(narrowed, who)


def _level_crown(vertices: Floats, who: Identity) -> Floats:
    """Bring the top of the skull to a usual height; stacked targets can overshoot."""
    top = vertices[:BODY_VERTICES, 1].max()
    wanted = 10.1 + 0.5 * np.sin(who.seed)
    start = 3.0
    scaled = vertices.copy()
    above = vertices[:, 1] > start
    scaled[above, 1] = start + (vertices[above, 1] - start) * (wanted - start) / (top - start)
    return scaled


class Person:
    """One identity, ready to be posed.

    Parameters
    ----------
    anatomy
        Shared head anatomy.
    who
        The identity.
    """

    def __init__(self, anatomy: Anatomy, who: Identity) -> None:
        self.anatomy, self.who = anatomy, who
        base = shape(anatomy.assets, who)
        self.base: Floats = taper(base - eye_centre(anatomy.assets, base), who)
        self.part_meshes = {name: part_mesh(anatomy, name, 4) for name in EYES.values()}
        self.part_meshes[TONGUE] = part_mesh(anatomy, TONGUE, 2)
        self._plain: Floats = anatomy.refine @ self.base[anatomy.used]
        self.arches = self._fit_teeth()
        self._still = geo.smoothstep(0.5, 1.2, self._edge_distance())
        self.neutral = self.pose({}, {})

    def _fit_teeth(self) -> dict[str, tuple[Floats, Ints, Floats]]:
        """Seat both rows behind the lips of the neutral face."""
        lip = self._plain[self.anatomy.landmark[13]]
        lining = self._plain[self.anatomy.landmark[[0, 17]], 2].min()
        front = np.array([0.0, lip[1] - 0.08, min(lip[2], lining) - 0.42])
        upper = teeth.arch(front, True)
        lower = teeth.arch(front + np.array([0.0, -0.10, -0.30]), False, 2.3)
        return {"upper-teeth": upper, "lower-teeth": lower}

    def _edge_distance(self) -> Floats:
        """Distance to the rims of lips and lids, where movement must stay sharp."""
        lips = self.anatomy.soften(self.anatomy.lips + self.anatomy.mouth_inside, 2)
        return np.minimum(self.anatomy.lid_distance, np.where(lips > 0.05, 0.0, 9.0))

    def express(self, emotion: str, intensity: float) -> Pose:
        """Return the pose of an emotion at an intensity (0..1)."""
        recipe = actions.person_recipe(emotion, intensity, self.who.seed)
        return self.pose(actions.morphs(recipe), actions.creases(recipe))

    def pose(self, morphs: dict[str, float], creases: dict[str, float]) -> Pose:
        """Return the pose for explicit morph amounts and crease depths."""
        base = self.base.copy()
        for name, amount in morphs.items():
            base += amount * self._morph(name)
        skin = self._plain + self._soft_movement(self.anatomy.refine @ base[self.anatomy.used])
        parts = {name: matrix @ base[used] for name, (used, matrix, _) in self.part_meshes.items()}
        for name, helper in JAWS.items():
            ends = np.unique(self.anatomy.assets.mesh.part(helper))
            turn, shift = teeth.rigid_motion(self.base[ends], base[ends])
            parts[name] = self.arches[name][0] @ turn + shift
        skin = self._clear_eyes(skin, parts)
        skin = self._clear_teeth(skin, parts)
        crease = self._crease(creases)
        normals = geo.vertex_normals(skin, self.anatomy.quads)
        skin = skin - normals * crease[0][:, None]
        return Pose(skin, geo.vertex_normals(skin, self.anatomy.quads), parts, crease[1])

    def _morph(self, name: str) -> Floats:
        assets = self.anatomy.assets
        if "-" not in name:
            return assets.face_unit(name)
        total = np.zeros_like(self.base)
        for ancestry, share in self.who.ancestry.items():
            total += share * assets.target(f"expression/units/{ancestry}/{name}")
        return total

    def _clear_eyes(self, skin: Floats, parts: dict[str, Floats]) -> Floats:
        """Push lids that would cut into the eyeball out to its surface."""
        skin = skin.copy()
        near = self.anatomy.lid_distance < 1.6
        for name in EYES.values():
            eye = parts[name]
            centre = (eye.max(0) + eye.min(0)) / 2
            radii = (eye.max(0) - eye.min(0)) / 2
            offset = (skin - centre) / radii
            length = np.linalg.norm(offset, axis=1)
            inside = near & (length < 1.035) & (offset[:, 2] > -0.1)
            skin[inside] = centre + (offset[inside] / length[inside, None]) * radii * 1.035
        return skin

    def _soft_movement(self, moved: Floats) -> Floats:
        """Return the movement away from neutral, blurred where skin slides as one."""
        # The collar does not move, so the skin under it must not either.
        reach = geo.smoothstep(-13.2, -10.8, self.anatomy.rest[:, 1])
        movement = (moved - self._plain) * reach[:, None]
        blurred = movement
        for _ in range(8):
            blurred = self.anatomy.smooth @ blurred
        keep = self._still[:, None]
        return movement * (1 - keep) + blurred * keep

    def _clear_teeth(self, skin: Floats, parts: dict[str, Floats]) -> Floats:
        """Let lips and chin rest on the teeth instead of passing through them."""
        skin = skin.copy()
        outer = (self.anatomy.mouth_inside < 0.5) & (self.anatomy.rest[:, 2] > 0.0)
        lift = np.zeros(len(skin))
        for name in JAWS:
            row = parts[name]
            low, high = row[:, 1].min() - 0.1, row[:, 1].max() + 0.1
            near = outer & (skin[:, 1] > low) & (skin[:, 1] < high) & (np.abs(skin[:, 0]) < 3.4)
            tree = cKDTree(row[:, :2])
            _, nearest = tree.query(skin[near][:, :2])
            lift[near] = np.maximum(lift[near], row[nearest, 2] + 0.14 - skin[near, 2])
        lift = np.clip(lift, 0, 1.2)
        for _ in range(3):
            lift = np.maximum(lift, self.anatomy.smooth @ lift)
        skin[:, 2] += self.anatomy.soften(lift, 3)
        return skin

    def _crease(self, pressed: dict[str, float]) -> tuple[Floats, Floats]:
        """Return displacement in centimetres, and paint strength 0..1."""
        years = float(np.clip((self.who.age - 30) / 45, 0, 1))
        standing = {"forehead": 0.45, "fold": 0.55, "crow": 0.6, "glabella": 0.35}
        depth = np.zeros(len(self.anatomy.rest))
        paint = np.zeros_like(depth)
        for name, pattern in self.anatomy.creases.items():
            amount = pressed.get(name, 0.0) * (0.55 + 0.45 * years)
            amount += standing.get(name, 0.0) * years
            depth += CREASE_DEPTH[name] * amount * pattern
            paint = np.maximum(paint, amount * pattern * (CREASE_DEPTH[name] > 0))
        return depth, np.clip(paint, 0, 1)
