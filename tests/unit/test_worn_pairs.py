"""Drawn masks beside worn ones: outlines, pairs, answers, and what is written about them."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner

import maskface
from maskface.analyses.outlines import mask_body, measure_outline, overlap, placement_of
from maskface.analyses.pairs import PAIRS
from maskface.analyses.worn import ANSWERS, COMPARISON, WornComparison, compare_worn, worn_text
from maskface.cli.root import app
from maskface.datasets import Dataset, load_dataset
from maskface.datasets.example import example_dataset
from maskface.errors import MaskfaceError
from maskface.images import read_image, write_image
from maskface.landmarks import MediaPipeDetector
from maskface.occluders import get_occluder
from maskface.occluders.worn.base import Mask
from maskface.occluders.worn.placement import Placement
from maskface.report import write_worn
from maskface.seeds import derived_seed
from maskface.types import FaceLandmarks, ImageArray, Sample
from tests.fixtures.faces import made_landmarks, made_picture
from tests.fixtures.texts import ROOT, blocks, run_cell
from tools.make_faces.masks import KINDS, put_on

Rows = list[dict[str, str]]
EMOTIONS = ("happiness", "surprise", "neutral")
SUBJECTS = ("S01", "S08", "S20")


def value(found: WornComparison, measure: str, classifier: str = "") -> float:
    rows = found.comparison[
        (found.comparison["measure"] == measure) & (found.comparison["classifier"] == classifier)
    ]
    (one,) = rows["value"]
    return float(one)


# --- Outlines


@pytest.fixture(scope="module")
def face() -> FaceLandmarks:
    return made_landmarks(scale=20.0, centre=(300.0, 300.0))


@pytest.fixture(scope="module")
def unit(face: FaceLandmarks) -> float:
    return float(np.linalg.norm(face.points[263, :2] - face.points[33, :2]))


def rectangle(face: FaceLandmarks, unit: float, sides: tuple[float, ...]) -> Any:
    """An alpha that hides a rectangle: left, top, right and bottom in units of the eyes."""
    middle = (face.points[33, :2] + face.points[263, :2]) / 2
    left, top, right, bottom = np.round(
        np.array(sides) * unit + [middle[0], middle[1], middle[0], middle[1]]
    ).astype(int)
    alpha = np.zeros((600, 600), np.uint8)
    alpha[top:bottom, left:right] = 255
    return alpha


def test_a_rectangle_has_its_own_measures(face: FaceLandmarks, unit: float) -> None:
    alpha = rectangle(face, unit, (-0.7, 0.2, 0.7, 1.3))
    alpha[290:296, 40:560] = 255  # a loop, which is no part of the body
    found = measure_outline(mask_body(alpha, face), face)
    expected = {
        "top, midline": 0.2, "top, outer corners": 0.2, "midline to outer": 0.0, "tilt": 0.0,
        "width": 1.4, "lowest": 1.3, "upper corner x": 0.7, "upper corner y": 0.2,
        "lower corner x": 0.7, "lower corner y": 1.3, "shift": 0.0,
    }  # fmt: skip
    for name, wanted in expected.items():
        assert found[name] == pytest.approx(wanted, abs=0.04), name


def test_the_overlap_of_rectangles_is_their_area(face: FaceLandmarks, unit: float) -> None:
    one, other = (
        mask_body(rectangle(face, unit, sides), face)
        for sides in ((-0.7, 0.2, 0.7, 1.2), (-0.7, 0.45, 0.7, 1.45))
    )
    assert overlap(one, other) == pytest.approx(0.75 / 1.25, abs=0.01)
    assert overlap(one, one) == 1
    assert np.isnan(overlap(one & False, one & False))


def test_no_mask_is_refused(face: FaceLandmarks) -> None:
    empty = mask_body(np.zeros((600, 600), np.uint8), face)
    assert not empty.any()
    with pytest.raises(MaskfaceError, match="hides nothing below the eyes"):
        measure_outline(empty, face)


@pytest.mark.parametrize("name", ["surgical", "ffp2", "cloth"])
def test_a_placement_is_found_again(face: FaceLandmarks, name: str) -> None:
    occluder = get_occluder(name)
    assert isinstance(occluder, Mask)
    image = made_picture(face, (600, 600))
    worn = Placement(top=-0.6, bottom=-0.8, upper=-0.4, lower=-0.7, width=0.2, tilt=2.0, shift=0.3)
    body = mask_body(occluder.hide_at(image, face, worn), face)
    usual = mask_body(occluder.hide_at(image, face, Placement()), face)
    again = placement_of(occluder, image, face, body)
    found = mask_body(occluder.hide_at(image, face, again), face)
    assert overlap(found, body) > 0.96 > 0.9 > overlap(usual, body)
    assert (again.top, again.shift) == pytest.approx((-0.6, 0.3), abs=0.1)
    assert again.tilt == pytest.approx(2.0, abs=0.8)  # degrees; the edge is one of pixels


# --- Pairs


@pytest.fixture(scope="module")
def plain() -> dict[Sample, tuple[ImageArray, FaceLandmarks]]:
    """A few of the synthetic faces."""
    chosen = [s for s in example_dataset() if s.subject_id in SUBJECTS and s.label in EMOTIONS]
    with MediaPipeDetector() as detector:
        return {s: (image := read_image(s.path), detector.detect(image)[0]) for s in chosen}


Make = Callable[..., Path]


@pytest.fixture
def make(plain: dict[Sample, tuple[ImageArray, FaceLandmarks]], tmp_path: Path) -> Make:
    """Write a set whose worn masks are drawn ones, and change its rows."""

    def write(
        spec: str = "surgical:vary=off", *, alpha: bool = True, down: int = 0, seed: int = 0,
        limit: int | None = None, change: Callable[[Rows], Rows] = lambda rows: rows,
    ) -> Path:  # fmt: skip
        rows: Rows = []
        for sample, (image, face) in list(plain.items())[:limit]:
            stem = sample.path.stem
            rng = np.random.default_rng(derived_seed(seed, sample.subject_id, "surgical"))
            drawn = get_occluder(spec).draw(image, face, rng)
            shutil.copy(sample.path, tmp_path)
            write_image(tmp_path / f"{stem}_worn.png", drawn.image)
            write_image(tmp_path / f"{stem}_alpha.png", np.roll(drawn.alpha, down, axis=0))
            own = {"emotion": sample.label, "subject": sample.subject_id, "pair": stem}
            rows.append({"path": f"{stem}.jpg", "wearing": "plain", "alpha": "", **own})
            named = f"{stem}_alpha.png" if alpha else ""
            rows.append({"path": f"{stem}_worn.png", "wearing": spec, "alpha": named, **own})
        rows = change(rows)
        with (tmp_path / "index.csv").open("w", newline="", encoding="utf-8") as sink:
            writer = csv.DictWriter(sink, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return tmp_path

    return write


@pytest.fixture
def same(make: Make) -> WornComparison:
    return compare_worn(make(), classifiers=["fer"], n_resamples=200)


def test_a_mask_beside_itself(same: WornComparison) -> None:
    assert (same.pairs["status"] == "ok").all()
    assert (same.pairs["outline"] == "alpha").all()
    assert (same.pairs["iou"] == 1).all()
    for error in ("top_error", "bottom_error", "upper_corner_error", "lower_corner_error"):
        assert (same.pairs[error] == 0).all()
    for name in ("coverage", "lightness", "a", "b", "sharpness"):
        assert same.pairs[f"{name}_worn"].equals(same.pairs[f"{name}_drawn"])
        assert value(same, f"{name}_worn") == pytest.approx(same.pairs[f"{name}_worn"].mean())
    assert value(same, "auc_64px") == value(same, "auc_full") == 0.5
    assert value(same, "leak_jaw_worn") == value(same, "leak_jaw_drawn")
    assert value(same, "agreement", "fer") == value(same, "kappa", "fer") == 1
    assert value(same, "loss_drawn_minus_worn", "fer") == 0
    assert value(same, "outlines_missing") == 0
    assert "not tested" in worn_text(same)  # nobody differs, so there is no spread


@pytest.mark.slow
def test_a_mask_that_sits_lower(make: Make) -> None:
    """The alpha is moved down by 9 px, so the drawn mask is higher by 9 px."""
    found = compare_worn(make(down=9), classifiers=["fer"], n_resamples=50)
    for row in found.pairs.to_dict("records"):
        points = detected(ROOT / "src/maskface/datasets/example/images" / f"{row['pair']}.jpg")
        expected = -900 / np.linalg.norm(points[263, :2] - points[33, :2])
        assert row["top_error"] == pytest.approx(expected, abs=1.0)
        assert row["bottom_error"] == pytest.approx(expected, abs=1.0)
        assert 0.8 < row["iou"] < 0.95
    bias = found.pairs["top_error"].mean()
    assert value(found, "top_bias") == pytest.approx(bias, abs=1e-6)
    assert value(found, "top_error") == pytest.approx(-bias, abs=1e-6)
    placed = compare_worn(make(down=9), classifiers=["fer"], placed=True, n_resamples=50)
    assert placed.pairs["iou"].min() > 0.96
    assert placed.pairs["top_error"].abs().max() < 2
    assert placed.pairs["bottom_error"].abs().max() < 2


def detected(path: Path) -> Any:
    with MediaPipeDetector() as detector:
        return detector.detect(read_image(path))[0].points


@pytest.mark.slow
def test_answers_are_compared(make: Make) -> None:
    found = compare_worn(make("surgical:vary=off", seed=5), classifiers=["fer", "embedding"],
                         n_resamples=50, placed=True)  # fmt: skip
    black = compare_worn(
        make(change=lambda rows: [
            row | {"wearing": row["wearing"].replace("vary=off", "colour=black")} for row in rows
        ]),
        classifiers=["fer"], n_resamples=50,
    )  # fmt: skip
    assert set(found.answers["classifier"]) == {"fer", "embedding"}
    for comparison in (found, black):
        own = comparison.answers[comparison.answers["classifier"] == "fer"]
        wide = own.pivot_table(
            index=["subject", "pair", "emotion"], columns="version", values="predicted",
            aggfunc="first",
        ).reset_index()  # fmt: skip
        kappa = cohen_kappa_score(wide["worn"], wide["drawn"])
        if not np.isnan(kappa):
            assert value(comparison, "kappa", "fer") == pytest.approx(kappa, abs=1e-6)
        same = (wide["worn"] == wide["drawn"]).mean()
        assert value(comparison, "agreement", "fer") == pytest.approx(same, abs=1e-6)
        right = {v: wide[v] == wide["emotion"] for v in ("plain", "worn", "drawn")}
        loss = right["plain"].mean() - right["worn"].mean()
        assert value(comparison, "loss_worn", "fer") == pytest.approx(loss, abs=1e-6)
        _check_equivalence(comparison, right, wide["subject"])


def _check_equivalence(found: WornComparison, right: dict[str, Any], subject: pd.Series) -> None:
    """Two one-sided t tests by their formula."""
    by = [right[version].groupby(subject).mean() for version in ("worn", "drawn")]
    difference = by[0] - by[1]
    rows = found.comparison
    (row,) = rows[
        (rows["measure"] == "loss_drawn_minus_worn") & (rows["classifier"] == "fer")
    ].to_dict("records")
    assert row["bound"] == 0.05
    if difference.std() == 0:
        assert row["equivalent"] == ""
        return
    error = difference.std(ddof=1) / len(difference) ** 0.5
    below, above = (difference.mean() + 0.05) / error, (difference.mean() - 0.05) / error
    p = max(student.sf(below, len(difference) - 1), student.cdf(above, len(difference) - 1))
    assert row["p_value"] == pytest.approx(p, abs=1e-9)
    assert row["equivalent"] == ("yes" if p < 0.05 else "no")


@pytest.mark.slow
def test_equivalence_is_tested_over_people(make: Make) -> None:
    """With the labels of one person's worn pictures read wrong, people differ."""

    def other(rows: Rows) -> Rows:
        """Exchange what one person wears for a mask that hides the eyes, too."""
        return [
            row | {"wearing": "surgical:top=100"}
            if row["subject"] == "S01" and row["wearing"] != "plain" else row
            for row in rows
        ]  # fmt: skip

    found = compare_worn(make(change=other), classifiers=["fer"], n_resamples=50)
    wide = found.answers.pivot_table(
        index=["subject", "pair", "emotion"], columns="version", values="predicted", aggfunc="first"
    ).reset_index()
    right = {v: wide[v] == wide["emotion"] for v in ("plain", "worn", "drawn")}
    _check_equivalence(found, right, wide["subject"])


