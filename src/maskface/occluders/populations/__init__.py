"""Masks as a random factor: a declared distribution, of which each picture gets one mask."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from maskface._toml import LONGEST, parse_toml
from maskface.arrays import Bytes, Floats
from maskface.errors import MaskfaceError
from maskface.files import read_regular_file
from maskface.occluders.base import Drawing, Occluder
from maskface.occluders.parameters import Between, Check
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.stack import Stack, as_occluder, get_occluder, occluder_name
from maskface.occluders.worn.base import Mask, lay_over
from maskface.occluders.worn.individual import Individual
from maskface.occluders.worn.placement import UNIT, Placement
from maskface.registry import unknown_name
from maskface.seeds import derived_seed
from maskface.types import FaceLandmarks, ImageArray

FOLDER: Final = Path(__file__).parent
_TOLERANCE: Final = 0.001
_DIGITS: Final = 16  # of the hash
_DECIMALS: Final = 3  # of placements, in cm and degrees
MOST: Final = 200
"""Largest number of exemplars."""

Share = Annotated[float, Field(gt=0, le=1)]
Spread = Annotated[float, Field(ge=0, le=5)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _require_whole(shares: Mapping[str, float], what: str) -> None:
    total = sum(shares.values())
    if abs(total - 1) > _TOLERANCE:
        raise ValueError(f"{what} add up to {total:.4g}, not to 1")


class PlacementSpread(_Part):
    """Standard deviations of where masks sit; those of the kind, as measured, where None."""

    height_cm: Spread | None = None  # of the upper edge
    side_cm: Spread | None = None  # of the whole mask, sideways
    width_cm: Spread | None = None
    tilt_deg: Annotated[float, Field(ge=0, le=45)] | None = None

    def draw(self, mask: Mask, rng: np.random.Generator) -> Placement:
        """Draw a placement of a mask; its height is the usual one where the mask has a `top`."""
        usual = mask.population
        new = {"shift": self.side_cm, "width": self.width_cm}
        changed: dict[str, Any] = {key: cm / UNIT for key, cm in new.items() if cm is not None}
        if self.height_cm is not None:
            top = self.height_cm / UNIT
            changed |= {"top": top, "outer": usual.outer * top / usual.top}
        if self.tilt_deg is not None:
            changed["tilt"] = self.tilt_deg
        drawn = replace(usual, **changed).draw(rng) if changed else usual.draw(rng)
        rounded = {key: round(getattr(drawn, key), _DECIMALS) for key in Placement.__slots__}
        return Placement(**(rounded if mask.top is None else rounded | {"top": 0.0}))


class Kind(_Part):
    """One kind of mask."""

    occluder: str  # name of the mask
    share: Share  # of all masks
    why: str = Field(min_length=1)  # reason for the shares, with its source
    # Shares of alternatives, each as parameters of the occluder; "" for none.
    looks: dict[str, Share] = {"": 1.0}
    fits: dict[str, Share] | None = None
    placement: PlacementSpread | None = None

    @field_validator("looks", "fits")
    @classmethod
    def _whole(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        if value is not None:
            _require_whole(value, "its shares")
        return value


class Declared(_Part):
    """A declared distribution of masks, as its file has it."""

    title: str = Field(min_length=1)
    why: str = Field(min_length=1)
    kinds: tuple[Kind, ...] = Field(min_length=1)
    fits: dict[str, Share] = {"": 1.0}  # of kinds without their own
    placement: PlacementSpread = PlacementSpread()

    @field_validator("kinds")
    @classmethod
    def _whole_kinds(cls, value: tuple[Kind, ...]) -> tuple[Kind, ...]:
        _require_whole({str(n): kind.share for n, kind in enumerate(value)}, "shares of kinds")
        return value

    @field_validator("fits")
    @classmethod
    def _whole_fits(cls, value: dict[str, float]) -> dict[str, float]:
        _require_whole(value, "its shares")
        return value


@dataclass(frozen=True, slots=True)
class OneMask:
    """One mask of a population: its parameters, which of many alike it is, and where it sits."""

    mask: Mask
    one: Individual

    def described(self) -> dict[str, Any]:
        """Return what decides the mask: its text, kind and seed, and its placement."""
        placement = self.one.placement
        where = {key: getattr(placement, key) for key in Placement.__slots__}
        named = occluder_name(replace(self.mask, vary="off"))
        return {
            "mask": named, "kind": self.mask.name, "mask_seed": self.one.seed, "placement": where
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Distribution:
    """A declared distribution, ready to be drawn from."""

    sha256: str  # first digits of the hash of its file
    title: str
    masks: tuple[Mask, ...]  # every combination of kind, look and fit
    upto: Floats  # (n,) cumulative shares of these
    spreads: tuple[PlacementSpread, ...]  # placement of each

    @classmethod
    def of(cls, declared: Declared, sha256: str) -> Self:
        """Combine kinds, looks and fits."""
        masks, shares, spreads = [], [], []
        for kind in declared.kinds:
            fits = declared.fits if kind.fits is None else kind.fits
            for look, look_share in kind.looks.items():
                for fit, fit_share in fits.items():
                    masks.append(_mask(kind.occluder, look, fit))
                    shares.append(kind.share * look_share * fit_share)
                    spreads.append(kind.placement or declared.placement)
        upto = np.cumsum(shares) / sum(shares)
        return cls(sha256, declared.title, tuple(masks), upto, tuple(spreads))

    def draw(self, rng: np.random.Generator) -> OneMask:
        """Draw a mask."""
        chosen = int(np.searchsorted(self.upto, rng.random(), side="right"))
        chosen = min(chosen, len(self.masks) - 1)
        seed = Individual.drawn(rng).seed
        placement = self.spreads[chosen].draw(self.masks[chosen], rng)
        return OneMask(self.masks[chosen], Individual(seed, placement))


def _mask(occluder: str, *parameters: str) -> Mask:
    text = ",".join(filter(None, parameters))
    made = get_occluder(f"{occluder}:{text}" if text else occluder)
    if not isinstance(made, Mask):
        raise MaskfaceError(
            f"occluder {occluder!r} is no mask; write surgical, cloth, fashion, ffp2, n95, "
            "window_mask, clear or texture"
        )
    return replace(made, vary="real")


def shipped_populations() -> tuple[str, ...]:
    """Return the names of the shipped populations."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def _file_of(population: str) -> Path:
    if population in shipped_populations():
        return FOLDER / f"{population}.toml"
    path = Path(population).expanduser()
    if path.is_file():
        return path
    known = unknown_name("population of masks", population, list(shipped_populations()))
    raise MaskfaceError(f"{known} Or give the path of a file: masks:population=mine.toml.")


