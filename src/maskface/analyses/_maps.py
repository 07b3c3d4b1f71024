"""Which places of a face a reader goes by: maps of spots slid over it, and of bubbles."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from maskface.analyses._hits import LABELS, groups, unit_column, unit_name
from maskface.analyses._limits import interval_cells
from maskface.analyses._map_flips import flipped_z, shuffled_z
from maskface.analyses._map_frame import (
    ELSEWHERE,
    REGIONS_OF,
    Measure,
    PictureMap,
    picture_maps,
    region_of,
)
from maskface.analyses._map_schemas import MAPS, MOUTH_MINUS_EYES, REGIONS
from maskface.analyses._words import limits_text
from maskface.arrays import Bools, Floats, Row
from maskface.stats import bootstrap, interval
from maskface.text import p_text, points

Sums = tuple[Floats, Floats]


def map_tables(
    trials: pd.DataFrame,
    *,
    measure: Measure = "p_true",
    seed: int = 0,
    n_resamples: int = 2000,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Map which places of the face the classifiers read.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`, with conditions of the occluder ``spot`` at
        several places, of ``bubbles`` with several samples, or of both.
    measure
        Response: the probability of the shown emotion, or right answers.
    seed, n_resamples
        Of the bootstrap over subjects; the seed is also that of the flips.

    Returns
    -------
    maps, regions
        In the schemas of `MAPS` and `REGIONS`, over all emotions and for each. Spots give the map
        of occlusion sensitivity (Zeiler & Fergus 2014, arXiv:1311.2901). Bubbles give a
        classification image (Gosselin & Schyns 2001, doi:10.1016/S0042-6989(01)00097-9): the
        places of the apertures are drawn anew from the trials' seeds, and the response is regressed
        on how open a place was, within pictures, so that easy pictures count no more than hard
        ones. Apertures are smooth, and so is the map; their number is fixed, so that places that
        tell nothing lean a little below 0. P values compare with the largest absolute
        z of any place (Nichols & Holmes 2002, doi:10.1002/hbm.1058), of spots when the signs of
        whole subjects are flipped, of bubbles when the samples of each picture are exchanged: one
        map in twenty has a significant place by chance.

    Raises
    ------
    MaskfaceError
        If no map can be made, or spots are of several sizes.
    """
    maps: list[Row] = []
    regions: list[Row] = []
    for head, part in groups(trials):
        by = unit_name(unit_column(part))
        fixed = head | {"measure": measure, "clustered_by": by}
        for made in picture_maps(part, measure):
            for cells, chosen in _by_label(made):
                own = fixed | {"method": made.method} | cells
                sums = _unit_sums(made, chosen)
                tested = _tested(made, chosen, sums[0], seed)
                maps += [own | row for row in _places(made, sums, tested, seed, n_resamples)]
                regions += [own | row for row in _regions(made, sums, seed, n_resamples)]
    return MAPS.check(MAPS.frame(maps)), REGIONS.check(REGIONS.frame(regions))


def _by_label(made: PictureMap) -> Iterator[tuple[Row, Bools]]:
    """Pictures (N,) over all emotions, and of each that was shown."""
    for i, label in enumerate(LABELS):
        chosen = (made.label == i - 1) | (label == "all")
        if chosen.any():
            n_clusters = len(np.unique(made.unit[chosen]))
            yield {"label": label, "n": int(chosen.sum()), "n_clusters": n_clusters}, chosen


def _unit_sums(made: PictureMap, chosen: Bools) -> Sums:
    unit = np.unique(made.unit[chosen], return_inverse=True)[1]
    gain, weight = (np.zeros((int(unit.max()) + 1, len(made.places))) for _ in range(2))
    np.add.at(gain, unit, made.gain[chosen])
    np.add.at(weight, unit, made.weight[chosen])
    return gain, weight


def _tested(made: PictureMap, chosen: Bools, gain: Floats, seed: int) -> Sums:
    if made.samples is None:
        return flipped_z(gain, seed=seed)
    return shuffled_z(made.samples.of(chosen), seed=seed)


def _places(
    made: PictureMap, sums: Sums, tested: Sums, seed: int, n_resamples: int
) -> Iterator[Row]:
    limits = _limits(*sums, np.eye(len(made.places)), seed, n_resamples)
    z, p = tested
    for k, ((x, y), region) in enumerate(zip(made.places, region_of(made.places), strict=True)):
        yield limits[k] | {
            "x": x, "y": y, "region": region, "z": z[k], "p_adjusted": p[k],
            "significant": int(p[k] < 0.05),
        }  # fmt: skip


def _regions(made: PictureMap, sums: Sums, seed: int, n_resamples: int) -> Iterator[Row]:
    names = np.array(region_of(made.places))
    there = [name for name in (*REGIONS_OF, ELSEWHERE) if name in names]
    mix = {name: (names == name) / (names == name).sum() for name in there}
    sizes = {name: int((names == name).sum()) for name in there}
    if {"mouth", "eyes"} <= set(there):
        mix[MOUTH_MINUS_EYES] = mix["mouth"] - mix["eyes"]
        sizes[MOUTH_MINUS_EYES] = sizes["mouth"] + sizes["eyes"]
    limits = _limits(*sums, np.column_stack(list(mix.values())), seed, n_resamples)
    for name, row in zip(mix, limits, strict=True):
        yield row | {"region": name, "n_places": sizes[name]}


def _limits(gain: Floats, weight: Floats, mix: Floats, seed: int, n_resamples: int) -> list[Row]:
    """Values and limits of mixtures (P, m) of the places' slopes."""
    n_places = gain.shape[1]

    def statistic(totals: Floats) -> Floats:
        above, below = totals[:, :n_places], totals[:, n_places:]
        # A place that is never open, or never shut, tells nothing.
        return np.asarray(np.where(below > 0, above / np.maximum(below, 1e-300), 0.0) @ mix)

    drawn = bootstrap(np.hstack([gain, weight]), statistic, seed=seed, n_resamples=n_resamples)
    return [interval_cells(one) for one in np.stack([drawn.point, *interval(drawn)]).T]


def map_text(maps: pd.DataFrame, regions: pd.DataFrame) -> str:
    """Say for each classifier and method where its best place is, and whether eyes or mouth count.

    Parameters
    ----------
    maps, regions
        From `map_tables`.
    """
    contrast = regions[regions["region"] == MOUTH_MINUS_EYES]
    by_map = {_who(row): row for row in contrast.to_dict("records")}
    return "\n".join(
        _map_line(one, by_map)
        for _, one in maps.groupby(["classifier", "method", "label"], sort=False)
        if one["label"].iloc[0] == "all" or one["significant"].any()
    )


def _who(row: Mapping[Hashable, Any]) -> tuple[str, str, str]:
    return row["classifier"], row["method"], row["label"]


def _map_line(one: pd.DataFrame, by_map: Mapping[tuple[str, str, str], Any]) -> str:
    sure = one[one["significant"] == 1] if one["significant"].any() else one
    best = sure.iloc[int(sure["value"].abs().to_numpy().argmax())].to_dict()
    who = _who(best)
    text = (
        f"{', '.join(who)}: most at {best['region']} (x {best['x']:.2f}, y {best['y']:.2f}): "
        f"{points(best['value'])} points, p {p_text(best['p_adjusted'])}; "
        f"{int(one['significant'].sum())} of {len(one)} places significant"
    )
    if who not in by_map:
        return text
    row = by_map[who]
    return f"{text}; {MOUTH_MINUS_EYES} {points(row['value'])} {limits_text(row)}"
