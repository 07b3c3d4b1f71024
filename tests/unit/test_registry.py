"""Look-up by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from maskface.classifiers import CLASSIFIERS
from maskface.errors import MaskfaceError
from maskface.occluders import OCCLUDERS
from maskface.registry import Registry

ABACUS = """
from maskface_shop import THINGS, Base
from dataclasses import dataclass


@THINGS.register("abacus")
@dataclass(frozen=True)
class Abacus(Base):
    rows: int = 10
    dry: bool = True
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[type]]:
    """Names of a package with one module beside its first, which imports nothing."""
    package = tmp_path / "maskface_shop"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from maskface.registry import Registry\n"
        "class Base: pass\n"
        'THINGS = Registry("thing", "maskface_shop", "THINGS")\n'
    )
    (package / "abacus.py").write_text(ABACUS)
    monkeypatch.syspath_prepend(str(tmp_path))
    import maskface_shop  # type: ignore[import-not-found]

    yield maskface_shop.THINGS
    for name in [name for name in sys.modules if name.startswith("maskface_shop")]:
        del sys.modules[name]


def test_modules_are_searched_without_being_imported(registry: Registry[type]) -> None:
    assert registry.names() == ["abacus"]
    assert "maskface_shop.abacus" not in sys.modules
    made = registry.get("abacus")
    assert made.__name__ == "Abacus"
    assert made is sys.modules["maskface_shop.abacus"].Abacus
    assert registry.name_of(made) == "abacus"
    assert registry.name_of(int) is None


def test_parameters_are_read_without_importing(registry: Registry[type]) -> None:
    found = registry.static_parameters("abacus")
    assert "maskface_shop.abacus" not in sys.modules
    assert {name: one.default for name, one in found.items()} == {"dry": "true", "rows": "10"}
    assert found["dry"].choices == ("true", "false")
    assert registry.static_parameters("nothing") == {}


def test_register_adds_a_name_once(registry: Registry[type]) -> None:
    @registry.register("mine")
    class Mine:
        name: str

    assert registry.get("mine") is Mine
    assert Mine.name == "mine"

    class Other:
        pass

    with pytest.raises(ValueError, match="already a thing named 'mine'"):
        registry.register("mine")(Other)
    with pytest.raises(ValueError, match="already a thing named 'abacus'"):
        registry.register("abacus")(Other)
    registry.unregister("mine")
    assert "mine" not in registry.names()


def test_a_cell_that_is_run_again_replaces_its_class(registry: Registry[type]) -> None:
    def cell() -> type:
        @registry.register("mine")
        class Mine:
            pass

        return Mine

    first, second = cell(), cell()
    assert first is not second
    assert registry.get("mine") is second


def test_a_class_is_not_called_otherwise(registry: Registry[type]) -> None:
    class Mine:
        name = "yours"

    with pytest.raises(ValueError, match="registered as 'mine', but its name is 'yours'"):
        registry.register("mine")(Mine)


def test_unknown_name_offers_the_nearest_and_all(registry: Registry[type]) -> None:
    registry.register("counter")(len)
    with pytest.raises(MaskfaceError) as caught:
        registry.get("conter")
    message = str(caught.value)
    assert "'conter'" in message
    assert "Did you mean 'counter'?" in message
    assert "abacus, counter" in message


def test_a_name_in_capitals_finds_its_nearest(registry: Registry[type]) -> None:
    with pytest.raises(MaskfaceError, match=r"'ABACUS'\. Did you mean 'abacus'\?"):
        registry.get("ABACUS")


@pytest.mark.parametrize("registry", [OCCLUDERS, CLASSIFIERS], ids=lambda one: one.kind)
def test_static_parameters_are_those_of_the_classes(registry: Registry[Any]) -> None:
    assert registry.names()
    for name in registry.names():
        cls = registry.get(name)
        assert registry.name_of(cls) == name
        static = registry.static_parameters(name)
        own = [f for f in fields(cls) if f.init] if hasattr(cls, "__dataclass_fields__") else []
        assert sorted(static) == sorted(field.name for field in own), name
        hints = get_type_hints(cls, include_extras=True)
        for field in own:
            one, hint = static[field.name], hints[field.name]
            assert field.default is not MISSING
            usual = "" if field.default is None else str(field.default)
            assert one.default == (usual.lower() if hint is bool else usual), (name, field.name)
            if get_origin(hint) is Literal:
                assert one.choices == get_args(hint), (name, field.name)
            elif hint is bool:
                assert one.choices == ("true", "false")
            elif hasattr(hint, "__metadata__"):
                said = tuple(m for m in hint.__metadata__ if isinstance(m, str)) or ("",)
                assert (one.names, *one.choices) == said, (name, field.name)
            else:
                assert one == (one.default, (), "")


def test_listing_names_and_parameters_is_cheap() -> None:
    code = (
        "import sys\n"
        "from maskface.classifiers import CLASSIFIERS\n"
        "from maskface.occluders import OCCLUDERS\n"
        "for registry in (OCCLUDERS, CLASSIFIERS):\n"
        "    for name in registry.names():\n"
        "        registry.static_parameters(name)\n"
        "sys.exit(bool({'numpy', 'cv2', 'pydantic'} & set(sys.modules)))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
