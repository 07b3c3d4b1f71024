"""Masks drawn on plain pictures beside the same masks worn, all pairs of pictures together.

Where the two end, their colour and sharpness, what classifiers answer, how easily they are told
apart, and what each gives away of the expression, with intervals over people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from maskface.analyses.common import TextRow, estimates, limit_cells
from maskface.analyses.leakage import TARGETS, predict_unseen
from maskface.analyses.pairs import (
    BESIDE,
    ERRORS,
    NAMES,
    PAIRS,
    SIDES,
    VERSIONS,
    SeenPair,
    find_pairs,
    see_pair,
    worn_occluder,
)
from maskface.arrays import Floats, Integers, Row
from maskface.classifiers import Classifier, Trainable, as_classifiers
from maskface.datasets import as_dataset
from maskface.errors import MaskfaceError
from maskface.experiment.cross_fitting import subject_folds
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector
from maskface.pipeline import COVERED, NoAnswer, adapt_classifiers, all_needs, answer_cells, predict
from maskface.schema import Column, Table, interval_columns, p_column, share
from maskface.seeds import derived_seed
from maskface.stats import N_RESAMPLES, equivalence_test
from maskface.stats.aggregate import ratio
from maskface.text import align, p_text, points
from maskface.types import EMOTIONS, ImageArray

if TYPE_CHECKING:
    from maskface.classifiers.registry import ClassifierLike
    from maskface.datasets.registry import DataLike

BOUND: Final = 0.05
"""Difference of two losses that would matter: five percentage points."""

ANSWERS: Final = Table(
    "answers",
    (
        Column("pair", "text", "Name of the pair in the index"),
        *NAMES,
        Column("classifier", "text", "What answers"),
        Column("version", "text", "The face", allowed=VERSIONS),
        Column("predicted", "text", "The most probable emotion", allowed=("", *EMOTIONS)),
        Column("message", "text", "Why there is no answer"),
        *(share(f"p_{name}", f"Probability of {name}") for name in EMOTIONS),
    ),
    key=("pair", "wearing", "classifier", "version"),
)
"""What classifiers answer to plain, worn and drawn."""

COMPARISON: Final = Table(
    "compare_worn",
    (
        Column("wearing", "text", "Kind of mask"),
        Column("measure", "text", "What is compared; see docs/worn.md"),
        Column("classifier", "text", "What answers; empty for measures of pictures"),
        Column("n_pairs", "whole", "Pairs", low=0),
        Column("n_people", "whole", "People", low=0),
        Column("value", "real", "The measure"),
        *interval_columns("it, by a bootstrap over people"),
        Column("bound", "real", "Difference that would matter"),
        p_column("p_value", "Two one-sided t tests: small if within the bound"),
        Column("equivalent", "text", "Is it within the bound?", allowed=("", "no", "yes")),
    ),
    key=("wearing", "measure", "classifier"),
)  # fmt: skip
"""All pairs of a kind of mask together."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Small pictures of one pair: title, and (160, 160, 3) uint8 by version."""

    title: str
    pictures: Mapping[str, ImageArray]


@dataclass(frozen=True, slots=True, eq=False)
class WornComparison:
    """Drawn masks beside worn ones.

    Attributes
    ----------
    dataset, may_be_shown
        Name of the data set, and whether its terms allow pictures to be shown.
    pairs, answers, comparison
        In the schemas `PAIRS`, `ANSWERS` and `COMPARISON`.
    shown
        Pictures for a page, pair by pair.
    """

    dataset: str
    may_be_shown: bool
    pairs: pd.DataFrame
    answers: pd.DataFrame
    comparison: pd.DataFrame
    shown: tuple[Shown, ...]


