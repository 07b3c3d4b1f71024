"""What the record of a run must hold, so that whoever reads it need not ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

_BEGUN: Final[dict[str, Any]] = {"run_id": str, "complete": bool, "seed": int}
_FILLED_IN: Final = ("files", "timings", "trials")
"""Parts that a run fills in."""
_MOST_TOLD: Final = 3
_WHOLE: Final[dict[str, Any]] = _BEGUN | {
    "maskface": str,
    "experiment": {"data": str},
    "dataset": {
        "name": str, "images": int, "images_in_set": int, "subjects": int, "licence": str,
        "citation": str,
    },
    "weights": [{"file": str, "sha256": str, "citation": str}],
    "environment": {"python": str, "packages": {}},
}  # fmt: skip
_IF_THERE: Final[dict[str, Any]] = {"classifiers": [{"name": str, "fingerprint": str}]}
_CALLED: Final = {
    str: "a text", bool: "true or false", int: "a whole number, 0 or more", dict: "an object",
    list: "a list",
}  # fmt: skip


def told(defects: list[str]) -> str:
    """Name the first few defects."""
    more = f" and {len(defects) - _MOST_TOLD} more" if len(defects) > _MOST_TOLD else ""
    return ", ".join(defects[:_MOST_TOLD]) + more


def defects_of_any(value: object) -> list[str]:
    """Say why a value cannot be the record of a run, begun or complete."""
    filled_in: dict[str, Any] = {name: {} for name in _FILLED_IN}
    present = _present(value, filled_in) if isinstance(value, dict) else {}
    return list(_misfits(value, _BEGUN | present))


def filled(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the parts that a run fills in, empty where they are missing."""
    return {name: {} for name in _FILLED_IN} | record


def defects(record: dict[str, Any]) -> list[str]:
    """Say what is missing from a record or of the wrong kind, such as ``dataset.name``."""
    return list(_misfits(record, _WHOLE | _present(record, _IF_THERE)))


def _present(record: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    return {name: kind for name, kind in shape.items() if name in record}


def _misfits(value: object, shape: Any, place: str = "") -> Iterator[str]:
    kind = shape if isinstance(shape, type) else type(shape)
    if not _is_a(value, kind):
        yield f"{place or 'it'} is not {_CALLED[kind]}"
    elif isinstance(value, dict):
        for name, inner in shape.items():
            if name in value:
                yield from _misfits(value[name], inner, f"{place}.{name}".lstrip("."))
            else:
                yield f"{place}.{name} is missing".lstrip(".")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _misfits(one, shape[0], f"{place}[{number}]")


def _is_a(value: object, kind: type) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, kind)
