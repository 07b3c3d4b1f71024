from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskface.errors import MaskfaceError
from maskface.occluders import (
    OCCLUDERS,
    Drawing,
    Occluder,
    SurgicalMask,
    Unoccluded,
    bracketed_name,
    get_occluder,
    occluder_name,
)
from maskface.occluders.colours import PALETTE, exact_colour, parse_colour
from maskface.occluders.controls.matched import Lower, Patch, Upper
from maskface.occluders.controls.repaints import Blur, Fill, Mean, Noise, Pixelate
from maskface.occluders.controls.shapes import Block, Bubbles, Half, Sweep, Window
from maskface.types import FaceLandmarks, ImageArray
from tests.fixtures.faces import made_landmarks, made_picture


@dataclass(frozen=True)
class Card(Occluder):
    """Another package's occluder, with parameters of several types."""

    name: ClassVar[str] = "card"
    size: float = 0.5
    count: int = 1
    soft: bool = False

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        return Drawing.of(image, np.zeros(image.shape[:2], np.uint8))


@pytest.fixture
def card() -> Iterator[type[Card]]:
    yield OCCLUDERS.register("card")(Card)
    OCCLUDERS.unregister("card")


def test_names() -> None:
    controls = {"fill", "mean", "noise", "blur", "pixelate", "upper", "lower", "patch", "half"}
    assert {"none", "surgical", *controls} <= set(OCCLUDERS.names())


@pytest.mark.parametrize(
    ("spec", "made", "name"),
    [
        ("none", Unoccluded(), "none"),
        ("surgical", SurgicalMask(), "surgical"),
        (" surgical : colour = white ", SurgicalMask(colour="white"), "surgical:colour=white"),
        ("surgical:colour=lightblue", SurgicalMask(), "surgical"),
        ("surgical:colour=#00FF7f", SurgicalMask(colour="#00FF7f"), "surgical:colour=#00FF7f"),
    ],
)
def test_specs(spec: str, made: Occluder, name: str) -> None:
    assert get_occluder(spec) == made
    assert occluder_name(made) == name
    assert get_occluder(name) == made


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("fill:colour=black,region=surgical(colour=black)",) * 2,
        ("fill:region=surgical:colour=black", "fill:region=surgical(colour=black)"),
        ("fill(region=half(side=left),colour=grey)", "fill:region=half"),
        (
            " blur : size=0.2 , region = surgical ( colour = black ) ",
            "blur:region=surgical(colour=black),size=0.2",
        ),
        ("mean:region=patch(like=half(side=right))",) * 2,
        ("mean:region=surgical(colour=lightblue)", "mean"),
        ("noise:region=(half+block)",) * 2,
        ("upper:like=sweep(start=above,share=0.3)", "upper:like=sweep(share=0.3,start=above)"),
        ("half:side=right+block:over=mouth", "half:side=right+block:over=mouth"),
    ],
)
def test_occluders_in_brackets(spec: str, name: str) -> None:
    made = get_occluder(spec)
    assert occluder_name(made) == name
    assert get_occluder(name) == made


def test_what_is_in_brackets_is_an_occluder() -> None:
    made = get_occluder("fill:region=surgical(colour=black),colour=white")
    assert dict(made.params) == {"region": "surgical(colour=black)", "colour": "white"}
    assert bracketed_name(SurgicalMask(colour="black")) == "surgical(colour=black)"


shares = st.floats(0, 1)
colours = st.sampled_from(["grey", "black", "#102030"])
shapes = st.one_of(
    st.builds(Half, side=st.sampled_from(["left", "right"]), colour=colours),
    st.builds(Window, show=st.sampled_from(["eyes", "mouth"]), colour=colours),
    st.builds(Block, over=st.sampled_from(["eyes", "mouth"])),
    st.builds(Sweep, share=shares, start=st.sampled_from(["below", "above"])),
    st.builds(Bubbles, n=st.integers(0, 1000), size=st.floats(0.005, 1)),
)
worn = st.builds(SurgicalMask, colour=st.sampled_from(["lightblue", "black"]))


def controls_on(regions: st.SearchStrategy[Occluder]) -> st.SearchStrategy[Occluder]:
    names = regions.map(bracketed_name)
    return st.one_of(
        st.builds(Fill, region=names, colour=colours),
        st.builds(Mean, region=names),
        st.builds(Noise, region=names, blocks=st.integers(1, 256)),
        st.builds(Blur, region=names, size=st.floats(0.001, 1)),
        st.builds(Pixelate, region=names, blocks=st.integers(1, 256)),
        st.builds(Upper, like=names, colour=colours),
        st.builds(Lower, like=names),
        st.builds(Patch, like=names),
    )


@given(made=st.recursive(st.one_of(shapes, worn), controls_on, max_leaves=4))
def test_names_of_controls_lead_back_to_them(made: Occluder) -> None:
    assert get_occluder(occluder_name(made)) == made
    assert get_occluder(bracketed_name(made)) == made
    assert occluder_name(get_occluder(occluder_name(made))) == occluder_name(made)


