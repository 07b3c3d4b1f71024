"""Pictures grouped by an attribute: their answers by unit, and tests of a difference of losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import pandas as pd

from maskface.analyses.common import LABELS, unit_column, unit_name
from maskface.arrays import Bools, Floats, Integers
from maskface.datasets import load_dataset
from maskface.errors import MaskfaceError
from maskface.seeds import derived_seed
from maskface.stats import bootstrap
from maskface.stats.aggregate import picture_answers, ratio, with_overall
from maskface.stats.randomization import flip_test, randomize, splits
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

MOST_LEVELS: Final = 5
"""Numbers that take no more values than this are groups as they are."""
HALVES: Final = ("lower half", "upper half")


@dataclass(frozen=True, slots=True)
class Moderator:
    """Attribute that pictures are grouped by.

    Attributes
    ----------
    name
        The attribute.
    of
        ``picture``, or ``person`` if all pictures of a person belong in one group: numbers are
        then the median of the person's pictures.
    cuts
        For numbers: where groups end; a value at a cut belongs to the upper group. Without cuts a
        number of few different values is taken as it is, and others are halved at the median: of
        people, or of the pictures of each emotion, so that both halves hold the same emotions.
    """

    name: str
    of: Literal["picture", "person"] = "picture"
    cuts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Pictures in groups: names in order, and each picture's group by image_id, where known."""

    names: tuple[str, ...]
    number: pd.Series


def attribute_values(attributes: pd.DataFrame, name: str) -> pd.Series:
    """Return the values of an attribute by image_id; the index takes precedence over measurements.

    Raises MaskfaceError if no picture has the attribute.
    """
    own = attributes[(attributes["attribute"] == name) & (attributes["value"] != "")]
    if own.empty:
        there = ", ".join(sorted(set(attributes["attribute"]))) or "none"
        raise MaskfaceError(
            f"The pictures have no attribute {name!r}; they have: {there}. Add a column {name} to "
            "the set's index.csv (path,emotion,subject,...) and run the experiment again."
        )
    own = own.sort_values("source", kind="stable").drop_duplicates("image_id")
    return own.set_index("image_id")["value"]


class NoGroupsError(MaskfaceError):
    """An attribute that puts all pictures into one group, none into any, or a person into two."""


def group_pictures(trials: pd.DataFrame, attributes: pd.DataFrame, by: Moderator) -> Groups:
    """Group the pictures of a run by an attribute.

    Raises MaskfaceError if the pictures lack the attribute, all have the same value, or they are to
    be grouped by person and some name no subject or contradict each other.
    """
    pictures = trials.drop_duplicates("image_id").set_index("image_id")
    text = attribute_values(attributes, by.name)
    text = text[text.index.isin(pictures.index)]
    numbers = pd.to_numeric(text, errors="coerce")
    numeric = bool(np.isfinite(numbers).all())
    values = numbers.astype(float) if numeric else text
    if by.of == "person":
        values = _of_people(values, pictures["subject_id"], by.name)
    names, number = _split(values, pictures, by) if numeric else _levels(values)
    there = sorted(set(number))
    if len(there) < 2:
        got = f"{names[there[0]]!r} throughout" if there else "empty"
        raise NoGroupsError(
            f"Attribute {by.name!r} is {got}: there are no two groups to compare. Choose a set "
            "where it differs."
        )
    number = number.map({old: new for new, old in enumerate(there)})
    return Groups(tuple(names[i] for i in there), number)


def require_subjects(subjects: pd.Series, name: str) -> None:
    """Raise if some picture does not name its subject, so that people cannot be grouped."""
    if (subjects == "").any():
        raise MaskfaceError(
            f"Grouping by {name!r} needs to know who is shown. Add a column subject to the set's "
            "index.csv."
        )


