"""The scripts of datasets/README.md turn copies of the published sets into sets that are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maskface.datasets import load_dataset
from tests.fixtures.texts import ROOT, Block, blocks

README = ROOT / "datasets/README.md"
Wanted = set[tuple[str, str, str]]
NAMED: dict[str, dict[str, tuple[str, str] | None]] = {
    "jaffe": {
        "KA.AN1.39.tiff": ("anger", "jaffe-KA"),
        "NA.NE2.203.tiff": ("neutral", "jaffe-NA"),
    },
    "kdef": {
        "AF01/AF01ANS.JPG": ("anger", "kdef-F01"),
        "BM35/BM35AFS.JPG": ("fear", "kdef-M35"),
        "AF01/AF01ANHL.JPG": None,
    },
    "rafd": {
        "Rafd090_28_Caucasian_male_angry_frontal.jpg": ("anger", "rafd-28"),
        "Rafd090_01_Caucasian_female_contemptuous_frontal.jpg": None,
        "Rafd045_28_Caucasian_male_angry_frontal.jpg": None,
        "Rafd090_28_Caucasian_male_sad_left.jpg": None,
    },
    "london": {
        "neutral_front/001_03.jpg": ("neutral", "london-001"),
        "smiling_front/001_08.jpg": ("happiness", "london-001"),
    },
    "taiwan": {
        "0111b02.jpg": ("happiness", "taiwan-01"),
        "1211002.jpg": ("neutral", "taiwan-12"),
        "0112b02.jpg": None,
    },
    "nimstim": {
        "01F_AN_C.BMP": ("anger", "nimstim-01F"),
        "02F_SP_O.BMP": ("surprise", "nimstim-02F"),
        "01F_CA_C.BMP": None,
    },
    "adfes": {
        "F01-Anger-Apex.jpg": ("anger", "adfes-F01"),
        "M02-Neutral.jpg": ("neutral", "adfes-M02"),
        "M02-Pride-Apex.jpg": None,
    },
    "faces": {
        "004_o_m_a_a.jpg": ("anger", "faces-004"),
        "066_y_m_h_b.jpg": ("happiness", "faces-066"),
    },
    "cafe": {
        "sessions/6282/10960-sad_F-AA-03.jpg": ("sadness", "cafe-F-AA-03"),
        "sessions/6283/11000-neutralopen_M-EA-12.jpg": ("neutral", "cafe-M-EA-12"),
    },
}
"""Files of sets whose names tell all, with emotion and subject; None is left out."""


def _put(folder: Path, name: str, text: str = "") -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def _script(marks: str, name: str) -> Block:
    """The script that writes the index of a set."""
    found = [b for b in blocks(README) if b.language == "python" and f'"{marks}' in b.code]
    (script,) = [b for b in found if name in b.code]
    return script


def _read(root: Path) -> Wanted:
    return {(str(s.image_id), s.label, s.subject_id) for s in load_dataset(str(root)).samples}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with make_index.py, in which scripts are run."""
    (helper,) = [b for b in blocks(README) if b.code.startswith("# make_index.py")]
    (tmp_path / "make_index.py").write_text(helper.code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "make_index", raising=False)
    return tmp_path


@pytest.mark.parametrize("name", NAMED)
def test_names_become_an_index(here: Path, name: str) -> None:
    root = here / "datasets" / name
    for file in NAMED[name]:
        _put(root, file)
    exec(_script(f"datasets/{name}", "write_index").code, {})  # noqa: S102
    assert _read(root) == {(file, *told) for file, told in NAMED[name].items() if told}


def _ckplus(root: Path) -> Wanted:
    for number in range(1, 4):
        _put(root, f"cohn-kanade-images/S005/001/S005_001_0000000{number}.png")
        _put(root, f"cohn-kanade-images/S010/002/S010_002_0000000{number}.png")
    _put(root, "Emotion/S005/001/S005_001_00000003_emotion.txt", "   3.0000000e+00\n")
    _put(root, "Emotion/S010/002/S010_002_00000003_emotion.txt", "   2.0000000e+00\n")  # contempt
    folder = "cohn-kanade-images/S005/001/S005_001"
    return {
        (f"{folder}_00000003.png", "disgust", "ckplus-S005"),
        (f"{folder}_00000001.png", "neutral", "ckplus-S005"),
    }


PIXELS = " ".join(str(n % 256) for n in range(48 * 48))


