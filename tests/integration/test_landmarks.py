"""The face landmarker itself, on photographs and on the shipped synthetic faces."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskface.blendshapes import BLENDSHAPES
from maskface.crops import face_crop, resize
from maskface.datasets.example import FOLDER as EXAMPLE
from maskface.images import read_image
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector
from maskface.landmarks.fallbacks import overlap
from maskface.landmarks.pose import angles, head_pose
from maskface.landmarks.privacy import private_options
from maskface.mesh import LEFT_EYE, RIGHT_EYE
from maskface.types import FaceLandmarks, FloatArray, ImageArray
from tests.fixtures import watched
from tests.fixtures.faces import made_landmarks, rotation

USE = """
import sys
import numpy as np
from pathlib import Path
from maskface.images import read_image
from maskface.landmarks import MediaPipeDetector
image = read_image(Path(sys.argv[1])) if sys.argv[1:] else np.zeros((256, 256, 3), np.uint8)
detector = MediaPipeDetector(search="never")
print(len(detector.detect(image)))
"""


@pytest.fixture(scope="module")
def detector() -> Iterator[MediaPipeDetector]:
    with MediaPipeDetector() as opened:
        yield opened


@pytest.fixture(scope="module")
def portrait(request: pytest.FixtureRequest) -> ImageArray:
    """A photograph of one face, or a synthetic face where there are no photographs."""
    try:
        folder: Path = request.getfixturevalue("london")
    except pytest.skip.Exception:
        return read_image(request.getfixturevalue("example_faces")[0])
    return read_image(sorted(folder.glob("neutral/*.jpg"))[0])


@pytest.fixture(scope="module")
def face(detector: MediaPipeDetector, portrait: ImageArray) -> FaceLandmarks:
    (found,) = detector.detect(portrait)
    return found


def eye_distance(face: FaceLandmarks) -> float:
    outer = face.points[[RIGHT_EYE[0], LEFT_EYE[0]], :2]
    return float(np.linalg.norm(outer[0] - outer[1]))


def disagreement(found: FaceLandmarks, expected: FloatArray) -> float:
    """Mean distance from the expected points as a share of the eyes' distance."""
    distances = np.linalg.norm(found.points[:, :2] - expected[:, :2], axis=1)
    return float(distances.mean() / np.ptp(expected[[RIGHT_EYE[0], LEFT_EYE[0]], 0]))


def test_a_face_is_described_in_full(face: FaceLandmarks, portrait: ImageArray) -> None:
    height, width = portrait.shape[:2]
    left, top, right, bottom = face.box
    assert -0.1 * width < left < right < 1.1 * width
    assert -0.1 * height < top < bottom < 1.1 * height
    assert face.points.dtype == face.blendshapes.dtype == np.float32
    assert face.blendshapes.shape == (len(BLENDSHAPES),)
    assert face.blendshapes.min() >= 0
    assert face.blendshapes.max() <= 1
    assert face.points[1, 2] < face.points[234, 2]  # the nose is nearer than the ear
    assert np.abs(face.pose).max() < 25


def test_the_names_of_the_blendshapes_are_mediapipes(
    detector: MediaPipeDetector, face: FaceLandmarks, portrait: ImageArray
) -> None:
    import mediapipe as mp

    picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=portrait)
    (shapes,) = detector._load().detect(picture).face_blendshapes
    assert tuple(shape.category_name for shape in shapes) == BLENDSHAPES


def test_the_same_picture_gives_the_same_answer(
    detector: MediaPipeDetector, face: FaceLandmarks, portrait: ImageArray, noise: ImageArray
) -> None:
    detector.detect(noise)
    (again,) = detector.detect(portrait)
    assert again.points.tobytes() == face.points.tobytes()
    assert again.blendshapes.tobytes() == face.blendshapes.tobytes()
    assert again.pose == face.pose


def test_a_mirrored_face_has_mirrored_landmarks_and_pose(
    detector: MediaPipeDetector, face: FaceLandmarks, portrait: ImageArray
) -> None:
    (mirrored,) = detector.detect(portrait[:, ::-1])
    outer = mirrored.points[[LEFT_EYE[0], RIGHT_EYE[0]], :2]
    expected = face.points[[RIGHT_EYE[0], LEFT_EYE[0]], :2] * [-1, 1] + [portrait.shape[1], 0]
    assert np.linalg.norm(outer - expected, axis=1).max() < 0.03 * eye_distance(face)
    assert mirrored.pose.yaw == pytest.approx(-face.pose.yaw, abs=2.5)
    assert mirrored.pose.roll == pytest.approx(-face.pose.roll, abs=1.5)
    assert mirrored.pose.pitch == pytest.approx(face.pose.pitch, abs=2.5)


