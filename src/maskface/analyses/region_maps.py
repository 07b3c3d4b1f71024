"""Maps of the face regions that a classifier relies on, from spots and from bubbles."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal, NamedTuple

import cv2
import numpy as np
import pandas as pd

from maskface.analyses import common
from maskface.arrays import Bools, Floats, Integers, Row
from maskface.errors import MaskfaceError
from maskface.mesh import FEATURES, canonical_mesh
from maskface.occluders.controls.frame import face_size, on_face, on_plane, random_places
from maskface.schema import Column, Table, interval_columns, numbered, p_column
from maskface.stats.aggregate import sums_by
from maskface.stats.randomization import N_DRAWS, flip_test, orders, randomize
from maskface.tables import P_COLUMNS, PLAIN
from maskface.text import p_text, points
from maskface.types import EMOTIONS

Method = Literal["spots", "bubbles"]
Measure = Literal["p_true", "correct"]
METHODS: Final[dict[Method, str]] = {"spots": "spot", "bubbles": "bubbles"}
"""Ways to make a map, each with its occluder."""
REGIONS_OF: Final = {
    "eyes": (("right brow", "right eye"), ("left brow", "left eye")),
    "nose": (("nose",),),
    "mouth": (("mouth",),),
}
"""Regions of the face, each of one part or more, by their features in `maskface.mesh.FEATURES`."""
ELSEWHERE: Final = "elsewhere"
_MARGIN: Final = 0.8  # cm
_SPACING: Final = 0.05  # face widths


class Samples(NamedTuple):
    """T samples of bubbles, centred within each picture.

    `opened` (T, P) is how open each place was, `response` (T,) the response, and `picture` (T,) the
    number of the picture, rising.
    """

    opened: Floats
    response: Floats
    picture: Integers


@dataclass(frozen=True, slots=True, eq=False)
class PictureMap:
    """Contributions of N pictures to a map of P places (as in `controls.frame`) by one classifier.

    The map is the sum of `gain` (N, P) over pictures by the sum of `weight` (N, P). Spots: the
    response to the plain picture minus that to the occluded one, and 1. Bubbles: over the samples
    of a picture, the sum of products of response and openness, both centred, and the sum of squares
    of the latter. `label` and `unit` (N,) number the emotion and the independent unit; `samples` is
    what the gain of bubbles was made of.
    """

    method: Method
    places: Floats
    gain: Floats
    weight: Floats
    label: Integers
    unit: Integers
    samples: Samples | None = None


def picture_maps(trials: pd.DataFrame, measure: Measure) -> list[PictureMap]:
    """Make the maps of one classifier that its trials allow; raise if they allow none."""
    answered = trials[trials["status"] == "ok"]
    answered = answered.assign(response=_response(answered, measure))
    made = [_spots(answered, trials), _bubbles(answered, trials)]
    found = [one for one in made if one is not None]
    if not found:
        raise MaskfaceError(
            "The trials hold neither faces with spots nor two samples of bubbles of a face. Add "
            "occluders such as spot:x=0.3,y=0.4, or bubbles:sample=1 and bubbles:sample=2."
        )
    return found


def _response(trials: pd.DataFrame, measure: Measure) -> Floats:
    if measure == "correct":
        return trials["correct"].to_numpy(np.float64)
    p = trials[P_COLUMNS].to_numpy(np.float64)
    return np.asarray(p[np.arange(len(p)), numbered(trials["label"], EMOTIONS)])


def _spots(answered: pd.DataFrame, trials: pd.DataFrame) -> PictureMap | None:
    spots = sorted(trials.loc[trials["occluder"] == METHODS["spots"], "condition"].unique())
    if not spots:
        return None
    chosen = answered[answered["condition"].isin([PLAIN, *spots])]
    wide = chosen.pivot_table("response", _names(trials), "condition")
    wide = wide.reindex(columns=[PLAIN, *spots]).dropna()
    params = trials.drop_duplicates("condition").set_index("condition")["params"]
    parsed = [json.loads(params[spot]) for spot in spots]
    kinds = {(one["size"], one["colour"]) for one in parsed}
    if len(kinds) > 1:
        raise MaskfaceError(
            f"A map needs spots of one size and colour, got {len(kinds)} kinds. Map "
            "one kind at a time."
        )
    values = wide.to_numpy(np.float64)
    places = np.array([(one["x"], one["y"]) for one in parsed])
    gain = values[:, :1] - values[:, 1:]
    return _map_of("spots", places, gain, np.ones_like(gain), wide.index)


def _bubbles(answered: pd.DataFrame, trials: pd.DataFrame) -> PictureMap | None:
    rows = answered[answered["occluder"] == METHODS["bubbles"]]
    rows = rows[rows.groupby("image_id")["image_id"].transform("size") > 1]
    if rows.empty:
        return None
    places = map_places()
    names = _names(trials)
    rows = rows.sort_values([*names, "condition"])
    by_picture = rows.groupby(names, sort=True)
    number = np.asarray(by_picture.ngroup(), np.int64)
    opened = np.stack(
        [
            _opened(places, json.loads(params), int(seed))
            for params, seed in zip(rows["params"], rows["seed"], strict=True)
        ]
    )
    opened -= _means(opened, number)[number]
    response = rows["response"].to_numpy(np.float64)[:, None]
    response = response - _means(response, number)[number]
    gain, weight = sums_by(number, opened * response), sums_by(number, opened**2)
    made = _map_of("bubbles", places, gain, weight, by_picture.size().index)
    return replace(made, samples=Samples(opened, response[:, 0], number))


def _names(trials: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(["image_id", common.unit_column(trials), "label"]))


def _map_of(
    method: Method, places: Floats, gain: Floats, weight: Floats, index: pd.Index
) -> PictureMap:
    unit = index.get_level_values(1 if index.nlevels == 3 else 0)
    label = numbered(index.get_level_values("label"), EMOTIONS)
    codes = pd.factorize(unit, sort=True)[0].astype(np.int64)
    return PictureMap(method, places, gain, weight, label, codes)


def _means(values: Floats, number: Integers) -> Floats:
    return np.asarray(sums_by(number, values) / np.bincount(number)[:, None])


def map_places() -> Floats:
    """Return the places (P, 2) of a map of bubbles: a square grid over the average face."""
    width, height = face_size()
    x, y = (np.arange(step / 2, 1, step) for step in (_SPACING, _SPACING * width / height))
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return grid[on_face(grid)]


def _opened(places: Floats, params: dict[str, float], seed: int) -> Floats:
    """Compute how open (P,) places of a frontal face are, 0 to 1."""
    middles = on_plane(random_places(int(params["n"]), np.random.default_rng(seed)))
    away = on_plane(places)[:, None] - middles[None]
    squares = (away**2).sum(axis=2) / (params["size"] * face_size()[0]) ** 2
    return np.asarray(np.minimum(np.exp(-squares / 2).sum(axis=1), 1.0))


def region_of(places: Floats) -> list[str]:
    """Name the region of each place: eyes (with brows), nose, mouth, or elsewhere."""
    names = np.full(len(places), ELSEWHERE, object)
    head, points = canonical_mesh().vertices[:, :2], on_plane(places)
    for region, parts in REGIONS_OF.items():
        for part in parts:
            corners = head[[i for feature in part for i in FEATURES[feature]]]
            hull = cv2.convexHull(np.ascontiguousarray(corners))
            near = [
                cv2.pointPolygonTest(hull, place, measureDist=True) >= -_MARGIN
                for place in points.tolist()
            ]
            names[near] = region
    return [str(name) for name in names]


MOUTH_MINUS_EYES: Final = "mouth minus eyes"
_REGIONS: Final = (*REGIONS_OF, ELSEWHERE, MOUTH_MINUS_EYES)

_MAP: Final = (
    *common.HEAD,
    Column("method", "text", "How the map was made", allowed=tuple(METHODS)),
    Column(
        "measure", "text", "p_true: probability of the shown emotion; correct: right answers",
        allowed=("p_true", "correct"),
    ),
    common.LABEL,
    *common.STANDING,
)  # fmt: skip
_VALUE: Final = Column(
    "value", "real",
    "spots: measure of the plain face minus that with the spot; bubbles: slope of the measure on "
    "how open the place is, 0 to 1; above 0, the place helps",
)  # fmt: skip

MAPS: Final = Table(
    "maps",
    (
        *_MAP,
        Column("x", "real", "Along the eye line, 0 at the person's right side", low=0, high=1),
        Column("y", "real", "From the top of the forehead, 0, to the chin, 1", low=0, high=1),
        Column("region", "text", "Where that is", allowed=(*REGIONS_OF, ELSEWHERE)),
        _VALUE,
        *interval_columns("value"),
        Column("z", "real", "Score that is tested"),
        p_column("p_adjusted", "Two-sided, over all places of the map, by permutation"),
        p_column(
            "p_over_maps", "p_adjusted times the number of maps (Bonferroni): those over all "
            "emotions are one family, those of single emotions another",
        ),
        Column("significant", "whole", "1 if p_over_maps < .05, else 0", low=0, high=1),
    ),
    key=("dataset", "classifier", "method", "measure", "label", "y", "x"),
)  # fmt: skip
"""Contribution of each place of the face to the answers, for each emotion."""

REGIONS: Final = Table(
    "regions",
    (
        *_MAP,
        Column("region", "text", "Places of the map, averaged", allowed=_REGIONS),
        Column("n_places", "whole", "How many", low=0),
        _VALUE,
        *interval_columns("value"),
    ),
    key=("dataset", "classifier", "method", "measure", "label", "region"),
)
"""The maps by region of the face, which was chosen before any answer was seen."""

Sums = tuple[Floats, Floats]


def shuffled_z(
    opened: Floats, response: Floats, picture: Integers, *, seed: int, n_draws: int = N_DRAWS
) -> tuple[Floats, Floats]:
    """Score places from samples of bubbles, as in `Samples`, and test them over the whole map.

    Returns z (P,), the covariance of response and opening by its standard deviation over all ways
    to exchange the samples of a picture, and p_adjusted (P,), the share of shuffles whose largest
    absolute z of all places reaches it, which is exact if no place matters.
    """
    number = np.unique(picture, return_inverse=True)[1]
    free = np.maximum(np.bincount(number) - 1, 1)
    spread = np.bincount(number, response**2) / free
    scale = np.sqrt((opened**2 * spread[number, None]).sum(axis=0))
    scaled = np.divide(opened, scale, out=np.zeros_like(opened), where=scale > 1e-12)

    def largest(order: Integers) -> Floats:
        return np.asarray(np.abs(response[order] @ scaled).max(axis=1, keepdims=True))

    z = np.asarray(response @ scaled, np.float64)
    return z, randomize(np.abs(z), orders(number, seed=seed, n_draws=n_draws), largest).p_value


def flipped_z(gain: Floats, *, seed: int) -> tuple[Floats, Floats]:
    """Score places from the gain (C, P) of independent units, and test them over the whole map.

    Returns z (P,), the sum over units by the root of the sum of squares, which flips of signs leave
    alone, and p_adjusted (P,), the share of flips whose largest absolute z of all places reaches
    it.
    """
    norm = np.sqrt((gain**2).sum(axis=0))
    scaled = np.divide(gain, norm, out=np.zeros_like(gain), where=norm > 1e-12)
    return scaled.sum(axis=0), flip_test(scaled, seed=seed, family=True).p_value


def map_tables(
    trials: pd.DataFrame, *, measure: Measure = "p_true", seed: int = 0, n_resamples: int = 2000
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Map the places of the face that classifiers rely on.

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
        whole subjects are flipped, of bubbles when the samples of each picture are exchanged.
        They are then multiplied by the number of maps.

    Raises
    ------
    MaskfaceError
        If no map can be made, or spots are of several sizes.
    """
    maps: list[Row] = []
    regions: list[Row] = []
    for head, part in common.groups(trials):
        by = common.unit_name(common.unit_column(part))
        fixed = head | {"measure": measure, "clustered_by": by}
        for made in picture_maps(part, measure):
            for cells, chosen in _by_label(made):
                own = fixed | {"method": made.method} | cells
                sums = _unit_sums(made, chosen)
                least = made.samples is None and measure == "correct"
                limits = partial(_limits, *sums, least=least, seed=seed, n_resamples=n_resamples)
                tested = _tested(made, chosen, sums[0], seed)
                maps += [own | row for row in _places(made, tested, limits)]
                regions += [own | row for row in _regions(made, limits)]
    return MAPS.check(over_maps(MAPS.frame(maps))), REGIONS.check(REGIONS.frame(regions))


