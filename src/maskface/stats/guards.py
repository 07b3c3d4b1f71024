"""Guards: reasons why a result cannot bear its claim, found in the trials and put in words.

Some look at the answers (ceiling, chance, floor, one answer for everything), others at the pictures
that were answered (other people, other emotions, many failures).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import numpy as np
import pandas as pd

from maskface.arrays import Floats, Integers, Row
from maskface.classifiers import is_control
from maskface.landmarks import restoring_factor
from maskface.run_options import argument
from maskface.stats.randomization import Ways, randomize
from maskface.stats.tests import wilson_interval
from maskface.stats.trial_source import FrameSource, Head, People, TrialSource
from maskface.tables import GUARDS, PLAIN
from maskface.types import EMOTIONS

FEW_SUBJECTS: Final = 10
"""Fewer people say little about people, however sure the numbers are about them."""
CEILING: Final = 0.95
DOMINANT_SHARE: Final = 0.6
DOMINANT_EXCESS: Final = 0.2
"""By how much an emotion's share of the answers must exceed its share of the pictures."""
MORE_FALSE_ALARMS: Final = 0.15
"""Rise of the share of one answer to pictures of other emotions that is named."""


def plain_guards(plain: pd.DataFrame) -> Iterator[Row]:
    """Warn of ceiling and chance on plain faces, and of emotions not recognised even there."""
    if plain.empty:
        return
    head: Row = {"condition": PLAIN}
    right, n = int(plain["correct"].sum()), len(plain)
    if right / n >= CEILING:
        yield head | {
            "guard": "ceiling",
            "detail": f"{percent(right / n)} % of the plain faces are read right ({right} of "
            f"{n}): differences between occluders or emotions may be hidden by the ceiling.",
        }
    commonest = _commonest(plain)
    if not _above(right, n, commonest):
        yield head | {
            "guard": "chance",
            "detail": f"{percent(right / n)} % of the plain faces are read right ({right} of "
            f"{n}), not reliably more than the {percent(commonest)} % of always answering the "
            "commonest emotion: there is no recognition that an occluder could take away.",
        }
    for label, of_label in plain.groupby("label"):
        yield from (head | row for row in _floor_of_label(str(label), of_label))
    n_subjects = plain.groupby("label")["subject_id"].nunique()
    few = n_subjects[n_subjects < FEW_SUBJECTS]
    whole = plain["subject_id"].nunique()
    if len(few) and whole >= FEW_SUBJECTS and (plain["subject_id"] != "").all():
        shown = ", ".join(f"{label} {n}" for label, n in few.items())
        yield head | {
            "guard": "few_subjects",
            "detail": f"Of {whole} subjects few show some emotions ({shown}): what is said of "
            "these holds for those subjects, and says little about other people.",
        }


def _floor_of_label(label: str, plain: pd.DataFrame) -> Iterator[Row]:
    right, n = int(plain["correct"].sum()), len(plain)
    chance = 1 / len(EMOTIONS)
    if right / n <= chance:
        yield {
            "label": label,
            "guard": "floor",
            "detail": f"Plain {label} is read right in {right} of {n} pictures "
            f"({percent(right / n)} %, guessing: {percent(chance)} %): there is hardly anything "
            "to lose, so a small loss says nothing.",
        }


def floor(name: str, occluded: pd.DataFrame) -> Iterator[Row]:
    """Warn of accuracy under a condition that is no better than guessing."""
    if occluded.empty:
        return
    right, n, commonest = int(occluded["correct"].sum()), len(occluded), _commonest(occluded)
    if not _above(right, n, commonest):
        yield {
            "guard": "floor",
            "detail": f"Under {name} {percent(right / n)} % of the faces are read right ({right} "
            f"of {n}), not reliably more than the {percent(commonest)} % of always answering the "
            "commonest emotion: an occluder that hides more could not show a larger loss.",
        }


def dominant(name: str, part: pd.DataFrame) -> Iterator[Row]:
    """Warn of one emotion that is answered to most pictures, whatever they show."""
    if part.empty:
        return
    shares = part["predicted"].value_counts(normalize=True).sort_index()
    answer, share = str(shares.idxmax()), float(shares.max())
    shown = float((part["label"] == answer).mean())
    if share > DOMINANT_SHARE and share - shown >= DOMINANT_EXCESS:
        yield {
            "label": answer,
            "guard": "dominant_answer",
            "detail": f"{percent(share)} % of the answers under {name} are {answer}, but only "
            f"{percent(shown)} % of the pictures: its recall is bias rather than recognition. "
            "Look at hu and dprime.",
        }