def _of_people(values: pd.Series, subjects: pd.Series, name: str) -> pd.Series:
    """Give all pictures of a person one value."""
    own = subjects.reindex(values.index)
    require_subjects(own, name)
    if pd.api.types.is_numeric_dtype(values):
        return values.groupby(own).transform("median")
    several = values.groupby(own).nunique()
    if (several > 1).any():
        who = several.idxmax()
        found = ", ".join(sorted(set(values[own == who])))
        raise NoGroupsError(
            f"Subject {who} has several values of {name!r}: {found}. Write one in index.csv."
        )
    return values


def _levels(values: pd.Series) -> tuple[Sequence[str], pd.Series]:
    levels = sorted(set(values))
    names = [f"{v:g}" if isinstance(v, float) else str(v) for v in levels]
    return names, values.map({level: i for i, level in enumerate(levels)})


def _split(
    values: pd.Series, pictures: pd.DataFrame, by: Moderator
) -> tuple[Sequence[str], pd.Series]:
    if by.cuts:
        number = np.searchsorted(by.cuts, values.to_numpy(float), side="right")
        return _band_names(by.cuts), pd.Series(number, values.index)
    if values.nunique() <= MOST_LEVELS:
        return _levels(values)
    if by.of == "person":
        middle = values.groupby(pictures["subject_id"].reindex(values.index)).first().median()
        names = (f"up to {middle:g}", f"above {middle:g}")
        return names, (values > middle).astype(int)
    middles = values.groupby(pictures["label"].reindex(values.index)).transform("median")
    return HALVES, (values > middles).astype(int)


def _band_names(cuts: Sequence[float]) -> list[str]:
    between = [f"{low:g} to under {high:g}" for low, high in pairwise(cuts)]
    return [f"under {cuts[0]:g}", *between, f"{cuts[-1]:g} and over"]


@dataclass(frozen=True, slots=True, eq=False)
class GroupHits:
    """Answers of C units in G groups, over the pictures answered plain and masked.

    `totals` (C, G, 3, 8) holds pictures, right answers plain, and masked, over all emotions and of
    each; `clustered_by` is ``subject``, or ``image`` where a picture does not say who is shown.
    """

    names: tuple[str, ...]
    totals: Floats
    clustered_by: str

    @property
    def n(self) -> Integers:
        """Pictures, (G, 8)."""
        return np.asarray(self.totals[:, :, 0].sum(axis=0), np.int64)

    @property
    def units(self) -> Bools:
        """Units that have pictures in each group, (C, G, 8)."""
        return self.totals[:, :, 0] > 0

    @property
    def pictures(self) -> Floats:
        """What a picture of each group and label adds, right only plain or masked: (J, G, 3, 8)."""
        g = len(self.names)
        kinds = np.kron(np.array([(1.0, 1, 0), (1, 0, 1)]), np.eye(len(LABELS)))
        rows = np.kron(np.eye(g), kinds).reshape(g, 2, len(LABELS), g, 3, len(LABELS))
        rows *= (self.n > 0)[:, None, :, None, None, None]
        return np.asarray(rows.reshape(-1, g, 3, len(LABELS)), np.float64)

    def nested(self, groups: Sequence[int]) -> bool:
        """Return True if every unit is in at most one of these groups."""
        return bool(self.units[:, list(groups), 0].sum(axis=1).max() <= 1)


def count_groups(trials: pd.DataFrame, groups: Groups, condition: str) -> GroupHits:
    """Count right answers by unit and group; pictures in no group are left out.

    Raises MaskfaceError if no picture of some group was answered both plain and masked.
    """
    by = unit_column(trials)
    found = picture_answers(trials, (PLAIN, condition), by=by).answered()
    group = groups.number.reindex(found.pictures["image_id"]).to_numpy(float)
    known = ~np.isnan(group)
    group = group[known].astype(np.int64)
    empty = sorted(set(range(len(groups.names))) - set(group.tolist()))
    if empty:
        raise MaskfaceError(
            f"No picture of the group {groups.names[empty[0]]!r} was answered both plain and "
            f"under {condition}."
        )
    counts = found.take(known).counts(group, len(groups.names))
    shape = (-1, len(groups.names), 2, len(EMOTIONS))
    shown, hits = (part.reshape(shape) for part in (counts.shown, counts.hits))
    totals = with_overall(np.concatenate([shown[:, :, :1], hits], axis=2))
    return GroupHits(groups.names, totals, unit_name(by))