@given(
    size=st.floats(allow_nan=False, allow_infinity=False), count=st.integers(), soft=st.booleans()
)
def test_names_lead_back_to_the_occluder(size: float, count: int, soft: bool) -> None:
    made = Card(size=size, count=count, soft=soft)
    OCCLUDERS.register("card")(Card)
    try:
        assert get_occluder(occluder_name(made)) == made
    finally:
        OCCLUDERS.unregister("card")


def test_parameters_get_their_types_and_are_sorted(card: type[Card]) -> None:
    made = get_occluder("card:soft=true,size=2,count=3")
    assert made == card(size=2.0, count=3, soft=True)
    assert isinstance(made.params["size"], float)
    assert occluder_name(made) == "card:count=3,size=2.0,soft=true"


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("surgcal", "Did you mean 'surgical'"),
        ("", "Allowed: "),
        ("surgical:color=white", r"'color'.*Did you mean 'colour'\?.*Allowed: "),
        ("surgical:colour=ligtblue", "Did you mean 'lightblue'.*#rrggbb"),
        ("surgical:colour=#12345", "#rrggbb"),
        ("surgical:colour", "key=value"),
        ("surgical:", "key=value"),
        ("surgical:colour=white,colour=black", "once"),
        ("none:colour=white", "has no parameters"),
        ("card:count=many", "'count'.*'many'.*integer"),
        ("fill:region=surgical(colour=black", "brackets.*do not match.*region=surgical"),
        ("fill:region=surgical)colour=black", "brackets.*do not match"),
        ("fill:region=surgcal", "'region' of occluder 'fill'.*'surgcal'.*Did you mean 'surgical'"),
        ("fill:region=surgical(color=red)", "'region'.*Did you mean 'colour'"),
        ("fill:region=half(side=top)", "'region'.*'side'.*'top'.*'left' or 'right'"),
        ("patch:like=suregical", "'like' of occluder 'patch'.*Did you mean 'surgical'"),
        ("fill:colour=blak", "Did you mean 'black'"),
        ("half:colour=blak", "Did you mean 'black'"),
        ("sweep:share=1.2", r"'share' of occluder 'sweep' got 1.2. Allowed: 0 to 1.*share=0.5"),
        ("sweep:share=nan", "'share'.*nan"),
        ("sweep:start=left", "'below' or 'above'"),
        ("half:side=up", "'left' or 'right'"),
        ("window:show=nose", "'eyes' or 'mouth'"),
        ("block:over=nose", "'eyes' or 'mouth'"),
        ("bubbles:n=-1", "'n' of occluder 'bubbles' got -1. Allowed: 0 to 1000"),
        ("bubbles:n=2.5", "'n'.*integer"),
        ("bubbles:size=0", "'size'.*Allowed: 0.005 to 1"),
        ("blur:size=0", "'size'.*Allowed: 0.001 to 1"),
        ("noise:blocks=0", "'blocks'.*Allowed: 1 to 256"),
        ("pixelate:blocks=1000", "'blocks'.*Allowed: 1 to 256"),
    ],
)
def test_refusals_help(spec: str, says: str, card: type[Card]) -> None:
    with pytest.raises(MaskfaceError, match=says):
        get_occluder(spec)


@pytest.mark.parametrize("colour", ["", "#", "red ", "#gggggg", "a9cfe3", "#a9cfe3\n"])
def test_colours_are_checked_by_the_class_itself(colour: str) -> None:
    with pytest.raises(MaskfaceError, match="colour"):
        SurgicalMask(colour=colour)


def test_colours() -> None:
    assert exact_colour("#0A10ff") == (10, 16, 255)
    assert parse_colour("#0A10ff") == (26, 26, 243)
    assert all(parse_colour(name) == exact_colour(name) for name in PALETTE)
    assert parse_colour("lightblue") == (0xA9, 0xCF, 0xE3)


def test_black_cloth_is_no_hole_and_a_black_control_is() -> None:
    face = made_landmarks()
    picture = made_picture(face)
    mask, fill = (
        get_occluder(f"{name}:colour=#000000").apply(picture, face) for name in ("surgical", "fill")
    )
    assert (fill.image[fill.alpha == 255] == 0).all()
    cloth = mask.image[mask.alpha == 255].mean(axis=1)
    assert 8 < cloth.mean() < 30
    assert cloth.std() > 1  # its pleats are seen


def test_controls_check_themselves() -> None:
    with pytest.raises(MaskfaceError, match=r"'side' of occluder 'half'.*Did you mean 'left'"):
        Half(side="lefft")  # type: ignore[arg-type]
    with pytest.raises(MaskfaceError, match="Allowed: 0 to 1"):
        Sweep(share=-0.1)


def test_occluders_are_values() -> None:
    with pytest.raises(FrozenInstanceError):
        SurgicalMask().colour = "white"  # type: ignore[misc]
    assert len({SurgicalMask(), SurgicalMask(colour="lightblue")}) == 1


def test_import_is_cheap() -> None:
    code = (
        "import sys, maskface.occluders as o; o.OCCLUDERS.names(); "
        "sys.exit(bool({'numpy', 'cv2', 'pydantic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
