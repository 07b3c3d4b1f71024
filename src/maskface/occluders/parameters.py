"""Types of occluder parameters, which say what is allowed and are checked by `Occluder` itself.

A field is checked by its annotation: ``Literal`` values, a `Colour`, a number `Between` two ends.
An occluder with such fields needs no ``__post_init__`` of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import lru_cache
from numbers import Real
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    TypeAlias,
    get_args,
    get_origin,
    get_type_hints,
)

from maskface.errors import MaskfaceError
from maskface.occluders.colours import exact_colour
from maskface.registry import unknown_name

if TYPE_CHECKING:
    from maskface.occluders.base import Occluder


class Check(ABC):
    """A condition on a parameter, as metadata of its annotation."""

    @abstractmethod
    def __call__(self, occluder: Occluder, key: str, value: Any) -> Any:
        """Return the value in the one way in which it is written, or raise MaskfaceError."""


@dataclass(frozen=True, slots=True)
class Between(Check):
    """Check of a number; `means` explains the ends where the name of the parameter does not."""

    # Least and greatest value that is allowed.
    low: float
    high: float
    means: str = ""  # for the message: what the ends stand for

    def __call__(self, occluder: Occluder, key: str, value: Any) -> Any:
        """Return the value; raise if it is not a number from `low` to `high`."""
        usual = type(occluder).__dataclass_fields__[key].default
        unset = value is None and usual is None
        if unset or (isinstance(value, Real) and self.low <= float(value) <= self.high):
            return value
        example = (self.low + self.high) / 2 if usual is None else usual
        means = f" ({self.means})" if self.means else ""
        raise MaskfaceError(
            f"Parameter {key!r} of occluder {occluder.name!r} got {value!r}. Allowed: {self.low} "
            f"to {self.high}{means}. Write for example {occluder.name}:{key}={example:g}."
        )


@dataclass(frozen=True, slots=True)
class IsColour(Check):
    """Check of a colour."""

    def __call__(self, occluder: Occluder, key: str, value: Any) -> Any:
        """Return the value; raise if it is no colour."""
        del occluder, key
        exact_colour(value)
        return value


Colour: TypeAlias = Annotated[str, "colour", IsColour()]
"""A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``."""
Share: TypeAlias = Annotated[float, Between(0, 1)]
"""A number from 0 to 1."""


def check_parameters(occluder: Occluder) -> None:
    """Check the parameters of an occluder by their annotations.

    Raises MaskfaceError if a value is not allowed; the message says what is.
    """
    for key, choices, checks in _declared(type(occluder)):
        value = getattr(occluder, key)
        if choices and value not in choices:
            kind = f"value of parameter {key!r} of occluder {occluder.name!r}"
            raise MaskfaceError(unknown_name(kind, str(value), list(choices)))
        for check in checks:
            object.__setattr__(occluder, key, check(occluder, key, value))


@lru_cache(maxsize=256)
def _declared(cls: type[Occluder]) -> tuple[tuple[str, tuple[str, ...], tuple[Check, ...]], ...]:
    """Parameters that have allowed values or checks: name, values, checks."""
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError:  # a class of somebody else's, whose annotations mean something to them alone
        return ()
    found: list[tuple[str, tuple[str, ...], tuple[Check, ...]]] = []
    for field in fields(cls):
        hint = hints[field.name]
        choices: tuple[str, ...] = ()
        checks: tuple[Check, ...] = ()
        if get_origin(hint) is Literal:
            choices = get_args(hint)
        elif get_origin(hint) is Annotated:
            checks = tuple(check for check in hint.__metadata__ if isinstance(check, Check))
        if field.init and (choices or checks):
            found.append((field.name, choices, checks))
    return tuple(found)
