"""What an interval holds for: other people, other observers, other masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from maskface.errors import MaskfaceError
from maskface.occluders import Masks, find_masks, get_occluder
from maskface.occluders.worn.base import Mask

_NAMES: Final = {"subject": "people", "image": "pictures", "observer": "observers"}


def generalises_to(units: Sequence[str], condition: str) -> str:
    """Return what an interval over some units holds for, under a condition.

    Examples
    --------
    >>> generalises_to(["subject"], "surgical"), generalises_to(["subject"], "masks")
    ('people', 'people+masks')
    """
    drawn = find_masks(condition)
    masks = ("masks",) if drawn is not None and not drawn.exemplar else ()
    return "+".join((*sorted(_NAMES[unit] for unit in units), *masks))


def scope_text(conditions: Sequence[str], units: str) -> str:
    """Describe, a line each, over which masks the intervals hold; empty without masks.

    `units` is ``clustered_by`` of the summary.
    """
    others = " and ".join(f"other {_NAMES[unit]}" for unit in units.split(" x "))
    drawn = {name: found for name in conditions if (found := find_masks(name)) is not None}
    lines = [
        f"{name}: a mask of its own for each picture, over masks as in {found.file_name}; its "
        f"interval holds for {others} and other such masks."
        for name, found in drawn.items()
        if not found.exemplar
    ]
    fixed = [name for name in conditions if name not in drawn and is_mask(name)]
    if fixed:
        hint = "" if lines else " --occluder masks covers both."
        one = (
            "one drawn mask; its interval holds"
            if len(fixed) == 1
            else ("one drawn mask each; their intervals hold")
        )
        lines.append(f"{', '.join(fixed)}: {one} for {others}, not for other masks.{hint}")
    return "\n".join(lines)


def is_mask(condition: str) -> bool:
    """Return whether a condition is a mask, alone or among other things worn."""
    try:
        occluder = get_occluder(condition)
    except MaskfaceError:
        return False
    layers = (occluder, *getattr(occluder, "layers", ()))
    return any(isinstance(one, Mask | Masks) for one in layers)