@pytest.mark.slow
def test_the_outline_is_found_in_the_difference(make: Make) -> None:
    found = compare_worn(make(alpha=False), classifiers=["fer"], n_resamples=50)
    assert (found.pairs["outline"] == "difference").all()
    assert found.pairs["iou"].min() > 0.9
    assert value(found, "outlines_missing") == 0


@pytest.mark.slow
def test_pictures_of_another_camera_have_no_outline(make: Make) -> None:
    folder = make(alpha=False)
    for path in folder.glob("*_worn.png"):
        write_image(path, np.ascontiguousarray(read_image(path)[:, 20:]))
    found = compare_worn(folder, classifiers=["fer"], n_resamples=50)
    assert (found.pairs["status"] == "ok").all()
    assert (found.pairs["outline"] == "missing").all()
    assert found.pairs["iou"].isna().all()
    assert value(found, "outlines_missing") == len(found.pairs)
    assert value(found, "agreement", "fer") > 0
    assert "iou" not in set(found.comparison["measure"])


def without(column: str) -> Callable[[Rows], Rows]:
    return lambda rows: [{k: v for k, v in row.items() if k != column} for row in rows]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("pair"), "lacks pair or wearing"),
        (without("wearing"), "lacks pair or wearing"),
        (lambda rows: rows[1:], "1 pairs .* lack a plain picture"),
        (lambda rows: rows[:-1], "1 pairs .* lack a picture with a mask"),
        (lambda rows: [row | {"pair": "one"} for row in rows], "two pictures with wearing=plain"),
        (lambda rows: [rows[0], rows[1] | {"wearing": "surgcal"}], "surgical"),
    ],
)
def test_a_wrong_index_is_refused(make: Make, change: Callable[[Rows], Rows], message: str) -> None:
    with pytest.raises(MaskfaceError, match=message):
        compare_worn(make(limit=2, change=change), classifiers=["fer"])