def resample_groups(hits: GroupHits, *, seed: int, n_resamples: int) -> Floats:
    """Resample units and sum them: (B, G, 3, 8).

    Where each unit is in one group alone, groups are resampled each on its own and keep their
    sizes; otherwise a unit is drawn with its pictures in all groups.
    """
    totals, shape = hits.totals, (-1, *hits.totals.shape[1:])
    if not hits.nested(range(len(hits.names))):
        return _sums(totals.reshape(len(totals), -1), seed, n_resamples).reshape(shape)
    drawn = [
        _sums(totals[hits.units[:, g, 0], g].reshape(-1, 3 * len(LABELS)), own, n_resamples)
        for g in range(len(hits.names))
        for own in [derived_seed(seed, g)]
    ]
    return np.stack(drawn, axis=1).reshape(shape)


def _sums(totals: Floats, seed: int, n_resamples: int) -> Floats:
    drawn = bootstrap(totals, lambda sums: sums, seed=seed, n_resamples=n_resamples)
    return drawn.values  # noqa: PD011 (no frame)


def rates(sums: Floats) -> Floats:
    """Compute accuracy plain, masked, and the loss: sums (B, G, 3, 8) to (B, G, 3, 8)."""
    plain, masked = (ratio(sums[:, :, i], sums[:, :, 0]) for i in (1, 2))
    return np.stack([plain, masked, plain - masked], axis=2)


def same_mix(sums: Floats, first: int, second: int) -> Floats:
    """Compute the difference (B,) of two groups' losses as if both showed the same emotions.

    Losses of the emotions that both show, weighted by how many pictures of them both hold
    together (direct standardisation).
    """
    pair = sums[:, [first, second], :, 1:]
    weights = pair[:, :, 0].sum(axis=1) * (pair[:, :, 0] > 0).all(axis=1)
    losses = np.nan_to_num(rates(pair)[:, :, 2])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            ((losses[:, 0] - losses[:, 1]) * weights).sum(axis=1) / weights.sum(axis=1)
        )


def mix_distance(sums: Floats, first: int, second: int) -> float:
    """Compute the total variation distance, 0 to 1, between the emotions of two groups."""
    shown = sums[[first, second], 0, 1:]
    shares = shown / shown.sum(axis=1, keepdims=True)
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


MEASURED: Final = ("face_px", "skin_ita_deg")
"""Attributes that a run measures itself."""


def check_set(data: str, moderators: Sequence[Moderator]) -> str:
    """Return the name of a set, if its pictures can be grouped by at least one of some moderators.

    Raises MaskfaceError if the set cannot be read, its index says nothing of these, or pictures are
    to be grouped by person and some name nobody.
    """
    samples = load_dataset(data).samples
    for by in moderators:
        if by.of == "person":
            require_subjects(pd.Series([sample.subject_id for sample in samples]), by.name)
    if not any(by.name in MEASURED for by in moderators):
        said = [pair for sample in samples for pair in sample.attributes]
        known_moderators(pd.DataFrame(said, columns=["attribute", "value"]), moderators)
    return data


def known_moderators(
    attributes: pd.DataFrame, moderators: Sequence[Moderator], trials: pd.DataFrame | None = None
) -> list[Moderator]:
    """Return the moderators that pictures have different values of; raise if there are none.

    With trials, their pictures must also lie in different groups, which ages of 21 to 28 do not if
    the group is those under 30, and all of a person in one.
    """
    differ = attributes[attributes["value"] != ""].groupby("attribute")["value"].nunique()
    known = [by for by in moderators if differ.get(by.name, 0) > 1]
    if trials is not None:
        known = [by for by in known if _has_groups(trials, attributes, by)]
    if not known:
        names = ", ".join(by.name for by in moderators)
        raise MaskfaceError(
            f"There is nothing to compare: the set says nothing of {names}, or the same of all "
            "pictures, or several things of one subject. Add such a column to its index.csv, "
            "beside path,emotion,subject."
        )
    return known


