"""Maps of the face against planted readers, whose regions are known."""

from __future__ import annotations

import itertools
import json
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress

from maskface.analyses import MAPS, REGIONS, map_tables, map_text
from maskface.analyses.region_maps import (
    flipped_z,
    map_places,
    over_maps,
    picture_maps,
    region_of,
    shuffled_z,
)
from maskface.errors import MaskfaceError
from maskface.mesh import FEATURES, canonical_mesh
from maskface.occluders import get_occluder, occluder_name
from maskface.occluders.controls.frame import face_size, to_places
from maskface.seeds import derived_seed
from maskface.tables import TRIALS
from maskface.types import EMOTIONS
from tests.fixtures.faces import made_landmarks, noise_picture
from tests.unit.test_stats import trial

GRID = [f"spot:x={x},y={y},size=0.2" for x in (0.14, 0.32, 0.5, 0.68, 0.86)
        for y in (0.26, 0.42, 0.58, 0.74)]  # fmt: skip
SAMPLES = [f"bubbles:n=30,sample={k},size=0.07" for k in range(10)]
PICTURE = noise_picture()


def read(region: str, specs: list[str], n: int = 9, seed: int = 0) -> pd.DataFrame:
    """Trials of a reader that sees one region's pixels alone, or nothing but noise."""
    rows = []
    rng = np.random.default_rng(seed)
    for i in range(n):
        face = made_landmarks(yaw=rng.uniform(-15, 15), roll=rng.uniform(-20, 20), scale=12.5)
        for spec in ("none", *specs):
            occluder = get_occluder(spec)
            condition = occluder_name(occluder)
            own = derived_seed(0, f"i{i}", condition)
            drawn = occluder.apply(PICTURE, face, seed=own)
            p = rng.uniform(0.3, 0.9)
            if region in FEATURES:
                inside = np.zeros((300, 300), np.uint8)
                outline = np.round(face.points[list(FEATURES[region]), :2]).astype(np.int32)
                cv2.fillPoly(inside, [outline], 1)
                p = 0.1 + 0.8 * (1 - drawn.alpha[inside > 0].mean() / 255)
            answer = "happiness" if p > 0.5 else "neutral"
            rows.append(
                trial(f"i{i}", condition, "happiness", answer, f"S{i:02}", seed=own)
                | {"occluder": occluder.name, "params": json.dumps(dict(occluder.params))}
                | {"coverage": drawn.coverage}
                | {f"p_{e}": p if e == "happiness" else (1 - p) / 6 for e in EMOTIONS}
            )
    return TRIALS.frame(rows)


def only(table: pd.DataFrame, **cells: Any) -> pd.DataFrame:
    for name, value in cells.items():
        table = table[table[name] == value]
    return table


@pytest.mark.slow
@pytest.mark.parametrize("region", ["mouth", "left brow", "nose"])
def test_a_map_finds_the_only_region_that_is_read(region: str) -> None:
    trials = read(region, [*GRID, *SAMPLES])
    maps, regions = map_tables(trials, n_resamples=100)
    truth = to_places(canonical_mesh().vertices[list(FEATURES[region])].astype(float))
    named = region_of(truth.mean(axis=0, keepdims=True))[0]
    for method, reach in (("spots", 0.12), ("bubbles", 0.15)):
        one = only(maps, label="all", method=method)
        best = one.iloc[int(one["value"].to_numpy().argmax())]
        place = np.array([best["x"], best["y"]], float)
        assert np.linalg.norm((truth - place) * face_size(), axis=1).min() < reach * face_size()[0]
        assert best["significant"] == 1
        assert best["ci_low"] > 0
        sure = only(one, significant=1)
        helps = sure[sure["value"] > 0][["x", "y"]].to_numpy(float)
        away = (helps[:, None] - truth) * face_size()
        # A spot's corner, or the far tail of two apertures.
        assert np.linalg.norm(away, axis=2).min(axis=1).max() < 0.25 * face_size()[0]
        by_region = only(regions, label="all", method=method).set_index("region")["value"]
        assert by_region[["eyes", "nose", "mouth", "elsewhere"]].idxmax() == named
    contrast = only(regions, label="all", method="spots", region="mouth minus eyes").iloc[0]
    assert {"mouth": 1, "left brow": -1, "nose": 0}[region] in (0, np.sign(contrast["value"]))
    assert f"most at {named}" in map_text(maps, regions)


