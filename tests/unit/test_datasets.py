"""Folders and CSV indexes of labelled faces."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskface.datasets import (
    DATASETS,
    SPELLINGS,
    Dataset,
    balanced_sample,
    load_dataset,
    require_apart,
)
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
        (["a.jpg"], r"neither an index.csv.*Sort the pictures into such folders"),
        (["a.jpg", "index.xlsx"], r"neither an index.csv.*Save index.xlsx as 'CSV UTF-8'"),
        (["happy/notes.txt"], r"hold no pictures \(.*\.webp, .*\.gif, .*\), but 1 \.txt\."),
        (["happy/1.MP4", "sad/2.mp4", "sad/x"], r"but 2 \.mp4, 1 without an ending\..*frames"),
        (["happy/.DS_Store"], "hold no pictures .*, but nothing"),
        (["happy/1.jpg", "contempt/2.jpg"], r"(?s)'contempt'.*Rename such folders, or move them"),
        (["happy/1.jpg", "contempt/2.heic"], "'contempt'"),
        (
            ["faces/happy/1.jpg", "faces/sad/2.jpg"],
            r"(?s)'faces'.*one level deeper, in \S+/faces: give that",
        ),
    ],
)
def test_bad_folders_are_refused_with_the_reason(
    tmp_path: Path, names: list[str], words: str
) -> None:
    touch(tmp_path, *names)
    with pytest.raises(MaskfaceError, match=words):
        load_dataset(tmp_path)


def test_an_emotion_folder_alone_is_told_from_a_set(tmp_path: Path) -> None:
    touch(tmp_path, "Happy/1.jpg")
    with pytest.raises(
        MaskfaceError, match=rf"such a folder itself: give the one above, {tmp_path}"
    ):
        load_dataset(tmp_path / "Happy")


def test_results_stay_out_of_emotion_folders(tmp_path: Path) -> None:
    root = tmp_path / "set"
    touch(root, "happy/1.jpg")
    for inside in (root / "results", root / "happy", root / "happy" / ".." / "new" / "er"):
        with pytest.raises(MaskfaceError, match=r"lies in the folder of pictures.*set_results"):
            require_apart(root, inside)
    for apart in (tmp_path / "results", root / ".." / "set2"):
        require_apart(root, apart)
    require_apart("example", Path("example") / "results")
    write_index(root, "path,emotion\nhappy/1.jpg,happy\n")
    require_apart(root, root / "results")


def test_folders_without_pictures_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "Happy/1.JPG", "__MACOSX/._1.JPG", "notes/a.txt", "Happy/Thumbs.db", "a.txt")
    (tmp_path / "New Folder").mkdir()
    assert [sample.image_id for sample in load_dataset(tmp_path)] == ["Happy/1.JPG"]


@pytest.mark.parametrize("kind", ["HEIC", "heif", "avif", "gif", "pgm"])
def test_pictures_of_other_kinds_are_not_passed_over(tmp_path: Path, kind: str) -> None:
    touch(tmp_path, "Happy/1.jpg", f"Happy/2.{kind}")
    assert len(load_dataset(tmp_path)) == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("faces.zip", "Unpack it"),
        ("index.XLSX", "Save it as 'CSV UTF-8'"),
        ("film.mp4", "Give a folder with an index.csv"),
    ],
)
def test_files_that_are_no_index_are_told(tmp_path: Path, name: str, words: str) -> None:
    touch(tmp_path, name)
    with pytest.raises(MaskfaceError, match=rf"{name} is not a CSV table\. {words}"):
        load_dataset(tmp_path / name)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_excel_saves_is_read(tmp_path: Path, separator: str) -> None:
    rows = [
        ("Path", "Emotion", "SUBJECT", "Alter", ""),
        ("Bilder\\größe 1.JPG", "Happy ", "P1", "3,5", ""),
        ("", "", "", "", ""),
    ]
    text = "\r\n".join(separator.join(map('"{}"'.format, row)) for row in rows)
    (tmp_path / "index.csv").write_text(text, encoding="utf-8-sig", newline="")
    (sample,) = load_dataset(tmp_path)
    assert (sample.image_id, sample.label) == ("Bilder/größe 1.JPG", "happiness")
    assert (sample.subject_id, sample.attributes) == ("P1", (("Alter", "3,5"),))


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=|", "sep=\t"])
def test_the_separator_that_excel_is_told_is_no_header(tmp_path: Path, first: str) -> None:
    cut = first.strip('"')[-1]
    rows = [cut.join(cells) for cells in (("path", "emotion", "a,b,c"), ("1.jpg", "fear", "x"))]
    text = "\r\n".join([first, *rows])
    (tmp_path / "index.csv").write_text(text, encoding="utf-8-sig", newline="")
    (sample,) = load_dataset(tmp_path)
    assert (sample.image_id, sample.label) == ("1.jpg", "fear")
    assert sample.attributes == (("a,b,c", "x"),)
    (tmp_path / "index.csv").write_text(text.replace("fear", "hunger"))
    with pytest.raises(MaskfaceError, match="line 3"):
        load_dataset(tmp_path)


def test_missing_folder_says_what_may_be_given(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match=r"There is no folder .*index\.csv.*example"):
        load_dataset(tmp_path / "none")
    with pytest.raises(MaskfaceError, match=rf"There is no folder 'none' in {Path.cwd()}\. Give"):
        load_dataset("none")


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
    assert numbers == {
        "example": 168, "example-intensity": 312, "example-all": 480, "example_worn": 336
    }  # fmt: skip
    said = dict(load_dataset("example-all").samples[0].attributes)
    assert set(said) == {"accessories", "age", "intensity", "seed", "sex", "skin_tone", "yaw"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("path,emotion\n\\\\server\\share\\a.jpg,fear\n", "does not stay inside"),
        ("path,emotion\n//server/a.jpg,fear\n", "does not stay inside"),
        ("path,emotion\nc:a.jpg,fear\n", "does not stay inside"),
        ("path,emotion\n.,fear\n", "does not stay inside"),
        ("path,emotion\na\0.jpg,fear\n", "control characters"),
        ('path,emotion\n"a\nb.jpg",fear\n', "control characters"),
        ("path,emotion\na\x1b[31m.jpg,fear\n", "control characters"),
        (f"path,emotion\n{'a/' * 3000}b.jpg,fear\n", "longer than 4,096"),
        (f"path,emotion\n{'a' * 1_000_000},fear\n", "field larger than"),
        (f"path,emotion\na.jpg,{'b' * 100_000}\n", "none of the seven"),
        ('path,emotion\n"a.jpg,fear\nb.jpg,fear\n', "Cannot read"),
        ('path,emotion\n"a"b.jpg,fear\n', "Cannot read"),
        ("path,emotion,path\na.jpg,fear,b.jpg\n", "column 'path' twice"),
        ("path,emotion,age,age \na.jpg,fear,1,2\n", "column 'age' twice"),
        ("path,emotion\na.jpg,fear,P1\n", "line 2: 3 cells, but the header has 2"),
        ("path,emotion,subject\na.jpg,fear,P1\nb.jpg,fear\n", "line 3: 2 cells"),
        ("path;emotion\na.jpg;fear;P1\n", "line 2: 3 cells, but the header has 2"),
        ("Path,Emotion,path\na.jpg,fear,b.jpg\n", "column 'path' twice"),
        ("path,emotion\n,\n , \n", "no rows"),
        ("Bild;Gefühl;\na.jpg;fear;\n", "columns Bild, Gefühl, but it needs path and emotion"),
        ("\n\npath,emotion\na.jpg,fear\n", "first line is empty"),
        ("path,emotion\nä.jpg,fear\n".encode("latin-1"), "not text in UTF-8"),
        ("path,emotion\na.jpg,fear\n".encode("utf-16"), "not text in UTF-8"),
        (b"\xff\xfe\x00\x00" * 100, "not text in UTF-8"),
        (bytes(100), "Missing: path, emotion"),
    ],
)
def test_hostile_indexes_are_refused_in_words(
    tmp_path: Path, data: str | bytes, words: str
) -> None:
    index = tmp_path / "index.csv"
    index.write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(MaskfaceError) as caught:
        load_dataset(tmp_path)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 2000


def test_formulas_in_an_index_are_text(tmp_path: Path) -> None:
    write_index(tmp_path, '"=cmd()",path,emotion,subject,\n=1+1,=a.jpg,fear,@x\x07y,7\n')
    (sample,) = load_dataset(tmp_path)
    assert sample.image_id == "=a.jpg"
    assert sample.subject_id == "@x y"
    assert sample.attributes == (("=cmd()", "=1+1"),)


def test_cells_that_were_made_safe_are_read_as_they_were(tmp_path: Path) -> None:
    touch(tmp_path, "=a.jpg", "'b.jpg")
    write_index(tmp_path, "path,emotion,subject\n'=a.jpg,fear,'@x\n'b.jpg,fear,'y\n")
    first, second = load_dataset(tmp_path)
    assert (first.image_id, first.subject_id) == ("'b.jpg", "'y")
    assert (second.image_id, second.subject_id) == ("=a.jpg", "@x")


def test_links_in_an_index_stay_inside(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "set"
    touch(outside, "secret.jpg")
    touch(root, "store/1.jpg")
    (root / "in.jpg").symlink_to("store/1.jpg")
    (root / "loop.jpg").symlink_to("loop.jpg")
    write_index(root, "path,emotion\nin.jpg,fear\nloop.jpg,fear\nstore/1.jpg,fear\n")
    assert len(load_dataset(root)) == 3
    (tmp_path / "linked").symlink_to(root)
    assert len(load_dataset(tmp_path / "linked")) == 3
    (root / "out.jpg").symlink_to(outside / "secret.jpg")
    write_index(root, "path,emotion\nin.jpg,fear\nout.jpg,fear\n")
    with pytest.raises(MaskfaceError, match=r"1 pictures that are links out of it.*'out\.jpg'"):
        load_dataset(root)
    (root / "far").symlink_to(outside)
    write_index(root, "path,emotion\nfar/secret.jpg,fear\n")
    with pytest.raises(MaskfaceError, match=r"links out of it, for example 'far/secret\.jpg'"):
        load_dataset(root)


def test_links_in_folders(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "set"
    touch(outside, "secret.jpg")
    touch(root, "fear/1.jpg")
    (root / "fear" / "again.jpg").symlink_to("1.jpg")
    assert len(load_dataset(root)) == 2
    (root / "fear" / "out.jpg").symlink_to(outside / "secret.jpg")
    with pytest.raises(MaskfaceError, match="links out of it"):
        load_dataset(root)
    (root / "fear" / "out.jpg").unlink()
    (root / "fear" / "up").symlink_to(root)
    with pytest.raises(MaskfaceError, match=r"fear/up' is a link, which is not followed"):
        load_dataset(root)
    (root / "fear" / "up").unlink()
    (root / "joy").symlink_to(outside)
    with pytest.raises(MaskfaceError, match="links out of it"):
        load_dataset(root)


@pytest.mark.parametrize("name", [b"a\nb.jpg", b"a\x1b.jpg", b"\xff\xfe.jpg"])
def test_names_that_no_table_holds_are_refused(tmp_path: Path, name: bytes) -> None:
    touch(tmp_path, "fear/1.jpg")
    (tmp_path / "fear" / os.fsdecode(name)).touch()
    with pytest.raises(MaskfaceError, match="1 pictures whose names hold") as caught:
        load_dataset(tmp_path)
    assert str(caught.value).isprintable()


def test_odd_but_honest_files_are_listed(tmp_path: Path) -> None:
    names = ["-rf.jpg", "--out=x.png", "a" * 251 + ".jpg", "=1.jpg", "\u00e9\u202e.jpg", " .jpg"]
    touch(tmp_path, *(f"fear/{name}" for name in names))
    os.mkfifo(tmp_path / "fear" / "pipe.jpg")
    (tmp_path / "fear" / "dangling.jpg").symlink_to("nowhere.jpg")
    found = {sample.image_id for sample in load_dataset(tmp_path)}
    assert found == {f"fear/{name}" for name in (*names, "pipe.jpg", "dangling.jpg")}


def test_a_folder_that_vanishes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "fear/1.jpg", "joy/2.jpg")
    listed = os.scandir

    def scandir(path: str | Path) -> Any:
        if Path(path).name == "fear":
            (tmp_path / "joy").rename(tmp_path / ".moved")
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(MaskfaceError, match=r"Cannot list the folder .*joy: No such file"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("image_id", ["a\nb", "a\0", "\udcff", "x" * 5000])
def test_ids_that_no_table_holds_are_refused_everywhere(tmp_path: Path, image_id: str) -> None:
    with pytest.raises(MaskfaceError, match="pictures whose names hold"):
        Dataset("d", (Sample(image_id, tmp_path, "fear"),))


def test_the_name_of_a_set_is_plain_text(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"a\nb\xff")
    touch(root, "fear/1.jpg")
    assert load_dataset(root).name == "a b"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "it is a pipe or a device"),
        (Path.mkdir, "it is a folder"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a pipe or a device"),
        (lambda path: path.symlink_to("nowhere"), "No such file"),
    ],
)
def test_an_index_that_is_no_file_is_refused(
    tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    """It is not passed over for the folders beside it, nor waited for."""
    touch(tmp_path, "fear/1.jpg", "joy/2.jpg")
    make(tmp_path / "index.csv")
    with pytest.raises(MaskfaceError, match=rf"Cannot read .*index\.csv as a CSV table: {why}"):
        load_dataset(tmp_path)


def test_a_pipe_is_no_data_set(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(MaskfaceError, match=r"pipe\.csv is a pipe or a device, not a folder"):
        load_dataset(tmp_path / "pipe.csv")
