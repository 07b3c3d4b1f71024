"""How a mask is worn decides what it covers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import LinearNDInterpolator

from maskface.errors import MaskfaceError
from maskface.mesh import CHIN, LOWER_LIP, MOUTH_CORNERS, NOSE_TIP, canonical_mesh
from maskface.occluders import SurgicalMask, get_occluder, occluder_name
from maskface.occluders.worn.mask_shapes import CONTOURED, FOLDED, MOULDED
from maskface.occluders.worn.surface import (
    CHIN_LEVEL,
    EYE_LEVEL,
    SURGICAL,
    Shape,
    Wearing,
    sheet_of,
    top_level,
    wear,
)
from maskface.types import Occlusion
from tests.fixtures.faces import made_landmarks, made_picture

UPPER_LIP = 0
SUBNASALE = 2


def worn(
    wearing: Wearing = "correct", top: float | None = None, yaw: float = 0, pitch: float = 0
) -> Occlusion:
    face = made_landmarks(yaw=yaw, pitch=pitch)
    return SurgicalMask(wearing=wearing, top=top).apply(made_picture(face), face)


@pytest.mark.parametrize(
    ("wearing", "hidden", "free"),
    [
        ("correct", [NOSE_TIP, UPPER_LIP, LOWER_LIP, CHIN, *MOUTH_CORNERS], [168]),
        ("loose", [NOSE_TIP, UPPER_LIP, LOWER_LIP, CHIN, *MOUTH_CORNERS], [168]),
        ("tight", [NOSE_TIP, UPPER_LIP, LOWER_LIP, CHIN, *MOUTH_CORNERS], [168]),
        ("nose_out", [UPPER_LIP, LOWER_LIP, CHIN, *MOUTH_CORNERS], [NOSE_TIP, SUBNASALE, 4]),
        ("under_lip", [CHIN, 200], [NOSE_TIP, UPPER_LIP, LOWER_LIP]),
        ("chin", [CHIN], [NOSE_TIP, UPPER_LIP, LOWER_LIP, 18]),
        ("one_ear", [], [NOSE_TIP, UPPER_LIP, LOWER_LIP, CHIN, *MOUTH_CORNERS]),
    ],
)
@pytest.mark.parametrize("yaw", [-20, 0, 20])
def test_what_is_covered(wearing: Wearing, hidden: list[int], free: list[int], yaw: int) -> None:
    covered = worn(wearing, yaw=yaw).covered
    assert covered[hidden].all()
    assert not covered[free].any()


@settings(max_examples=20, deadline=None)
@given(
    tops=st.tuples(st.floats(0, 100), st.floats(0, 100)),
    yaw=st.floats(-40, 40),
    pitch=st.floats(-15, 15),
)
def test_a_higher_edge_hides_more(tops: tuple[float, float], yaw: float, pitch: float) -> None:
    low, high = (worn(top=top, yaw=yaw, pitch=pitch).coverage for top in sorted(tops))
    assert low <= high + 0.005


def test_the_sweep_goes_from_the_loops_alone_to_more_than_a_mask_without_leaps() -> None:
    covered = np.array([worn(top=top).coverage for top in range(0, 101, 4)])
    assert covered[0] < 0.06
    assert covered[-1] > worn().coverage
    assert np.diff(covered).max() < 0.05
    assert (np.diff(covered) > 0).all()


def test_the_upper_edge_is_where_it_is_said_to_be() -> None:
    assert top_level(0) == CHIN_LEVEL
    assert top_level(100) == pytest.approx(EYE_LEVEL)
    face = made_landmarks()  # 12 px a cm, head origin at row 150
    for top in (30, 50, 70, 90):
        alpha = worn(top=top).alpha
        first = int(np.flatnonzero(alpha[:, 150] > 127)[0])
        assert first == pytest.approx(150 - 12 * top_level(top), abs=3)
    assert face.points[CHIN, 1] == pytest.approx(150 - 12 * CHIN_LEVEL, abs=2)


def test_the_usual_height_changes_nothing() -> None:
    usual = 100 * (SURGICAL.middle[0][0] - CHIN_LEVEL) / (EYE_LEVEL - CHIN_LEVEL)
    moved = wear(SURGICAL, "correct", usual)
    for own, same in zip(SURGICAL.middle + SURGICAL.side, moved.middle + moved.side, strict=True):
        assert same == pytest.approx(own, abs=1e-6)


def test_slack_keeps_the_edges() -> None:
    loose, tight = wear(SURGICAL, "loose"), wear(SURGICAL, "tight")
    assert tight.middle[0] == SURGICAL.middle[0]
    for (_, near), (_, usual), (_, far) in list(
        zip(tight.middle, SURGICAL.middle, loose.middle, strict=True)
    )[3:]:
        assert near < usual < far + 0.5
    assert tight.side == SURGICAL.side


@pytest.mark.slow
@pytest.mark.parametrize("wearing", ["nose_out", "under_lip", "chin"])
@pytest.mark.parametrize(
    ("shape", "deepest"), [(SURGICAL, 0.9), (CONTOURED, 1.2), (MOULDED, 1.2), (FOLDED, 1.5)]
)
def test_pulled_down_it_lies_on_the_cheeks(shape: Shape, deepest: float, wearing: Wearing) -> None:
    # It once kept its ridge for the nose: 2 to 3 cm deep in the cheeks, it flared in front of the
    # far side of a turned face, and a fin of cloth stood before the lips.
    edge = sheet_of(wear(shape, wearing), 17, 35)[0]
    face = canonical_mesh().vertices
    before = edge[:, 2] - LinearNDInterpolator(face[:, :2], face[:, 2])(edge[:, 0], edge[:, 1])
    before = before[np.isfinite(before)]  # beyond the ears there is no mesh
    assert len(before) > 25
    assert before.min() > -deepest
    assert before.max() < 1.5


def test_a_hanging_mask_hangs_beside_the_face() -> None:
    result = worn("one_ear")
    columns = np.nonzero(result.alpha > 127)[1]
    assert columns.max() < 150 - 12 * 4  # the person's right is left in the picture
    assert 0 < result.coverage < 0.12


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("surgical:top=101", "0 to 100 .0 at the chin, 100 at the eyes"),
        ("surgical:top=-1", "0 to 100 .0 at the chin, 100 at the eyes"),
        ("surgical:top=high", "top"),
        ("surgical:wearing=chin,top=20", "leave one out"),
        ("surgical:wearing=sideways", "'under_lip'"),
    ],
)
def test_bad_values(spec: str, message: str) -> None:
    with pytest.raises(MaskfaceError, match=message):
        get_occluder(spec)


@pytest.mark.parametrize("spec", ["surgical:top=40.0", "surgical:colour=white,wearing=nose_out"])
def test_names_go_there_and_back(spec: str) -> None:
    assert occluder_name(get_occluder(spec)) == spec


def test_all_ways_of_wearing_differ() -> None:
    ways: list[Wearing] = ["correct", "nose_out", "under_lip", "chin", "one_ear", "loose", "tight"]
    alphas = [worn(way).alpha for way in ways]
    assert all((a != b).any() for a, b in pairwise(alphas))


def test_a_hanging_mask_goes_out_of_sight_with_its_ear() -> None:
    # It once hung before the far lips.
    seen = np.array([int((worn("one_ear", yaw=yaw).alpha > 127).sum()) for yaw in range(-42, 1, 2)])
    assert seen[0] == 0
    assert seen[1] <= 0.002 * seen[-1]
    assert (np.diff(seen) >= 0).all()
    # Without a leap: in steps of 2 degrees.
    assert np.diff(seen).max() < 0.1 * seen[-1]
