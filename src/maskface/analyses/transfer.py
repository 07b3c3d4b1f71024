"""Loss of trained classifiers split into lost information and distribution shift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from maskface.analyses import common
from maskface.arrays import Floats, Row
from maskface.classifiers import make_classifier
from maskface.errors import MaskfaceError
from maskface.schema import Column, Table, interval_columns, numbered, share
from maskface.stats import Resampled, bootstrap, interval, least_error
from maskface.stats.aggregate import count_answers
from maskface.stats.intervals import ratio_limits
from maskface.tables import PLAIN
from maskface.text import percent, points
from maskface.types import EMOTIONS

SPLITS: Final = {
    "loss": (("clean", "plain"), ("clean", "masked")),
    "information": (("clean", "plain"), ("masked", "masked")),
    "shift": (("masked", "masked"), ("clean", "masked")),
    "restored": (("both", "masked"), ("clean", "masked")),
    "price": (("clean", "plain"), ("both", "plain")),
}
"""Differences of right answers between two cells (trained on, tested on), first minus second."""
ACCURACY: Final = "accuracy"
SHARE: Final = "shift_share"
ABOVE_CHANCE: Final = "above_chance"
TRAININGS: Final = ("clean", "masked", "both", "permuted")

TRANSFER: Final = Table(
    "transfer",
    (
        *common.HEAD,
        Column("family", "text", "Classifiers that differ only in what they are fitted to"),
        Column(
            "measure", "text",
            "accuracy: right answers of one cell; loss, information, shift, restored, price: "
            "differences of two cells; shift_share: shift by loss; above_chance: accuracy of the "
            "control minus chance",
            allowed=(ACCURACY, *SPLITS, SHARE, ABOVE_CHANCE),
        ),
        Column(
            "train", "text",
            "What it is fitted to; permuted: plain faces with shuffled labels; empty for a number "
            "of two cells",
            allowed=("", *TRAININGS),
        ),
        Column("test", "text", "What was read; empty likewise", allowed=("", "plain", "masked")),
        Column("condition", "text", "The masked condition"),
        common.LABEL,
        *common.STANDING,
        Column(
            "n_missing", "whole", "Pictures without an answer in some cell of the family",
            "picture", 0,
        ),
        Column("value", "real", "The number; a share, or a difference of shares"),
        *interval_columns("value"),
        share(
            "chance",
            "Right answers if the same answers were given whatever was shown; of one emotion, how "
            "often it is answered",
        ),
    ),
    key=("dataset", "family", "measure", "train", "test", "label"),
)  # fmt: skip
"""Right answers by training and test faces, and what a loss is made of. The column
`classifier` is empty for a number of two cells."""

Family = Mapping[str, str]
"""Classifiers by what they are fitted to: clean, masked, and maybe both and permuted."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Answers of a family to the pictures that were answered in all of its cells.

    A cell is a pair of training and test faces. In `answers` and `hits` it stands,
    as ``train/test``, in the place of the condition; `n_missing` counts the pictures that some cell
    lacks.
    """

    names: tuple[tuple[str, str], ...]
    answers: pd.DataFrame
    hits: common.Hits
    n_missing: int

    def of(self, train: str, test: str) -> pd.DataFrame:
        """Return the answers in one cell."""
        return self.answers[self.answers["condition"] == f"{train}/{test}"]


def trained_family(spec: str, *, control_folds: int | None = None) -> dict[str, str]:
    """Name the classifiers that differ only in what they are trained on.

    Parameters
    ----------
    spec
        A classifier that is trained, such as ``hog``, with its parameters but these.
    control_folds
        Folds of the control that is fitted to shuffled labels; no control if None. Pictures of one
        fold are predicted by one model, and so share the luck of one shuffle; with as many folds as
        people the bootstrap over people knows of it.

    Returns
    -------
    dict
        Classifiers, as named in the results, by what they are fitted to: clean, masked, both,
        permuted.

    Raises
    ------
    MaskfaceError
        If the name or a parameter is not allowed.
    """
    joint = "," if ":" in spec else ":"
    parameters = {"clean": "", "masked": "train=masked", "both": "train=both"}
    if control_folds is not None:
        parameters["permuted"] = f"permuted=true,folds={control_folds}"
    return {
        train: make_classifier(f"{spec}{joint}{more}" if more else spec).name
        for train, more in parameters.items()
    }


def only_condition(trials: pd.DataFrame, condition: str | None) -> str:
    """Find the occluded condition, which may be left out if there is only one.

    Raises MaskfaceError if the trials lack it, or the choice is not clear.
    """
    others = sorted(set(map(str, trials["condition"])) - {PLAIN})
    if condition is not None:
        return common.find_condition(trials, condition)
    if len(others) != 1:
        raise MaskfaceError(
            f"The trials hold the occluded conditions {', '.join(others) or '(none)'}. "
            "Name one with condition=."
        )
    return others[0]


def find_cells(trials: pd.DataFrame, family: Family, condition: str) -> Cells:
    """Bring together the answers of a family to the trials of one data set.

    Raises MaskfaceError if the trials lack a classifier, or no picture was answered in all cells.
    """
    there = sorted(set(map(str, trials["classifier"])))
    missing = sorted(set(family.values()) - set(there))
    if missing:
        raise MaskfaceError(
            f"The trials do not hold the classifiers {', '.join(missing)}, only {', '.join(there)}."
        )
    tests = (("plain", PLAIN), ("masked", condition))
    names = tuple((train, test) for train in family for test, _ in tests)
    rows = pd.concat(
        trials[(trials["classifier"] == classifier) & (trials["condition"] == shown)].assign(
            condition=f"{train}/{test}"
        )
        for train, classifier in family.items()
        for test, shown in tests
    )
    answered = rows[rows["status"] == "ok"].groupby("image_id")["condition"].nunique()
    complete = answered.index[answered == len(names)]
    kept = rows[rows["image_id"].isin(complete)]
    hits = common.count_hits(kept, ["/".join(name) for name in names])
    return Cells(names, kept, hits, rows["image_id"].nunique() - len(complete))


def answer_totals(answers: pd.DataFrame) -> Floats:
    """Count by unit (C, 21): pictures of each emotion, right answers to it, answers of it."""
    label, answer = (numbered(answers[name], EMOTIONS) for name in ("label", "predicted"))
    unit, cell = answers[common.unit_column(answers)], np.zeros(len(answers), np.int64)
    counts = count_answers(unit, cell, label, answer, n_cells=1)
    return np.hstack([counts.shown[:, 0], counts.hits[:, 0], counts.answered[:, 0]])


def chances(totals: Floats) -> Floats:
    """Compute shares right by chance from totals (B, 21), as in `answer_totals`: (B, 8).

    As if the answers had been dealt to the pictures at random, as in Cohen's kappa (1960,
    doi:10.1177/001316446002000104): the sum over emotions of the share of pictures that show it
    times the share of answers that name it. It is 1/7 for a classifier that gives all answers, or
    is shown all emotions, equally often, the sum of squared shares for one that answers as often as
    is shown, and the largest share for one that always gives the commonest answer.
    """
    shown, _, said = np.moveaxis(totals.reshape(len(totals), 3, len(EMOTIONS)), 1, 0)
    n = np.maximum(shown.sum(axis=1, keepdims=True), 1)
    named = said / n
    return np.hstack([(shown / n * named).sum(axis=1, keepdims=True), named])


def transfer_table(
    trials: pd.DataFrame,
    families: Mapping[str, Family],
    *,
    condition: str | None = None,
    seed: int = 0,
    n_resamples: int = 5000,
) -> pd.DataFrame:
    """Split the loss of trained classifiers into lost information and shift.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`.
    families
        By name: classifiers by what they are fitted to, clean and masked, and maybe both and
        permuted; see `trained_family`.
    condition
        What ``masked`` faces are read under; may be left out if there is only one.
    seed, n_resamples
        Of the bootstrap over subjects.

    Returns
    -------
    pandas.DataFrame
        In the schema of `TRANSFER`. With a(train, test) the share of right answers of all
        pictures (each emotion has rows of its own): loss = a(clean, plain) - a(clean, masked) is
        the sum of information = a(clean, plain) - a(masked, masked), what is lost even by a model
        fitted to masked faces, and shift = a(masked, masked) - a(clean, masked), what fitting to
        them restores. `restored` and `price` say what fitting to both brings to masked faces
        and costs on plain ones. All cells of a family stand on the same pictures and the same
        resamples. `shift_share` has Fieller's interval, and is empty where the loss is not
        clearly above 0.

    Raises
    ------
    MaskfaceError
        If the trials lack a classifier or the condition.

    Notes
    -----
    Information is an upper bound of what the mask hides: a better model, or more pictures to
    fit it to, could restore more. Either part may be below 0.

    Intervals resample the people of the test set, not of the training set, so they say
    how sure it is what these models do, and too little of what models of other people would do.
    In 400 simulated sets of 24 people with models fitted anew (linear discriminants on 12
    measures, 8 folds, a mask that hides half of them and moves their place), the 95 % intervals
    held the mean over sets in 93 % for information, 89 % for shift and 87 % for the loss; standard
    errors were 0.94, 0.85 and 0.76 of the true ones.
    """
    condition = only_condition(trials, condition)
    rows: list[Row] = []
    for names, part in trials.groupby(["run_id", "dataset"], sort=True):
        head = dict(zip(("run_id", "dataset"), names, strict=True)) | {"condition": condition}
        for family, by_training in families.items():
            cells = find_cells(part, by_training, condition)
            fixed = head | {"family": family, "n_missing": cells.n_missing}
            own = _split_rows(cells, by_training, seed, n_resamples)
            own += _control_rows(cells, by_training, seed, n_resamples)
            rows += [fixed | row for row in own]
    return TRANSFER.check(TRANSFER.frame(rows))


def _split_rows(cells: Cells, family: Family, seed: int, n_resamples: int) -> list[Row]:
    """Make the rows of cells, of their differences, and of the share of the shift."""
    splits = {
        measure: [cells.names.index(cell) for cell in pair]
        for measure, pair in SPLITS.items()
        if set(pair) <= set(cells.names)
    }
    first, second = np.array(list(splits.values()), int).reshape(-1, 2).T

    def numbers(totals: Floats) -> Floats:
        right = common.accuracies(totals)
        both = np.hstack([right, right[:, first] - right[:, second]])
        return both.reshape(len(totals), -1)

    hits, k = cells.hits, len(cells.names)
    counts = np.tile(hits.n_clusters, k + len(splits))
    least = least_error(hits.totals.sum(axis=0), hits.pictures, numbers)
    drawn = bootstrap(
        hits.totals, numbers, seed=seed, n_clusters=counts, least=least, n_resamples=n_resamples
    )
    found = np.stack([drawn.point, *interval(drawn)]).reshape(3, *_shape(drawn))
    chance = [chances(answer_totals(cells.of(*name)).sum(axis=0)[None])[0] for name in cells.names]
    rows = [
        hits.standing(i)
        | {"measure": ACCURACY, "classifier": family[train], "train": train, "test": test}
        | common.interval_cells(found[:, c, i], hits.n_clusters[i])
        | {"chance": chance[c][i]}
        for c, (train, test) in enumerate(cells.names)
        for i in hits.labels
    ]
    rows += [
        hits.standing(i)
        | {"measure": measure}
        | common.interval_cells(found[:, k + s, i], hits.n_clusters[i])
        for s, measure in enumerate(splits)
        for i in hits.labels
    ]
    return rows + _share_rows(cells, drawn, [k + list(splits).index(m) for m in ("shift", "loss")])


def _share_rows(cells: Cells, drawn: Resampled, places: list[int]) -> list[Row]:
    points = drawn.point.reshape(_shape(drawn))[places]
    drawn_again = drawn.values.reshape(-1, *_shape(drawn))[:, places]  # noqa: PD011 (no frame)
    found = np.stack(ratio_limits(points, drawn_again, cells.hits.n_clusters))
    return [
        cells.hits.standing(i)
        | {"measure": SHARE}
        | common.interval_cells(found[:, i], cells.hits.n_clusters[i], "Fieller, bootstrap SE")
        for i in cells.hits.labels
    ]


def _control_rows(cells: Cells, family: Family, seed: int, n_resamples: int) -> list[Row]:
    """Make the rows of how far the control is above the chance of its own answers."""

    def above(totals: Floats) -> Floats:
        return common.accuracies(totals[:, : 2 * len(EMOTIONS)])[:, 0] - chances(totals)

    rows = []
    for train, test in cells.names:
        if train == "permuted":
            totals, n_clusters = answer_totals(cells.of(train, test)), cells.hits.n_clusters
            found = common.estimates(
                totals, above, seed=seed, n_clusters=n_clusters, n_resamples=n_resamples
            )
            fixed = {"measure": ABOVE_CHANCE, "train": train, "test": test}
            fixed["classifier"] = family[train]
            rows += [
                cells.hits.standing(i) | fixed | common.interval_cells(found[:, i], n_clusters[i])
                for i in cells.hits.labels
            ]
    return rows


def _shape(drawn: Resampled) -> tuple[int, int]:
    return len(drawn.point) // (len(EMOTIONS) + 1), len(EMOTIONS) + 1


def transfer_text(transfer: pd.DataFrame) -> str:
    """Describe for each family what its loss over all emotions is made of.

    Parameters
    ----------
    transfer
        In the schema of `maskface.analyses.TRANSFER`.
    """
    overall = transfer[transfer["label"] == "all"]
    return "\n".join(
        line
        for family, rows in overall.groupby("family", sort=False)
        for line in _lines(str(family), rows)
    )


def _lines(family: str, rows: pd.DataFrame) -> list[str]:
    cells = rows[rows["measure"] == ACCURACY].set_index(["train", "test"])["value"]
    of = {row["measure"]: row for row in rows.to_dict("records")}
    lines = [
        f"{family}: right plain {percent(cells['clean', 'plain'])} %, masked "
        f"{percent(cells['clean', 'masked'])} % if fitted to plain faces, "
        f"{percent(cells['masked', 'masked'])} % if fitted to masked ones",
        f"  loss {_points(of['loss'])} = lost information {_points(of['information'])} + shift "
        f"{_points(of['shift'])}; {_share(of[SHARE])}",
    ]
    if "price" in of:
        lines.append(
            f"  fitted to both: {_points(of['restored'])} points on masked faces, at a price of "
            f"{_points(of['price'])} on plain ones"
        )
    controls = rows[rows["measure"] == ABOVE_CHANCE]
    lines += [
        f"  control with shuffled labels, {row['test']} faces: "
        f"{percent(cells['permuted', row['test']])} % right, {_points(row)} points above chance"
        for row in controls.to_dict("records")
    ]
    missing = int(rows["n_missing"].iloc[0])
    if missing:
        lines.append(f"  {missing} pictures are left out: some cell has no answer to them")
    return lines


def _points(row: Any) -> str:
    return f"{points(row['value'])} {common.limits_text(row)}"


def _share(row: Any) -> str:
    if pd.isna(row["value"]):
        return "the loss is not clearly above 0, so the shift's share of it is not defined"
    return f"shift is {percent(row['value'])} % {common.limits_text(row, signed=False)} of the loss"
