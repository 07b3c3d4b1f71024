"""Where masks lie on the cheeks, and how their bands go on from there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator

from maskface.mesh import canonical_mesh
from maskface.occluders.drawing.garment import Sheet
from maskface.occluders.drawing.geometry import head_fit
from maskface.occluders.drawing.raster import quads_of
from maskface.occluders.drawing.sheets import draw_garment
from maskface.occluders.worn.cloth_masks import FashionMask
from maskface.occluders.worn.mask_shapes import CONTOURED, MOULDED
from maskface.occluders.worn.straps import band_cloth, bands
from maskface.occluders.worn.surface import Shape, Wearing, sheet_of, surface_of, wear
from tests.fixtures.faces import made_landmarks

BLACK = (0, 0, 0)


@pytest.mark.parametrize("shape", [CONTOURED, MOULDED])
def test_the_upper_edge_does_not_sink_into_the_cheeks(shape: Shape) -> None:
    # It was 1.9 cm deep, and its corner stood out again beside a turned face.
    edge = sheet_of(shape, 17, 35)[0]
    face = canonical_mesh().vertices
    before = edge[:, 2] - LinearNDInterpolator(face[:, :2], face[:, 2])(edge[:, 0], edge[:, 1])
    assert np.nanmin(before) > -0.9


def test_bands_face_as_the_mask_does_where_they_begin() -> None:
    surface = surface_of(MOULDED, 20.0)
    rows, columns = surface.shape
    normals = surface.normals.reshape(rows, columns, 3)
    right, left = (sheet.surface for sheet in bands(surface, (0, 0, 0)))
    for band, start, edge in ((right, -1, 0), (left, 0, -1)):
        own = band.normals.reshape(*band.shape, 3)[:, start]
        assert own[0] == pytest.approx(normals[0, edge], abs=1e-9)
        assert own[-1] == pytest.approx(normals[-1, edge], abs=1e-9)
        assert np.linalg.norm(band.normals, axis=1) == pytest.approx(1)


@pytest.mark.parametrize("wearing", ["nose_out", "under_lip", "chin"])
def test_pulled_down_bands_are_strips_in_one_piece_from_the_front(wearing: Wearing) -> None:
    # They once were twisted, seen edge-on and cut in dashes.
    right, left = (
        sheet.surface for sheet in bands(surface_of(wear(MOULDED, wearing), 20.0), BLACK)
    )
    for band in (right, left):
        halves = quads_of(band.vertices * [1, -1, -1], band.shape).halves
        assert all((half == 1).all() for half in halves)


@pytest.mark.parametrize("wearing", ["under_lip", "chin"])
@pytest.mark.parametrize("yaw", [-30, -20, 20, 25, 30, 40])
def test_pulled_down_bands_leave_no_scraps_on_the_far_side(wearing: Wearing, yaw: int) -> None:
    face = made_landmarks(yaw=yaw)
    fit, garment = head_fit(face), FashionMask(wearing=wearing).garment(20.0)
    far = garment.items[1 if yaw < 0 else 2]
    assert isinstance(far, Sheet)
    alpha = draw_garment(fit, replace(garment, items=(far,)), None, (400, 400)).alpha
    # Nothing but its root beside the mask; these once were up to 143 pixels.
    lowest = fit.project(far.surface.vertices)[:, 1].max()
    assert (alpha[: int(lowest - 3.5 * fit.scale)] > 40).sum() <= 5


def test_a_band_is_whole_up_to_its_opening() -> None:
    # A faint cut once went on from the tip of the opening.
    opacity = band_cloth((200, 200, 200)).opacity
    assert opacity is not None
    height, width = opacity[0].shape
    middle = opacity[0][height // 2 - 3 : height // 2 + 4]
    assert middle[:, round(0.1 * width) : round(0.7 * width)].min() > 250
    assert middle[:, round(0.8 * width)].max() < 5