def test_only_masks_can_be_placed(make: Make) -> None:
    def scarf(rows: Rows) -> Rows:
        return [row | {"wearing": row["wearing"].replace("surgical:vary=off", "scarf")}
                for row in rows]  # fmt: skip

    with pytest.raises(MaskfaceError, match="no mask whose placement can be given"):
        compare_worn(make(limit=1, change=scarf), classifiers=["fer"], placed=True)


def test_pairs_that_cannot_be_compared_are_told(make: Make, tmp_path: Path) -> None:
    folder = make(limit=4)
    stems = sorted(path.stem.removesuffix("_alpha") for path in folder.glob("*_alpha.png"))
    write_image(folder / f"{stems[0]}_alpha.png", np.zeros((20, 20), np.uint8))
    write_image(folder / f"{stems[1]}_alpha.png", np.zeros((384, 384), np.uint8))
    write_image(folder / f"{stems[2]}_worn.png", np.zeros((100, 100, 3), np.uint8))
    (folder / f"{stems[2]}_alpha.png").unlink()
    found = compare_worn(folder, classifiers=["fer"], n_resamples=20)
    reasons = found.pairs.set_index("pair")["message"]
    assert "20 x 20 pixels" in reasons[stems[0]]
    assert "hides nothing" in reasons[stems[1]]
    assert reasons[stems[2]]
    assert found.pairs["status"].tolist() == ["error", "error", "error", "ok"]
    assert "1 of 4 pairs are left out" in worn_text(found)
    out = tmp_path / "out"
    ended = CliRunner().invoke(
        app, ["compare-worn", str(folder), "--out", str(out), "--classifier", "fer", "--json", "-q"]
    )
    assert ended.exit_code == 1, ended.output
    told = json.loads(ended.stdout)
    assert set(told) == {"folder", "comparison", "pairs", "files"}
    assert all(Path(file).exists() for file in told["files"])
    for path in folder.glob("*_worn.png"):
        path.unlink()
    with pytest.raises(MaskfaceError, match="None of the 4 pairs can be compared"):
        compare_worn(folder, classifiers=["fer"])


