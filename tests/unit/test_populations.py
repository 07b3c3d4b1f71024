"""Masks drawn from a declared distribution."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from maskface.errors import MaskfaceError
from maskface.experiment import Experiment
from maskface.experiment.spec import make_plan
from maskface.images import read_image
from maskface.landmarks import MediaPipeDetector
from maskface.masking import mask_files
from maskface.occluders import (
    Masks,
    as_single_occluder,
    expand,
    find_masks,
    get_occluder,
    get_population,
    occluder_name,
)
from maskface.occluders.populations import FOLDER, shipped_populations
from maskface.stats import generalises_to, scope_text
from maskface.tables import MASKED
from maskface.types import FaceLandmarks, ImageArray

MINE = """
title = "two kinds"
why = "a test"
[[kinds]]
occluder = "surgical"
share = 0.25
why = "as few"
[[kinds]]
occluder = "ffp2"
share = 0.75
why = "as many"
looks = { "colour=black" = 0.5, "colour=white" = 0.5 }
placement = { height_cm = 0, side_cm = 0, width_cm = 0, tilt_deg = 0 }
"""


@pytest.fixture(scope="module")
def face(example_faces: list[Path]) -> tuple[ImageArray, FaceLandmarks]:
    image = read_image(example_faces[0])
    return image, MediaPipeDetector().detect(image)[0]


def _written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", shipped_populations())
def test_drawn_masks_have_the_declared_shares(name: str) -> None:
    population = get_population(name)
    declared = np.diff(population.upto, prepend=0)
    assert declared.sum() == pytest.approx(1)
    rng = np.random.default_rng(5)
    n = 20_000
    counts = Counter(population.draw(rng).mask for _ in range(n))
    found = np.array([counts[mask] for mask in population.masks]) / n
    # Six standard errors of each share, and no mask left out.
    assert (np.abs(found - declared) < 6 * np.sqrt(declared / n)).all()
    assert all(mask.vary == "real" for mask in population.masks)


def test_everyday_masks_have_the_measured_colours() -> None:
    population = get_population("everyday")
    share = np.diff(population.upto, prepend=0)
    by_colour: Counter[str] = Counter()
    for mask, own in zip(population.masks, share, strict=True):
        printed = getattr(mask, "pattern", "plain") != "plain"
        by_colour["printed" if printed else str(mask.params["colour"])] += own
    # Of 198 wearers.
    measured = {"white": 0.37, "black": 0.24, "lightblue": 0.18, "grey": 0.06, "green": 0.02}
    for colour, seen in measured.items():
        assert by_colour[colour] == pytest.approx(seen, abs=0.03)
    assert by_colour["printed"] == pytest.approx(0.09, abs=0.03)


def test_the_row_names_the_whole_mask(face: tuple[ImageArray, FaceLandmarks]) -> None:
    drawn = get_occluder("masks").apply(*face, seed=7)
    params = json.loads(json.dumps(dict(drawn.params)))
    assert params["population"] == "everyday"
    one = get_occluder(params["mask"])
    assert params["kind"] == one.name
    assert set(params["placement"]) == {
        "top", "bottom", "upper", "lower", "width", "taper", "tilt", "shift"
    }  # fmt: skip
    again = Masks().apply(*face, seed=7)
    assert again.params == drawn.params
    assert (again.image == drawn.image).all()
    other = Masks().apply(*face, seed=8)
    assert other.params["placement"] != params["placement"]
    assert (other.image != drawn.image).any()


def test_hidden_pixels_are_those_of_the_drawing(face: tuple[ImageArray, FaceLandmarks]) -> None:
    for seed in range(3):
        drawn = Masks().apply(*face, seed=seed)
        filled = get_occluder("fill:region=masks").apply(*face, seed=seed)
        assert drawn.mask.any()
        assert (filled.alpha == drawn.alpha).all()


def test_an_exemplar_is_the_same_mask_on_every_picture(
    face: tuple[ImageArray, FaceLandmarks],
) -> None:
    three = get_occluder("masks:exemplar=3")
    first, second = (three.apply(*face, seed=seed) for seed in (1, 2))
    assert first.params == second.params
    assert (first.alpha == second.alpha).all()
    others = [get_occluder(f"masks:exemplar={n}").apply(*face, seed=1) for n in range(1, 7)]
    assert len({json.dumps(dict(one.params["placement"])) for one in others}) == 6
    another = get_occluder("masks:exemplar=3,series=1").apply(*face, seed=1)
    assert another.params["placement"] != first.params["placement"]


def test_a_stack_names_the_mask_and_looks_as_its_layers(
    face: tuple[ImageArray, FaceLandmarks],
) -> None:
    stacked = get_occluder("masks+sunglasses").apply(*face, seed=4)
    alone = Masks().apply(*face, seed=4)
    layers = stacked.params["layers"]
    assert [one["occluder"] for one in layers] == ["masks", "sunglasses"]
    assert layers[0]["params"] == dict(alone.params)
    assert (stacked.alpha >= alone.alpha).all()


def test_exemplars_are_conditions_of_an_experiment() -> None:
    experiment = Experiment(occluders=["masks:exemplars=3", "surgical"])
    names = [f"masks:exemplar={n}" for n in (1, 2, 3)]
    assert experiment.conditions == ("none", *names, "surgical")
    assert [occluder_name(one) for one in expand(get_occluder("tears+masks:exemplars=2"))] == [
        "tears+masks:exemplar=1", "tears+masks:exemplar=2"
    ]  # fmt: skip
    assert Experiment(occluders=names).occluders == tuple(names)
    with pytest.raises(MaskfaceError, match="stands for several occluders"):
        as_single_occluder("masks:exemplars=3")


def test_the_file_of_a_population_decides_the_run(tmp_path: Path) -> None:
    mine = _written(tmp_path, MINE)
    experiment = Experiment(occluders=f"masks:population={mine}")
    first = make_plan(experiment).run_id
    _written(tmp_path, MINE.replace("0.25", "0.15").replace("0.75", "0.85"))
    get_population.cache_clear()
    assert make_plan(Experiment(occluders=f"masks:population={mine}")).run_id != first
    with pytest.raises(MaskfaceError, match="another than when it was first read"):
        experiment.made_occluders[f"masks:population={mine}"].parts  # noqa: B018 (it raises)


def test_placements_of_a_file_are_kept(tmp_path: Path) -> None:
    population = get_population(_written(tmp_path, MINE))
    rng = np.random.default_rng(0)
    drawn = [population.draw(rng) for _ in range(300)]
    places = {
        kind: {one.one.placement for one in drawn if one.mask.name == kind}
        for kind in ("ffp2", "surgical")
    }
    assert len({place.tilt for place in places["ffp2"] if place is not None}) == 1
    assert len(places["surgical"]) > 50


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.75", "0.7", "kinds: shares of kinds add up to 0.95, not to 1"),
        ('"colour=white" = 0.5', '"colour=white" = 0.4', "add up to 0.9, not to 1"),
        ('why = "as few"', 'wy = "as few"', r"kinds.0.wy: Extra inputs are not permitted"),
        ('why = "as few"', "", "kinds.0.why: Field required"),
        ("share = 0.25", "share = -0.25", r"kinds.0.share: .* \(got -0.25\)"),
        ('"surgical"', '"surgicl"', "Did you mean 'surgical'"),
        ('"surgical"', '"sunglasses"', "'sunglasses' is no mask"),
        ("colour=black", "colour=blak", "Did you mean 'black'"),
        ("tilt_deg = 0", "tilt_deg = 900", "less than or equal to 45"),
        ("[[kinds]]", "[[kinds", "mine.toml: "),
    ],
)
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in MINE
    with pytest.raises(MaskfaceError, match=message) as caught:
        Masks(population=_written(tmp_path, MINE.replace(old, new, 1)))
    assert "mine.toml" in str(caught.value)
    assert str(FOLDER / "everyday.toml") in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("masks:population=evryday", "Did you mean 'everyday'"),
        ("masks:exemplars=1", "masks:exemplars=12"),
        ("masks:exemplars=3,exemplar=2", "masks:exemplars=12"),
        ("masks:exemplar=-1", "Allowed: 0 to 200"),
    ],
)
def test_wrong_parameters_are_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(MaskfaceError, match=message):
        get_occluder(text)


def test_masked_files_name_their_masks(example_faces: list[Path], tmp_path: Path) -> None:
    mask_files(example_faces[:3], tmp_path / "out", "masks", progress=False)
    table = MASKED.read(tmp_path / "out" / "masked.csv")
    masks = [json.loads(params) for params in table["params"]]
    assert len({str(one["placement"]) for one in masks}) == 3
    several = ["masks:exemplars=2"]
    mask_files(example_faces[:1], tmp_path / "both", several, progress=False)
    assert len([path for path in (tmp_path / "both").iterdir() if path.is_dir()]) == 2


def test_a_summary_tells_what_its_intervals_hold_for() -> None:
    assert generalises_to(["subject"], "surgical") == "people"
    assert generalises_to(["image"], "tears+masks") == "pictures+masks"
    assert generalises_to(["subject"], "masks:exemplar=2") == "people"
    assert generalises_to(["observer", "subject"], "mask") == "observers+people"
    assert find_masks("fill:region=masks") == Masks()
    told = scope_text(["none", "masks", "surgical", "fill"], "subject")
    assert told.splitlines() == [
        "masks: a mask of its own for each picture, over masks as in everyday.toml; its interval "
        "holds for other people and other such masks.",
        "surgical: one drawn mask; its interval holds for other people, not for other masks.",
    ]
    alone = scope_text(["none", "surgical", "ffp2"], "image")
    assert alone == (
        "surgical, ffp2: one drawn mask each; their intervals hold for other pictures, not for "
        "other masks. --occluder masks covers both."
    )
    assert not scope_text(["none", "fill", "sunglasses"], "subject")