def false_alarms(name: str, plain: pd.DataFrame, occluded: pd.DataFrame) -> Iterator[Row]:
    """Warn of answers that a condition brings out on pictures of other emotions."""
    for answer in EMOTIONS:
        sides = [side.loc[side["label"] != answer, "predicted"] for side in (plain, occluded)]
        if not all(map(len, sides)):
            continue
        n = np.array([len(side) for side in sides])
        called = np.array([(side == answer).sum() for side in sides])
        (before, after), (low, high) = called / n, wilson_interval(called, n)
        if after - before >= MORE_FALSE_ALARMS and low[1] > before and high[0] < after:
            yield {
                "label": answer,
                "guard": "false_alarms",
                "detail": f"Under {name}, {percent(after)} % of the faces of other emotions are "
                f"called {answer}, {percent(before)} % plain: hits of {answer}, and confusions "
                "with it, are partly bias. Look at hu and dprime.",
            }


def _commonest(part: pd.DataFrame) -> float:
    return float(part["label"].value_counts(normalize=True).max())


def _above(right: int, n: int, chance: float) -> bool:
    """Return True if the Wilson interval lies above chance, or there is only one emotion."""
    if chance == 1:
        return True
    return bool(wilson_interval(np.array(right), np.array(n))[0] > chance)


def percent(share: float) -> str:
    """Format a share as a whole per cent."""
    return f"{100 * share:.0f}"


LEAST_OVERLAP: Final = 0.9
"""Least share of answers of each condition whose person (or picture) is in the other too."""
MANY_FAILURES: Final = 0.1
_FAILURE_ALPHA: Final = 0.01
_N_TABLES: Final = 9_999
"""Tables that are drawn: the p value is written with four decimals."""


def confounded(name: str, plain: pd.DataFrame, occluded: pd.DataFrame) -> Iterator[Row]:
    """Warn of other people, or other pictures, under the condition than under ``none``."""
    if plain.empty or occluded.empty:
        return
    known = (plain["subject_id"] != "").all() and (occluded["subject_id"] != "").all()
    column, what = ("subject_id", "people") if known else ("image_id", "pictures")
    here, there = (side[column].drop_duplicates() for side in (occluded, plain))
    overlap = min(occluded[column].isin(there).mean(), plain[column].isin(here).mean())
    if overlap >= LEAST_OVERLAP:
        return
    yield {
        "guard": "confounded",
        "detail": f"{name} and none show different {what}: {len(here)} under {name}, {len(there)} "
        f"under none, {here.isin(there).sum()} under both. {percent(plain['correct'].mean())} % of "
        f"the answers are right under none and {percent(occluded['correct'].mean())} % under "
        f"{name}, but that may be a difference between the {what}.",
    }


def missing_emotion(name: str, plain: pd.DataFrame, part: pd.DataFrame) -> Iterator[Row]:
    """Warn of emotions without an answer."""
    expected = set(EMOTIONS) if name == PLAIN else set(plain["label"].unique())
    missing = [e for e in EMOTIONS if e in expected - set(part["label"].unique())]
    if missing:
        yield {
            "guard": "missing_emotion",
            "detail": f"No picture of {_listed(missing)} has an answer {_under(name)}: nothing "
            "can be said about that, and averages over emotions leave it out.",
        }


def failures(name: str, part: pd.DataFrame) -> Iterator[Row]:
    """Warn of many pictures without an answer, or more of some emotions than of others."""
    failed = (part["status"] != "ok").to_numpy()
    n, bad = len(failed), int(failed.sum())
    if n and bad / n > MANY_FAILURES:
        yield {
            "guard": "many_failures",
            "detail": f"{bad} of {n} pictures ({percent(bad / n)} %) have no answer "
            f"{_under(name)}: the others may be the easy ones.",
        }
    table = pd.crosstab(part["label"], failed)
    if table.shape[1] < 2 or table.shape[0] < 2:
        return
    statistic, p = chi_square(table.to_numpy())
    if p < _FAILURE_ALPHA:
        shares = ", ".join(
            f"{label} {row[True]} of {row.sum()}" for label, row in table.sort_index().iterrows()
        )
        yield {
            "guard": "failures_by_emotion",
            "detail": f"Whether a picture has an answer {_under(name)} depends on its emotion "
            f"(without one: {shares}; chi-square {statistic:.1f}, Monte Carlo p = {p:.4f}): "
            "emotions are compared on different kinds of pictures.",
        }


