"""How the run was made, in sentences for a paper."""

from __future__ import annotations

from typing import Any

import pandas as pd

from maskface.classifiers import CLASSIFIERS
from maskface.errors import MaskfaceError
from maskface.report._material import Material
from maskface.specs import head
from maskface.text import footnote, percent


def methods_text(material: Material) -> str:
    """Write the methods paragraph: pictures, occluders, classifiers, statistics, versions, seed."""
    manifest = material.manifest
    parts = [
        _pictures(manifest),
        _failures(material),
        _occluders(material),
        _classifiers(material),
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


def _failures(material: Material) -> str:
    trials = material.trials
    lost = int(trials.loc[trials["status"] != "ok", "image_id"].nunique())
    if not lost:
        return "Every picture was read under every condition."
    return (
        f"{lost} of {trials['image_id'].nunique()} pictures lacked an answer in some trial; losses "
        "are over the pictures with an answer both plain and covered."
    )


def _occluders(material: Material) -> str:
    if not material.conditions:
        return "Faces were read as they are."
    trials = material.trials
    coverage = trials[trials["status"] == "ok"].groupby("condition")["coverage"].mean()
    told = [
        f"{name} ({percent(float(coverage[name]))} % of the face oval hidden on average)"
        if name in coverage.index
        else name
        for name in material.conditions
    ]
    return f"Each face was read as it is and with {_listed(told)}, drawn by maskface."


def _classifiers(material: Material) -> str:
    names = material.classifiers
    learners = [name for name in names if _learns(name)]
    text = f"Faces were classified into seven emotions by {_listed(names)}."
    if learners:
        text += (
            f" {_listed(learners)} {'was' if len(learners) == 1 else 'were'} trained on other "
            "people of the same set in turn (cross-fitting by person)."
        )
    return text


def _learns(name: str) -> bool:
    try:
        return hasattr(CLASSIFIERS.get(head(name)[0]), "fit")
    except MaskfaceError:
        return False


def _landmarks(manifest: dict[str, Any]) -> str:
    version = manifest["environment"]["packages"].get("mediapipe", "")
    return (
        f"Landmarks were found with MediaPipe {version} in the plain picture, and the same crop of "
        "the face was classified under all conditions, so that conditions are paired by picture."
    )


def _statistics(summary: pd.DataFrame) -> str:
    rows = summary[(summary["metric"] == "accuracy") & (summary["condition"] != "none")]
    kinds = sorted(set(rows["interval"]) - {""})
    if rows.empty:
        return ""
    detail = " ".join(footnote(summary).split()).partition("p: ")[2].rstrip(".")
    units = f"{rows.iloc[0]['clustered_by']}s as independent units"
    if not kinds:
        return f"No intervals could be computed with {units}."
    return (
        f"Loss is the accuracy on plain faces minus that on the same faces covered. 95 % intervals "
        f"are {' or '.join(kinds)} intervals with {units} "
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
