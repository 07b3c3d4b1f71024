"""Sentences of a report: the answer to the question of the run, and its methods for a paper."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from maskface.classifiers import is_control
from maskface.report.citations import is_fitted
from maskface.report.run_data import RunData
from maskface.specs import head
from maskface.stats import N_RESAMPLES, generalises_to
from maskface.tables import PLAIN
from maskface.text import footnote, masks_text, p_text, percent, points
from maskface.weights import manifest as shipped_weights


def methods_text(material: RunData) -> str:
    """Write a paragraph on pictures, occluders, classifiers, statistics, versions and seed."""
    manifest = material.manifest
    parts = [
        _pictures(manifest),
        _failures(material),
        _occluders(material),
        _classifiers(material.classifiers, manifest),
        _landmarks(manifest),
        _statistics(material.summary),
        _software(manifest),
    ]
    return " ".join(filter(None, parts))


def _pictures(manifest: dict[str, Any]) -> str:
    said = manifest["dataset"]
    people = f" of {said['subjects']} people" if said["subjects"] else ""
    drawn = ""
    if said["images"] < said["images_in_set"]:
        drawn = f" (drawn from {said['images_in_set']} with balanced labels)"
    return f"We used {said['images']} pictures{people}{drawn} from the set {said['name']}."


def _failures(material: RunData) -> str:
    found = material.failures
    lost = len(found.failed)
    if not lost:
        return "Every picture was read under every condition."
    return (
        f"{lost} of {found.n_images} pictures lacked an answer in some trial; losses "
        "are over the pictures with an answer both plain and occluded."
    )


def _occluders(material: RunData) -> str:
    if not material.conditions:
        return "Only plain faces were read."
    hidden = {name: percent(share) for name, share in material.coverage.items()}
    (first, *others), meaning = material.conditions, " of the face oval hidden on average"
    names = [f"{first} ({hidden[first]} %{meaning})" if first in hidden else first]
    names += [f"{name} ({hidden[name]} %)" if name in hidden else name for name in others]
    over = " ".join(masks_text(material.summary).split())
    return f"Each face was read plain and with {_listed(names)}, drawn by maskface. {over}".strip()


def classifiers_text(names: list[str], manifest: dict[str, Any]) -> str:
    """Name the networks of the classifiers that ship with maskface."""
    titles = _titles(manifest)
    known = [f"{name} is {titles[name]}" for name in names if name in titles]
    return f"Classifiers: {'; '.join(known)}." if known else ""


def _classifiers(names: list[str], manifest: dict[str, Any]) -> str:
    titles = _titles(manifest)
    known = [f"{name} ({titles[name]})" if name in titles else name for name in names]
    fitted = [name for name in names if is_fitted(name)]
    text = f"Faces were classified into seven emotions by {_listed(known)}."
    if fitted:
        text += (
            f" {_listed(fitted)} {'was' if len(fitted) == 1 else 'were'} trained on other "
            "people of the same set in turn (cross-fitting by person)."
        )
    return text


def _titles(manifest: dict[str, Any]) -> dict[str, str]:
    """Return the titles of shipped networks, by classifier."""
    titles = {one.name: one.title for one in shipped_weights().values()}
    names = [str(one["name"]) for one in manifest.get("classifiers", [])]
    return {name: titles[kind] for name in names if (kind := head(name)[0]) in titles}


def _landmarks(manifest: dict[str, Any]) -> str:
    version = manifest["environment"]["packages"].get("mediapipe", "")
    return (
        f"Landmarks were found with MediaPipe {version} in the plain picture, and the same crop of "
        "the face was classified under all conditions, so that conditions are paired by picture."
    )


def _statistics(summary: pd.DataFrame) -> str:
    rows = summary[(summary["metric"] == "accuracy") & (summary["condition"] != PLAIN)]
    kinds = sorted(set(rows["interval"]) - {""})
    if rows.empty:
        return ""
    detail = " ".join(footnote(summary).split()).partition("p: ")[2].rstrip(".")
    units = f"{rows.iloc[0]['clustered_by']}s as independent units"
    if not kinds:
        return f"No intervals could be computed with {units}."
    return (
        "Loss is the accuracy on plain faces minus that on the same faces occluded. 95 % "
        f"intervals are {' or '.join(kinds)} intervals ({N_RESAMPLES} resamples) with {units} "
        f"(n = {rows['n_clusters'].max()}); p values: {detail}."
    )


def _software(manifest: dict[str, Any]) -> str:
    environment = manifest["environment"]
    packages = (f"{name} {version}" for name, version in environment["packages"].items() if version)
    return (
        f"The run (id {manifest['run_id']}, seed {manifest['seed']}) was made with maskface "
        f"{manifest['maskface']}, Python {environment['python']}, {', '.join(packages)}."
    )


def _listed(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


Row = Mapping[Hashable, Any]
_SENTENCES: Final = 3
"""Most losses with a sentence of their own; more are summed up."""
NO_LOSS: Final = "Only plain faces were read: there is no loss to show."


def answer_text(row: Row) -> str:
    """Describe the overall loss of a classifier in a sentence; `row` is from `loss_table`."""
    sentence = (
        f"{row['classifier']} names the shown emotion on {percent(row['clean'])} % of the plain "
        f"faces and {percent(row['occluded'])} % of the same faces under {row['condition']}: "
        f"a loss of {points(row['loss'])} percentage points"
    )
    if math.isnan(row["ci_low"]):
        return sentence + " (no interval: there are too few subjects)."
    limits = f"{points(row['ci_low'])} to {points(row['ci_high'])}"
    return sentence + f" (95 % confidence interval {limits})."


def answers(losses: pd.DataFrame) -> list[str]:
    """Describe losses from `loss_table`: a few in a sentence each, more in a summary.

    Losses over a population of masks come first: those under one drawn mask hold for that mask.
    """
    rows = overall(losses)
    if not rows:
        return [NO_LOSS]
    drawn = [row for row in rows if generalises_to((), str(row["condition"]))]
    masks = [row for row in drawn if not is_control(str(row["classifier"]))]
    first = masks if 0 < len(masks) <= _SENTENCES else rows
    if len(first) <= _SENTENCES and len({row["condition"] for row in first}) == 1:
        others = [row for row in rows if row not in first]
        summary = [_summed_up(others, "other occluder")] if others else []
        return [answer_text(row) for row in first] + summary
    return [_summed_up(rows)]


def overall(losses: pd.DataFrame) -> list[Row]:
    """Return the rows over all emotions."""
    return list(losses[losses["emotion"] == "all"].to_dict("records"))


def _summed_up(rows: Sequence[Row], noun: str = "occluder") -> str:
    rows = [row for row in rows if not math.isnan(row["loss"])]
    # Controls with shuffled labels should have nothing to lose.
    rows = [row for row in rows if not is_control(str(row["classifier"]))] or rows
    if not rows:
        return "No face has an answer both plain and occluded: there is no loss to show."
    least, most = (choose(rows, key=lambda row: row["loss"]) for choose in (min, max))
    classifiers = _many(len({row["classifier"] for row in rows}), "classifier")
    occluders = _many(len({row["condition"] for row in rows}), noun)
    above = sum(row["ci_low"] > 0 for row in rows)
    below = sum(row["ci_high"] < 0 for row in rows)
    gains = f" and below 0 in {below}" if below else ""
    return (
        f"With {classifiers} and {occluders}, the loss of accuracy lies between {_size(least)} and "
        f"{_size(most)} percentage points: it is smallest for {_pair(least)} and largest for "
        f"{_pair(most)}. The 95 % interval of the loss lies above 0 in {above} of "
        f"{len(rows)} comparisons{gains}."
    )


def _size(row: Row) -> str:
    return f"{points(row['loss'])}{' (a gain)' if row['loss'] < 0 else ''}"


def _many(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' if n > 1 else ''}"


def _pair(row: Row) -> str:
    limits = ""
    if not math.isnan(row["ci_low"]):
        limits = f" (95 % CI {points(row['ci_low'])} to {points(row['ci_high'])})"
    return f"{row['classifier']} under {row['condition']}{limits}"


def cells(row: Row) -> dict[str, Any]:
    """Format a row of a loss table as names and numbers."""
    interval = f"{points(row['ci_low'])} to {points(row['ci_high'])}"
    if math.isnan(row["ci_low"]):
        interval = "-"
    shares = (percent(row["clean"]), percent(row["occluded"]))
    return {
        "names": (row["classifier"], row["condition"], row["emotion"]),
        "numbers": (points(row["loss"]), interval, *shares, row["n"], p_text(row["p_adjusted"])),
    }
