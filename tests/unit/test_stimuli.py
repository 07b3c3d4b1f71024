"""Composite sets: who is paired, what is written, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maskface.composites import compose
from maskface.datasets import Dataset, load_dataset
from maskface.datasets.example import FOLDER
from maskface.errors import MaskfaceError
from maskface.images import read_image
from maskface.landmarks import MediaPipeDetector
from maskface.stimuli import KINDS, draw_pairs, make_composites
from maskface.types import Sample


def people(*shown: tuple[str, str, int]) -> Dataset:
    """A set of pictures that do not exist: person, emotion, how many."""
    return Dataset(
        "made",
        tuple(
            Sample(f"{person}_{emotion}_{i}.jpg", Path("nowhere"), emotion, person)
            for person, emotion, n in shown
            for i in range(n)
        ),
    )


def of_example(*subjects: str) -> Dataset:
    whole = load_dataset("example")
    return Dataset("example", tuple(s for s in whole if s.subject_id in subjects))


def test_pairs_are_of_one_person_and_use_no_photograph_twice() -> None:
    shown = people(("A", "sadness", 5), ("A", "happiness", 3), ("B", "sadness", 1))
    pairs = draw_pairs(shown, "sadness", "happiness", 9, seed=0)
    assert len(pairs) == 3  # B is never happy, A only three times
    assert {pair.first.subject_id for pair in pairs} == {"A"}
    assert all((p.first.label, p.second.label) == ("sadness", "happiness") for p in pairs)
    used = [sample.image_id for pair in pairs for sample in (pair.first, pair.second)]
    assert len(set(used)) == len(used)


def test_everybody_has_a_pair_before_anybody_has_two() -> None:
    shown = people(*((who, what, 3) for who in "CAB" for what in ("sadness", "happiness")))
    pairs = draw_pairs(shown, "sadness", "happiness", 2, seed=0)
    assert [pair.first.subject_id for pair in pairs] == ["A", "B", "C", "A", "B", "C"]


def test_a_persons_pairs_do_not_depend_on_the_others() -> None:
    one = people(("B", "sadness", 6), ("B", "happiness", 6))
    all_of_them = people(*((w, e, 6) for w in "AB" for e in ("sadness", "happiness", "fear")))
    for seed in range(3):
        alone = draw_pairs(one, "sadness", "happiness", 2, seed)
        together = draw_pairs(all_of_them, "sadness", "happiness", 2, seed)
        own = [(p.first.image_id, p.second.image_id) for p in together if p.first.subject_id == "B"]
        assert own == [(p.first.image_id, p.second.image_id) for p in alone]


def test_another_seed_draws_other_pairs() -> None:
    shown = people(("A", "sadness", 30), ("A", "happiness", 30))
    drawn = {draw_pairs(shown, "sadness", "happiness", 1, seed)[0].first for seed in range(8)}
    assert len(drawn) > 1


@pytest.mark.parametrize(
    ("shown", "upper", "lower", "pairs", "reason"),
    [
        ([("A", "sadness", 1), ("B", "happiness", 1)], "sadness", "happiness", 1, "Nobody"),
        ([("A", "neutral", 1), ("A", "happiness", 1)], "sadness", "happiness", 1, "happiness, neu"),
        ([("", "sadness", 1), ("", "happiness", 1)], "sadness", "happiness", 1, "subject"),
        ([("A", "sadness", 2)], "sadness", "sadness", 1, "two emotions"),
        ([("A", "sadness", 2)], "sadness", "grief", 1, "grief"),
        ([("A", "sadness", 1), ("A", "happiness", 1)], "sadness", "happiness", 0, "1 or more"),
    ],
)
def test_says_why_nobody_can_be_paired(
    shown: list[tuple[str, str, int]], upper: str, lower: str, pairs: int, reason: str
) -> None:
    with pytest.raises(MaskfaceError, match=reason):
        draw_pairs(people(*shown), upper, lower, pairs, seed=0)


@pytest.mark.slow
@pytest.mark.usefixtures("example_faces")
def test_the_pictures_are_the_photographs_and_their_composites(tmp_path: Path) -> None:
    made = make_composites(of_example("S01"), tmp_path / "set")
    by = {
        (said["kind"], said["upper"], said["lower"]): sample
        for sample in made
        for said in [dict(sample.attributes)]
    }
    assert len(made) == len(by) == 5
    assert {kind for kind, _, _ in by} == set(KINDS)
    assert all(sample.label == upper for (_, upper, _), sample in by.items())
    assert {sample.subject_id for sample in made} == {"S01"}
    sad, happy = (
        read_image(FOLDER / f"images/S01_{emotion}_100_y+00.jpg")
        for emotion in ("sadness", "happiness")
    )
    pictures = {key: read_image(sample.path) for key, sample in by.items()}
    np.testing.assert_array_equal(pictures["whole", "sadness", "sadness"], sad)
    np.testing.assert_array_equal(pictures["whole", "happiness", "happiness"], happy)
    with MediaPipeDetector() as detector:
        faces = [detector.detect(image)[0] for image in (sad, happy)]
    for (kind, upper), image, face in (
        (("composite", "sadness"), (sad, happy), faces),
        (("misaligned", "sadness"), (sad, happy), faces),
        (("composite", "happiness"), (happy, sad), faces[::-1]),
    ):
        expected = compose(image[0], face[0], image[1], face[1], aligned=kind == "composite")
        lower = "happiness" if upper == "sadness" else "sadness"
        np.testing.assert_array_equal(pictures[kind, upper, lower], expected.image)


@pytest.mark.slow
@pytest.mark.usefixtures("example_faces")
def test_goes_on_where_it_was_stopped_and_gives_the_same(tmp_path: Path) -> None:
    shown = of_example("S01", "S02")
    make_composites(shown, tmp_path / "one")
    wanted = {p.name: p.read_bytes() for p in (tmp_path / "one").rglob("*") if p.is_file()}
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two" / "index.csv").unlink()
    gone = next((tmp_path / "two").glob("misaligned*/*"))
    kept = next((tmp_path / "two").glob("composite_s*/002*"))
    gone.unlink()
    before = kept.stat().st_mtime_ns
    make_composites(shown, tmp_path / "two")
    again = {p.name: p.read_bytes() for p in (tmp_path / "two").rglob("*") if p.is_file()}
    assert again == wanted
    assert kept.stat().st_mtime_ns == before  # a whole pair is not made anew


@pytest.mark.usefixtures("example_faces")
def test_a_folder_of_another_recipe_is_refused(tmp_path: Path) -> None:
    make_composites(of_example("S01"), tmp_path)
    with pytest.raises(MaskfaceError, match="another way"):
        make_composites(of_example("S01"), tmp_path, lower="neutral")
    with pytest.raises(MaskfaceError, match="another way"):
        make_composites(of_example("S02"), tmp_path)


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(MaskfaceError, match="other files"):
        make_composites(people(("A", "sadness", 1), ("A", "happiness", 1)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


@pytest.mark.usefixtures("example_faces")
def test_pairs_that_cannot_be_joined_are_listed_and_left_out(tmp_path: Path) -> None:
    shown = load_dataset("example-all")
    turned = next(s for s in shown if s.image_id == "images/S01_happiness_100_y+40.jpg")
    straight = of_example("S02")
    sad = next(s for s in of_example("S01") if s.label == "sadness")
    made = make_composites(Dataset("mixed", (*straight, sad, turned)), tmp_path)
    assert {sample.subject_id for sample in made} == {"S02"}
    failures = pd.read_csv(tmp_path / "failures.csv")
    assert failures[["subject", "upper_image", "lower_image"]].to_numpy().tolist() == [
        ["S01", sad.image_id, turned.image_id]
    ]
    assert "turned apart" in failures["message"].item()


def test_if_no_pair_can_be_joined_the_reason_is_said(tmp_path: Path) -> None:
    shown = people(("A", "sadness", 1), ("A", "happiness", 1))
    with pytest.raises(MaskfaceError, match=r"None of 1 pairs.*cannot read the file"):
        make_composites(shown, tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("example_faces")
def test_a_limit_counts_pictures(tmp_path: Path) -> None:
    shown = of_example("S01", "S02", "S03")
    assert len(make_composites(shown, tmp_path / "eleven", limit=11)) == 10
    assert len(make_composites(shown, tmp_path / "one", limit=1)) == 5
