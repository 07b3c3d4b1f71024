"""What each picture adds to a map of the face: what covers and openings at a place change."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final, Literal

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.analyses._hits import unit_column
from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.mesh import FEATURES, canonical_mesh
from maskface.occluders.controls.places import (
    face_size,
    on_face,
    on_plane,
    random_places,
)
from maskface.schema import numbered
from maskface.tables import P_COLUMNS, PLAIN
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


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Pictures behind T samples of bubbles, all less their means within the picture.

    Attributes
    ----------
    opened
        (T, P) how open each place was.
    response
        (T,)
    picture
        (T,) number of the picture, rising.
    """

    opened: Floats
    response: Floats
    picture: NDArray[np.int64]

    def of(self, pictures: NDArray[np.bool_]) -> Samples:
        """Samples of those pictures (N,) alone."""
        chosen = pictures[self.picture]
        return Samples(self.opened[chosen], self.response[chosen], self.picture[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class PictureMap:
    """What N pictures add to a map of P places, for one classifier.

    The map is the sum of `gain` over pictures by the sum of `weight`.

    Attributes
    ----------
    method
        How it was made.
    places
        (P, 2) as in `maskface.occluders.controls.places`.
    gain, weight
        (N, P). Spots: the response to the plain picture minus that to the covered one, and 1.
        Bubbles: over the samples of a picture, the sum of products of the response and of how open
        a place was, both less their means within the picture, and the sum of squares of the latter.
    label
        (N,) numbers in `EMOTIONS`.
    unit
        (N,) number of the independent unit.
    samples
        Of bubbles, what `gain` was made of; None for spots.
    """

    method: Method
    places: Floats
    gain: Floats
    weight: Floats
    label: NDArray[np.int64]
    unit: NDArray[np.int64]
    samples: Samples | None = None


def picture_maps(trials: pd.DataFrame, measure: Measure) -> list[PictureMap]:
    """Make the maps that the trials of one classifier allow.

    Raises
    ------
    MaskfaceError
        If there are neither spots nor samples of bubbles.
    """
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
    wide = _wide(answered[answered["condition"].isin([PLAIN, *spots])], trials)
    wide = wide.reindex(columns=[PLAIN, *spots]).dropna()
    params = trials.drop_duplicates("condition").set_index("condition")["params"]
    parsed = [json.loads(params[spot]) for spot in spots]
    kinds = {(one["size"], one["colour"]) for one in parsed}
    if len(kinds) > 1:
        raise MaskfaceError(
            f"A map is of spots of one size and colour, but these are of {len(kinds)} kinds. Map "
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
    groups = rows.groupby(names, sort=True)
    number = np.asarray(groups.ngroup(), np.int64)
    opened = np.stack(
        [
            _opened(places, json.loads(params), int(seed))
            for params, seed in zip(rows["params"], rows["seed"], strict=True)
        ]
    )
    opened -= _means(opened, number)[number]
    response = rows["response"].to_numpy(np.float64)[:, None]
    response = response - _means(response, number)[number]
    gain, weight = _sums(opened * response, number), _sums(opened**2, number)
    made = _map_of("bubbles", places, gain, weight, groups.size().index)
    return replace(made, samples=Samples(opened, response[:, 0], number))


def _wide(rows: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    return rows.pivot_table("response", _names(trials), "condition")


def _names(trials: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(["image_id", unit_column(trials), "label"]))


def _map_of(
    method: Method, places: Floats, gain: Floats, weight: Floats, index: pd.Index
) -> PictureMap:
    unit = index.get_level_values(1 if index.nlevels == 3 else 0)
    label = numbered(index.get_level_values("label"), EMOTIONS)
    codes = pd.factorize(unit, sort=True)[0].astype(np.int64)
    return PictureMap(method, places, gain, weight, label, codes)


def _sums(values: Floats, number: NDArray[np.int64]) -> Floats:
    sums = np.zeros((int(number.max()) + 1, values.shape[1]))
    np.add.at(sums, number, values)
    return sums


def _means(values: Floats, number: NDArray[np.int64]) -> Floats:
    return np.asarray(_sums(values, number) / np.bincount(number)[:, None])


def map_places() -> Floats:
    """Places (P, 2) of a map of bubbles: a square grid over the average face."""
    width, height = face_size()
    x, y = (np.arange(step / 2, 1, step) for step in (_SPACING, _SPACING * width / height))
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return grid[on_face(grid)]


def _opened(places: Floats, params: dict[str, float], seed: int) -> Floats:
    """How open (P,) places of a face that looks at the camera are, 0 to 1."""
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