def _fer2013(root: Path) -> Wanted:
    rows = [(0, PIXELS, "Training"), (3, PIXELS, "PrivateTest"), (6, PIXELS, "PrivateTest")]
    root.mkdir(parents=True)
    pd.DataFrame(rows, columns=["emotion", "pixels", "Usage"]).to_csv(root / "fer2013.csv")
    return {
        ("PrivateTest/00001.png", "happiness", ""),
        ("PrivateTest/00002.png", "neutral", ""),
    }


def _ferplus(root: Path) -> Wanted:
    root.mkdir(parents=True)
    pd.DataFrame({"pixels": [PIXELS] * 4}).to_csv(root / "fer2013.csv")
    votes = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear",
             "contempt", "unknown", "NF"]  # fmt: skip
    counts = [[8, 2] + [0] * 8, [0, 9, 1] + [0] * 7, [5, 5] + [0] * 8, [0] * 7 + [9, 1, 0]]
    table = pd.DataFrame(counts, columns=votes)
    table.insert(0, "Usage", ["PrivateTest", "PublicTest", "PrivateTest", "PrivateTest"])
    table.insert(1, "Image name", "")
    table.to_csv(root / "fer2013new.csv", index=False)
    return {("PrivateTest/00000.png", "neutral", "")}


def _rafdb(root: Path) -> Wanted:
    _put(root, "EmoLabel/list_patition_label.txt", "train_00001.jpg 5\ntest_0001.jpg 4\n")
    _put(root, "Image/aligned/train_00001_aligned.jpg")
    _put(root, "Image/aligned/test_0001_aligned.jpg")
    return {("Image/aligned/test_0001_aligned.jpg", "happiness", "")}


def _affectnet(root: Path) -> Wanted:
    _put(root, "val_set/images/0.jpg")
    _put(root, "val_set/images/1.jpg")
    (root / "val_set/annotations").mkdir(parents=True)
    np.save(root / "val_set/annotations/0_exp.npy", np.array("6"))
    np.save(root / "val_set/annotations/1_exp.npy", np.array("7"))  # contempt
    return {("val_set/images/0.jpg", "anger", "")}


def _affectnet_lists(root: Path) -> Wanted:
    _put(root, "Manually_Annotated_Images/1/a.jpg")
    rows = [("1/a.jpg", 1), ("1/missing.jpg", 1), ("1/a.jpg", 7)]
    table = pd.DataFrame(rows, columns=["subDirectory_filePath", "expression"])
    table.to_csv(root / "validation.csv", index=False)
    return {("Manually_Annotated_Images/1/a.jpg", "happiness", "")}


def _wsefep(root: Path) -> Wanted:
    _put(root, "AD_7950.jpg")
    rows = [("AD", "AD_7950.JPG", "joy"), ("MR1", "MR1_1.jpg", "fear")]
    columns = ["Displayer ID", "Picture ID", "Display"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "norms.csv", index=False)
    return {("AD_7950.jpg", "happiness", "wsefep-AD")}


@pytest.mark.parametrize(
    ("make", "name", "mark"),
    [
        (_ckplus, "ckplus", "Emotion"), (_fer2013, "fer2013", "fer2013.csv"),
        (_ferplus, "ferplus", "votes"), (_rafdb, "rafdb", "EmoLabel"),
        (_affectnet, "affectnet", "annotations"), (_affectnet_lists, "affectnet", "validation.csv"),
        (_wsefep, "wsefep", "norms"),
    ],
)  # fmt: skip
def test_lists_become_an_index(
    here: Path, make: Callable[[Path], Wanted], name: str, mark: str
) -> None:
    root = here / "datasets" / name
    wanted = make(root)
    exec(_script(f"datasets/{name}", mark).code, {})  # noqa: S102
    assert _read(root) == wanted


def test_rows_can_be_left_out(here: Path) -> None:
    root = here / "datasets/NAME"
    _put(root, "a.jpg")
    _put(root, "index.csv", "path,emotion\na.jpg,anger\nb.jpg,Contempt\n")
    exec(_script("datasets/NAME", "isin").code, {})  # noqa: S102
    assert _read(root) == {("a.jpg", "anger", "")}


def test_every_script_is_run() -> None:
    ran = {*NAMED, "ckplus", "fer2013", "ferplus", "rafdb", "affectnet", "wsefep", "NAME"}
    told = {
        name
        for block in blocks(README)
        if block.language == "python"
        for name in re.findall(r'"datasets/(\w+)', block.code)
    }
    assert told == ran
