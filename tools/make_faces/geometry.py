"""Small mesh and curve helpers; plain NumPy, shared by every module."""

from __future__ import annotations

import itertools

import numpy as np
from scipy import sparse

from tools.make_faces.assets import Bools, Floats, Ints


def smoothstep(low: float, high: float, x: Floats) -> Floats:
    """Ramp from 0 at ``low`` to 1 at ``high`` (either may be the larger)."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def unit(vectors: Floats) -> Floats:
    """Scale vectors along the last axis to length one."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(length, 1e-9)


def vertex_normals(vertices: Floats, quads: Ints) -> Floats:
    """Return area-weighted normals; vertices without a face get zeros."""
    diagonal_a = vertices[quads[:, 2]] - vertices[quads[:, 0]]
    diagonal_b = vertices[quads[:, 3]] - vertices[quads[:, 1]]
    face = np.cross(diagonal_a, diagonal_b)
    normals = np.zeros_like(vertices)
    for corner in range(4):
        np.add.at(normals, quads[:, corner], face)
    return unit(normals)


def polyline_distance(points: Floats, line: Floats) -> tuple[Floats, Floats]:
    """Return the distance to a polyline and the position along it (0..1)."""
    best = np.full(len(points), np.inf)
    along = np.zeros(len(points))
    lengths = np.linalg.norm(np.diff(line, axis=0), axis=1)
    start = np.concatenate([[0], np.cumsum(lengths)]) / lengths.sum()
    for i, (a, b) in enumerate(itertools.pairwise(line)):
        d = b - a
        t = np.clip((points - a) @ d / max(float(d @ d), 1e-12), 0, 1)
        distance = np.linalg.norm(points - (a + t[:, None] * d), axis=1)
        closer = distance < best
        best[closer] = distance[closer]
        along[closer] = start[i] + t[closer] * (start[i + 1] - start[i])
    return best, along


def inside_polygon(points: Floats, corners: Floats) -> Bools:
    """Tell which 2-D points lie in a polygon (even-odd rule)."""
    x, y = points.T
    inside = np.zeros(len(points), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
            inside ^= crosses
    return inside


def compact(quads: Ints) -> tuple[Ints, Ints]:
    """Return the used vertex indices, and the quads re-numbered onto them."""
    used, inverse = np.unique(quads, return_inverse=True)
    return used, inverse.reshape(quads.shape)


def _edges(quads: Ints) -> tuple[Ints, Ints]:
    """Return the unique edges (e, 2) and each quad's four edge indices."""
    pairs = np.stack([quads, np.roll(quads, -1, axis=1)], -1).reshape(-1, 2)
    edges, inverse = np.unique(np.sort(pairs, axis=1), axis=0, return_inverse=True)
    return edges, inverse.reshape(quads.shape)


def subdivide(n: int, quads: Ints) -> tuple[sparse.csr_matrix, Ints]:
    """Return one Catmull-Clark step as a matrix, with the finer quads.

    Parameters
    ----------
    n
        Number of vertices.
    quads
        (m, 4) vertex indices.

    Returns
    -------
    (k, n) sparse matrix that maps coarse to fine vertices, and (4m, 4) quads

    References
    ----------
    Catmull & Clark (1978), Computer-Aided Design 10(6).
    """
    m = len(quads)
    edges, quad_edges = _edges(quads)
    e = len(edges)
    rows = np.arange(m).repeat(4)
    face = sparse.csr_matrix((np.full(4 * m, 0.25), (rows, quads.ravel())), (m, n))
    ends = sparse.csr_matrix((np.full(2 * e, 0.5), (np.arange(e).repeat(2), edges.ravel())), (e, n))
    sides = sparse.csr_matrix((np.ones(4 * m), (quad_edges.ravel(), rows)), (e, m))
    faces_per_edge = np.asarray(sides.sum(1)).ravel()
    border = faces_per_edge < 2
    inner = 0.5 * ends + 0.25 * (sides @ face)
    edge = sparse.diags((~border).astype(float)) @ inner + sparse.diags(border.astype(float)) @ ends
    vertex = _vertex_rule(n, quads, edges, border, face, ends)
    fine = sparse.vstack([vertex, edge, face]).tocsr()
    corner, edge_id, face_id = quads, n + quad_edges, n + e + np.arange(m)
    new = [np.stack([corner[:, k], edge_id[:, k], face_id, edge_id[:, k - 1]], 1) for k in range(4)]
    return fine, np.stack(new, 1).reshape(-1, 4)


def _vertex_rule(
    n: int,
    quads: Ints,
    edges: Ints,
    border: Bools,
    face: sparse.csr_matrix,
    ends: sparse.csr_matrix,
) -> sparse.csr_matrix:
    m, e = len(quads), len(edges)
    touch_face = sparse.csr_matrix(
        (np.ones(4 * m), (quads.ravel(), np.arange(m).repeat(4))), (n, m)
    )
    touch_edge = sparse.csr_matrix(
        (np.ones(2 * e), (edges.ravel(), np.arange(e).repeat(2))), (n, e)
    )
    valence = np.maximum(np.asarray(touch_face.sum(1)).ravel(), 1)
    inv = sparse.diags(1 / valence)
    identity = sparse.identity(n, format="csr")
    inner = inv @ (
        inv @ (touch_face @ face)
        + 2 * inv @ (touch_edge @ ends)
        + sparse.diags(valence - 3) @ identity
    )
    rim_edges = touch_edge @ sparse.diags(border.astype(float))
    on_border = np.asarray(rim_edges.sum(1)).ravel() > 0
    rim_count = np.maximum(np.asarray(rim_edges.sum(1)).ravel(), 1)
    rim = 0.5 * identity + 0.5 * sparse.diags(1 / rim_count) @ (rim_edges @ ends)
    keep_in, keep_rim = (~on_border).astype(float), on_border.astype(float)
    return sparse.diags(keep_in) @ inner + sparse.diags(keep_rim) @ rim


def smoothing(n: int, quads: Ints) -> sparse.csr_matrix:
    """Return a matrix that replaces each vertex value by its neighbours' mean."""
    edges, _ = _edges(quads)
    both = np.concatenate([edges, edges[:, ::-1]])
    link = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), (n, n))
    degree = np.asarray(link.sum(1)).ravel()
    alone = sparse.diags((degree == 0).astype(float))
    return sparse.diags(1 / np.maximum(degree, 1)) @ link + alone


def sample_surface(
    quads: Ints, vertices: Floats, weight: Floats, count: int, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Draw points on the surface with a density that follows a vertex weight.

    Returns
    -------
    (count, 4) vertex indices and (count, 4) bilinear weights: multiply the
    vertices of any pose by the weights to get the points in that pose
    """
    diagonal_a = vertices[quads[:, 2]] - vertices[quads[:, 0]]
    diagonal_b = vertices[quads[:, 3]] - vertices[quads[:, 1]]
    area = np.linalg.norm(np.cross(diagonal_a, diagonal_b), axis=1)
    density = weight[quads].mean(1) * area
    chosen = rng.choice(len(quads), count, p=density / density.sum())
    u, v = rng.random((2, count))
    bilinear = np.stack([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v], 1)
    return quads[chosen], bilinear


def interpolate(vertices: Floats, roots: tuple[Ints, Floats]) -> Floats:
    """Evaluate points drawn by `sample_surface` on a set of vertex values."""
    index, weight = roots
    values = vertices[index]
    if values.ndim == 2:
        return (values * weight).sum(1)
    return (values * weight[..., None]).sum(1)
