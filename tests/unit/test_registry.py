"""Look-up by name."""

from __future__ import annotations

import pytest

from maskface.errors import MaskfaceError
from maskface.registry import Registry


@pytest.fixture
def registry() -> Registry[type]:
    return Registry("thing", {"counter": "collections:Counter", "fraction": "fractions:Fraction"})


def test_builtins_are_imported_on_use(registry: Registry[type]) -> None:
    from collections import Counter

    assert registry.names() == ["counter", "fraction"]
    assert registry.get("counter") is Counter


def test_register_adds_a_name_once(registry: Registry[type]) -> None:
    @registry.register("mine")
    class Mine:
        pass

    assert registry.get("mine") is Mine
    with pytest.raises(ValueError, match="already a thing named 'mine'"):
        registry.register("mine")(Mine)


def test_unknown_name_offers_the_nearest_and_all(registry: Registry[type]) -> None:
    with pytest.raises(MaskfaceError) as caught:
        registry.get("conter")
    message = str(caught.value)
    assert "'conter'" in message
    assert "Did you mean 'counter'?" in message
    assert "counter, fraction" in message


def test_a_name_in_capitals_finds_its_nearest(registry: Registry[type]) -> None:
    with pytest.raises(MaskfaceError, match=r"'COUNTER'\. Did you mean 'counter'\?"):
        registry.get("COUNTER")
