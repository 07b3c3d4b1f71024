"""Cards: reading them, finding them, and what is wrong with them, in words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maskface.classifiers import make_classifier
from maskface.classifiers.card import TEMPLATE, Card, parse_card
from maskface.classifiers.cards import find_model, get_card, model_path, shipped_cards
from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS

CARD = """
title = "a network"
[input]
layout = "NCHW"
size = 64
colour = "rgb"
[output]
labels = ["anger", "joy"]
logits = true
[emotions]
joy = "happiness"
"""


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MASKFACE_CACHE", str(tmp_path / "cache"))


def test_defaults() -> None:
    card = parse_card(CARD, "a.toml")
    assert (card.input.scale, card.input.mean, card.input.std, card.input.crop) == (
        1,
        (0,),
        (1,),
        1,
    )
    assert [card.meaning(label) for label in card.output.labels] == ["anger", "happiness"]
    assert (card.url, card.sha256, card.output.name, card.output.embedding) == ("", "", "", "")


def test_the_template_is_a_card() -> None:
    card = parse_card(TEMPLATE, "template")
    meant = {label: card.meaning(label) for label in card.output.labels}
    assert meant.pop("Contempt") == ""
    assert sorted(meant.values()) == sorted(EMOTIONS)


def test_the_card_in_the_documentation_is_a_card() -> None:
    page = Path(__file__).parents[2] / "docs" / "classifiers.md"
    (shown,) = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    card = parse_card(shown, "docs")
    meant = [card.meaning(label) for label in card.output.labels]
    assert sorted(meant) == sorted(["", *EMOTIONS])


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ('title = "a network"', "", "title: Field required"),
        ('title = "a network"', 'titel = "x"', "titel: Extra inputs"),
        ("title =", 'sha256 = "abc"\ntitle =', "sha256: .*pattern.*got 'abc'"),
        ("title =", 'url = "ftp://x/y"\ntitle =', "url: .*pattern"),
        ("title =", 'url = "file:///etc/passwd"\ntitle =', "url: .*pattern"),
        ("title =", 'file = "../../up.onnx"\ntitle =', "file: .*pattern"),
        ("size = 64", "", "input.size: Field required"),
        ("size = 64", "size = 0", "input.size: .*greater.*got 0"),
        ("size = 64", 'size = "big"', "input.size: .*integer.*got 'big'"),
        ('"NCHW"', '"CHWN"', "input.layout: .*'NCHW' or 'NHWC'.*got 'CHWN'"),
        ('"rgb"', '"cmyk"', "input.colour: .*'grey'"),
        ("size = 64", "size = 64\nscale = 0", "input.scale: .*greater than 0"),
        ("size = 64", "size = 64\nscale = nan", "input.scale: .*finite"),
        ("size = 64", "size = 64\nmean = inf", r"input.mean.*: .*finite"),
        ("size = 64", "size = 64\nstd = [1, 0, 1]", "input.std: must be above 0"),
        ("size = 64", "size = 64\nmean = [1, 2]", "input: mean has 2 numbers; rgb needs 1 or 3"),
        ("size = 64", "size = 64\ncrop = 1.5", "input.crop: .*less than or equal to 1"),
        ("size = 64", "size = 64\nmargin = 2", "input.margin: Extra inputs"),
        ("logits = true", "", "output.logits: Field required"),
        ("logits = true", 'logits = "perhaps"', "output.logits.*'perhaps'"),
        ("size = 64", 'size = 64\nalign = "eyes"', "input.align: .*'eyes'"),
        ("size = 64", 'size = 64\nalign = "eyes+nose+mouth"', "needs a template of five points"),
        ("size = 64", "size = 64\ntemplate = [[1, 2]]", "got 1 points, align = ''"),
        (
            "size = 64",
            'size = 64\ncrop = 0.9\nalign = "eyes+nose+mouth"\n'
            "template = [[1, 2], [2, 3], [3, 4], [4, 5], [5, 6]]",
            "crop has no meaning beside align",
        ),
        ("logits = true", "logits = true\nvalence = 1", 'valence = 1 must be the place of a ""'),
        ("logits = true", "logits = true\narousal = 2", "arousal = 2 must be .* the 2 labels"),
        (
            '"joy"]\nlogits = true',
            '"joy", ""]\nlogits = true\nvalence = 2\narousal = 2',
            "valence and arousal have the same place",
        ),
        ('["anger", "joy"]', '["anger"]', "output.labels: .*at least 2"),
        ('["anger", "joy"]', '["joy", "joy"]', "output.labels: joy appears twice"),
        ('joy = "happiness"', "", "label 'joy' stands for 'joy', which is no emotion"),
        ('joy = "happiness"', 'joy = "bliss"', "label 'joy' stands for 'bliss'"),
        ('joy = "happiness"', 'joi = ""', "names 'joi', which is none of the labels"),
        ('joy = "happiness"', 'joy = ""\nanger = ""', "no label stands for an emotion"),
        ("size = 64", "size = = 64", "is no TOML: .*line 5"),
        ("size = 64", f"size = {'9' * 5000}", "is no TOML"),
        ("size = 64", f"size = {'[' * 20000}", "is no TOML"),
    ],
)
def test_what_is_wrong_is_named(was: str, becomes: str, message: str) -> None:
    assert was in CARD
    with pytest.raises(MaskfaceError, match=f"(?s)^Card my.toml.*{message}"):
        parse_card(CARD.replace(was, becomes, 1), "my.toml")


def parsed(text: str) -> tuple[Card | None, str]:
    """A card, or what is said of it; any other error is the test's."""
    try:
        return parse_card(text, "x"), ""
    except MaskfaceError as error:
        return None, str(error)


