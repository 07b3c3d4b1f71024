from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.errors import MaskfaceError
from maskface.experiment import Experiment
from maskface.occluders import (
    OCCLUDERS,
    Drawing,
    Occluder,
    Stack,
    SurgicalMask,
    Tears,
    Unoccluded,
    bracketed_name,
    get_occluder,
    occluder_name,
)
from maskface.types import FaceLandmarks, ImageArray
from tests.fixtures.faces import made_landmarks, made_picture


@dataclass(frozen=True)
class Veil(Occluder):
    """Hides a share of everything and takes a share of the light."""

    name: ClassVar[str] = "veil"
    hides: float = 0.0
    shades: float = 0.0

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        full = np.full(image.shape[:2], 255.0)
        left = image * (1 - self.hides) * (1 - self.shades)
        alpha, shadow = (
            (full * share).round().astype(np.uint8) for share in (self.hides, self.shades)
        )
        return Drawing(left.round().astype(np.uint8), alpha, shadow)


@dataclass(frozen=True)
class Dice(Occluder):
    """Writes a random number into the first pixel."""

    name: ClassVar[str] = "dice"
    at: int = 0

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        drawn, alpha = image.copy(), np.zeros(image.shape[:2], np.uint8)
        drawn[0, self.at], alpha[0, self.at] = rng.integers(0, 256), 255
        return Drawing.of(drawn, alpha)


FACE = made_landmarks()
shares = st.floats(0, 1)


@pytest.mark.parametrize(
    ("spec", "made", "name"),
    [
        ("tears+surgical", Stack((Tears(), SurgicalMask())), "tears+surgical"),
        (
            " tears:side=left , amount=1 + surgical : colour = white ",
            Stack((Tears(side="left", amount=1), SurgicalMask(colour="white"))),
            "tears:amount=1,side=left+surgical:colour=white",
        ),
        (
            "(tears(side=left)+surgical(colour=white))",
            Stack((Tears(side="left"), SurgicalMask(colour="white"))),
            "tears:side=left+surgical:colour=white",
        ),
        (
            "tears:side=left+tears:side=right+surgical",
            Stack((Tears(side="left"), Tears(side="right"), SurgicalMask())),
            "tears:side=left+tears:side=right+surgical",
        ),
    ],
)
def test_specs(spec: str, made: Stack, name: str) -> None:
    assert get_occluder(spec) == made
    assert occluder_name(made) == name
    assert get_occluder(name) == made
    assert get_occluder(bracketed_name(made)) == made


@given(hides=shares, more=st.floats(1e20, 1e30))
def test_numbers_may_hold_a_plus_sign(hides: float, more: float) -> None:
    made = Stack((Veil(hides=hides, shades=more), Veil(shades=more)))
    OCCLUDERS.register("veil")(Veil)
    try:
        assert get_occluder(occluder_name(made)) == made
    finally:
        OCCLUDERS.unregister("veil")


def test_stacks_are_not_listed() -> None:
    assert not any("+" in name or name == "stack" for name in OCCLUDERS.names())


def test_name_and_parameters_go_into_results() -> None:
    stack = get_occluder("tears:side=left+surgical:colour=white")
    assert stack.name == "tears+surgical"
    told = json.loads(json.dumps(dict(stack.params), sort_keys=True))
    assert [layer["occluder"] for layer in told["layers"]] == ["tears", "surgical"]
    assert told["layers"][0]["params"]["side"] == "left"
    assert told["layers"][1]["params"]["colour"] == "white"


def test_workers_get_the_same_stack() -> None:
    stack = get_occluder("tears+surgical:colour=white")
    copy = pickle.loads(pickle.dumps(stack))  # noqa: S301 (made here)
    assert copy == stack
    assert copy.name == stack.name
    assert hash(copy) == hash(stack)


def test_experiments_take_stacks() -> None:
    experiment = Experiment(occluders=("surgical", " tears + surgical:colour=lightblue"))
    assert experiment.conditions == ("none", "surgical", "tears+surgical")


@settings(max_examples=50, deadline=None)
@given(veils=st.lists(st.builds(Veil, hides=shares, shades=shares), min_size=2, max_size=4))
def test_what_is_left_is_the_product(veils: list[Veil]) -> None:
    picture = np.full((4, 4, 3), 255, np.uint8)
    result = Stack(tuple(veils)).apply(picture, FACE)
    for total, parts in (
        (result.alpha, [veil.hides for veil in veils]),
        (result.shadow, [veil.shades for veil in veils]),
    ):
        exact = 255 * (1 - np.prod([1 - part for part in parts]))
        np.testing.assert_allclose(total, exact, atol=len(veils))
        assert (total > 0).all() == any(round(255 * part) > 0 for part in parts)
    light = 255 * np.prod([(1 - veil.hides) * (1 - veil.shades) for veil in veils])
    np.testing.assert_allclose(result.image, light, atol=len(veils))