def _under(name: str) -> str:
    return "without a cover" if name == PLAIN else f"under {name}"


def chi_square(table: Integers) -> tuple[float, float]:
    """Compute chi-square of a table of counts, and its p value over tables of the same margins."""
    from scipy.stats import random_table

    rows, columns = table.sum(axis=1), table.sum(axis=0)
    expected = np.outer(rows, columns) / table.sum()
    drawn = random_table(rows, columns).rvs(_N_TABLES, random_state=np.random.default_rng(0))

    def distance(tables: Floats) -> Floats:
        return np.asarray(((tables - expected) ** 2 / expected).sum(axis=(-2, -1))[..., None])

    ways = Ways(iter([drawn]), exact=False)
    found = randomize(distance(table.astype(np.float64)), ways, distance)
    return float(found.observed[0]), float(found.p_value[0])


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


TINY_PX: Final = 24
"""Size of a face in px below which its landmarks are little more than a guess."""
TINY_PART: Final = 1 / 3
"""In a set of crops, part of the usual size of a face below which it may be a mouth or an ear."""
_CROPS: Final = 0.75
"""Share of faces within a third of the median size from which on a set is one of crops."""
MANY_TINY: Final = 0.01
LYING_DEG: Final = 60
MANY_LYING: Final = 0.05


def tiny_faces(sizes: Floats) -> Iterator[Row]:
    """Warn of faces (n,) in px that may be no faces."""
    usual = float(np.median(sizes)) if len(sizes) else 0.0
    crops = (np.abs(sizes - usual) <= usual / 3).mean() >= _CROPS if len(sizes) else False
    limit = max(TINY_PX, TINY_PART * usual) if crops else TINY_PX
    n = int((sizes < limit).sum())
    if n and n / len(sizes) >= MANY_TINY:
        yield {
            "guard": "tiny_face",
            "detail": f"{n} of {len(sizes)} faces have less than {limit:.0f} px (half of all "
            f"{usual:.0f} px or more): their landmarks are little more than a guess, or a mouth or "
            "an ear was taken for a face. Look at the pictures with a small face_px in "
            "attributes.csv, and leave them out of the set.",
        }


def squashed(aspects: Floats) -> Iterator[Row]:
    """Warn of pictures whose irises, (n,) width by height, are not round."""
    factor = restoring_factor(aspects.tolist())
    if factor != 1:
        way = "squashed" if factor > 1 else "squeezed from the sides"
        change = f"{factor:.2f} x as high" if factor > 1 else f"{1 / factor:.2f} x as wide"
        yield {
            "guard": "squashed",
            "detail": f"Pictures look {way}: irises, which are round, are {factor:.2f} x as wide "
            f"as high in the median of {len(aspects)} frontal faces. Make them {change}, for "
            f"example with {argument('restore_aspect', value=factor)} in another folder: networks "
            "read faces in true proportions.",
        }


def lying_faces(plain: pd.DataFrame) -> Iterator[Row]:
    """Warn of many heads that lie on their side or upside down."""
    rolls = plain["roll_deg"].to_numpy(np.float64, na_value=np.nan)
    rolls = rolls[~np.isnan(rolls)]
    n = int((np.abs(rolls) > LYING_DEG).sum())
    if n and n / len(rolls) >= MANY_LYING:
        yield {
            "guard": "large_roll",
            "detail": f"{n} of {len(rolls)} heads are turned by more than {LYING_DEG} degrees in "
            "the picture (roll_deg in the trials), as if pictures had lost the note which side is "
            "up: classifiers are made for upright faces. Turn the pictures upright.",
        }


_ALL: Final = "all"
_NEEDED: Final = ("image_id", "subject_id", "label", "predicted", "correct")