# --- Files, and the shipped set


@pytest.mark.slow
def test_tables_and_page_are_written(same: WornComparison, tmp_path: Path) -> None:
    (out := tmp_path / "out").mkdir()
    paths = write_worn(same, out)
    assert [path.name for path in paths] == [
        "pairs.csv", "compare_worn.csv", "answers.csv", "compare_worn.html"
    ]  # fmt: skip
    for schema, path in zip((PAIRS, COMPARISON, ANSWERS), paths, strict=False):
        schema.read(path)
    page = paths[-1].read_text(encoding="utf-8")
    assert "default-src 'none'; img-src data:" in page
    assert "data:image/jpeg" not in page
    assert "--show-faces" in page
    page = write_worn(same, out, faces_allowed=True)[-1].read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == 3 * len(same.pairs)


def test_the_shipped_pairs() -> None:
    pairs = load_dataset("example_worn")
    assert pairs.may_be_shown
    assert pairs.licence == "CC0-1.0"
    own = [dict(sample.attributes) for sample in pairs]
    worn = [s for s, cells in zip(pairs, own, strict=True) if cells["wearing"] != "plain"]
    assert len(pairs) == 2 * len(worn)
    assert len({cells["pair"] for cells in own}) == len(worn)
    people = {sample.subject_id for sample in worn}
    assert len(people) >= 6
    assert len(worn) == 7 * len(people)
    for sample in worn:
        cells = dict(sample.attributes)
        alpha = sample.path.parents[1] / cells["alpha"]
        shown, hides = read_image(sample.path), read_image(alpha)
        assert shown.shape == hides.shape == (384, 384, 3)
        assert 0.05 < (hides[..., 0] > 127).mean() < 0.3
        assert get_occluder(cells["wearing"]).name == "surgical"
    folder = worn[0].path.parents[1]
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 4_000_000
    assert "synthetic" in maskface.report.synthetic_warning("example_worn")