@pytest.mark.parametrize("clockwise", [-25, 20])
def test_a_picture_turned_clockwise_adds_to_the_roll(
    detector: MediaPipeDetector, face: FaceLandmarks, portrait: ImageArray, clockwise: int
) -> None:
    height, width = portrait.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -clockwise, 1)
    turned = cv2.warpAffine(portrait, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    (found,) = detector.detect(np.asarray(turned, np.uint8))
    assert found.pose.roll == pytest.approx(face.pose.roll + clockwise, abs=2)


def test_a_close_up_that_is_upside_down_has_its_landmarks_upside_down(
    detector: MediaPipeDetector,
) -> None:
    image = read_image(EXAMPLE / "images" / "S01_happiness_100_y+00.jpg")
    (upright,) = detector.detect(image)
    (found,) = detector.detect(np.ascontiguousarray(image[::-1, ::-1]))
    side = len(image) - 1
    back = side - found.points[:, :2]
    apart = np.linalg.norm(back - upright.points[:, :2], axis=1).mean()
    assert apart < 0.02 * upright.size
    assert abs(found.pose.roll) > 170
    assert found.pose.yaw == pytest.approx(-upright.pose.yaw, abs=1)
    assert found.pose.pitch == pytest.approx(-upright.pose.pitch, abs=1)


def test_the_pose_does_not_depend_on_the_place_in_the_picture(
    detector: MediaPipeDetector, face: FaceLandmarks, portrait: ImageArray
) -> None:
    height, width = portrait.shape[:2]
    wide = np.full((2 * height, 2 * width, 3), 127, np.uint8)
    wide[height:, width:] = portrait
    (found,) = detector.detect(wide)
    assert found.pose == pytest.approx(face.pose, abs=3)
    assert disagreement(found, face.points + np.array([width, height, 0])) < 0.02


@pytest.mark.parametrize(
    "pose", [(0, 0, 0), (30, 0, 0), (-20, 0, 0), (0, 20, 0), (0, -25, 0), (0, 0, 140), (0, 0, -40)]
)
def test_the_pose_of_a_rigid_face_is_exact(pose: tuple[float, float, float]) -> None:
    yaw, pitch, roll = pose
    made = made_landmarks(yaw=yaw, pitch=pitch, roll=roll)
    assert head_pose(made.points) == pytest.approx(pose, abs=1e-3)
    assert angles(rotation(yaw, pitch, roll)) == pytest.approx(pose, abs=1e-6)


@pytest.mark.parametrize("side", [48, 96])
def test_a_small_crop_is_read_like_the_picture_it_comes_from(
    detector: MediaPipeDetector, face: FaceLandmarks, portrait: ImageArray, side: int
) -> None:
    crop = face_crop(portrait, face)
    (large,) = detector.detect(crop)
    (small,) = detector.detect(resize(crop, side, side))
    scale = side / crop.shape[0]
    assert disagreement(small, large.points * scale) < 0.04


def test_a_face_cut_off_by_the_frame_is_found(
    detector: MediaPipeDetector, face: FaceLandmarks, portrait: ImageArray
) -> None:
    left, top, right, bottom = (round(value) for value in face.box)
    inset = round(0.08 * (right - left))
    tight = portrait[max(top, 0) + inset : bottom - inset, left + inset : right - inset]
    (found,) = detector.detect(resize(tight, 48, 48))
    assert found.size > 40


@pytest.mark.parametrize("side", [64, 32, 24])
def test_small_faces_in_a_large_picture_are_found(
    detector: MediaPipeDetector, face: FaceLandmarks, portrait: ImageArray, side: int
) -> None:
    crop = face_crop(portrait, face)
    tile = resize(crop, round(1.1 * side), round(1.1 * side))
    scene = np.full((480, 640, 3), 127, np.uint8)
    places = [(40, 60), (500, 90), (300, 350)]
    for x, y in places:
        scene[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    boxes = [found.box for found in detector.detect(scene)]
    assert len(boxes) == len(places)
    for x, y in places:
        assert any(overlap(box, (x, y, x + 1.1 * side, y + 1.1 * side)) > 0.5 for box in boxes)


@pytest.mark.parametrize(
    "shape",
    [(1, 1), (1, 4000), (4000, 1), (16, 3000), (3000, 16), (16, 16), (9, 700), (40, 40_000)],
)
def test_odd_pictures_hold_no_face(detector: MediaPipeDetector, shape: tuple[int, int]) -> None:
    grey = np.full((*shape, 3), 90, np.uint8)
    assert detector.detect(grey) == ()


def test_noise_and_plain_grounds_hold_no_face(detector: MediaPipeDetector) -> None:
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 255, 300).astype(np.uint8)
    for picture in (
        rng.integers(0, 256, (300, 300, 3), dtype=np.uint8),
        np.repeat(np.tile(ramp, (300, 1))[..., None], 3, axis=2),
        np.full((300, 300, 3), 255, np.uint8),
    ):
        assert detector.detect(picture) == ()


@pytest.mark.data
def test_each_photograph_of_one_person_has_one_face(
    detector: MediaPipeDetector, taiwan: Path
) -> None:
    pictures = sorted(taiwan.glob("*/*.jpg"))[::40]
    assert [len(detector.detect(read_image(path))) for path in pictures] == [1] * len(pictures)


def test_cached_and_fresh_answers_are_the_same_to_the_bit(
    detector: MediaPipeDetector, face: FaceLandmarks, portrait: ImageArray, tmp_path: Path
) -> None:
    cached = CachedDetector(detector, LandmarkCache(tmp_path))
    cached.detect(portrait, b"picture")
    (stored,) = CachedDetector(detector, LandmarkCache(tmp_path)).detect(portrait, b"picture")
    assert stored.points.tobytes() == face.points.tobytes()
    assert stored.blendshapes.tobytes() == face.blendshapes.tobytes()
    assert stored.pose == face.pose


def test_the_fingerprint_tells_settings_apart() -> None:
    default = MediaPipeDetector()
    assert default.fingerprint == MediaPipeDetector().fingerprint
    others = MediaPipeDetector(max_faces=2), MediaPipeDetector(search="never")
    assert len({default.fingerprint, *(other.fingerprint for other in others)}) == 3


def test_a_closed_detector_says_so() -> None:
    closed = MediaPipeDetector()
    closed.close()
    closed.close()
    with pytest.raises(ValueError, match="closed"):
        closed.detect(np.zeros((64, 64, 3), np.uint8))


def test_faces_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="max_faces"):
        MediaPipeDetector(max_faces=0)


