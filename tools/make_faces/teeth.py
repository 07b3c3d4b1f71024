"""Dental arches: two rows of teeth modelled to fit behind a person's lips.

The base mesh only has plain strips for teeth. They still tell where the jaws are
and how the lower jaw moves, so the arches made here follow them.
"""

from __future__ import annotations

import numpy as np

from tools.make_faces import geometry as geo
from tools.make_faces.assets import Floats, Ints

# Widths of the teeth from the middle outwards, centimetres.
UPPER_WIDTHS = (0.84, 0.66, 0.74, 0.68, 0.66, 0.90)
LOWER_WIDTHS = (0.54, 0.58, 0.66, 0.66, 0.68, 0.9)
ALONG, DOWN = 168, 14


def _walk(widths: tuple[float, ...], half_width: float, depth: float) -> tuple[Floats, Floats]:
    """Return points along the arch (n, 2: x and z) and the tooth phase (0..1 per tooth)."""
    edges = np.concatenate([[0.0], np.cumsum(widths)])
    turn = np.linspace(-1.25, 1.25, 801)
    curve = np.stack([half_width * np.sin(turn), depth * (np.cos(turn) - 1)], 1)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    length -= length[400]
    reach = min(edges[-1], length[-1])
    place = np.linspace(-reach, reach, ALONG)
    points = np.stack([np.interp(place, length, curve[:, k]) for k in (0, 1)], 1)
    tooth = np.interp(np.abs(place), edges, np.arange(len(edges)))
    return points, tooth


def arch(front: Floats, upper: bool, half_width: float = 2.5) -> tuple[Floats, Ints, Floats]:
    """Model one row of teeth.

    Parameters
    ----------
    front
        Place of the biting edge between the two middle teeth.
    upper
        Upper or lower row.
    half_width
        Half the width of the arch, centimetres.

    Returns
    -------
    vertices, quads, and linear RGB colours
    """
    widths = UPPER_WIDTHS if upper else LOWER_WIDTHS
    points, tooth = _walk(widths, half_width, 3.4)
    inside = tooth % 1.0
    round_ = np.sqrt(np.clip(1 - (2 * inside - 1) ** 4, 0, 1))
    height = np.linspace(0, 1, DOWN)
    crown = geo.smoothstep(0.80, 0.66, height + 0.06 * (1 - round_)[:, None])
    size = (1.0 if upper else 0.85) * (1 - 0.18 * np.clip(tooth - 2.2, 0, 2) / 2)
    y = height[None] * (size[:, None] * 1.35) + (1 - round_)[:, None] * 0.09 * (height < 0.1)
    incisor_step = 0.05 * np.exp(-((tooth - 1.5) ** 2) * 4)[:, None] * (height < 0.3)
    y = y + incisor_step
    bulge = 0.13 * round_[:, None] * np.sin(np.pi * np.clip(height * 1.25 + 0.12, 0, 1)) * crown
    bulge = bulge - 0.06 * (1 - crown) - 0.10 * geo.smoothstep(0.12, 0.0, height)[None]
    outward = geo.unit(np.stack([points[:, 0] / half_width, np.full(len(points), 0.55)], 1))
    x = points[:, :1] + outward[:, :1] * bulge
    z = points[:, 1:] + outward[:, 1:] * bulge
    way = 1.0 if upper else -1.0
    vertices = np.stack([x + front[0], y * way + front[1], z + front[2]], -1).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(ALONG - 1), np.arange(DOWN - 1), indexing="ij")
    a = (i * DOWN + j).ravel()
    quads = np.stack([a, a + DOWN, a + DOWN + 1, a + 1], 1)
    ivory, gum = np.array([0.78, 0.71, 0.58]), np.array([0.48, 0.17, 0.15])
    colour = crown[..., None] * ivory + (1 - crown[..., None]) * gum
    colour = colour * (1 - 0.35 * (1 - round_)[:, None, None] * crown[..., None])
    colour = colour * (1 - 0.10 * np.clip(tooth - 2, 0, 4))[:, None, None]
    return vertices, quads, colour.reshape(-1, 3)


def rigid_motion(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Return the rotation and shift that carry one point set onto another."""
    mean_before, mean_after = before.mean(0), after.mean(0)
    u, _, vt = np.linalg.svd((before - mean_before).T @ (after - mean_after))
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation: Floats = u @ flip @ vt
    return rotation, mean_after - mean_before @ rotation
