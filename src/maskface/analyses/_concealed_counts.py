"""What the pictures of a composite set were taken for, summed by subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.tables import PLAIN

Made = tuple[str, str, str]
"""Kind of a face, and the emotions of its upper and lower half."""

WHOLE: Final = "whole"
MADE: Final = ["kind", "upper", "lower"]


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What C units' faces of F kinds were taken for, plain and masked.

    Attributes
    ----------
    faces
        The F kinds.
    sums
        (C, 2 F, 1 + A): for each kind, plain and then masked, the number of pictures and those
        that were given each of the A answers.
    """

    faces: tuple[Made, ...]
    sums: Floats

    @property
    def totals(self) -> Floats:
        """(C, 2 F (1 + A)) the same, flat."""
        return self.sums.reshape(len(self.sums), -1)

    def exchanged(self, a: int, b: int) -> Floats:
        """Totals with two of the 2 F cells exchanged."""
        order = np.arange(self.sums.shape[1])
        order[[a, b]] = order[[b, a]]
        return self.sums[:, order].reshape(len(self.sums), -1)


def how_made(attributes: pd.DataFrame) -> pd.DataFrame:
    """Kind, upper, lower and pair of each picture, by its id.

    Raises
    ------
    MaskfaceError
        If the attributes do not say it.
    """
    said = attributes[attributes["source"] == "index"]
    wide = said.pivot_table("value", "image_id", "attribute", aggfunc="first")
    missing = [name for name in (*MADE, "pair") if name not in wide]
    if missing:
        raise MaskfaceError(
            f"The attributes do not say {', '.join(missing)} of the pictures. Run the experiment "
            "on faces from maskface.stimuli.make_composites."
        )
    return wide[[*MADE, "pair"]].dropna()


def count_made(joined: pd.DataFrame, mask: str, answers: Sequence[str]) -> Counts:
    """Sum answers by subject, over the pairs of which every picture has one plain and masked.

    Raises
    ------
    MaskfaceError
        If there is no such pair.
    """
    rows = joined[joined["condition"].isin([PLAIN, mask])]
    ok = rows["status"] == "ok"
    whole = rows[ok.groupby(rows["pair"]).transform("all")]
    if whole.empty:
        raise MaskfaceError(
            "No pair of photographs has an answer to all of its faces, plain and masked. Read the "
            "column `message` of trials.csv to see why."
        )
    faces = tuple(sorted({(str(k), str(u), str(w)) for k, u, w in whole[MADE].to_numpy()}))
    number = {face: 2 * i for i, face in enumerate(faces)}
    face = [number[k, u, w] for k, u, w in whole[MADE].itertuples(index=False, name=None)]
    cell = np.array(face) + (whole["condition"] == mask).to_numpy(int)
    unit = pd.factorize(whole["subject_id"], sort=True)[0]
    given = whole["predicted"].to_numpy(str)[:, None] == list(answers)
    values = np.hstack([np.ones((len(whole), 1)), given])
    sums = np.zeros((int(unit.max()) + 1, 2 * len(faces), values.shape[1]))
    np.add.at(sums, (unit, cell), values)
    return Counts(faces, sums)