def compare_worn(
    data: DataLike,
    *,
    classifiers: Sequence[ClassifierLike] = ("faceapi", "fer"),
    placed: bool = False,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
    progress: bool = False,
) -> WornComparison:
    """Compare masks that people wear with the same masks drawn on their plain pictures.

    Parameters
    ----------
    data
        A data set, as in `maskface.load_dataset`, whose rows have ``pair`` (pictures of one person
        in one expression), ``wearing`` (``plain`` or ``none``, or an occluder such as
        ``surgical:colour=white``), and may have ``alpha``: a picture of the size of the worn one,
        white where the mask hides the face, below the folder of the index.
    classifiers
        As in `maskface.read_faces`; those that are trained are fitted to plain pictures of others.
    placed
        Draw each mask where the worn one sits; else as anybody might wear it (``vary=real``).
        Only where the outline of the worn mask is known.
    seed
        Seed of drawn masks and resamples. A person wears one mask in all pictures.
    n_resamples
        Bootstrap resamples of people.
    progress
        Show a progress bar.

    Returns
    -------
    WornComparison
        Tables, and small pictures.

    Raises
    ------
    MaskfaceError
        If a column is missing, a pair has no plain picture or no other, a mask is no occluder, or
        no pair can be compared.

    Examples
    --------
    >>> from maskface.datasets import Dataset, load_dataset
    >>> few = load_dataset("example_worn").samples[::42]
    >>> pairs = [s for s in load_dataset("example_worn") if dict(s.attributes)["pair"] in
    ...          {dict(one.attributes)["pair"] for one in few}]
    >>> found = compare_worn(Dataset("few", tuple(pairs)), classifiers=["fer"], n_resamples=100)
    >>> found.pairs["status"].unique().tolist()
    ['ok']
    """
    dataset = as_dataset(data)
    pairs = find_pairs(dataset.name, dataset.samples)
    occluders = {
        wearing: worn_occluder(wearing, placed=placed)
        for wearing in {pair.wearing for pair in pairs}
    }
    models = as_classifiers(list(classifiers))
    needs = all_needs(adapt_classifiers(models)) | {COVERED}
    with CachedDetector(MediaPipeDetector(), LandmarkCache()) as detector:
        seen = [
            see_pair(
                pair, occluders[pair.wearing], detector.detect, needs, placed=placed, seed=seed
            )
            for pair in tqdm(pairs, unit="pair", disable=not progress)
        ]
    table = PAIRS.frame([one.row for one in seen])
    good = [one for one in seen if one.row["status"] == "ok"]
    if not good:
        reasons = ", ".join(dict.fromkeys(table["message"]))
        raise MaskfaceError(f"None of the {len(seen)} pairs can be compared: {reasons}.")
    answers = ANSWERS.frame(list(_answers(models, good, seed)))
    rows = [
        row | {"wearing": kind}
        for kind in dict.fromkeys(one.pair.kind for one in good)
        for row in _rows_of_kind(
            [one for one in good if one.pair.kind == kind], table, answers, seed,
            n_resamples,
        )
    ]  # fmt: skip
    shown = [Shown(f"{one.pair.name}, {one.pair.wearing}", one.shown) for one in good]
    return WornComparison(
        dataset.name, dataset.may_be_shown, table, answers, COMPARISON.frame(rows), tuple(shown)
    )


# --- Answers


def _answers(
    models: Sequence[Classifier | Trainable], seen: Sequence[SeenPair], seed: int
) -> Iterator[Row]:
    """Yield rows of `ANSWERS`."""
    for model in models:
        (adapter,) = adapt_classifiers([model])
        found = [predict(adapter, one.faces) for one in seen]
        if isinstance(model, Trainable):
            _cross_fit(model, seen, found, seed)
        for one, answers in zip(seen, found, strict=True):
            names = {key: one.row[key] for key in ("pair", "wearing", "subject", "emotion")}
            for version, answer in answers.items():
                row = names | {"classifier": model.name, "version": version}
                if isinstance(answer, NoAnswer):
                    yield row | {"message": answer.message}
                else:
                    yield row | answer_cells(answer)


def _cross_fit(
    model: Trainable, seen: Sequence[SeenPair], found: list[dict[str, Any]], seed: int
) -> None:
    """Replace features by the answers of models that are fitted to plain pictures of others."""
    subject = np.unique([one.pair.subject for one in seen], return_inverse=True)[1]
    if subject.max() < 1:
        raise MaskfaceError(f"Classifier {model.name!r} needs pictures of two people or more.")
    fold = subject_folds(subject, model.folds)
    label = np.array([EMOTIONS.index(one.pair.worn.label) for one in seen])
    features = [answers["plain"] for answers in found]
    known = np.array([not isinstance(one, NoAnswer) for one in features])
    for number in range(int(fold.max()) + 1):
        train = np.flatnonzero(known & (fold != number))
        own = derived_seed(seed, model.name, number)
        fitted = model.fit(np.array([features[i] for i in train]), label[train], seed=own)
        for i in np.flatnonzero(fold == number):
            found[i] = {
                version: answer if isinstance(answer, NoAnswer)
                else fitted.predict_proba(np.asarray(answer, np.float64)[None])[0]
                for version, answer in found[i].items()
            }  # fmt: skip


# --- All pairs together


def _rows_of_kind(
    seen: Sequence[SeenPair], table: pd.DataFrame, answers: pd.DataFrame, seed: int, n: int
) -> Iterator[Row]:
    """Yield rows of `COMPARISON` of the pairs of one kind of mask."""
    keys = {(one.pair.name, one.pair.wearing) for one in seen}
    own = table[[key in keys for key in zip(table["pair"], table["wearing"], strict=True)]]
    yield from _picture_rows(own, seed, n)
    people, person = np.unique([one.pair.subject for one in seen], return_inverse=True)
    if len(people) > 1:
        for size in SIDES:
            worn, drawn = (np.array([one.texture[v, size] for one in seen]) for v in VERSIONS[1:])
            score = _told_apart(worn, drawn, person)
            found = _auc(score, person, seed, n)
            yield _row(f"auc_{size}", found, len(seen), len(people))
        yield from _leak_rows([one for one in seen if "worn" in one.chips], seed, n)
    mine = answers[[key in keys for key in zip(answers["pair"], answers["wearing"], strict=True)]]
    for classifier, given in mine.groupby("classifier", sort=True):
        yield from _answer_rows(str(classifier), given, seed, n)