def _text_of(population: str) -> str:
    path = _file_of(population)
    try:
        return read_regular_file(path, LONGEST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError, OverflowError) as error:
        raise MaskfaceError(f"Cannot read the population of masks {path}: {error}.") from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


@lru_cache(maxsize=16)
def get_population(population: str, sha256: str = "") -> Distribution:
    """Read a population from a shipped file or a user's own.

    Parameters
    ----------
    population
        Name of a shipped population, or path of a TOML file.
    sha256
        First digits of the hash that its text must have; any if empty.

    Raises
    ------
    MaskfaceError
        If there is no such file, it is not valid, or its text has another hash.
    """
    text = _text_of(population)
    if sha256 and _digest(text) != sha256:
        raise MaskfaceError(
            f"The population of masks {population!r} is another than when it was first read. "
            "Begin again with the file as it is now."
        )
    where = f"Population of masks {_file_of(population).name}"
    try:
        return Distribution.of(Declared.model_validate(parse_toml(text)), _digest(text))
    except ValidationError as error:
        reasons = "; ".join(_reason(item) for item in error.errors())
        raise MaskfaceError(f"{where}: {reasons}. {_EXAMPLE}") from error
    except (ValueError, MaskfaceError) as error:
        raise MaskfaceError(f"{where}: {str(error).rstrip('.')}. {_EXAMPLE}") from error


_EXAMPLE: Final = f"{FOLDER / 'everyday.toml'} is a complete one."