@pytest.mark.slow
def test_a_reader_of_noise_has_an_empty_map() -> None:
    trials = read("nothing", [*GRID, *SAMPLES[:4]], n=12, seed=5)
    maps, _ = map_tables(trials, n_resamples=50)
    assert not maps["significant"].any()
    assert maps["p_adjusted"].between(0, 1).all()
    MAPS.check(maps)


@pytest.mark.slow
def test_the_error_rate_of_whole_maps_is_kept() -> None:
    rng = np.random.default_rng(1)
    mixing = rng.normal(size=(40, 40)) * (rng.random((40, 40)) < 0.2)
    wrong = [
        (flipped_z(rng.standard_t(3, (14, 40)) @ mixing, seed=k)[1] < 0.05).any()
        for k in range(200)
    ]
    assert 0.01 < np.mean(wrong) < 0.1


def test_flips_are_those_of_all_signs() -> None:
    gain = np.random.default_rng(0).normal(0.4, 1, (6, 5))
    z, p = flipped_z(gain, seed=0)
    scaled = gain / np.sqrt((gain**2).sum(axis=0))
    np.testing.assert_allclose(z, scaled.sum(axis=0))
    most = [np.abs(np.array(s) @ scaled).max() for s in itertools.product((-1, 1), repeat=6)]
    expected = [(np.array(most) >= abs(one) - 1e-10).mean() for one in z]
    np.testing.assert_allclose(p, expected)
    assert flipped_z(np.zeros((3, 2)), seed=0)[1].tolist() == [1, 1]


def test_shuffles_are_those_of_all_ways_within_pictures() -> None:
    rng = np.random.default_rng(4)
    picture = np.repeat([0, 1], [4, 3])
    opened, response = rng.random((7, 3)) ** 4, rng.random(7) ** 3
    for rows in (slice(0, 4), slice(4, 7)):
        opened[rows] -= opened[rows].mean(axis=0)
        response[rows] -= response[rows].mean()
    ways = [
        response[[*first, *second]] @ opened
        for first in itertools.permutations(range(4))
        for second in itertools.permutations(range(4, 7))
    ]
    spread = np.std(ways, axis=0)
    z, p = shuffled_z(opened, response, picture, seed=0)
    np.testing.assert_allclose(z, response @ opened / spread)
    largest = np.abs(ways / spread).max(axis=1)
    expected = [(largest >= abs(one) - 1e-9).mean() for one in z]
    np.testing.assert_allclose(p, expected)  # 4! 3! ways: all are tried


@pytest.mark.slow
def test_the_error_rate_of_bubbles_is_kept() -> None:
    """Skewed responses and openings, eight samples of each of ten pictures."""
    rng = np.random.default_rng(6)
    picture = np.repeat(np.arange(10), 8)
    wrong = []
    for k in range(150):
        opened, response = rng.random((10, 8, 30)) ** 6, rng.random((10, 8)) ** 6
        opened -= opened.mean(axis=1, keepdims=True)
        response -= response.mean(axis=1, keepdims=True)
        samples = opened.reshape(80, 30), response.ravel(), picture
        wrong.append((shuffled_z(*samples, seed=k, n_draws=1000)[1] < 0.05).any())
    assert 0.01 < np.mean(wrong) < 0.1


def test_spots_are_differences_of_means() -> None:
    trials = read("mouth", GRID[:3], n=4)
    maps, _ = map_tables(trials, measure="correct", n_resamples=20)
    for spec in GRID[:3]:
        occluder = get_occluder(spec)
        means = trials.groupby("condition")["correct"].mean()
        row = only(maps, label="happiness", x=occluder.params["x"], y=occluder.params["y"]).iloc[0]
        expected = float(means["none"] - means[occluder_name(occluder)])
        assert row["value"] == pytest.approx(expected, abs=1e-6)
        assert (row["n"], row["n_clusters"], row["measure"]) == (4, 4, "correct")