def over_maps(maps: pd.DataFrame) -> pd.DataFrame:
    """Correct p values for the number of maps of all emotions, and of single ones."""
    number = maps.groupby(["dataset", "classifier", "method", "label"], sort=False).ngroup()
    n_maps = number.groupby(maps["label"] == "all").transform("nunique")
    p = (maps["p_adjusted"] * n_maps).clip(upper=1)
    return maps.assign(p_over_maps=p, significant=(p < 0.05).astype("Int64"))


def _by_label(made: PictureMap) -> Iterator[tuple[Row, Bools]]:
    """Yield pictures (N,) over all emotions, and of each that was shown."""
    for i, label in enumerate(common.LABELS):
        chosen = (made.label == i - 1) | (label == "all")
        if chosen.any():
            n_clusters = len(np.unique(made.unit[chosen]))
            yield {"label": label, "n": int(chosen.sum()), "n_clusters": n_clusters}, chosen


def _unit_sums(made: PictureMap, chosen: Bools) -> Sums:
    unit = np.unique(made.unit[chosen], return_inverse=True)[1]
    return sums_by(unit, made.gain[chosen]), sums_by(unit, made.weight[chosen])


def _tested(made: PictureMap, chosen: Bools, gain: Floats, seed: int) -> Sums:
    if made.samples is None:
        return flipped_z(gain, seed=seed)
    opened, response, picture = made.samples
    own = chosen[picture]
    return shuffled_z(opened[own], response[own], picture[own], seed=seed)


