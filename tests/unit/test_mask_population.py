"""Masks of a population sit and look differently, as those of people do, and hide the mouth."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from maskface.mesh import LOWER_LIP, MOUTH_CORNERS, NOSE_TIP
from maskface.occluders import get_occluder
from maskface.occluders.worn.individual import USUAL, Individual
from maskface.occluders.worn.mask_shapes import CONTOURED, FOLDED
from maskface.occluders.worn.placement import UNIT, Placement, Population, placed
from maskface.occluders.worn.surface import SURGICAL, Shape, sheet_of
from maskface.occluders.worn.surgical import cloth
from tests.fixtures.faces import made_landmarks, made_picture

KINDS = ("surgical", "ffp2", "n95", "cloth", "fashion", "window_mask", "clear", "texture")


@pytest.mark.parametrize("name", KINDS)
def test_each_seed_has_its_own_mask_and_the_same_seed_the_same(name: str) -> None:
    face = made_landmarks()
    picture = made_picture(face)
    first, again, other = (
        get_occluder(f"{name}:vary=real").apply(picture, face, seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.image, again.image)
    assert (first.alpha != other.alpha).mean() > 0.003


@pytest.mark.parametrize("name", KINDS)
def test_without_variation_all_seeds_have_the_same_outline(name: str) -> None:
    face = made_landmarks()
    picture = made_picture(face)
    one, other = (get_occluder(name).apply(picture, face, seed=seed) for seed in (1, 2))
    assert np.array_equal(one.alpha, other.alpha)


def test_a_control_hides_what_the_varied_mask_hides() -> None:
    face = made_landmarks()
    picture = made_picture(face)
    mask, fill = (
        get_occluder(spec).apply(picture, face, seed=5)
        for spec in ("surgical:vary=real", "fill:region=surgical(vary=real)")
    )
    assert np.array_equal(mask.alpha, fill.alpha)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["surgical", "ffp2", "cloth", "fashion"])
@pytest.mark.parametrize("drop", [0.0, 2.0])
def test_nose_and_mouth_are_always_hidden(name: str, drop: float) -> None:
    face = made_landmarks(jaw_drop=drop)
    picture = made_picture(face)
    for seed in range(40):
        covered = get_occluder(f"{name}:vary=real").apply(picture, face, seed=seed).covered
        assert covered[[NOSE_TIP, LOWER_LIP, *MOUTH_CORNERS]].all(), seed
        assert not covered[[33, 133, 263, 362]].any(), seed


def test_the_usual_placement_is_the_mask_itself() -> None:
    assert placed(SURGICAL, Placement()) == SURGICAL


def test_placements_have_the_spread_they_are_drawn_from() -> None:
    wanted = Population()
    rng = np.random.default_rng(0)
    drawn = [wanted.draw(rng) for _ in range(4000)]
    for name, spread in (("top", 0.076), ("upper", 0.060), ("lower", 0.125), ("shift", 0.037)):
        values = np.array([getattr(one, name) for one in drawn]) / UNIT
        assert values.std() == pytest.approx(spread, rel=0.06)
        assert abs(values.mean()) < 0.02
    top, outer, bottom = (
        np.array([getattr(one, name) for one in drawn]) for name in ("top", "upper", "bottom")
    )
    assert np.corrcoef(top, outer)[0, 1] == pytest.approx(0.6, abs=0.05)
    assert abs(np.corrcoef(top, bottom)[0, 1]) < 0.05
    assert np.std([one.tilt for one in drawn]) == pytest.approx(1.9, rel=0.05)


@pytest.mark.parametrize("shape", [SURGICAL, CONTOURED, FOLDED])
def test_rows_of_placed_cloth_do_not_cross(shape: Shape) -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        sheet = sheet_of(placed(shape, Population().draw(rng)), 17, 35)
        inner = sheet[:, 4:-4]  # seen edge-on, the sides may
        assert (np.diff(inner[..., 1], axis=0) < 0).all()


def test_raising_the_upper_edge_leaves_the_lower_one() -> None:
    face = made_landmarks()
    picture = made_picture(face)
    lowest = [
        np.nonzero(get_occluder(f"surgical:top={top}").apply(picture, face).alpha > 127)[0].max()
        for top in (60, 75, 90, 100)
    ]
    assert np.ptp(lowest) <= 1


def test_no_two_masks_have_the_same_folds() -> None:
    levels = [cloth(Individual(seed), fine=False).levels[2] for seed in range(12)]
    inner = [level[10:-10, 10:-10] - level[10:-10, 10:-10].mean() for level in levels]
    found = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in combinations(inner, 2)]
    assert np.mean(found) < 0.15
    assert max(found) < 0.7
    assert np.array_equal(cloth(USUAL).levels[0], cloth().levels[0])
