from __future__ import annotations

import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskface.classifiers.protobuf import read_fields, read_varint
from maskface.mesh import CHIN, FACE_OVAL, MOUTH_CORNERS, NOSE_TIP, canonical_mesh
from maskface.weights import manifest
from tests.unit.onnx_files import read_floats, read_integers


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


@given(st.integers(0, 2**63), st.binary(max_size=3))
def test_varint_round_trip(value: int, rest: bytes) -> None:
    assert read_varint(varint(value) + rest, 0) == (value, len(varint(value)))


def test_packed_and_unpacked_fields_read_alike() -> None:
    packed = b"\x1a\x08" + struct.pack("<2f", 1.5, -2.0) + b"\x22\x03" + b"\x01\xac\x02"
    spread = (
        b"\x1d"
        + struct.pack("<f", 1.5)
        + b"\x1d"
        + struct.pack("<f", -2.0)
        + b"\x20\x01\x20\xac\x02"
    )
    for message in (packed, spread, b"\x09" + bytes(8) + packed):
        assert read_floats(message, 3).tolist() == [1.5, -2.0]
        assert read_integers(message, 4).tolist() == [1, 300]


def test_broken_messages_are_refused() -> None:
    with pytest.raises(ValueError, match="ends inside field 3"):
        list(read_fields(b"\x1a\x08\x00"))
    with pytest.raises(ValueError, match="wire type 3"):
        list(read_fields(b"\x0b"))


def test_canonical_mesh_is_the_published_one() -> None:
    mesh = canonical_mesh()
    assert mesh.vertices.shape == (468, 3)
    assert mesh.uv.shape == (468, 2)
    assert mesh.triangles.shape == (898, 3)
    assert set(mesh.triangles.ravel().tolist()) == set(range(468))
    # First two vertices of canonical_face_model.obj in the MediaPipe repository.
    np.testing.assert_allclose(mesh.vertices[0], [0, -3.406404, 5.979507], atol=1e-5)
    np.testing.assert_allclose(mesh.vertices[1], [0, -1.126865, 7.475604], atol=1e-5)
    assert ((mesh.uv >= 0) & (mesh.uv <= 1)).all()


def test_canonical_mesh_is_that_of_the_face_landmarker() -> None:
    with zipfile.ZipFile(manifest()["face_landmarker.task"].path) as task:
        metadata = task.read("geometry_pipeline_metadata_landmarks.binarypb")
    # Field numbers of mediapipe/tasks/cc/vision/face_geometry/proto: the mesh is field 1 of
    # geometry_pipeline_metadata.proto; of mesh_3d.proto, vertices (x, y, z, u, v) are field 3 and
    # triangles field 4.
    bundled = dict(read_fields(metadata))[1]
    vertices = read_floats(bundled, 3).reshape(-1, 5)
    mesh = canonical_mesh()
    np.testing.assert_array_equal(mesh.vertices, vertices[:, :3])
    np.testing.assert_array_equal(mesh.uv, vertices[:, 3:])
    np.testing.assert_array_equal(mesh.triangles, read_integers(bundled, 4).reshape(-1, 3))
    for array, kind in ((mesh.vertices, "f4"), (mesh.uv, "f4"), (mesh.triangles, "i4")):
        assert array.dtype == kind


def test_canonical_mesh_is_symmetric() -> None:
    vertices = canonical_mesh().vertices
    mirrored = vertices * [-1, 1, 1]
    distance = np.linalg.norm(vertices[:, None] - mirrored[None], axis=2).min(axis=1)
    assert distance.max() < 1e-3
    assert vertices[MOUTH_CORNERS[0], 0] == pytest.approx(-vertices[MOUTH_CORNERS[1], 0])
    assert vertices[MOUTH_CORNERS[0], 0] < 0  # the person's right comes first


def test_axes_point_where_they_are_said_to() -> None:
    mesh = canonical_mesh()
    assert mesh.vertices[:, 2].argmax() in (1, 4)  # the nose sticks out
    assert mesh.vertices[CHIN, 1] == mesh.vertices[:, 1].min()
    assert mesh.uv[CHIN, 1] > mesh.uv[NOSE_TIP, 1]
    corners = mesh.vertices[mesh.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normals[:, 2] > 0).mean() > 0.95


def test_canonical_mesh_cannot_be_changed() -> None:
    mesh = canonical_mesh()
    assert mesh is canonical_mesh()
    with pytest.raises(ValueError, match="read-only"):
        mesh.vertices[0] = 0


def test_face_oval_is_one_closed_outline() -> None:
    assert len(FACE_OVAL) == len(set(FACE_OVAL)) == 36
    edges = {tuple(sorted(edge)) for t in canonical_mesh().triangles.tolist() for edge in
             ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))}  # fmt: skip
    around = zip(FACE_OVAL, (*FACE_OVAL[1:], FACE_OVAL[0]), strict=True)
    assert all(tuple(sorted(edge)) in edges for edge in around)