def test_drawn_masks_can_be_put_where_rendered_ones_sit() -> None:
    chosen = [s for s in load_dataset("example_worn") if s.label == "happiness"][:6]
    found = maskface.compare_worn(
        Dataset("few", tuple(chosen)), classifiers=["fer"], placed=True, n_resamples=20
    )
    assert found.pairs["iou"].min() > 0.85
    assert value(found, "iou") > 0.9
    assert value(found, "top_error") < 4


@pytest.mark.slow
def test_made_masks_are_placed_like_real_ones() -> None:
    for kind, make in KINDS.items():
        drawn = [put_on(kind, seed) for seed in range(3000)]
        assert put_on(kind, 7) == put_on(kind, 7) != put_on(kind, 8)
        assert np.mean([w.below for w in drawn]) == pytest.approx(make.below[0], abs=0.02)
        assert np.std([w.outer for w in drawn]) == pytest.approx(make.outer[1], rel=0.2)
        assert np.mean([w.lower[1] for w in drawn]) == pytest.approx(make.lower[1][0], abs=0.02)
        assert min(w.top for w in drawn) >= 0.02


def test_the_recipe_for_a_class_makes_an_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "class").mkdir()
    for wearing in ("plain", "surgical"):
        (tmp_path / "class" / f"ana_happiness_{wearing}.jpg").write_bytes(b"")
    (block,) = [b for b in blocks(ROOT / "docs/worn.md") if b.language == "python"]
    run_cell(block.code, {})
    samples = load_dataset(tmp_path / "class" / "index.csv").samples
    assert [dict(s.attributes) for s in samples] == [
        {"pair": "ana-happiness", "wearing": "plain"},
        {"pair": "ana-happiness", "wearing": "surgical"},
    ]
    assert {s.subject_id for s in samples} == {"class-ana"}
