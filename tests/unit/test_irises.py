"""Squashed pictures are noticed by their irises, and put right."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskface import Experiment
from maskface.datasets.example import example_dataset
from maskface.errors import ImageError, MaskfaceError
from maskface.experiment.spec import make_plan
from maskface.images import Limits, decode_image, parse_aspect, read_image
from maskface.landmarks import find_aspect, iris_aspect, restoring_factor
from maskface.masking import mask_files
from maskface.reading import read_faces
from maskface.run_options import on_command_line
from maskface.stats import find_guards
from maskface.types import FaceLandmarks, Pose
from tests.fixtures.faces import made_landmarks
from tests.unit.test_stats import pairs
from tests.unit.test_stats_guards import GOOD, PEOPLE

OWN = 1.10


def with_irises(*, squash: float, turned: float = 0.0, yaw: float = 0.0) -> FaceLandmarks:
    """A face whose irises are seen as the landmarker sees them in a picture squashed so much."""
    face = made_landmarks()
    points = face.points.copy()
    turns = np.radians(turned + np.array([0.0, 90.0, 180.0, 270.0]))
    ring = 5.0 * np.stack([OWN * squash * np.cos(turns), np.sin(turns)], axis=1)
    for first in (468, 473):
        points[first + 1 : first + 5, :2] = points[first, :2] + ring
    return replace(face, points=points, pose=Pose(yaw, 0.0, 0.0))


@pytest.mark.parametrize("turned", [0.0, 20.0, 45.0])
@pytest.mark.parametrize("squash", [0.8, 1.0, 1.25])
def test_the_aspect_of_an_iris_does_not_depend_on_where_its_points_lie(
    squash: float, turned: float
) -> None:
    assert iris_aspect(with_irises(squash=squash, turned=turned)) == pytest.approx(squash, rel=1e-4)


def test_turned_heads_are_not_judged() -> None:
    assert math.isnan(iris_aspect(with_irises(squash=1.0, yaw=-16.0)))


@pytest.mark.parametrize(
    ("median", "factor"), [(1.27, 1.27), (0.8, 0.8), (1.12, 1.0), (1.13, 1.13), (0.9, 1.0)]
)
def test_only_medians_that_are_off_by_more_than_a_tolerance_count(
    median: float, factor: float
) -> None:
    aspects = [median, math.nan, 3.0, median, 0.3, median]
    assert restoring_factor(aspects) == factor
    assert restoring_factor(aspects[:5]) == 1.0  # four faces are too few


def test_a_run_with_squashed_pictures_is_warned_of_with_the_factor() -> None:
    trials = pairs(GOOD, PEOPLE)

    def squashed(values: list[float]) -> list[str]:
        guards = find_guards(trials, aspects=np.array(values))
        assert set(guards["guard"]) <= {"squashed"}
        return guards["detail"].tolist()

    assert squashed([1.05] * 20) == []
    assert squashed([1.3] * 4) == []
    (words,) = squashed([1.27] * 20)
    assert "squashed: irises, which are round, are 1.27 x as wide as high" in words
    assert "of 20 frontal faces. Make them 1.27 x as high" in words
    assert "restore_aspect=1.27" in words
    (words,) = squashed([0.8] * 20)
    assert "squeezed from the sides" in words
    assert "Make them 1.25 x as wide" in words
    assert "restore_aspect=0.8" in words


def test_pictures_get_rows_or_columns_and_never_lose_any() -> None:
    ramp = np.tile(np.linspace(0, 250, 60).astype(np.uint8)[None, :, None], (40, 1, 3))
    data = cv2.imencode(".png", ramp)[1].tobytes()
    assert decode_image(data, Limits(restore_aspect=1.25)).shape == (50, 60, 3)
    wide = decode_image(data, Limits(restore_aspect=0.5))
    assert wide.shape == (40, 120, 3)
    np.testing.assert_allclose(wide[0, 5:115, 0], np.linspace(0, 250, 120)[5:115], atol=4)
    assert not wide.flags.writeable
    with pytest.raises(ImageError, match="too many"):
        decode_image(data, Limits(max_pixels=60 * 40, restore_aspect=1.25))


def test_landmarks_of_restored_pictures_have_their_own_entries_in_the_cache() -> None:
    assert Limits().cache_key(b"data") == b"data"
    keys = {Limits(restore_aspect=factor).cache_key(b"data") for factor in (1.0, 1.25, 1.26)}
    assert len(keys) == 3


@pytest.mark.parametrize("given", ["much", "0", "-1", "nan", "inf", "9", "", None])
def test_a_factor_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(MaskfaceError, match=r"restore_aspect got .* a number from 0\.2 to 5"):
        Experiment(restore_aspect=given)  # type: ignore[arg-type]
    with on_command_line(), pytest.raises(MaskfaceError, match=r"Add --restore-aspect 1\.25"):
        parse_aspect(given)


def test_a_factor_enters_the_identity_of_a_run_and_its_absence_does_not() -> None:
    plain, same, other = (
        make_plan(Experiment(restore_aspect=factor, limit=7)) for factor in (1.0, "1.0", 1.25)
    )
    assert plain.run_id == same.run_id == make_plan(Experiment(limit=7)).run_id
    assert plain.run_id != other.run_id
    assert other.experiment.limits.restore_aspect == 1.25


@pytest.fixture(scope="module")
def squashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of example faces, squashed from 4 : 5 to a square."""
    folder = tmp_path_factory.mktemp("squashed")
    for sample in example_dataset().samples[::40]:
        image = read_image(sample.path)
        height, width = image.shape[:2]
        flat = cv2.resize(image, (width, round(height / 1.25)), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{sample.path.stem}.png"), flat[..., ::-1])
    return folder


@pytest.mark.slow
def test_auto_restores_squashed_pictures_and_leaves_others(squashed: Path) -> None:
    found = find_aspect("auto", squashed.iterdir())
    assert found == pytest.approx(1.25, rel=0.12)
    assert find_aspect("auto", [s.path for s in example_dataset().samples[::40]]) == 1.0
    assert find_aspect(1.3, []) == 1.3
    with pytest.raises(MaskfaceError, match="needs 5 frontal faces or more, got 1"):
        find_aspect("auto", [next(squashed.iterdir())])


def test_restored_pictures_are_masked_and_read(squashed: Path, tmp_path: Path) -> None:
    done = mask_files(squashed, tmp_path / "out", restore_aspect=1.25)
    one = done.files[0].job
    before, after = read_image(one.source), read_image(one.target)
    assert after.shape[0] == round(before.shape[0] * 1.25)
    assert after.shape[1] == before.shape[1]
    plain, restored = (
        read_faces(one.source, classifiers="fer", restore_aspect=factor) for factor in (1.0, 1.25)
    )
    heights = [rows["bottom_px"][0] - rows["top_px"][0] for rows in (plain, restored)]
    assert heights[1] / heights[0] == pytest.approx(1.25, rel=0.05)
    (tmp_path / "a.mp4").write_bytes(b"0")
    with pytest.raises(MaskfaceError, match=r"restore_aspect is for pictures, and .*a\.mp4"):
        mask_files(tmp_path / "a.mp4", tmp_path / "other", restore_aspect=1.25)
