"""BibTeX entries of what a run used: set, models, methods and published findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface.classifiers import CLASSIFIERS, make_classifier
from maskface.classifiers.cards import shipped_cards
from maskface.errors import MaskfaceError
from maskface.findings import published_losses
from maskface.specs import head, split_outside
from maskface.weights import manifest as shipped_weights

_BY_KIND: Final = (
    ("bootstrap", "hesterberg2015"), ("bootstrap", "davison1997"), ("Wilson", "wilson1927"),
)  # fmt: skip
_BY_TEST: Final = (("permutation", "phipson2010"), ("McNemar", "mcnemar1947"))
OF_CLASSIFIERS: Final = {
    "emfacs": "ekman1978", "hog": "dalal2005", "deepface": "deepface", "pyfeat": "cheong2023",
}  # fmt: skip
"""Keys of the entries of classifiers without weights in the manifest."""


@cache
def _entries() -> dict[str, str]:
    """Return the entries in references.bib by key."""
    text = files("maskface.report").joinpath("references.bib").read_text("utf-8").rstrip()
    return {entry.partition("{")[2].partition(",")[0]: entry for entry in text.split("\n\n")}


def is_fitted(name: str) -> bool:
    """Return whether a classifier is fitted to the pictures of the run."""
    try:
        return hasattr(CLASSIFIERS.get(head(name)[0]), "fit")
    except MaskfaceError:
        return False


def of_statistics(summary: pd.DataFrame) -> Iterator[str]:
    """Return the entries of the intervals and tests in a summary."""
    kinds = set(summary["interval"]) | set(summary["value_interval"])
    tests = set(summary["test"]) - {""}
    for words, found in ((_BY_KIND, kinds), (_BY_TEST, tests)):
        for word, key in words:
            if any(word in name for name in found):
                yield _entries()[key]
    if tests:
        yield _entries()["holm1979"]


def of_findings(findings: pd.DataFrame, claims: Set[str]) -> Iterator[str]:
    """Return the entries of the published findings on some claims."""
    if "overall-loss" in claims:
        yield _entries()["newcombe1998"]
    if "disgust-most" in claims:
        yield _entries()["berger1982"]
    for study, rows in _studies(findings, claims):
        if rows["doi"].iloc[0]:
            key = "".join(re.findall(r"[A-Za-z0-9]+", study)).lower()
            year, doi = rows["year"].iloc[0], rows["doi"].iloc[0]
            note = study.replace("&", r"\&")
            yield (
                f"@misc{{{key},\n  note = {{{note}}},\n  year = {{{year}}},\n  doi = {{{doi}}}\n}}"
            )


def findings_without_doi(findings: pd.DataFrame, claims: Set[str]) -> list[str]:
    """Return the studies on some claims without a known DOI."""
    return [f"study {name}" for name, rows in _studies(findings, claims) if not rows["doi"].iloc[0]]


def _studies(findings: pd.DataFrame, claims: Set[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Group rows by study, whose name ends with its year; parts of a study together."""
    used = findings["claim"].isin(claims)
    if "overall-loss" in claims:
        used |= findings["study"].isin(published_losses(findings)["study"])
    own = findings[used]
    names = own["study"].str.extract(r"^(.*?\d{4})", expand=False)
    for name, rows in own.groupby(names, sort=True):
        yield str(name), rows


TITLE: Final = "maskface: how much emotion does a face mask hide?"
AUTHORS: Final = "The maskface developers"
"""As in CITATION.cff."""

_LANDMARKER: Final = "face_landmarker.task"
_KNOWN: Final = {_LANDMARKER: "kartynnik2019", "fer.onnx": "arriaga2017"}
"""Keys of the entries of shipped weights, by file; the manifest has the citations of the others."""
_OF_ALL: Final = ("lugaresi2019", "bradski2000")  # keys of the entries of MediaPipe and OpenCV
_SPECIAL: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "#": r"\#",
        "$": r"\$", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    }
)  # fmt: skip


def bibtex(manifest: Mapping[str, Any], further: Iterable[str] = ()) -> str:
    """Write the BibTeX entries of all that a run used, and further ones.

    If only a line of text is known of a source, the entry holds that line.
    """
    entries = [_maskface(manifest), *_models(manifest)]
    entries += [*(_entries()[key] for key in _OF_ALL), *further]
    citation = manifest["dataset"].get("citation", "")
    if citation:
        entries.insert(1, _note("faceset", citation))
    return "\n\n".join(dict.fromkeys(entries))


def uncited(manifest: Mapping[str, Any]) -> list[str]:
    """Return what was used and has no known citation."""
    missing = [] if manifest["dataset"].get("citation") else [f"set {manifest['dataset']['name']}"]
    for classifier in manifest.get("classifiers", []):
        name, rest = head(classifier["name"])
        card = next(
            (one for key, one in shipped_cards().items() if key in _words(rest or "")), None
        )
        outside = (
            name not in OF_CLASSIFIERS and not is_fitted(name) and not (card and card.citation)
        )
        if outside and not shipped_networks(classifier["name"]):
            missing.append(f"classifier {classifier['name']}")
    return missing


def _maskface(manifest: Mapping[str, Any]) -> str:
    year = str(manifest.get("created", ""))[:4]
    dated = f"\n  year = {{{year}}}," if year.isdigit() else ""
    return (
        f"@software{{maskface,\n  author = {{{{{AUTHORS}}}}},\n  title = {{{TITLE}}},"
        f"{dated}\n  version = {{{manifest['maskface']}}}\n}}"
    )


def _models(manifest: Mapping[str, Any]) -> Iterator[str]:
    names = [str(one["name"]) for one in manifest.get("classifiers", [])]
    used = {Path(_LANDMARKER).stem}.union(*map(shipped_networks, names))
    for weights in manifest["weights"]:
        stem = Path(weights["file"]).stem
        if stem in used:
            if key := _KNOWN.get(weights["file"]):
                yield _entries()[key]
            else:
                yield _note(re.sub(r"\W", "", stem), weights["citation"])
    heads = {head(name)[0] for name in names}
    yield from (_entries()[key] for name, key in OF_CLASSIFIERS.items() if name in heads)
    for key, card in shipped_cards().items():
        named = any(head(name)[0] == "onnx" and key in _words(name) for name in names)
        if named and card.citation:
            yield _note(re.sub(r"\W", "", key), card.citation)


def _words(name: str) -> set[str]:
    """Split the name of a classifier; of files, keep the name without folder and ending."""
    return {Path(word).stem for word in re.split("[:=,]", name)}


def shipped_networks(name: str) -> set[str]:
    """Return the names of the shipped networks that a classifier is or is fitted to."""
    kind = head(name)[0]
    if kind in ("embedding", "fusion"):
        try:
            networks = str(getattr(make_classifier(name), "network", ""))
        except MaskfaceError:
            return set()
        return {head(one)[0] for one in split_outside(networks, "+") or []}
    return {kind} & {weights.name for weights in shipped_weights().values()}


def _note(key: str, citation: str) -> str:
    return f"@misc{{{key},\n  note = {{{citation.translate(_SPECIAL)}}}\n}}"