@pytest.mark.slow
def test_bubbles_are_slopes_within_pictures() -> None:
    trials = read("mouth", SAMPLES, n=3)
    (made,) = picture_maps(trials, "p_true")
    place = int(np.argmin(np.linalg.norm(made.places - [0.5, 0.72], axis=1)))
    maps, _ = map_tables(trials, n_resamples=20)
    x, y = made.places[place]
    row = maps[(maps["label"] == "all") & (maps["x"].sub(x).abs() + maps["y"].sub(y).abs() < 1e-5)]
    opened, response = [], []
    for _, picture in trials[trials["occluder"] == "bubbles"].groupby("image_id"):
        one = [_open_at(x, y, int(seed)) for seed in picture["seed"]]
        opened += list(np.array(one) - np.mean(one))
        p = picture["p_happiness"].to_numpy(float)
        response += list(p - p.mean())
    assert row["value"].item() == pytest.approx(linregress(opened, response).slope, abs=2e-3)


def _open_at(x: float, y: float, seed: int) -> float:
    """How open a frontal face is at a place, from the drawn picture."""
    face = made_landmarks(scale=12.5)
    bare = np.full((300, 300, 3), 128, np.uint8)
    alpha = get_occluder("bubbles:n=30,size=0.07").apply(bare, face, seed=seed).alpha
    left, top = canonical_mesh().vertices[:, 0].min(), canonical_mesh().vertices[:, 1].max()
    column = 150 + 12.5 * (left + x * face_size()[0])
    row = 150 - 12.5 * (top - y * face_size()[1])
    near = alpha[int(row) : int(row) + 2, int(column) : int(column) + 2].astype(float)
    across, down = column % 1, row % 1
    weights = np.outer([1 - down, down], [1 - across, across])
    return float(1 - (near * weights).sum() / 255)


def test_regions_are_where_the_features_are() -> None:
    vertices = canonical_mesh().vertices.astype(float)
    for name, outline in FEATURES.items():
        expected = "eyes" if "eye" in name or "brow" in name else name
        middle = to_places(vertices[list(outline)]).mean(axis=0, keepdims=True)
        assert region_of(middle) == [expected]
    assert region_of(np.array([(0.5, 0.05), (0.1, 0.6), (0.5, 0.95)])) == ["elsewhere"] * 3
    names = pd.Series(region_of(map_places())).value_counts(normalize=True)
    assert 0.5 < names["elsewhere"] < 0.8


def test_what_no_map_can_be_made_of() -> None:
    with pytest.raises(MaskfaceError, match=r"Add occluders such as spot:x=0\.3"):
        map_tables(read("mouth", ["surgical", SAMPLES[0]], n=2))
    with pytest.raises(MaskfaceError, match="of one size"):
        map_tables(read("mouth", [GRID[0], "spot:size=0.4"], n=2))


def test_tables_say_what_they_stand_on() -> None:
    trials = read("mouth", GRID[:2], n=2)
    maps, regions = map_tables(trials.assign(subject_id=""), n_resamples=20)
    assert set(maps["clustered_by"]) == {"image"}
    assert set(REGIONS.check(regions)["n_clusters"]) == {2}
    single, _ = map_tables(trials[trials["image_id"] == "i0"], n_resamples=20)
    assert single["ci_low"].isna().all()
    assert set(single["interval"]) == {""}
    assert not single["significant"].any()


def test_p_values_are_corrected_for_the_number_of_maps() -> None:
    # Two maps of two places over all emotions, and three maps of one place of single emotions.
    maps = pd.DataFrame(
        [
            *[("a", "all", 0.01), ("a", "all", 0.6), ("b", "all", 0.02), ("b", "all", 0.03)],
            *[("a", "fear", 0.01), ("a", "anger", 0.02), ("b", "fear", 0.5)],
        ],
        columns=["classifier", "label", "p_adjusted"],
    ).assign(dataset="d", method="spots")
    found = over_maps(maps)
    assert found["p_over_maps"].to_numpy() == pytest.approx([0.02, 1, 0.04, 0.06, 0.03, 0.06, 1])
    assert found["significant"].tolist() == [1, 0, 1, 0, 1, 0, 0]