def _reason(item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    got = "" if item["type"] in ("missing", "value_error") else f" (got {item['input']!r:.60})"
    return f"{key}: {message}{got}"


@dataclass(frozen=True, slots=True)
class IsPopulation(Check):
    """Check of a population of masks."""

    def __call__(self, occluder: Occluder, key: str, value: Any) -> Any:
        """Return the name or path; raise if there is no such population or it is not valid."""
        del occluder, key
        get_population(str(value), _digest(_text_of(str(value))))
        return value


@OCCLUDERS.register("masks")
@dataclass(frozen=True)
class Masks(Occluder):
    """A mask drawn anew for each picture from a declared distribution of masks.

    Kind, colour or pattern, fit, placement, folds and dye are those of one mask of `population`.
    The row of each trial names it in `params`. With such a mask for each picture, an interval over
    subjects holds for other people and other masks of the population.

    Attributes
    ----------
    population
        everyday (masks as worn in public photographs), uniform (kinds, colours and fits that are
        equally frequent), or the path of your own TOML file; a copy of the shipped
        ``everyday.toml`` is a start.
    exemplars
        Number M of masks that are put on every picture, 2 to 200; 0 for one mask of its own for
        each. In an experiment they stand for M conditions, ``masks:exemplar=1`` to
        ``masks:exemplar=M``, from which `maskface.analyses.components_table` estimates how much
        masks differ.
    exemplar
        Number of the one mask that is put on every picture, 1 to 200; 0 for one of its own for
        each.
    series
        Another number gives other exemplars.
    sha256
        First digits of the hash of the file; it is found, not given. Results name it, so that
        another file under the same name is told apart.

    Raises
    ------
    MaskfaceError
        If the file is missing or not valid; the message says why.
    """

    population: Annotated[str, "file", IsPopulation()] = "everyday"
    exemplars: Annotated[int, Between(0, MOST)] = 0
    exemplar: Annotated[int, Between(0, MOST)] = 0
    series: Annotated[int, Between(0, 2**31)] = 0
    sha256: str = field(init=False, default="", repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.exemplars == 1 or (self.exemplars and self.exemplar):
            raise MaskfaceError(
                f"Occluder 'masks' got exemplars={self.exemplars} and exemplar={self.exemplar}. "
                "Write masks:exemplars=12 for the same twelve masks on every picture, or "
                "masks:exemplar=3 for the third of them alone."
            )
        object.__setattr__(self, "sha256", _digest(_text_of(self.population)))

    @property
    def members(self) -> tuple[Occluder, ...]:
        """The occluders that it stands for: one for each exemplar."""
        if not self.exemplars:
            return (self,)
        numbers = range(1, self.exemplars + 1)
        return tuple(replace(self, exemplars=0, exemplar=number) for number in numbers)

    @property
    def parts(self) -> tuple[Occluder, ...]:
        """The masks of the population."""
        return get_population(self.population, self.sha256).masks

    @property
    def file_name(self) -> str:
        """Name of the population's file, for texts."""
        return _file_of(self.population).name

    @property
    def files(self) -> tuple[str, ...]:
        """Its own file, if it is not shipped, and those that masks in it are made from."""
        own = () if self.population in shipped_populations() else (self.population,)
        return (*own, *super().files)

    def choose(self, rng: np.random.Generator) -> OneMask:
        """Draw the mask of a picture, or return the exemplar."""
        if self.exemplars:
            raise _several_masks(self)
        if self.exemplar:
            return _exemplar(self.population, self.sha256, self.exemplar, self.series)
        return get_population(self.population, self.sha256).draw(rng)

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        """Draw one mask; see `Occluder.draw`."""
        chosen = self.choose(rng)
        drawn = chosen.mask.draw_one(image, landmarks, chosen.one, rng)
        return replace(drawn, params=dict(self.params) | chosen.described())

    def draw_over(
        self,
        below: ImageArray,
        photo: ImageArray,
        landmarks: FaceLandmarks,
        rng: np.random.Generator,
    ) -> Drawing:
        """Lay one mask over another picture; see `Occluder.draw_over`."""
        return lay_over(self.draw(photo, landmarks, rng), photo, below)

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Return the alpha of `draw`, at less cost."""
        chosen = self.choose(rng)
        return chosen.mask.hide_one(image, landmarks, chosen.one)


@lru_cache(maxsize=256)
def _exemplar(population: str, sha256: str, number: int, series: int) -> OneMask:
    seed = derived_seed(series, "exemplar", number)
    return get_population(population, sha256).draw(np.random.default_rng(seed))


def expand(occluder: Occluder) -> tuple[Occluder, ...]:
    """Return the occluders that one stands for: ``masks:exemplars=12`` for twelve, others for one.

    Examples
    --------
    >>> [occluder_name(one) for one in expand(get_occluder("masks:exemplars=2"))]
    ['masks:exemplar=1', 'masks:exemplar=2']
    """
    if isinstance(occluder, Masks):
        return occluder.members
    if not isinstance(occluder, Stack):
        return (occluder,)
    expanded: list[tuple[Occluder, ...]] = [()]
    for layer in occluder.layers:
        expanded = [(*before, one) for before in expanded for one in expand(layer)]
    return tuple(Stack(layers) for layers in expanded)


def _several_masks(occluder: Occluder) -> MaskfaceError:
    return MaskfaceError(
        f"{occluder_name(occluder)} stands for several occluders, and one can be drawn here. Write "
        "masks for a mask of its own on each picture, or masks:exemplar=1 for the first exemplar."
    )


def as_single_occluder(occluder: str | Occluder) -> Occluder:
    """Return what `as_occluder` does; raise `MaskfaceError` if it stands for several occluders."""
    made = as_occluder(occluder)
    if len(expand(made)) > 1:
        raise _several_masks(made)
    return made


@cache
def find_masks(condition: str) -> Masks | None:
    """Return the drawn masks of a condition; None if it has none or is no occluder's name."""
    try:
        occluder = get_occluder(condition)
    except MaskfaceError:
        return None
    return _masks_in(occluder)


def _masks_in(occluder: Occluder) -> Masks | None:
    if isinstance(occluder, Masks):
        return occluder
    return next((found for part in occluder.parts if (found := _masks_in(part))), None)
