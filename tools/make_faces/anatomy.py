"""Where things are on a head: skin mesh, landmarks and soft region masks.

Everything is worked out once on an average adult head and then used for every
identity and pose, because all of them share one vertex order. Coordinates of the
average head: centimetres, origin between the eyes, y up, z out of the face.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy import sparse

from tools.make_faces import geometry as geo
from tools.make_faces.assets import Assets, Floats, Ints

EYES = {"l": "helper-l-eye", "r": "helper-r-eye"}
UPPER_LID = {"r": [33, 246, 161, 160, 159, 158, 157, 173, 133]}
LOWER_LID = {"r": [33, 7, 163, 144, 145, 153, 154, 155, 133]}
BROW_TOP = {"r": [70, 63, 105, 66, 107]}
BROW_BOTTOM = {"r": [46, 53, 52, 65, 55]}
UPPER_LID["l"] = [263, 466, 388, 387, 386, 385, 384, 398, 362]
LOWER_LID["l"] = [263, 249, 390, 373, 374, 380, 381, 382, 362]
BROW_TOP["l"] = [300, 293, 334, 296, 336]
BROW_BOTTOM["l"] = [276, 283, 282, 295, 285]

# The hairline seen from the side, (z, y): forehead, temple, sideburn, ear, nape.
HAIRLINE = [
    (2.6, 5.7), (0.2, 5.0), (-0.7, 3.9), (-1.3, 2.6), (-2.9, 1.5), (-4.0, 0.0), (-4.3, -2.0),
    (-5.3, -2.0), (-5.5, 0.6), (-7.2, 2.1), (-9.4, 1.4), (-10.2, -2.5), (-10.4, -7.6),
    (-19.0, -7.6), (-19.0, 15.0), (4.0, 15.0),
]  # fmt: skip
# Upper edge of a beard seen from the side, (z, y).
BEARD_EDGE = [(-5.2, -0.6), (-4.2, -1.6), (-3.0, -3.6), (-1.0, -4.9), (1.2, -5.6), (5.0, -5.4)]


def average_head(assets: Assets) -> Floats:
    """Return the vertices of the average adult head, eyes at the origin."""
    vertices = assets.mesh.vertices.copy()
    for sex in ("female", "male"):
        vertices += 0.5 * assets.target(
            f"macrodetails/universal-{sex}-young-averagemuscle-averageweight"
        )
        for ancestry in ("african", "asian", "caucasian"):
            vertices += assets.target(f"macrodetails/{ancestry}-{sex}-young") / 6
    return vertices - eye_centre(assets, vertices)


def eye_centre(assets: Assets, vertices: Floats) -> Floats:
    """Return the point between the two eyeballs."""
    eyes = np.unique(assets.mesh.part(*EYES.values()))
    centre: Floats = vertices[eyes].mean(0)
    return centre


class Anatomy:
    """Skin topology and region masks shared by all identities.

    Parameters
    ----------
    assets
        The mesh data.

    Attributes
    ----------
    used : indices of the base vertices that the skin keeps (head to chest)
    refine : sparse matrix from kept base vertices to fine skin vertices
    quads : fine skin quads
    rest : fine skin of the average head
    landmark : (478,) fine skin vertex nearest each MediaPipe landmark
    """

    def __init__(self, assets: Assets) -> None:
        self.assets = assets
        base = average_head(assets)
        body = assets.mesh.part("body")
        corners = base[body]
        near = (corners[..., 1].min(1) > -42) & (np.abs(corners[..., 0]).max(1) < 34)
        self.used, coarse = geo.compact(body[near])
        first, middle = geo.subdivide(len(self.used), coarse)
        second, self.quads = geo.subdivide(first.shape[0], middle)
        self.refine: sparse.csr_matrix = (second @ first).tocsr()
        self.rest: Floats = self.refine @ base[self.used]
        self.normals = geo.vertex_normals(self.rest, self.quads)
        self.smooth = geo.smoothing(len(self.rest), self.quads)
        table = Path(__file__).with_name("landmark_vertices.json")
        self.landmark: Ints = np.array(json.loads(table.read_text()))

    def at(self, landmark: int) -> Floats:
        """Return a landmark's place on the average head."""
        point: Floats = self.rest[self.landmark[landmark]]
        return point

    def line(self, landmarks: list[int]) -> Floats:
        """Return the polyline through landmarks on the average head."""
        points: Floats = self.rest[self.landmark[landmarks]]
        return points

    def soften(self, weight: Floats, rounds: int) -> Floats:
        """Blur a vertex weight over the surface."""
        for _ in range(rounds):
            weight = self.smooth @ weight
        return weight

    def texture(self, name: str) -> Floats:
        """Return a region texture on the fine skin."""
        return np.clip(self.refine @ self.assets.region(name)[self.used], 0, 1)

    def blob(self, centre: Floats, radius: float) -> Floats:
        """Return a Gaussian spot, mirrored to both sides."""
        mirrored = centre * np.array([-1, 1, 1])
        left = ((self.rest - centre) ** 2).sum(1)
        right = ((self.rest - mirrored) ** 2).sum(1)
        return np.exp(-np.minimum(left, right) / (2 * radius**2)) * self.outside

    @cached_property
    def mouth_inside(self) -> Floats:
        """The lining of the mouth."""
        return self.texture("inside-mouth")

    @cached_property
    def outside(self) -> Floats:
        """Everything that is not inside the mouth or the eye sockets."""
        return (1 - self.mouth_inside) * (self.normals[:, 2] > -0.6)

    @cached_property
    def lips(self) -> Floats:
        """The red of the lips."""
        return self.texture("lips") * (1 - self.mouth_inside)

    @cached_property
    def scalp(self) -> Floats:
        """Where head hair grows, with a soft edge."""
        x, y, z = self.rest.T
        # Seen from the front the hairline is an arc: it comes down towards the temples.
        arc = (0.055 * np.minimum(np.abs(x), 5.0) ** 2 - 0.35) * geo.smoothstep(-4.0, -1.5, z)
        inside = geo.inside_polygon(np.stack([z, y + arc], 1), np.array(HAIRLINE))
        ear = (np.abs(self.rest[:, 0]) > 7.25) & (self.rest[:, 1] < 2.2)
        return self.soften((inside & ~ear).astype(float), 5)

    @cached_property
    def beard(self) -> Floats:
        """Where a full beard grows, moustache included."""
        x, y, z = self.rest.T
        edge = np.array(BEARD_EDGE)
        top = np.interp(z, edge[:, 0], edge[:, 1])
        cheeks = (y < top) & (z > -5.0) & (y > -11.3) & (np.abs(x) < 7.0)
        lip_top = (np.abs(x) < 2.9) & (y < -4.75) & (z > 1.5)
        weight = (cheeks | lip_top) & (self.lips < 0.3) & (self.mouth_inside < 0.3)
        nostril = np.exp(-(((self.rest - self.at(2)) / [1.5, 0.45, 1.5]) ** 2).sum(1))
        return self.soften(weight.astype(float), 3) * (1 - nostril) * (self.lips < 0.4)

    @cached_property
    def lid_distance(self) -> Floats:
        """Distance to the nearest eyelid edge, centimetres."""
        best = np.full(len(self.rest), np.inf)
        for table in (UPPER_LID, LOWER_LID):
            for landmarks in table.values():
                best = np.minimum(best, geo.polyline_distance(self.rest, self.line(landmarks))[0])
        return best

    @cached_property
    def creases(self) -> dict[str, Floats]:
        """Depth patterns of the lines that expressions and age press into skin."""
        return {
            "forehead": self._forehead_lines(),
            "glabella": self._glabella_lines(),
            "nose": self._nose_lines(),
            "fold": self._nasolabial(),
            "crow": self._crow_feet(),
            "chin": self.blob(self.at(200), 0.9),
        }

    def _groove(self, distance: Floats, width: float) -> Floats:
        return np.exp(-((distance / width) ** 2))

    def _forehead_lines(self) -> Floats:
        x, y, z = self.rest.T
        bow = 0.22 * np.cos(x * 0.75) + 0.06 * np.sin(2.3 * x)
        lines = [self._groove(y - level - bow, 0.17) for level in (2.75, 3.5, 4.3)]
        reach = geo.smoothstep(4.6, 2.4, np.abs(x)) * (z > -1.5)
        return np.max(lines, axis=0) * reach

    def _glabella_lines(self) -> Floats:
        x, y, z = self.rest.T
        across = np.abs(x) - (0.62 + 0.14 * (y - 1))
        reach = geo.smoothstep(0.5, 1.0, y) * geo.smoothstep(2.7, 2.0, y) * (z > 0.5)
        return self._groove(across, 0.16) * reach

    def _nose_lines(self) -> Floats:
        x, y, z = self.rest.T
        lines = [self._groove(y - level + 0.25 * np.abs(x), 0.16) for level in (0.1, -0.6)]
        return np.max(lines, axis=0) * geo.smoothstep(1.25, 0.7, np.abs(x)) * (z > 1.2)

    def _nasolabial(self) -> Floats:
        weight = np.zeros(len(self.rest))
        for landmarks in ([129, 203, 206, 216, 212], [358, 423, 426, 436, 432]):
            distance, along = geo.polyline_distance(self.rest, self.line(landmarks))
            taper = geo.smoothstep(-0.05, 0.2, along) * geo.smoothstep(1.0, 0.6, along)
            weight = np.maximum(weight, self._groove(distance, 0.22) * taper)
        return weight * self.outside

    def _crow_feet(self) -> Floats:
        weight = np.zeros(len(self.rest))
        for side, corner in ((-1, self.at(33)), (1, self.at(263))):
            for rise in (0.55, 0.05, -0.5):
                end = corner + np.array([side * 1.7, rise, -1.3])
                start = corner + np.array([side * 0.45, rise * 0.3, -0.2])
                distance, along = geo.polyline_distance(self.rest, np.stack([start, end]))
                weight = np.maximum(
                    weight, self._groove(distance, 0.11) * geo.smoothstep(1, 0.3, along)
                )
        return weight * self.outside