def _has_groups(trials: pd.DataFrame, attributes: pd.DataFrame, by: Moderator) -> bool:
    try:
        group_pictures(trials, attributes, by)
    except NoGroupsError:
        return False
    return True


def unknown_text(moderators: Sequence[Moderator], known: Sequence[Moderator]) -> str:
    """Describe what could not be compared, and what to add; empty if nothing is missing."""
    names = ", ".join(by.name for by in moderators if by not in known)
    if not names:
        return ""
    return (
        "Not compared, as index.csv has no such column or one value only, a subject has several "
        f"values, or all are in one group: {names}."
    )


_ROUNDING: Final = 1e-10


def permutation_p(shown: Floats, lost: Floats, first: Bools, *, seed: int) -> Floats:
    """Test the difference of losses by exchanging units between two groups, (m,) p values.

    `shown` and `lost` (C, m) are pictures, and right answers plain minus masked; each unit is in
    one group, those of `first` (C,) in the first. If the attribute has nothing to do with loss, the
    test is exact. The difference is divided by its standard error, so that the test is also valid
    for large groups that differ in spread (Chung & Romano 2013, doi:10.1214/13-AOS1090). Two-sided;
    NaN where a group has fewer than two units.
    """
    there = (shown > 0).astype(float)
    terms = np.stack([there, shown, lost, shown**2, shown * lost, lost**2], axis=1)
    flat = terms.reshape(len(terms), -1)

    def statistic(chosen: Floats) -> Floats:
        one, other = (
            np.asarray(c @ flat).reshape(-1, *terms.shape[1:]) for c in (chosen, 1 - chosen)
        )
        return np.abs(_studentised(one, other))

    observed = statistic(first[None].astype(float))[0]
    found = randomize(observed, splits(first, seed=seed), statistic)
    few = np.minimum(there[first].sum(axis=0), there[~first].sum(axis=0)) < 2
    return np.where(few, np.nan, found.p_value)


def _studentised(one: Floats, other: Floats) -> Floats:
    """Divide differences by their standard errors, from sums (B, 6, m) over two groups."""
    (loss, variance), (loss_2, variance_2) = _moments(one), _moments(other)
    difference = loss - loss_2
    with np.errstate(divide="ignore", invalid="ignore"):
        t = difference / np.sqrt(variance + variance_2)
    return np.asarray(np.where(np.abs(difference) < _ROUNDING, 0, t))


def _moments(sums: Floats) -> tuple[Floats, Floats]:
    c, n, d, nn, nd, dd = np.moveaxis(sums, 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = d / n
        squares = np.maximum(dd - 2 * loss * nd + loss**2 * nn, 0)
        return loss, squares / n**2 * c / (c - 1)


def flip_p(shown: Floats, lost: Floats, *, seed: int) -> Floats:
    """Test the difference of losses of two groups that units have pictures in, (m,) p values.

    `shown` and `lost` (C, 2, m) are as in `permutation_p`. What each unit adds to the difference,
    around the loss of both groups together, is given a random sign: the wild cluster bootstrap with
    the null imposed (Cameron, Gelbach & Miller 2008, doi:10.1162/rest.90.3.414), which is exact
    where units' own differences are symmetric around 0. Exchanging the pictures' attribute would
    not be valid, as it also moves the share that is right plain. Two-sided; NaN where a group has
    fewer than two units.
    """
    n = shown.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        both = lost.sum(axis=(0, 1)) / n.sum(axis=0)
        added = (lost - both * shown) / n
    added = added[:, 0] - added[:, 1]
    active = np.abs(np.nan_to_num(added)).sum(axis=1) > _ROUNDING
    few = ((shown > 0).any(axis=1)).sum(axis=0) < 2
    return np.where(few, np.nan, flip_test(added[active], seed=seed).p_value)
