"""Trial tables of human observers, as each platform writes them."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskface.errors import MaskfaceError
from maskface.humans import HUMAN, Study, detect_platform, read_study, ready_maps
from maskface.humans import column_map as _patterns
from maskface.humans import reading as _files
from maskface.humans.column_map import starting_map
from maskface.humans.reading import Source, harmless_text
from maskface.tables import EXCLUSIONS, RESPONSES

JSPSYCH = [
    {"trial_type": "html-keyboard-response", "trial_index": 0, "time_elapsed": 900, "rt": 800,
     "stimulus": "<p>Welcome</p>", "response": " ", "subject": "p1"},
    {"trial_type": "image-button-response", "trial_index": 1, "time_elapsed": 2000, "rt": 1100,
     "stimulus": "img/01.jpg", "response": 0, "subject": "p1", "emotion": "angry",
     "condition": "none"},
    {"trial_type": "image-button-response", "trial_index": 2, "time_elapsed": 3000, "rt": None,
     "stimulus": "img/01m.jpg", "response": None, "subject": "p1", "emotion": "angry",
     "condition": "mask"},
    {"trial_type": "image-button-response", "trial_index": 3, "time_elapsed": 4000, "rt": 950.5,
     "stimulus": "img/02m.jpg", "response": 1, "subject": "p1", "emotion": "happy",
     "condition": "mask"},
]  # fmt: skip
BUTTONS = '[values.response]\n"0" = "anger"\n"1" = "happiness"\n'


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def answers(path: Path, *, column_map: Path | None = None) -> pd.DataFrame:
    study = read_study([path], column_map)
    return study.responses


@pytest.mark.parametrize("kind", ["csv", "json", "lines"])
def test_jspsych(tmp_path: Path, kind: str) -> None:
    if kind == "csv":
        path = tmp_path / "a.csv"
        pd.DataFrame(JSPSYCH).to_csv(path, index=False)
    else:
        text = "\n".join(json.dumps([row]) for row in JSPSYCH)
        path = write(tmp_path, "a.json", json.dumps(JSPSYCH) if kind == "json" else text)
    study = read_study([path], write(tmp_path, "map.toml", BUTTONS))
    assert study.column_map.platform == "jspsych"
    found = study.responses
    assert list(found["predicted"]) == ["anger", "", "happiness"]
    assert list(found["status"]) == ["ok", "no_answer", "ok"]
    assert list(found["condition"]) == ["none", "mask", "mask"]
    assert list(found["rt_ms"].fillna(-1)) == [1100, -1, 950.5]
    assert set(found["classifier"]) == {f"{HUMAN}:p1"}
    rules = dict(zip(study.exclusions["rule"], study.exclusions["n_trials"], strict=True))
    assert rules == {"row that is no trial": 1, "value that the map skips": 0, "no answer": 1}


def test_psychopy_times_are_in_seconds(tmp_path: Path) -> None:
    header = (
        "image,emotion,mask,trials.thisN,key_resp.keys,key_resp.rt,key_resp.started,participant"
    )
    rows = ["a.png,sad,none,0,s,0.75,1.2,7", "b.png,sad,surgical,1,None,,2.2,7", ",,,,,,3.1,7"]
    path = write(tmp_path, "7.csv", "\n".join([header, *rows]))
    keys = write(tmp_path, "map.toml", '[values.response]\ns = "sadness"\n')
    study = read_study([path], keys)
    found = study.responses
    assert study.column_map.platform == "psychopy"
    assert list(found["rt_ms"].fillna(-1)) == [750, -1]
    assert list(found["status"]) == ["ok", "no_answer"]
    assert list(found["condition"]) == ["none", "surgical"]


def test_psychopy_with_two_keyboards_asks_which(tmp_path: Path) -> None:
    header = "emotion,mask,trials.thisN,face.keys,face.rt,more.keys,more.rt,participant"
    path = write(tmp_path, "7.csv", f"{header}\nsad,none,0,s,0.7,x,0.1,7\n")
    with pytest.raises(MaskfaceError, match=r"face\.keys, more\.keys"):
        read_study([path])


def test_gorilla_keeps_answers_only(tmp_path: Path) -> None:
    header = "Participant Private ID,Zone Type,Reaction Time,Response,Correct,image,emotion,mask"
    rows = [
        "11,fixation,250.1,,0,a.png,Fear,none",
        "11,response_button_text,812.4,Fearful,1,a.png,Fear,none",
        "11,continue_button,90,Next,0,a.png,Fear,none",
        "11,response_button_text,700,Surprise,0,b.png,Fear,mask",
    ]
    study = read_study([write(tmp_path, "g.csv", "\n".join([header, *rows]))])
    assert study.column_map.platform == "gorilla"
    assert list(study.responses["predicted"]) == ["fear", "surprise"]
    assert list(study.responses["correct"]) == [1, 0]
    assert study.exclusions["n_trials"].iloc[0] == 2


def test_labjs_and_one_file_for_each_observer(tmp_path: Path) -> None:
    header = "sender,sender_type,sender_id,timestamp,image,emotion,condition,response,duration"
    for name, ms in (("ann", 5000), ("ben", 5100)):
        rows = [f"Hi,html.Screen,0,t,,,,,{ms}", "Face,html.Screen,1_0,t,a.png,joy,none,happy,640"]
        write(tmp_path, f"{name}.csv", "\n".join([header, *rows]))
    study = read_study([tmp_path])
    assert study.column_map.platform == "labjs"
    assert list(study.responses["observer_id"]) == ["ann", "ben"]
    assert list(study.responses["rt_ms"]) == [640, 640]
    assert [source["name"] for source in study.sources] == ["ann.csv", "ben.csv"]


def test_qualtrics_has_a_column_for_each_trial(tmp_path: Path) -> None:
    rows = [
        "ResponseId,RecordedDate,f1_angry_none,f1_angry_none_t,f1_angry_mask,f1_angry_mask_t,check",
        '"Response ID","Recorded Date","Which, emotion?",Timing,Which?,Timing,Press 3',
        *['"{""ImportId"":""_recordId""}",' + ",".join('"{""ImportId"":""x""}"' for _ in range(6))],
        "R_1,2024-01-01,Anger,1.5,Disgust,2.25,3",
        "R_2,2024-01-02,Anger,1.0,,,4",
    ]
    path = write(tmp_path, "q.csv", "\n".join(rows))
    with pytest.raises(MaskfaceError, match=r"\[wide\]"):
        read_study([path])
    wide = (
        "[wide]\nregex = '^(?P<image>.+)_(?P<emotion>angry)_(?P<condition>none|mask)$'\n"
        "rt_suffix = '_t'\n[exclude.attention]\ncolumn = 'check'\npassed = ['3']\n"
    )
    study = read_study([path], write(tmp_path, "map.toml", wide))
    found = study.responses
    assert list(found["observer_id"]) == ["R_1", "R_1", "R_2", "R_2"]
    assert list(found["predicted"]) == ["anger", "disgust", "anger", ""]
    assert list(found["rt_ms"].fillna(-1)) == [1500, 2250, 1000, -1]
    assert list(found["status"]) == ["ok", "ok", "excluded", "no_answer"]
    assert found["message"].iloc[2] == "more than 0 failed attention checks"


def test_qualtrics_questions_by_their_text(tmp_path: Path) -> None:
    rows = [
        "ResponseId,RecordedDate,1_Q5,2_Q5",
        "Response ID,Recorded Date,01_sad_none.jpg - Which?,01_sad_mask.jpg - Which?",
        '"{""ImportId"":""a""}",x,y,z',
        "R_1,2024,Sad,Neutral",
    ]
    regex = r"(?P<image>(?P<identity>\d+)_(?P<emotion>[a-z]+)_(?P<condition>none|mask)\.jpg)"
    own = write(tmp_path, "map.toml", f"[wide]\nregex = '{regex}'\nheader = 'text'\n")
    found = answers(write(tmp_path, "q.csv", "\n".join(rows)), column_map=own)
    assert list(found["image_id"]) == ["01_sad_none.jpg", "01_sad_mask.jpg"]
    assert list(found["subject_id"]) == ["01", "01"]
    assert list(found["correct"]) == [1, 0]


def test_any_table_through_a_map_with_a_pattern(tmp_path: Path) -> None:
    own = """