@settings(deadline=None)
@given(st.text())
@example("title = 1979-13-45")
@example("[[input]]")
def test_any_text_is_a_card_or_reported(text: str) -> None:
    card, message = parsed(text)
    assert card or message.startswith("Card x")


_VALUES = st.recursive(
    st.sampled_from(["", "NCHW", "rgb", "grey", "anger", "joy", "happiness"])
    | st.integers(-3, 300)
    | st.booleans()
    | st.floats(-1, 300),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=6,
)


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


@settings(deadline=None)
@given(st.sampled_from([line for line in CARD.splitlines() if "=" in line]), _VALUES)
def test_any_value_is_taken_or_reported(line: str, value: object) -> None:
    """One value of a good card is replaced by something else."""
    key, _, _ = line.partition(" = ")
    text = CARD.replace(line, f"{key} = {_toml(value)}")
    tomllib.loads(text)
    card, message = parsed(text)
    if card is None:
        assert message.startswith("Card x: ")
    else:
        assert any(card.meaning(label) in EMOTIONS for label in card.output.labels)


def test_shipped_cards_hold_what_their_sources_say() -> None:
    """The label orders are those of FER+'s and of HSEmotion's own code."""
    ferplus = shipped_cards()["ferplus"]
    assert ferplus.output.labels == (
        "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
    )  # fmt: skip
    assert (ferplus.input.size, ferplus.input.colour, ferplus.input.scale) == (64, "grey", 1)
    for name in ("hsemotion_afew", "hsemotion_vgaf"):
        card = shipped_cards()[name]
        assert card.file == f"enet_b0_8_best_{name[-4:]}.onnx"
        assert [label.lower() for label in card.output.labels] == [
            "anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise",
        ]  # fmt: skip
        assert (card.input.size, card.input.colour, card.input.scale) == (224, "rgb", 255)
        assert card.input.mean == (0.485, 0.456, 0.406)
        assert card.input.std == (0.229, 0.224, 0.225)
    for name, size, mean in (("enet", 224, (0.485, 0.456, 0.406)), ("mbf", 112, (0.5,))):
        card = shipped_cards()[f"emotiefflib_{name}"]
        assert card.output.labels[:8] == shipped_cards()["hsemotion_afew"].output.labels
        assert (card.output.labels[8:], card.output.valence, card.output.arousal) == (
            ("", ""),
            8,
            9,
        )
        assert (card.input.size, card.input.colour, card.input.mean) == (size, "rgb", mean)
    zoo = shipped_cards()["opencv_mobilefacenet"]
    assert zoo.output.labels == (
        "angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised",
    )  # fmt: skip
    assert (zoo.input.size, zoo.input.colour, zoo.input.scale) == (112, "rgb", 255)
    assert (zoo.input.mean, zoo.input.std, zoo.licence) == ((0.5,), (0.5,), "Apache-2.0")
    for card in shipped_cards().values():
        assert card.output.logits
        meant = sorted(filter(None, map(card.meaning, card.output.labels)))
        assert meant == sorted(EMOTIONS)
        assert card.licence
        assert card.citation
        assert card.url.endswith(f"/{card.file}")


def test_the_card_beside_the_model_is_found_first(tmp_path: Path) -> None:
    model = tmp_path / "emotion-ferplus-8.onnx"
    model.write_bytes(b"")
    assert find_model(str(model)) == (model, shipped_cards()["ferplus"])
    model.with_suffix(".toml").write_text(CARD)
    assert find_model(str(model))[1].title == "a network"
    assert find_model(str(model), "ferplus")[1] == shipped_cards()["ferplus"]
    (tmp_path / "third.toml").write_text(CARD.replace("a network", "third"))
    assert find_model(str(model), str(tmp_path / "third.toml"))[1].title == "third"


def test_without_a_card_a_template_is_shown(tmp_path: Path) -> None:
    model = tmp_path / "mine.onnx"
    model.write_bytes(b"")
    with pytest.raises(MaskfaceError) as caught:
        find_model(str(model))
    said = str(caught.value)
    assert f"Write one to {tmp_path / 'mine.toml'}" in said
    shown = said[said.index("title =") : said.index("Or name a shipped card")]
    assert parse_card(shown, "shown") == parse_card(TEMPLATE, "template")


def test_a_downloaded_model_goes_by_its_cards_name(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match="Type maskface download ferplus"):
        find_model("ferplus")
    path = model_path(get_card("ferplus"))
    assert path == tmp_path / "cache" / "models" / "emotion-ferplus-8.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something")
    assert find_model("ferplus") == (path, shipped_cards()["ferplus"])
    with pytest.raises(MaskfaceError, match="damaged or another one"):
        make_classifier("onnx:ferplus")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("onnx", "Name a network: onnx:model.onnx.*ferplus"),
        ("onnx:missing.onnx", "There is no file missing.onnx.*ferplus, hsemotion_afew"),
        ("onnx:ferplus,card=fesplus", "Did you mean 'ferplus'"),
        ("onnx:ferplus,kard=x", "no parameter of classifier 'onnx' named 'kard'"),
    ],
)
def test_specs_that_cannot_be_read(spec: str, message: str, tmp_path: Path) -> None:
    path = model_path(get_card("ferplus"))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    with pytest.raises(MaskfaceError, match=message):
        make_classifier(spec)


def test_a_card_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(MaskfaceError, match="Cannot read the card"):
        get_card(str(tmp_path / "latin.toml"))
