"""How the run was made, in sentences for a paper."""

from __future__ import annotations

from typing import Any

import pandas as pd

from maskface.report._material import Material
from maskface.report._references import learns
from maskface.stats import N_RESAMPLES
from maskface.tables import PLAIN
from maskface.text import footnote, percent
from maskface.weights import manifest as shipped_weights


def methods_text(material: Material) -> str:
    """Write the methods paragraph: pictures, occluders, classifiers, statistics, versions, seed."""
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


def _failures(material: Material) -> str:
    found = material.failures
    lost = len(found.failed)
    if not lost:
        return "Every picture was read under every condition."
    return (
        f"{lost} of {found.n_images} pictures lacked an answer in some trial; losses "
        "are over the pictures with an answer both plain and covered."
    )


def _occluders(material: Material) -> str:
    if not material.conditions:
        return "Faces were read as they are."
    hidden = {name: percent(share) for name, share in material.coverage.items()}
    (first, *others), meaning = material.conditions, " of the face oval hidden on average"
    told = [f"{first} ({hidden[first]} %{meaning})" if first in hidden else first]
    told += [f"{name} ({hidden[name]} %)" if name in hidden else name for name in others]
    return f"Each face was read as it is and with {_listed(told)}, drawn by maskface."


def readers_text(names: list[str], manifest: dict[str, Any]) -> str:
    """Say which networks the classifiers are, of those that ship with maskface."""
    titles = _titles(manifest)
    told = [f"{name} is {titles[name]}" for name in names if name in titles]
    return f"Classifiers: {'; '.join(told)}." if told else ""


def _classifiers(names: list[str], manifest: dict[str, Any]) -> str:
    titles = _titles(manifest)
    told = [f"{name} ({titles[name]})" if name in titles else name for name in names]
    learners = [name for name in names if learns(name)]
    text = f"Faces were classified into seven emotions by {_listed(told)}."
    if learners:
        text += (
            f" {_listed(learners)} {'was' if len(learners) == 1 else 'were'} trained on other "
            "people of the same set in turn (cross-fitting by person)."
        )
    return text


def _titles(manifest: dict[str, Any]) -> dict[str, str]:
    """What networks are called by those who made them, by classifier."""
    by_hash = {one.sha256: one.title for one in shipped_weights().values()}
    return {
        str(one["name"]): by_hash[one["fingerprint"]]
        for one in manifest.get("classifiers", [])
        if one["fingerprint"] in by_hash
    }


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
        f"Loss is the accuracy on plain faces minus that on the same faces covered. 95 % intervals "
        f"are {' or '.join(kinds)} intervals ({N_RESAMPLES} resamples) with {units} "
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