def find_guards(
    trials: pd.DataFrame | TrialSource,
    same_files: pd.DataFrame | None = None,
    face_sizes: Floats | None = None,
    aspects: Floats | None = None,
) -> pd.DataFrame:
    """Look for reasons why the results of trials may not mean what they seem to.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`, or from `maskface.stats.trial_source`.
    same_files
        Pictures whose file is that of another: columns run_id, dataset, image_id, sha256, label
        and subject_id. Files are not compared if None.
    face_sizes
        (n,) in px, of the pictures of a run with a face. They are not looked at if None.
    aspects
        (n,) width by height of the irises of its frontal faces; see
        `maskface.landmarks.iris_aspect`. They are not looked at if None.

    Returns
    -------
    pandas.DataFrame
        In the schema of `maskface.tables.GUARDS`, one row for each reason, in plain words:
        ``confounded`` (the condition shows other people than ``none``), ``same_picture``,
        ``squashed`` (irises are off a circle by more than 12 % in the median),
        ``tiny_face``, ``large_roll``, ``missing_emotion``, ``many_failures``,
        ``failures_by_emotion`` (chi-square over tables with the same margins, Monte Carlo p below
        .01; Hope 1968, doi:10.1111/j.2517-6161.1968.tb00759.x), ``few_subjects``, ``no_subjects``,
        ``ceiling``, ``floor``, ``chance``, ``dominant_answer``, ``false_alarms``. Empty if there is
        none. Classifiers that are fitted to shuffled labels are left out. docs/statistics.md has
        the limits.
    """
    source = FrameSource(trials) if isinstance(trials, pd.DataFrame) else trials
    rows: list[Row] = []
    for (run_id, dataset), group in groupby(source.heads(), lambda head: (head[0], head[1])):
        heads = list(group)
        of_pictures = [*_subjects(source.people(run_id, dataset))]
        of_pictures += lying_faces(source.rows(heads[0], PLAIN))
        if face_sizes is not None:
            of_pictures += tiny_faces(face_sizes)
        if aspects is not None:
            of_pictures += squashed(aspects)
        found: list[Row] = [{"classifier": _ALL, "condition": _ALL} | row for row in of_pictures]
        for head in heads:
            if is_control(head.classifier):
                continue  # it is meant to be at chance
            found += [{"classifier": head.classifier} | row for row in _of_head(source, head)]
        rows += [{"run_id": run_id, "dataset": dataset, "label": _ALL} | row for row in found]
    if same_files is not None and len(same_files):
        rows += [_same_picture(same_files)]
    return GUARDS.check(GUARDS.frame(rows))


def _same_picture(same_files: pd.DataFrame) -> Row:
    """Warn of pictures that are the same file under several names."""
    by_file = same_files.groupby("sha256")
    labels = int((by_file["label"].transform("nunique") > 1).sum())
    people = int((by_file["subject_id"].transform("nunique") > 1).sum())
    first = same_files[same_files["sha256"] == same_files["sha256"].iloc[0]]
    return {
        "run_id": same_files["run_id"].iloc[0],
        "dataset": same_files["dataset"].iloc[0],
        "classifier": _ALL,
        "condition": _ALL,
        "label": _ALL,
        "guard": "same_picture",
        "detail": f"{len(same_files)} pictures are the same file as another ({labels} of them with "
        f"another label, {people} with another subject), such as "
        f"{' and '.join(first['image_id'].iloc[:2])}: they count more than once, and a classifier "
        "that is fitted to the pictures may read one that it was fitted to.",
    }


def _subjects(people: People) -> Iterator[Row]:
    n = people.n_subjects
    if people.n_unknown:
        yield {
            "guard": "no_subjects",
            "detail": f"{people.n_unknown} of {people.n_pictures} pictures have no subject id, so "
            "images are treated as independent: if they show the same people, intervals are too "
            "narrow and p values too small. Say who is shown in the column subject of an "
            "index.csv.",
        }
    elif n < FEW_SUBJECTS:
        yield {
            "guard": "few_subjects",
            "detail": f"Only {n} subject{'s are' if n != 1 else ' is'} shown: the results hold "
            "for them, and say little about other people.",
        }


def _of_head(source: TrialSource, head: Head) -> Iterator[Row]:
    before = source.rows(head, PLAIN)
    plain = _answered(before)
    yield from plain_guards(plain)
    for name in sorted(source.conditions(head), key=lambda name: (name != PLAIN, name)):
        part = before if name == PLAIN else source.rows(head, name)
        for row in _of_condition(name, part, before, plain):
            yield {"condition": name} | row


def _of_condition(
    name: str, part: pd.DataFrame, before: pd.DataFrame, plain: pd.DataFrame
) -> Iterator[Row]:
    answered = _answered(part)
    if name != PLAIN:
        yield from confounded(name, plain, answered)
        yield from floor(name, answered)
    yield from missing_emotion(name, plain, answered)
    if name == PLAIN or _failed(before) != _failed(part):  # what fails plain, fails in all
        yield from failures(name, part)
    yield from dominant(name, answered)
    if name != PLAIN:
        yield from false_alarms(name, plain, answered)


def _answered(part: pd.DataFrame) -> pd.DataFrame:
    return part.loc[part["status"] == "ok", list(_NEEDED)]


def _failed(part: pd.DataFrame) -> set[Any]:
    return set(part.loc[part["status"] != "ok", "image_id"])