def _row(
    measure: str, found: Floats, n_pairs: int, n_people: int, classifier: str = "", **more: Any
) -> Row:
    value, low, high = found.ravel().tolist()
    standing = {"measure": measure, "classifier": classifier, "n_pairs": n_pairs}
    return (
        standing | {"n_people": n_people, "value": value} | limit_cells(low, high, n_people) | more
    )


def _picture_rows(own: pd.DataFrame, seed: int, n: int) -> Iterator[Row]:
    """Average what was measured on pictures over pairs, over people."""
    known = own[own["outline"] != "missing"]
    columns = {name: known[name] for name in ("iou", *(c.name for c in BESIDE))}
    for name in ERRORS:
        columns[name] = known[name].abs()
    columns |= {"top_bias": known["top_error"], "bottom_bias": known["bottom_error"]}
    for measure, values in columns.items():
        there = values.notna()
        groups = values[there].groupby(known["subject"][there])
        totals = np.column_stack([groups.sum(), groups.count()]).astype(np.float64)
        if len(totals):
            found = estimates(totals, _mean, seed=seed, n_resamples=n)
            yield _row(measure, found, int(there.sum()), len(totals))
    count = np.array([len(own) - len(known), np.nan, np.nan])
    yield _row("outlines_missing", count, len(own), own["subject"].nunique())


def _mean(sums: Floats) -> Floats:
    return ratio(sums[:, :1], sums[:, 1:])


def _told_apart(worn: Floats, drawn: Floats, person: Integers) -> Floats:
    """Return how drawn pictures look, (2, n) for worn and drawn, by models fitted to others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import PredefinedSplit, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = np.concatenate([worn, drawn])
    label = np.repeat([0, 1], len(worn))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    folds = PredefinedSplit(np.tile(subject_folds(person, 10), 2))
    score = cross_val_predict(model, features, label, cv=folds, method="decision_function")
    return np.asarray(score).reshape(2, -1)


def _auc(score: Floats, person: Integers, seed: int, n: int) -> Floats:
    """Return the share of (worn, drawn) in which drawn scores higher, with its limits, (3, 1)."""
    wins = np.sign(score[1][None] - score[0][:, None]) / 2 + 0.5
    groups = np.eye(person.max() + 1)[person]
    wins, pairs = groups.T @ wins @ groups, groups.T @ np.ones_like(wins) @ groups

    def auc(drawn: Floats) -> Floats:
        hits, all_ = (np.einsum("bi,ij,bj->b", drawn, m, drawn) for m in (wins, pairs))
        return ratio(hits, all_)[:, None]

    return estimates(np.eye(len(wins)), auc, seed=seed, n_resamples=n)


def _leak_rows(seen: Sequence[SeenPair], seed: int, n: int) -> Iterator[Row]:
    """Yield what the pixels of worn and of drawn masks give away of the expression."""
    subjects = [one.pair.subject for one in seen]
    people, person = np.unique(subjects, return_inverse=True)
    if len(people) < 2:
        return
    targets = np.array([one.scores for one in seen])
    for version in VERSIONS[1:]:
        guess = predict_unseen(np.array([one.chips[version] for one in seen]), targets, subjects)
        for name, x, y in zip(TARGETS, guess.T, targets.T, strict=True):
            sums = np.column_stack([np.ones_like(x), x, y, x * y, x * x, y * y])
            totals = np.eye(len(people))[person].T @ sums
            found = estimates(totals, _correlation, seed=seed, n_resamples=n)
            yield _row(f"leak_{name}_{version}", found, len(seen), len(people))


def _correlation(sums: Floats) -> Floats:
    """Return Pearson's r (B, 1) of sums (B, 6): 1, x, y, xy, xx, yy."""
    count, x, y, xy, xx, yy = sums.T
    spread = (count * xx - x * x) * (count * yy - y * y)
    return ratio(count * xy - x * y, np.sqrt(np.maximum(spread, 0)))[:, None]