def test_equals_one_after_the_other() -> None:
    picture = made_picture(FACE)
    rng = np.random.default_rng(7)
    mask = SurgicalMask().draw(picture, FACE, rng)
    tears = Tears().draw(mask.image, FACE, rng)
    both = get_occluder("surgical+tears").apply(picture, FACE, seed=7)
    np.testing.assert_array_equal(both.image, tears.image)
    below, above = mask.alpha.astype(float) / 255, tears.alpha.astype(float) / 255
    np.testing.assert_allclose(both.alpha, 255 * (1 - (1 - below) * (1 - above)), atol=1)
    untouched = (both.alpha == 0) & (both.shadow == 0)
    np.testing.assert_array_equal(both.image[untouched], picture[untouched])


@pytest.mark.parametrize("first", ["tears", "upper:colour=white", "shield", "cap", "glasses"])
def test_things_worn_look_as_they_do_alone(first: str) -> None:
    # Light was once read off white paint and visors, and glasses drawn before cut the mask.
    picture = made_picture(FACE)
    rng = np.random.default_rng(7)
    below = get_occluder(first).draw(picture, FACE, rng)
    mask = SurgicalMask().draw(picture, FACE, rng)
    both = Stack((get_occluder(first), SurgicalMask())).apply(picture, FACE, seed=7)
    opaque, free = mask.alpha == 255, (mask.alpha == 0) & (mask.shadow == 0)
    assert opaque.any()
    np.testing.assert_array_equal(both.image[opaque], mask.image[opaque])
    np.testing.assert_array_equal(both.image[free], below.image[free])
    light = ((255.0 - mask.alpha) * (255.0 - mask.shadow) / 255**2)[..., None]
    change = (below.image.astype(float) - picture) * light
    np.testing.assert_allclose(both.image, mask.image + change, atol=2)


@pytest.mark.parametrize("first", ["glasses", "sunglasses"])
def test_a_control_hides_what_it_hides_alone(first: str) -> None:
    # Spectacles drawn before were once taken for some in the photograph, which a mask lies behind.
    picture, control = made_picture(FACE), "fill:region=surgical"
    below, alone = (get_occluder(name).apply(picture, FACE).alpha for name in (first, control))
    both = get_occluder(f"{first}+{control}").apply(picture, FACE)
    exact = 255 - (255.0 - below) * (255.0 - alone) / 255
    np.testing.assert_allclose(both.alpha, exact, atol=1)


def test_the_last_lies_on_top() -> None:
    picture = np.full((4, 4, 3), 200, np.uint8)
    dark, veil = Dice(0), Veil(hides=0.5)
    value = dark.apply(picture, FACE, seed=1).image[0, 0, 0]
    below = Stack((dark, veil)).apply(picture, FACE, seed=1).image
    above = Stack((veil, dark)).apply(picture, FACE, seed=1).image
    assert below[0, 0, 0] == round(0.5 * value)
    assert above[0, 0, 0] == value


def test_layers_share_one_generator_in_order() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    rng = np.random.default_rng(5)
    drawn = Stack((Dice(0), Dice(1))).apply(picture, FACE, seed=5).image
    assert drawn[0, :2, 0].tolist() == [rng.integers(0, 256), rng.integers(0, 256)]
    assert drawn[0, 0, 0] == Dice(0).apply(picture, FACE, seed=5).image[0, 0, 0]


def test_a_stack_in_a_stack_is_flat() -> None:
    inner = Stack((Tears(), SurgicalMask()))
    assert Stack((inner, Veil())) == Stack((Tears(), SurgicalMask(), Veil()))


@pytest.mark.parametrize("layers", [(), (Tears(),), (Tears(), Unoccluded())])
def test_too_few_layers(layers: tuple[Occluder, ...]) -> None:
    with pytest.raises(MaskfaceError, match=r"tears\+surgical"):
        Stack(layers)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("tears+", "Nothing stands on one side .* tears.surgical"),
        ("+tears", "Nothing stands on one side .* tears.surgical"),
        ("tears++surgical", "Nothing stands on one side"),
        ("tears+surgcal", "Did you mean 'surgical'"),
        ("none+tears", "'none' is not one"),
        ("tears+surgical:color=white", "Did you mean 'colour'"),
    ],
)
def test_refusals_help(spec: str, says: str) -> None:
    with pytest.raises(MaskfaceError, match=says):
        get_occluder(spec)