def _places(made: PictureMap, tested: Sums, limits: Callable[[Floats], list[Row]]) -> Iterator[Row]:
    cells = limits(np.eye(len(made.places)))
    z, p = tested
    for k, ((x, y), region) in enumerate(zip(made.places, region_of(made.places), strict=True)):
        yield cells[k] | {
            "x": x, "y": y, "region": region, "z": z[k], "p_adjusted": p[k],
        }  # fmt: skip


def _regions(made: PictureMap, limits: Callable[[Floats], list[Row]]) -> Iterator[Row]:
    names = np.array(region_of(made.places))
    there = [name for name in (*REGIONS_OF, ELSEWHERE) if name in names]
    mix = {name: (names == name) / (names == name).sum() for name in there}
    sizes = {name: int((names == name).sum()) for name in there}
    if {"mouth", "eyes"} <= set(there):
        mix[MOUTH_MINUS_EYES] = mix["mouth"] - mix["eyes"]
        sizes[MOUTH_MINUS_EYES] = sizes["mouth"] + sizes["eyes"]
    cells = limits(np.column_stack(list(mix.values())))
    for name, row in zip(mix, cells, strict=True):
        yield row | {"region": name, "n_places": sizes[name]}


def _limits(
    gain: Floats, weight: Floats, mix: Floats, *, least: bool, seed: int, n_resamples: int
) -> list[Row]:
    """Compute values and limits of mixtures (P, m) of the places' slopes.

    If `least`, these are losses of right answers: limits allow for one more picture lost at a place
    and one gained (`least_error`).
    """
    n_places = gain.shape[1]

    def statistic(totals: Floats) -> Floats:
        above, below = totals[:, :n_places], totals[:, n_places:]
        # A place that is never open, or never shut, tells nothing.
        return np.asarray(np.where(below > 0, above / np.maximum(below, 1e-300), 0.0) @ mix)

    totals = np.hstack([gain, weight])
    lost = np.hstack([np.eye(n_places), np.ones((n_places, n_places))])
    widest = np.abs(mix).sum(axis=0)
    found = common.estimates(
        totals, statistic, seed=seed, n_resamples=n_resamples, pictures=lost if least else None,
        bounds=(-widest, widest),
    )  # fmt: skip
    return [common.interval_cells(one, len(gain)) for one in found.T]


def map_text(maps: pd.DataFrame, regions: pd.DataFrame) -> str:
    """Describe for each classifier and method its best place, and whether eyes or mouth count."""
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
        f"{points(best['value'])} points, p over all maps {p_text(best['p_over_maps'])}; "
        f"{int(one['significant'].sum())} of {len(one)} places significant"
    )
    if who not in by_map:
        return text
    row = by_map[who]
    return f"{text}; {MOUTH_MINUS_EYES} {points(row['value'])} {common.limits_text(row)}"