dataset = "mine"
[columns]
observer = "Worker"
response = "Said"
rt = "Secs"
[units]
"""
    own = own.replace("[units]\n", "") + (
        "[pattern]\ncolumn = 'File'\n"
        "regex = '(?P<identity>[0-9]+)_[FM]_(?P<emotion>[A-Z])_(?P<condition>[XL])'\n"
        '[values.emotion]\nA = "anger"\nS = "sadness"\n'
        '[values.condition]\nX = "none"\nL = "lower"\n'
    )
    own = 'rt_unit = "s"\n' + own
    text = "Worker;File;Said;Secs\nw1;01_F_A_L.jpg;sad;0.5\nw1;02_M_S_X.jpg;sad;1\n"
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    study = read_study([packed], write(tmp_path, "map.toml", own))
    found = study.responses
    assert study.column_map.platform == "plain"
    assert list(found["dataset"].unique()) == ["mine"]
    assert list(found["label"]) == ["anger", "sadness"]
    assert list(found["condition"]) == ["lower", "none"]
    assert list(found["subject_id"]) == ["01", "02"]
    assert list(found["rt_ms"]) == [500, 1000]


def test_round_trip(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", json.dumps(JSPSYCH))
    study = read_study([path], write(tmp_path, "map.toml", BUTTONS), dataset="named")
    RESPONSES.write(study.responses, tmp_path / "responses.csv")
    EXCLUSIONS.write(study.exclusions, tmp_path / "exclusions.csv")
    pd.testing.assert_frame_equal(RESPONSES.read(tmp_path / "responses.csv"), study.responses)
    pd.testing.assert_frame_equal(EXCLUSIONS.read(tmp_path / "exclusions.csv"), study.exclusions)
    assert set(study.responses["dataset"]) == {"named"}
    assert set(study.responses["run_id"]) == {study.run_id}


def test_headers_are_those_of_the_documentation() -> None:
    text = Path(__file__).parents[2].joinpath("docs/architecture.md").read_text(encoding="utf-8")
    assert f"`{', '.join(EXCLUSIONS.header)}`" in text
    assert f"`{', '.join(RESPONSES.header[-6:])}`" in text


@pytest.mark.parametrize("name", sorted(ready_maps()))
def test_ready_maps_are_detected_by_their_own_columns(name: str) -> None:
    signs = [sign.strip("^$").replace("\\", "") for sign in ready_maps()[name]["detect"]]
    header = [f"trials{sign}" if sign.startswith(".") else sign for sign in signs]
    assert detect_platform((*header, "other")) == name
    assert detect_platform(("other",)) == "plain"


def test_unknown_columns_get_a_starting_map(tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv", 'rater,pict"ure,shown emotion,cover,answer\na,b,c,d,e\n')
    with pytest.raises(MaskfaceError) as caught:
        read_study([path])
    text = str(caught.value)
    assert "observer (no name given)" in text
    assert 'observer = "rater"' in text
    assert 'emotion = "shown emotion"' in text
    assert "--map map.toml" in text


@pytest.mark.parametrize(
    ("content", "own", "words"),
    [
        ("", "", "Cannot read"),
        ("o,e,c,r\n", "", "None of the 0 rows is a trial"),
        ("o,e,c,r\na,anger,mask,anger\n", "", "No trial shows a plain face"),
        ("o,e,c,r\n,anger,none,anger\n", "", "1 of 1 trials do not say who answered"),
        ("o,e,c,r\na,contempt,none,anger\n", "", r"values of emotion is unknown: 'contempt'"),
        ("o,e,c,r\na,anger,none,huh\n", "", r"\[values.response\]"),
        ("o,e,c,r\na,anger,none,anger\n", "[keep]\nx = ['1']\n", "has no column 'x'"),
        ("o,e,c,r\na,anger,none,anger\n", "colour = 1\n", "not valid at colour"),
        ("o,e,c,r\na,anger,none,anger\n", "colour = 1\nplatform = 'x'\n", "no ready-made map 'x'"),
        ("o,e,c,r\na,anger,none,anger\n", "[keep]\nr = ['re:(']\n", "no regular expression"),
        ("o,e,c,r\na,anger,none,anger\n", "[exclude]\nmin_trials = 9\n", "No trial is left"),
        ("o,e,c,r\na,anger,none,anger\n", "[pattern]\ncolumn='e'\nregex='('\n", "not valid at pat"),
        ("o,e,c,r\na,anger,none,anger\n", "= 1", "as a column map"),
    ],
)
def test_mistakes_are_answered_in_words(tmp_path: Path, content: str, own: str, words: str) -> None:
    columns = "[columns]\nobserver = 'o'\nemotion = 'e'\ncondition = 'c'\nresponse = 'r'\n"
    text = own + columns if own.startswith(("colour", "=")) else columns + own
    path = write(tmp_path, "t.csv", content)
    with pytest.raises(MaskfaceError, match=words):
        read_study([path], write(tmp_path, "map.toml", text))


# Patterns of strangers --------------------------------------------------------------------------

ENDLESS = "(a|aa)+$"
NOT_ENDING = "a" * 60 + "!"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "key"),
    [
        (f"[columns]\nimage = 're:{ENDLESS}'\n", "columns.image"),
        (f"[keep]\np = ['none', 're:{ENDLESS}']\n", "keep.p"),
        ("[pattern]\ncolumn = 'p'\nregex = '(?P<emotion>(a|aa)+)$'\n", "pattern.regex"),
        ("[wide]\nregex = '(?P<emotion>(a|aa)+)$'\n", "wide.regex"),
    ],
)
def test_patterns_that_take_for_ever_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, key: str
) -> None:
    monkeypatch.setattr(_patterns, "SECONDS", 2.0)
    columns = "observer = 'o'\nemotion = 'e'\ncondition = 'c'\nresponse = 'r'\n"
    text = own + columns if own.startswith("[columns]") else f"[columns]\n{columns}{own}"
    table = f"o,e,c,r,p,{NOT_ENDING}\nx,anger,none,anger,{NOT_ENDING},\n"
    path = write(tmp_path, "t.csv", table)
    words = rf"{re.escape(key)}: '.*\(a\|aa\)\+.*took more than 2 s"
    with pytest.raises(MaskfaceError, match=words):
        read_study([path], write(tmp_path, "map.toml", text))


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(", "missing \\)"), ("a{99999999999999999999}", "too large"),
        ("(a{200}){200}", "too large"), ("(?x)(a{ 9, 200 }){ 200 }", "too large"),
        ("(" * 2000 + ")" * 2000, "nested too deeply"), ("a" * 300 + "[", "a\\.\\.\\.' is no"),
    ],
)  # fmt: skip
def test_what_is_no_pattern_is_told(pattern: str, told: str) -> None:
    with pytest.raises(MaskfaceError, match=rf"not valid at keep.x: '.*{told}"):
        _patterns.search(pattern, ["a"], (), "keep.x")


@pytest.mark.parametrize(
    "pattern", [r"\.keys$", r"^(?P<emotion>[a-z]+)_(?P<image>\d+)?", "", "é|\ud800"]
)
def test_patterns_find_what_python_finds(pattern: str) -> None:
    texts = ["key_resp.keys", "fear_1", "fear_", "x fear_1", "", "é\n", "fear_1", "a\0\ud800b"]
    fields = ("image", "emotion", "rt")
    expected = {}
    for text in texts:
        found = re.search(pattern, text)
        groups = found.groupdict(default="") if found else {}
        expected[text] = (
            {name: groups[name] for name in fields if name in groups} if found else None
        )
    assert _patterns.search(pattern, texts, fields, "keep.x") == expected


def test_packed_tables_that_are_bombs_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_files, "_PIECES", 2)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"o,e,c,r\n" + b"x" * 2_000_000))
    with pytest.raises(MaskfaceError, match=r"more than 2,000,000 bytes when it is unpacked"):
        read_study([tmp_path / "t.csv.gz"])


def test_archives_of_other_kinds_are_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("t.csv", "o,e,c,r\nx,fear,none,fear\n")
    with pytest.raises(MaskfaceError, match=r"as CSV in UTF-8.*Unpack archives"):
        read_study([tmp_path / "t.zip"])


# Broken files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json", b"{"), ("t.json", b"[]"), ("t.json", b"[" * 100_000),
        ("t.csv", b"\xff\xfe\x00a"), ("t.csv.gz", b"no gzip"), ("t.csv", b'a,b\n"1,2\n3'),
    ],
)  # fmt: skip
def test_broken_files_are_refused_in_words(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MaskfaceError):
        read_study([tmp_path / name])


def test_files_are_named_once_and_exist(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", json.dumps(JSPSYCH))
    with pytest.raises(MaskfaceError, match="named twice"):
        read_study([path, path])
    with pytest.raises(MaskfaceError, match="no file or folder"):
        read_study([tmp_path / "nothing.csv"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(MaskfaceError, match="no trial table"):
        read_study([tmp_path / "empty"])


def test_only_the_needed_columns_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = (
        "subject_id,stimulus,emotion,condition,response,trial_type,trial_index,time_elapsed,big"
    )
    path = write(tmp_path, "t.csv", f"{header}\np,a,anger,none,anger,x,0,1,{'x' * 1000}\n")
    read: list[list[str]] = []
    original = Source.read

    def spy(source: Source, columns: Sequence[str]) -> pd.DataFrame:
        read.append(list(columns))
        return original(source, columns)

    monkeypatch.setattr(Source, "read", spy)
    read_study([path])
    assert read == [["subject_id", "stimulus", "emotion", "condition", "response"]]


# Tables as they come ----------------------------------------------------------------------------

MAP = (
    "[columns]\nobserver='o'\nimage='i'\nidentity='p'\nemotion='e'\ncondition='c'\n"
    "response='r'\nrt='t'\n"
)
HEADER = "o,i,p,e,c,r,t\n"
ROWS = "a,1,m,anger,none,anger,900\na,2,m,anger,mask,fear,1100\n"


def read_text(folder: Path, text: str, own: str = MAP, name: str = "t.csv") -> Study:
    return read_study([write(folder, name, text)], write(folder, "map.toml", own))


def test_rows_of_other_widths_are_refused_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match=r"t\.csv, line 4: the row has 8 cells, .* has 7"):
        read_text(tmp_path, HEADER + ROWS + "a,3,m,anger,mask,fear,[0.1, 0.2]\n")
    with pytest.raises(MaskfaceError, match=r"line 2: the row has 6 cells"):
        read_text(tmp_path, HEADER + "a,1,m,anger,none,anger\n" + ROWS)
    # A separator behind each row adds an empty cell, which may be passed over.
    behind = "".join(f"{row},\n" for row in ROWS.splitlines())
    assert list(read_text(tmp_path, HEADER + behind).responses["rt_ms"]) == [900, 1100]
    with pytest.raises(MaskfaceError, match=r"line 4: the row has 7 cells"):
        read_text(tmp_path, HEADER + behind + ROWS)
    with pytest.raises(MaskfaceError, match=r"line 4: the row has 8 cells"):
        read_text(tmp_path, HEADER + behind + "a,3,m,anger,mask,fear,1,x\n")


def test_stray_quotes_are_refused_with_their_line(tmp_path: Path) -> None:
    cells = ("ok", '"huh"', "ok")
    rows = [f"{o},1,m,anger,none,anger,9,{cell}" for o, cell in zip("abc", cells, strict=True)]
    assert len(read_text(tmp_path, HEADER.strip() + ",x\n" + "\n".join(rows)).responses) == 3
    stray = [row.replace('"huh"', '"huh') for row in rows]
    with pytest.raises(MaskfaceError, match="unexpected end of data"):
        read_text(tmp_path, HEADER.strip() + ",x\n" + "\n".join(stray))
    stray[2] = stray[2].replace("ok", '"huh')
    with pytest.raises(MaskfaceError, match=r"line 4: .*expected after"):
        read_text(tmp_path, HEADER.strip() + ",x\n" + "\n".join(stray))


def test_columns_that_are_there_twice_are_refused_where_they_are_read(tmp_path: Path) -> None:
    twice = "o,i,p,e,c,r,t,r\na,1,m,anger,none,anger,9,fear\n"
    with pytest.raises(MaskfaceError, match="several columns named 'r'"):
        read_text(tmp_path, twice)
    unread = "o,i,p,e,c,r,t,x,x\na,1,m,anger,none,anger,9,1,2\n"
    assert len(read_text(tmp_path, unread).responses) == 1


def test_the_same_table_twice_is_refused(tmp_path: Path) -> None:
    own = write(tmp_path, "map.toml", MAP)
    paths = [write(tmp_path, name, HEADER + ROWS) for name in ("p.csv", "p (1).csv")]
    with pytest.raises(MaskfaceError, match=r"p \(1\)\.csv has the same contents as .*p\.csv"):
        read_study(paths, own)


def test_one_name_in_several_files_is_noted(tmp_path: Path) -> None:
    own = write(tmp_path, "map.toml", MAP)
    first = write(tmp_path, "1.csv", HEADER + ROWS)
    other = ROWS.replace("900", "800")
    with_b = write(tmp_path, "2.csv", HEADER + other + ROWS.replace("a,", "b,"))
    study = read_study([first, with_b], own)
    assert "more than one file: 1 of 2, such as 'a' in 2" in study.notes[0]
    assert study.notes[1].startswith("2 of 6 trials repeat an earlier one")
    renamed = write(tmp_path, "3.csv", HEADER + ROWS.replace("a,", "c,"))
    assert read_study([first, renamed], own).notes == ()


def test_decimal_commas_are_read_where_columns_are_separated_otherwise(tmp_path: Path) -> None:
    seconds = f"rt_unit = 's'\n{MAP}"
    text = (HEADER + ROWS).replace(",", ";").replace("900", "0,9").replace("1100", "1,1")
    assert list(read_text(tmp_path, text, seconds).responses["rt_ms"]) == [900, 1100]
    with pytest.raises(MaskfaceError, match=r"decimal commas and with points.*'0,9' and '1\.100'"):
        read_text(tmp_path, text.replace("1,1", "1.100"), seconds)


def test_response_times_that_are_no_numbers_are_counted_or_refused(tmp_path: Path) -> None:
    text = HEADER + ROWS.replace("1100", '"1,100"') + "b,1,m,anger,none,anger,NA\n"
    study = read_text(tmp_path, text)
    assert study.notes == (
        "1 of 3 cells of rt are no numbers, such as '1,100'; they count as missing.",
    )
    with pytest.raises(MaskfaceError, match="rules on response times cannot be applied"):
        read_text(tmp_path, text, f"{MAP}[exclude]\nrt_ms_below = 200\n")
    none = HEADER + ROWS.replace("900", "").replace("1100", "NA")
    assert read_text(tmp_path, none).notes == ()
    with pytest.raises(MaskfaceError, match="but no trial has one"):
        read_text(tmp_path, none, f"{MAP}[exclude]\nrt_ms_above = 200\n")


@pytest.mark.parametrize(
    ("own", "key"),
    [
        (MAP.replace("rt='t'", "rt='reaction'"), "'reaction' at columns.rt"),
        (MAP + "[exclude.rows]\nkind = ['test']\n", "'kind' at exclude.rows.kind"),
    ],
)
def test_columns_of_the_map_that_no_file_has_are_refused(
    tmp_path: Path, own: str, key: str
) -> None:
    with pytest.raises(MaskfaceError, match=f"The map names {key}, but no file has such"):
        read_text(tmp_path, HEADER + ROWS, own)


def test_rules_of_the_map_share_one_normalisation(tmp_path: Path) -> None:
    text = HEADER.strip() + ",phase,check,kind\n"
    rows = ["A ,1,m,anger,none,anger,9,3.0,NA,x", "b,1,m,anger,none,anger,9, TEST,no,x",
            "c,1,m,anger,mask,fear,9,3,Yes,x", "c,2,m,anger,none,fear,9,3,,Preview",
            "d,1,m,anger,none,anger,9,4,no,x", "e,1,m,anger,none,anger,9,3,,x"]  # fmt: skip
    rules = (
        "[keep]\nphase = ['3', 'test']\n[exclude]\nobservers = ['E ']\n"
        "attention = { column = 'check', passed = ['yes'] }\n[exclude.rows]\nkind = ['preview ']\n"
    )
    study = read_text(tmp_path, text + "\n".join(rows), MAP + rules)
    assert dict(zip(study.exclusions["rule"], study.exclusions["n_trials"], strict=True)) == {
        "row that is no trial": 1,
        "value that the map skips": 0,
        "no answer": 0,
        "kind is preview ": 1,
        "observer left out by name": 1,
        "more than 0 failed attention checks": 1,  # b; an NA is no check
    }
    assert list(study.counted["observer_id"]) == ["A", "c"]


def test_folders_are_read_as_they_are(tmp_path: Path) -> None:
    own = write(tmp_path, "map.toml", MAP)
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder, "a.CSV", HEADER + ROWS)
    write(folder, "._a.csv", "\0\5 Mac OS X")
    write(folder, "b.csv", "")
    write(folder, "notes.xlsx", "x")
    study = read_study([folder], own)
    assert [source["name"] for source in study.sources] == ["a.CSV"]
    assert study.notes == (
        f"{folder} has other files that were not read: notes.xlsx.",
        "Empty files were passed over: b.csv.",
    )
    write(folder, "age.csv", "o,age\na,21\n")
    with pytest.raises(MaskfaceError, match=r"age\.csv: no column was found for emotion"):
        read_study([folder], own)


TRIALS = [
    {"o": o, "i": str(i), "p": "m", "e": "anger", "c": c, "r": r, "t": 900.5}
    for o, i, c, r in (("a", 1, "none", "anger"), ("a", 2, "mask", "fear"), ("b", 1, "none", "sad"))
]
BY_OBSERVER = [TRIALS[:2], TRIALS[2:]]
NAMELESS = [{key: value for key, value in row.items() if key != "o"} for row in TRIALS]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.json", json.dumps(TRIALS)),
        ("lines.txt", "\n".join(json.dumps(part) for part in BY_OBSERVER)),
        ("behind.json", "".join(json.dumps(part) for part in BY_OBSERVER)),
        ("pretty.json", "\n".join(json.dumps(part, indent=1) for part in BY_OBSERVER)),
        ("data.json", json.dumps({"data": TRIALS})),
        ("keyed.json", json.dumps(dict(enumerate(TRIALS)))),
        ("text.json", json.dumps(json.dumps(TRIALS))),
        ("inside.json", json.dumps({"version": 1, "trials": json.dumps(TRIALS)})),
        ("people.json", json.dumps([
            {"o": "a", "data": NAMELESS[:2]}, {"o": "b", "data": [None, *NAMELESS[2:]]},
        ])),
        ("nested.json", json.dumps([row | {"r": {"Q0": row["r"]}} for row in TRIALS])),
        ("mouse.json", json.dumps([row | {"track": [{"x": 1}, {"x": 2}]} for row in TRIALS])),
    ],
)  # fmt: skip
def test_shapes_of_json(tmp_path: Path, name: str, text: str) -> None:
    found = read_text(tmp_path, text, name=name).responses
    assert list(found["observer_id"]) == ["a", "a", "b"]
    assert list(found["predicted"]) == ["anger", "fear", "sadness"]
    assert list(found["rt_ms"]) == [900.5] * 3


def test_values_of_json_that_are_no_trials_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match="5 is no trial"):
        read_text(tmp_path, json.dumps([*TRIALS, 5]), name="t.json")


@pytest.mark.parametrize("name", ["o", "i", "p", "e", "c", "r", "q"])
def test_half_characters_of_json_become_blanks(tmp_path: Path, name: str) -> None:
    """In names of columns (q) and in values; \\ud800 is valid in JSON."""
    half = {"q": "x", "q\ud800": "y"} if name == "q" else {name: f"{TRIALS[0][name]}\ud800"}
    text = json.dumps([TRIALS[0] | half, *TRIALS[1:]])
    assert "\\ud800" in text
    found = read_text(tmp_path, text, name="t.json").responses
    assert list(found["predicted"]) == ["anger", "fear", "sadness"]
    assert list(found["condition"]) == ["none", "mask", "none"]


def test_answers_of_several_questions_have_a_column_each(tmp_path: Path) -> None:
    rows = [row | {"r": {"Q0": "sad", "Q1": row["r"]}} for row in TRIALS]
    found = read_text(tmp_path, json.dumps(rows), MAP.replace("'r'", "'r.Q1'"), "t.json").responses
    assert list(found["predicted"]) == ["anger", "fear", "sadness"]


def test_qualtrics_previews_and_exports_of_two_headers(tmp_path: Path) -> None:
    names = "Status,RecordedDate,ResponseId,f_angry_none,f_angry_mask"
    texts = "Status,Date,Response ID,Which?,Which?"
    ids = ",".join('"{""ImportId"":""x""}"' for _ in range(5))
    rows = ["Survey Preview,x,R_1,Angry,Sad", "IP Address,x,R_2,Angry,Angry", "0,x,R_3,Sad,Sad"]
    own = "[wide]\nregex = '^(?P<image>.)_(?P<emotion>angry)_(?P<condition>none|mask)$'\n"
    study = read_text(tmp_path, "\n".join([names, texts, ids, *rows]), own)
    assert list(study.counted["observer_id"].unique()) == ["R_2", "R_3"]
    rules = study.exclusions.set_index("rule")
    rule = "Status is Survey Preview or Survey Test or 1 or 2"
    assert list(rules.loc[rule, ["n_trials", "n_observers"]]) == [2, 1]
    with pytest.raises(MaskfaceError, match="second line holds the texts of the questions"):
        read_text(tmp_path, "\n".join([names, texts, *rows]), own)


def test_the_map_of_williams_reads_study_2(tmp_path: Path) -> None:
    """Its ratings of the person show an emotion, too, but ask for none."""
    header = (
        "trial_type,trial_index,time_elapsed,subject,rt,stimulus,whichWindow,emotionRating,face,"
        "model,ethnicity,sex,expression,mask,rateEmotion,personRating,ratePerson\n"
    )
    rows = [
        "pavlovia,0,22,x,NA,,,,,,,,,,NA,,NA",
        "html-keyboard-response,14,99,x,NA,+,fixation,,,,,,,,NA,,NA",
        "image-keyboard-response,15,9,x,2248.29,a,emotionRatingFaceWindow,surprised,HM08_F_X,HM08,"
        "H,M,F,X,1,,NA",
        "image-keyboard-response,17,9,x,1122.5,a,emotionRatingFaceWindow,surprised,BM17_R_L,BM17,"
        "B,M,R,L,1,,NA",
        "image-keyboard-response,702,9,x,731.6,a,personRatingFaceWindow,,WF05_D_L,WF05,W,F,D,L,NA,"
        "warm,0",
    ]
    path = write(tmp_path, "faceMask2_anon_1.csv", header + "\n".join(rows))
    found = read_study([path], Path(__file__).parents[2] / "docs/maps/williams2023.toml")
    assert list(found.responses["label"]) == ["fear", "surprise"]
    assert list(found.responses["condition"]) == ["none", "lower"]
    assert list(found.responses["correct"]) == [0, 1]
    assert list(found.responses["subject_id"]) == ["HM08", "BM17"]
    assert found.exclusions["n_trials"].iloc[0] == 3


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        ("participant,time_elapsed,rt", ['observer = "participant"', 'rt = "rt"  # optional']),
        ("participant,time_elapsed", ['# rt = "?"  # optional']),
        ("WorkerId,Input.emotion,Answer.emotion,Input.image_url",
         ['observer = "WorkerId"', 'emotion = "Input.emotion"  # or Answer.emotion',
          'response = "Answer.emotion"', 'image = "Input.image_url"  # optional']),
    ],
)  # fmt: skip
def test_starting_maps_go_by_whole_words(header: str, lines: list[str]) -> None:
    found = starting_map(header.split(",")).splitlines()
    assert set(lines) <= set(found)


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "+cmd|'/c calc'!A0", "-2+3", "\t=1", " =1"])
def test_formulas_of_strangers_stay_text(tmp_path: Path, cell: str) -> None:
    columns = "subject_id,stimulus,emotion,condition,response,trial_type,trial_index,time_elapsed"
    row = [cell, cell, "anger", "none", "anger", "x", "0", "1"]
    path = tmp_path / "t.csv"
    covered = [cell, cell, "anger", cell, "fear", "x", "1", "2"]
    pd.DataFrame([row, covered], columns=columns.split(",")).to_csv(path, index=False)
    study = read_study([path])
    RESPONSES.write(study.responses, tmp_path / "responses.csv")
    frame = pd.read_csv(tmp_path / "responses.csv", dtype=str, keep_default_na=False)
    cells = [text for column in frame for text in frame[column].astype(str)]
    assert not [text for text in cells if text[:1] in tuple("=+-@\t")]
    assert (frame["image_id"].str.startswith("'")).all()


@given(st.text(max_size=20))
def test_harmless_text_keeps_the_rest(text: str) -> None:
    found = harmless_text(text)
    assert not re.search(r"[\x00-\x1f\x7f]", found)
    if text.isprintable():
        assert found == text
    assert harmless_text(found) == found


@pytest.mark.parametrize("number", ["-5", "+3.25", "-0,5", "12"])
def test_numbers_are_no_formulas(number: str) -> None:
    assert harmless_text(number) == number
