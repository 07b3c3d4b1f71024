"""Shirts and spectacles."""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.make_faces import geometry as geo
from tools.make_faces import shading
from tools.make_faces.anatomy import Anatomy
from tools.make_faces.assets import Bools, Floats, Ints
from tools.make_faces.identities import Identity
from tools.make_faces.person import Pose

Mesh = tuple[Floats, Ints]

# Neckline: height at the front, backward slope, how far it dips in the middle.
NECKLINES = {
    "crew": (-15.4, 0.24, 0.0), "vee": (-15.0, 0.26, 3.6), "collar": (-14.6, 0.22, 1.2),
}  # fmt: skip


def below_neckline(anatomy: Anatomy, kind: str) -> Floats:
    """Return how far each skin vertex lies below the neckline, centimetres."""
    height, slope, dip = NECKLINES[kind]
    x, y, z = anatomy.rest.T
    front = geo.smoothstep(-9.0, -5.0, z)
    edge = height - slope * (z + 4.0) - dip * geo.smoothstep(4.5, 0.0, np.abs(x)) * front
    return edge - y


def shirt(anatomy: Anatomy, who: Identity, pose: Pose) -> dict[str, Mesh]:
    """Return the shirt: skin of the torso, blown up and smoothed into cloth."""
    below = below_neckline(anatomy, who.neckline)
    quads = anatomy.quads[(below[anatomy.quads] > -0.2).all(1)]
    used, faces = geo.compact(quads)
    relax = geo.smoothing(len(used), faces)
    skin, normals = pose.skin[used], pose.normals[used]
    drop = below[used]
    cloth = skin + normals * (0.25 + 0.35 * geo.smoothstep(0, 3, drop))[:, None]
    fixed = (drop < 0.25)[:, None]
    for _ in range(25):
        cloth = np.where(fixed, cloth, 0.5 * cloth + 0.5 * (relax @ cloth))
    # Smoothing may sink cloth into the shoulders; lift it back out.
    sunk = ((cloth - skin) * normals).sum(1)
    cloth = cloth + normals * np.clip(0.22 - sunk, 0, None)[:, None]
    parts = {"shirt": (cloth, faces)}
    parts["hem"] = _hem(cloth, faces, drop)
    return parts


def _border_loop(faces: Ints, keep: Bools) -> list[int]:
    """Return the vertices of the neck opening in walking order."""
    edges = np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2).tolist()
    seen = {(a, b) for a, b in edges}
    step = {a: b for a, b in edges if (b, a) not in seen and keep[a] and keep[b]}
    start = next(iter(step))
    loop = [start]
    while step.get(loop[-1], start) != start and len(loop) <= len(step):
        loop.append(step[loop[-1]])
    return loop


def _hem(cloth: Floats, faces: Ints, drop: Floats) -> Mesh:
    """Return the ribbed band around the neck opening."""
    path = cloth[_border_loop(faces, drop < 1.5)]
    for _ in range(12):
        path = 0.5 * path + 0.25 * (np.roll(path, 1, 0) + np.roll(path, -1, 0))
    return tube(path, 0.34, 10, closed=True, flatten=0.62)


def tube(
    path: Floats, radius: float, sides: int, closed: bool = False, flatten: float = 1.0
) -> Mesh:
    """Sweep an ellipse along a path."""
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    if not closed:
        ahead[0], ahead[-1] = path[1] - path[0], path[-1] - path[-2]
    tangent = geo.unit(ahead)
    side = geo.unit(np.cross(tangent, np.array([0.0, 1.0, 0.05])))
    up = np.cross(side, tangent)
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = side[:, None] * np.cos(turn)[None, :, None] * flatten
    ring = ring + up[:, None] * np.sin(turn)[None, :, None]
    vertices = (path[:, None] + radius * ring).reshape(-1, 3)
    count = len(path)
    i = np.arange(count if closed else count - 1)
    j = np.arange(sides)
    a = i[:, None] * sides + j
    b = ((i[:, None] + 1) % count) * sides + j
    nxt = np.roll(j, -1)
    c = ((i[:, None] + 1) % count) * sides + nxt
    d = i[:, None] * sides + nxt
    return vertices, np.stack([a, b, c, d], -1).reshape(-1, 4)


FRAMES = {  # half width, half height, corner squareness, rim radius, colour
    "round": (2.15, 1.95, 2.1, 0.085, (0.10, 0.055, 0.03)),
    "square": (2.3, 1.6, 3.4, 0.12, (0.02, 0.018, 0.017)),
    "browline": (2.3, 1.75, 2.8, 0.11, (0.06, 0.03, 0.018)),
}


def frame_material(who: Identity) -> Any:
    """Return the shader of the spectacle frame."""
    return shading.plain("frame", FRAMES[who.glasses][4], 0.22, 0.5)


def _rim(centre: Floats, who: Identity) -> Floats:
    half_width, half_height, power, _, _ = FRAMES[who.glasses]
    turn = np.linspace(0, 2 * np.pi, 56, endpoint=False)
    x = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** (2 / power) * half_width
    y = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (2 / power) * half_height
    bend = -0.045 * (centre[0] + x) ** 2 + 0.045 * centre[0] ** 2
    lean = 0.10 * y
    return centre + np.stack([x, y, bend + lean], 1)


def glasses(anatomy: Anatomy, who: Identity, pose: Pose) -> dict[str, Mesh]:
    """Return spectacles that rest on the nose and the ears."""
    if who.glasses == "none":
        return {}
    thick = FRAMES[who.glasses][3]
    bridge = pose.skin[anatomy.landmark[6]]
    lash_room = pose.skin[anatomy.landmark[[159, 386]], 2].max() + 1.5
    depth = max(bridge[2] + 0.15, lash_room)
    parts: dict[str, Mesh] = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        eye = pose.skin[anatomy.landmark[[263, 362] if sign > 0 else [33, 133]]].mean(0)
        rim = _rim(np.array([eye[0] + 0.10 * sign, eye[1] - 0.25, depth]), who)
        parts[f"rim-{side}"] = tube(rim, thick, 10, closed=True)
        hinge = rim[np.argmax(rim[:, 0] * sign + 0.4 * rim[:, 1])]
        ear = pose.skin[_ear_top(anatomy, sign)]
        parts[f"temple-{side}"] = tube(_temple(hinge, ear, sign), thick * 0.9, 8, flatten=0.6)
    inner = [parts[f"rim-{s}"][0] for s in ("right", "left")]
    start, end = inner[0][np.argmax(inner[0][:, 0])], inner[1][np.argmin(inner[1][:, 0])]
    t = np.linspace(0, 1, 12)[:, None]
    arch = np.array([0.0, 0.28, 0.22]) * np.sin(np.pi * t)
    lift = np.array([0.0, 0.35, 0.0])
    parts["bridge"] = tube(start * (1 - t) + end * t + arch + lift, thick * 0.9, 8)
    return parts


def _ear_top(anatomy: Anatomy, sign: float) -> int:
    x, y, z = anatomy.rest.T
    score = -((x * sign - 7.0) ** 2) - (y - 1.7) ** 2 - (z + 7.2) ** 2
    return int(np.argmax(score))


def _temple(hinge: Floats, ear: Floats, sign: float) -> Floats:
    t = np.linspace(0, 1, 20)[:, None]
    top = ear + np.array([0.25 * sign, 0.25, 0.0])
    bow = np.array([0.45 * sign, 0.0, 0.0]) * np.sin(np.pi * t) ** 0.8
    return hinge * (1 - t) + top * t + bow
