from __future__ import annotations

import subprocess
import sys
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
    get_occluder,
    occluder_name,
)
from maskface.occluders.masks import PALETTE, parse_colour
from maskface.types import FaceLandmarks, ImageArray


@dataclass(frozen=True)
class Patch(Occluder):
    """Another package's occluder, with parameters of several types."""

    name: ClassVar[str] = "patch"
    size: float = 0.5
    count: int = 1
    soft: bool = False

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        return Drawing.of(image, np.zeros(image.shape[:2], np.uint8))


@pytest.fixture
def patch(monkeypatch: pytest.MonkeyPatch) -> type[Patch]:
    monkeypatch.setattr(OCCLUDERS, "_things", {**OCCLUDERS._things, "patch": Patch})
    return Patch


def test_names() -> None:
    assert {"none", "surgical"} <= set(OCCLUDERS.names())


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


@given(
    size=st.floats(allow_nan=False, allow_infinity=False), count=st.integers(), soft=st.booleans()
)
def test_names_lead_back_to_the_occluder(size: float, count: int, soft: bool) -> None:
    made = Patch(size=size, count=count, soft=soft)
    with pytest.MonkeyPatch.context() as patcher:
        patcher.setattr(OCCLUDERS, "_things", {**OCCLUDERS._things, "patch": Patch})
        assert get_occluder(occluder_name(made)) == made


def test_parameters_get_their_types_and_are_sorted(patch: type[Patch]) -> None:
    made = get_occluder("patch:soft=true,size=2,count=3")
    assert made == patch(size=2.0, count=3, soft=True)
    assert isinstance(made.params["size"], float)
    assert occluder_name(made) == "patch:count=3,size=2.0,soft=true"


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
        ("patch:count=many", "'count'.*'many'.*integer"),
    ],
)
def test_refusals_help(spec: str, says: str, patch: type[Patch]) -> None:
    with pytest.raises(MaskfaceError, match=says):
        get_occluder(spec)


@pytest.mark.parametrize("colour", ["", "#", "red ", "#gggggg", "a9cfe3", "#a9cfe3\n"])
def test_colours_are_checked_by_the_class_itself(colour: str) -> None:
    with pytest.raises(MaskfaceError, match="colour"):
        SurgicalMask(colour=colour)


def test_colours() -> None:
    assert parse_colour("#0A10ff") == (10, 16, 255)
    assert all(min(parse_colour(name)) >= 0 for name in PALETTE)
    red, _, blue = parse_colour("lightblue")
    assert blue > red


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
