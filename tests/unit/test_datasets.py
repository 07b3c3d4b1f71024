"""Folders and CSV indexes of labelled faces."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskface.datasets import DATASETS, SPELLINGS, Dataset, balanced_sample, load_dataset
from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS, Sample


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def write_index(root: Path, text: str) -> Path:
    path = root / "index.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_folder_per_emotion(tmp_path: Path) -> None:
    touch(tmp_path, "Happy/b.png", "Happy/deep/a.jpg", "AN/1.jpg", "AN/readme.txt", ".cache/x.jpg")
    dataset = load_dataset(tmp_path)
    assert dataset.name == tmp_path.name
    assert [(s.image_id, s.label, s.subject_id) for s in dataset] == [
        ("AN/1.jpg", "anger", ""),
        ("Happy/b.png", "happiness", ""),
        ("Happy/deep/a.jpg", "happiness", ""),
    ]
    assert all(sample.path.is_file() for sample in dataset)


def test_index_csv_takes_precedence_and_keeps_subjects(tmp_path: Path) -> None:
    touch(tmp_path, "happy/1.jpg")
    write_index(tmp_path, "subject,path,emotion,age\nNA,x\\2.jpg, Sad ,9\n07,happy/1.jpg,HA,8\n")
    dataset = load_dataset(tmp_path)
    assert [(s.image_id, s.label, s.subject_id) for s in dataset] == [
        ("happy/1.jpg", "happiness", "07"),
        ("x/2.jpg", "sadness", "NA"),
    ]


def test_index_with_byte_order_mark_and_without_subjects(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes("path,emotion\na.jpg,fear\n".encode("utf-8-sig"))
    assert [s.subject_id for s in load_dataset(tmp_path / "index.csv")] == [""]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,label\na.jpg,fear\n", ["path, label", "Missing: emotion"]),
        ("path,emotion\n", ["no rows"]),
        ("", ["Cannot read"]),
        ("path,emotion\na.jpg,contempt\nb.jpg,\n", ["'contempt' (line 2)", "line 3", "surprised"]),
        ("path,emotion\na.jpg,fear\na.jpg,anger\n", ["more than once", "'a.jpg'"]),
        ("path,emotion\n../a.jpg,fear\n", ["line 2", "does not stay inside"]),
        ("path,emotion\n/etc/a.jpg,fear\n", ["does not stay inside"]),
        ("path,emotion\nC:\\a.jpg,fear\n", ["does not stay inside"]),
        ("path,emotion\nx/..\\..\\a.jpg,fear\n", ["does not stay inside"]),
        (",path,emotion\n1,,fear\n", ["does not stay inside"]),
    ],
)
def test_bad_indexes_are_refused_with_the_reason(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    write_index(tmp_path, text)
    with pytest.raises(MaskfaceError) as caught:
        load_dataset(tmp_path)
    for word in words:
        assert word in str(caught.value)


def test_same_path_spelt_twice_is_one_picture(tmp_path: Path) -> None:
    write_index(tmp_path, "path,emotion\na/b.jpg,fear\na//./b.jpg,fear\n")
    with pytest.raises(MaskfaceError, match="more than once"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "neither an index.csv"),
        (["a.jpg"], "neither an index.csv"),
        (["happy/notes.txt"], "hold no pictures"),
        (["happy/1.jpg", "contempt/2.jpg"], "'contempt'"),
    ],
)
def test_bad_folders_are_refused_with_the_reason(
    tmp_path: Path, names: list[str], words: str
) -> None:
    touch(tmp_path, *names)
    with pytest.raises(MaskfaceError, match=words):
        load_dataset(tmp_path)


def test_missing_folder_says_what_may_be_given(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match=r"There is no folder .*index\.csv.*example"):
        load_dataset(tmp_path / "none")


def test_no_spelling_means_two_emotions() -> None:
    spellings = [word for words in SPELLINGS.values() for word in words] + list(SPELLINGS)
    assert max(Counter(spellings).values()) == 1
    assert tuple(SPELLINGS) == EMOTIONS


def test_index_hash_depends_on_labels_and_not_on_order(tmp_path: Path) -> None:
    one = Sample("a", tmp_path, "fear", "S1")
    two = Sample("b", tmp_path, "anger", "S2")
    other = Sample("b", tmp_path, "fear", "S2")
    assert Dataset("d", (one, two)).index_hash == Dataset("e", (two, one)).index_hash
    assert Dataset("d", (one, two)).index_hash != Dataset("d", (one, other)).index_hash


samples = st.lists(st.sampled_from(EMOTIONS), min_size=1, max_size=60).map(
    lambda labels: [Sample(f"{i:03}", Path(), label) for i, label in enumerate(labels)]
)


@given(samples, st.integers(1, 70), st.integers(0, 5))
def test_balanced_sample_is_as_balanced_as_can_be(
    pictures: list[Sample], limit: int, seed: int
) -> None:
    drawn = balanced_sample(pictures, limit, seed)
    assert len(drawn) == min(limit, len(pictures))
    assert len({s.image_id for s in drawn}) == len(drawn)
    available = Counter(s.label for s in pictures)
    taken = Counter(s.label for s in drawn)
    most = max(taken.values())
    # A label with fewer pictures than the fullest one (less the one of the last round) is used up.
    assert all(taken[label] >= min(n, most - 1) for label, n in available.items())


@given(samples, st.integers(1, 40), st.integers(0, 5))
def test_larger_sample_only_adds(pictures: list[Sample], limit: int, seed: int) -> None:
    small = set(balanced_sample(pictures, limit, seed))
    large = set(balanced_sample(list(reversed(pictures)), limit + 7, seed))
    assert small <= large


def test_other_columns_of_an_index_become_attributes(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text(
        "path,sex,emotion,subject,intensity\na.jpg,female,fear,P1, 0.5 \nb.jpg,,joy,P2,1\n"
    )
    one, two = load_dataset(tmp_path).samples
    assert one.attributes == (("intensity", "0.5"), ("sex", "female"))
    assert two.attributes == (("intensity", "1"),)
    assert one.label == "fear"


def test_what_the_index_says_is_part_of_its_hash(tmp_path: Path) -> None:
    one = Dataset("d", (Sample("a", tmp_path, "fear", "S1"),))
    two = Dataset("d", (Sample("a", tmp_path, "fear", "S1", (("sex", "male"),)),))
    assert one.index_hash != two.index_hash


def test_variants_of_the_example_set() -> None:
    numbers = {name: len(load_dataset(name)) for name in DATASETS.names()}
    assert numbers == {"example": 168, "example-intensity": 312, "example-all": 480}
    said = dict(load_dataset("example-all").samples[0].attributes)
    assert set(said) == {"accessories", "age", "intensity", "seed", "sex", "skin_tone", "yaw"}
