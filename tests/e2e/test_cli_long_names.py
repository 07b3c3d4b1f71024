"""Commands on files whose names take all that file systems allow."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskface.tables import TRIALS
from tests.fixtures.commands import call


def long_name(size: int, ending: str, first: str = "") -> str:
    """A name of so many bytes, most of them in characters of two bytes."""
    rest = size - len(first) - len(ending)
    return first + "é" * (rest // 2) + "a" * (rest % 2) + ending


@pytest.mark.slow
@pytest.mark.parametrize("size", [231, 255])
def test_runs_figures_and_reports_take_the_longest_names(
    size: int, example_faces: list[Path], tmp_path: Path
) -> None:
    """Pictures, the texture that is worn and the network that reads have such names."""
    data = tmp_path / long_name(size, "", "set")
    index = ["path,emotion,subject"]
    for number, path in enumerate(example_faces[:4]):
        name = long_name(size, ".jpg", str(number))
        (data / "faces").mkdir(parents=True, exist_ok=True)
        (data / "faces" / name).write_bytes(path.read_bytes())
        index.append(f"faces/{name},{path.name.split('_')[1]},{path.name[:3]}")
    (data / "index.csv").write_text("\n".join(index) + "\n", encoding="utf-8")
    texture = tmp_path / long_name(size, ".jpg", "texture")
    texture.write_bytes(example_faces[0].read_bytes())
    out = tmp_path / long_name(size, "", "out")
    call(
        "run", "--data", data, "--out", out, "--occluder", f"texture:path={texture}",
        "--classifier", "fer", "-q",
    )  # fmt: skip
    assert set(TRIALS.read(out / "trials.csv")["status"]) == {"ok"}
    call("report", out)
    (tmp_path / "figures").mkdir()
    call("plot", out, "--out", tmp_path / "figures")
    assert any((tmp_path / "figures").glob("loss_*.svg"))
    gallery = tmp_path / long_name(size, ".png", "gallery")
    call("gallery", texture, "--out", gallery, "--occluder", f"texture:path={texture}")
    assert gallery.stat().st_size
    call("mask", data / "faces", "--out", tmp_path / "masked", "-q")
    assert len(list((tmp_path / "masked").glob("*.jpg"))) == 4