def test_a_forgotten_detector_is_released(noise: ImageArray) -> None:
    forgotten = MediaPipeDetector(search="never")
    forgotten.detect(noise)
    finalizer = forgotten._finalizer
    assert finalizer.alive
    del forgotten
    gc.collect()
    assert not finalizer.alive


def test_mediapipe_is_given_no_root_certificates() -> None:
    native = private_options("model").to_ctypes()
    assert "ca_bundle_path" in dict(native._fields_)
    assert native.ca_bundle_path == os.devnull.encode()


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_nothing_is_written_to_the_terminal(london: Path) -> None:
    done = run(USE, str(sorted(london.glob("neutral/*.jpg"))[0]))
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_nothing_is_written_to_the_terminal_at_a_failing_exit() -> None:
    done = run(USE + "sys.exit(3)")
    assert (done.returncode, done.stdout, done.stderr) == (3, "0\n", "")


def test_a_closed_standard_error_does_no_harm() -> None:
    done = run("import os; os.close(2)\n" + USE)
    assert (done.returncode, done.stdout) == (0, "0\n")


def test_a_missing_standard_error_does_no_harm() -> None:
    done = run("import sys; sys.stderr = None\n" + USE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_the_address_of_reports_is_not_in_memory(example_faces: list[Path]) -> None:
    """In a process of its own: the file of the library and this text hold the address, too."""
    script = """
import sys
from pathlib import Path
from maskface.images import read_image
from maskface.landmarks import MediaPipeDetector
from maskface.landmarks.privacy import ADDRESS, disable_reports
with MediaPipeDetector() as detector:
    assert len(detector.detect(read_image(sys.argv[1]))) == 1
    assert disable_reports()
    with open("/proc/self/mem", "rb", 0) as memory:
        for line in Path("/proc/self/maps").read_text().splitlines():
            if "libmediapipe" in line:
                start, end = (int(n, 16) for n in line.split()[0].split("-"))
                memory.seek(start)
                assert ADDRESS not in memory.read(end - start), line
print("ok")
"""
    if not sys.platform.startswith("linux"):
        pytest.skip("memory is looked into on Linux")
    done = subprocess.run(
        [sys.executable, "-c", script, str(example_faces[0])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "ok\n"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_nothing_is_looked_up_or_connected_to() -> None:
    """Begun by `tests/conftest.py` before the first test, and looked at after the last."""
    used = watched.network_calls()
    assert [line for line in used if "AF_INET" in line or "googleapis" in line] == []
