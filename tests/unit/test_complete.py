"""What shells complete after the colon of an occluder or a classifier."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.classifiers import CLASSIFIERS
from maskface.cli.complete import classifier_names, joined, occluder_names, reader_names, values_of
from maskface.occluders import OCCLUDERS, get_occluder
from maskface.occluders.colours import PALETTE
from maskface.registry import Registry
from maskface.specs import described_parameters

NAMED = {
    **dict.fromkeys(("colour", "accent", "lens"), tuple(PALETTE)),
    **dict.fromkeys(("region", "like"), tuple(OCCLUDERS.names())),
    "train": ("clean", "masked", "both"),
    "network": ("faceapi", "fer", "faceapi+fer"),
}
"""Values that are completed of parameters for which no type says them."""


@pytest.mark.parametrize("registry", [OCCLUDERS, CLASSIFIERS])
def test_parameters_are_those_of_the_classes(registry: Registry[Any]) -> None:
    for name in registry.names():
        cls = registry.get(name)
        hints, usual = get_type_hints(cls), described_parameters(cls)
        parameters = registry.static_parameters(name)
        assert set(parameters) == set(usual), name
        for key, parameter in parameters.items():
            expected: tuple[str, ...] = () if usual[key] == "unset" else (usual[key],)
            if get_origin(hints[key]) is Literal:
                expected = get_args(hints[key])
            elif hints[key] is bool:
                expected = ("true", "false")
            assert values_of(parameter) == NAMED.get(key, expected), (name, key)


def test_readers_of_data_sets_are_completed() -> None:
    assert {"folder", "index"} <= set(reader_names(""))
    assert reader_names("fold") == ["folder"]
    assert reader_names("nothing") == []


def test_everything_that_is_completed_can_be_put_on() -> None:
    for name in OCCLUDERS.names():
        for key in OCCLUDERS.static_parameters(name):
            for spec in occluder_names(f"{name}:{key}="):
                assert get_occluder(spec).name == name


@pytest.mark.parametrize(
    ("incomplete", "found"),
    [
        ("surgical:", [f"surgical:{key}=" for key in ("colour", "top", "vary", "wearing")]),
        ("surgical:top=50,w", [f"surgical:top=50,wearing={w}" for w in (
            "correct", "nose_out", "under_lip", "chin", "one_ear", "loose", "tight")]),
        ("surgical:wearing=no", ["surgical:wearing=nose_out"]),
        ("surgical:colour=l", ["surgical:colour=lightblue"]),
        ("surgical:t", ["surgical:top=", "surgical:top=..."]),
        ("surgical:top=", []),
        ("surgical:top=5", []),
        ("surgical:colour=white,colour=", []),
        ("surgical:lens=", []),
        ("tears:wet=true+scarf:pattern=d", ["tears:wet=true+scarf:pattern=dots"]),
        ("cap:edge=", ["cap:edge=80.0"]),
        ("blur:region=surg", ["blur:region=surgical"]),
        ("hat:", []),
    ],
)  # fmt: skip
def test_occluders(incomplete: str, found: list[str]) -> None:
    assert occluder_names(incomplete) == found


@pytest.mark.parametrize(
    ("incomplete", "found"),
    [
        ("hog:t", ["hog:train=clean", "hog:train=masked", "hog:train=both"]),
        ("landmarks:points=p", ["landmarks:points=plain"]),
        ("onnx:f", ["onnx:ferplus"]),
        ("fer:", ["fer:views=", "fer:views=4"]),
        ("fer:w", []),
        ("fe", ["fer"]),
    ],
)
def test_classifiers(incomplete: str, found: list[str]) -> None:
    assert classifier_names(incomplete) == found


WORDS = st.from_regex(r"(--)?[a-z]+([:=]+[a-z,+]+)*", fullmatch=True)
LAST = st.from_regex(r"((--)?[a-z]+([:=]+[a-z,+]+)*[:=]*)?", fullmatch=True)


@settings(max_examples=50)
@given(others=st.lists(WORDS, max_size=4), last=LAST)
def test_words_are_joined_as_they_were(others: list[str], last: str) -> None:
    """Bash makes each run of colons and equals signs a word, and completes what follows it."""
    apart = [piece for word in others for piece in re.findall(r"[:=]+|[^:=]+", word)]
    pieces = re.findall(r"[:=]+|[^:=]+", last) or [""]
    words, number, before = joined(["x", *apart, *pieces], len(apart) + len(pieces))
    assert words == ["x", *others, last]
    assert number == len(others) + 1
    option = re.match(r"--[^=]*=", last)  # it is the value alone that is completed
    completed_by_bash = re.findall(r"[^:=]*$", last)[0]
    assert (option[0] if option else "") + before + completed_by_bash == last