def _answer_rows(classifier: str, given: pd.DataFrame, seed: int, n: int) -> Iterator[Row]:
    """Compare the answers of one classifier to plain, worn and drawn."""
    by = {v: part.reset_index(drop=True) for v, part in given.groupby("version")}
    answered = np.logical_and.reduce([part["predicted"] != "" for part in by.values()])
    names = by["plain"][answered]
    wide = {v: part["predicted"][answered] for v, part in by.items()}
    if names.empty:
        return
    people, person = np.unique(names["subject"], return_inverse=True)
    right = {v: (wide[v] == names["emotion"]).to_numpy(np.float64) for v in VERSIONS}
    code = [np.eye(len(EMOTIONS))[[EMOTIONS.index(a) for a in wide[v]]] for v in VERSIONS[1:]]
    table = np.einsum("ni,nj->nij", *code).reshape(len(names), -1)
    sums = np.column_stack([np.ones(len(names)), *right.values(), table])
    totals = np.eye(len(people))[person].T @ sums
    found = estimates(totals, _answer_measures, seed=seed, n_resamples=n)
    for measure, values in zip(_ANSWER_MEASURES, found.T, strict=True):
        more = {}
        if measure == "loss_drawn_minus_worn":
            more = _within(totals[:, 2] / totals[:, 0], totals[:, 3] / totals[:, 0])
        yield _row(measure, values, len(names), len(people), classifier, **more)


_ANSWER_MEASURES: Final = (
    "agreement", "kappa", "accuracy_plain", "loss_worn", "loss_drawn", "loss_drawn_minus_worn",
)  # fmt: skip


def _answer_measures(sums: Floats) -> Floats:
    """Return `_ANSWER_MEASURES` (B, 6) of pictures, right answers by version, and both answers."""
    plain, worn, drawn = (ratio(sums[:, k], sums[:, 0]) for k in (1, 2, 3))
    table = sums[:, 4:].reshape(-1, len(EMOTIONS), len(EMOTIONS))
    agreement = ratio(np.trace(table, axis1=1, axis2=2), sums[:, 0])
    chance = ratio((table.sum(1) * table.sum(2)).sum(-1), sums[:, 0] ** 2)
    kappa = ratio(agreement - chance, 1 - chance)
    return np.stack([agreement, kappa, plain, plain - worn, plain - drawn, worn - drawn], axis=1)


def _within(worn: Floats, drawn: Floats) -> Row:
    """Test each person's accuracy under worn and drawn masks for equivalence."""
    if len(worn) < 2 or np.ptp(worn - drawn) == 0:
        return {"bound": BOUND}
    test = equivalence_test(worn, drawn, bound=BOUND)
    equivalent = "yes" if test.p_value < test.alpha else "no"
    return {"bound": BOUND, "p_value": test.p_value, "equivalent": equivalent}


def worn_text(found: WornComparison) -> str:
    """Format a comparison as a table, with what is equivalent and which pairs are left out."""
    lines = [("mask", "measure", "classifier", "value", "95 % CI", "pairs")]
    lines += [number_cells(row) for row in found.comparison.to_dict("records")]
    sentences = equivalence_sentences(found.comparison) + left_out_sentences(found.pairs)
    return "\n".join([align(lines), *sentences])


def number_cells(row: TextRow) -> tuple[str, str, str, str, str, str]:
    """Return a row of `COMPARISON` as text: mask, measure, classifier, value, limits, pairs."""
    limits: str = "-" if pd.isna(row["ci_low"]) else f"{row['ci_low']:.3f} to {row['ci_high']:.3f}"
    value: str = "-" if pd.isna(row["value"]) else f"{row['value']:.3f}"
    names = (str(row["wearing"]), str(row["measure"]), str(row["classifier"]) or "-")
    return (*names, value, limits, str(row["n_pairs"]))


def equivalence_sentences(comparison: pd.DataFrame) -> list[str]:
    """Return a sentence per classifier on its loss under drawn masks beside that under worn."""
    sentences = []
    for row in comparison[comparison["bound"].notna()].to_dict("records"):
        bound = f"within {100 * row['bound']:.0f} points"
        verdict = {"yes": bound, "no": f"not shown to be {bound}", "": "not tested"}
        sentences.append(
            f"{row['wearing']}, {row['classifier']}: the loss under drawn masks minus that under "
            f"worn ones is {points(row['value'])} points, {verdict[row['equivalent']]} "
            f"(p = {p_text(row['p_value'])}; {row['n_people']} people)."
        )
    return sentences


def left_out_sentences(pairs: pd.DataFrame) -> list[str]:
    """Return a sentence for each reason for which pairs are left out."""
    reasons = pairs[pairs["status"] != "ok"].groupby("message")["pair"].agg(["count", "first"])
    return [
        f"{row['count']} of {len(pairs)} pairs are left out, such as {row['first']}: {message}."
        for message, row in reasons.iterrows()
    ]


__all__ = ["ANSWERS", "COMPARISON", "PAIRS", "Shown", "WornComparison", "compare_worn", "worn_text"]
