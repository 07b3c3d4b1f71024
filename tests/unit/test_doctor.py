"""What the doctor says of broken installations."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskface import doctor, weights
from maskface.errors import MaskfaceError


def test_old_python() -> None:
    check = doctor.check_python((3, 10, 4))
    assert not check.ok
    assert "3.10.4" in check.detail
    assert "3.11" in check.detail


@pytest.mark.parametrize(
    ("installed", "words"),
    [
        (["numpy", "opencv-contrib-python", "opencv-python"], "pip uninstall -y opencv-contrib"),
        (["opencv-python-headless"], "pip uninstall -y opencv-python-headless"),
        (["numpy"], "found none"),
    ],
)
def test_wrong_opencv_wheels(installed: list[str], words: str) -> None:
    check = doctor.check_opencv_wheels(installed)
    assert not check.ok
    assert words in check.detail


def test_one_opencv_wheel_is_right() -> None:
    assert doctor.check_opencv_wheels(["opencv-contrib-python", "opencv_noise"]).ok


def test_missing_libraries_give_the_apt_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(doctor, "LIBRARIES", {"libno.so.9": "libno9", "libc.so.6": "libc6"})
    (check,) = doctor.check_libraries()
    assert not check.ok
    assert check.detail == "missing libno.so.9; Debian, Ubuntu: sudo apt-get install libno9"


def test_shipped_weights_have_the_recorded_hashes() -> None:
    shipped = weights.manifest()
    assert set(shipped) == {
        "face_landmarker.task", "faceapi.onnx", "fer.onnx", "canonical_mesh.npz"
    }  # fmt: skip
    for entry in shipped.values():
        entry.verify()
        assert entry.licence.split("-")[0] in (weights.FOLDER / entry.licence_file).read_text()
        assert entry.citation


def test_damaged_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    entry = weights.Weights("fer.onnx", "0" * 64, "", "", "", "", "")
    with pytest.raises(MaskfaceError, match="is missing"):
        entry.verify()
    (tmp_path / "fer.onnx").write_bytes(b"x")
    with pytest.raises(MaskfaceError, match="Reinstall"):
        entry.verify()


def test_a_cache_that_is_no_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKFACE_CACHE", str(tmp_path / "new"))
    assert doctor.check_cache() == doctor.Check(
        "cache folder", ok=True, detail=str(tmp_path / "new")
    )
    (tmp_path / "new").touch()
    check = doctor.check_cache()
    assert not check.ok
    assert check.detail.startswith(f"MASKFACE_CACHE is '{tmp_path / 'new'}', which is no folder.")
