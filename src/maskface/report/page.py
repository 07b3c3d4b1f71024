"""A run as one HTML page that loads nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from maskface.errors import os_errors_explained
from maskface.experiment import Failures
from maskface.files import write_atomically
from maskface.findings import load_findings
from maskface.report.citations import (
    bibtex,
    findings_without_doi,
    of_findings,
    of_statistics,
    uncited,
)
from maskface.report.downloads import downloads
from maskface.report.figures import (
    AT_ONCE,
    MANY,
    Shown,
    folded_figures,
    further_pictures,
    main_figures,
    make_strip,
    people_figures,
    show_faces,
)
from maskface.report.index import ANSWER, read_answer
from maskface.report.people import beside_people
from maskface.report.run_data import RunData, open_material, synthetic_warning
from maskface.report.text import answers, cells, classifiers_text, methods_text, overall
from maskface.tables import PLAIN
from maskface.text import footnote, guard_sentences, masks_text


@dataclass(frozen=True, slots=True)
class Detail:
    """Part of a page about one classifier, folded away: losses, and figures by condition."""

    classifier: str
    rows: tuple[dict[str, Any], ...]
    conditions: tuple[tuple[str, tuple[Shown, ...]], ...]


def details(material: RunData) -> Iterator[Detail]:
    """Return losses by emotion and figures of each classifier."""
    for classifier in material.losing:
        own = material.losses[material.losses["classifier"] == classifier]
        rows = tuple(cells(row) for row in own.to_dict("records"))
        figures = (
            (condition, folded_figures(material, (classifier, condition)))
            for name, condition in material.pairs
            if name == classifier
        )
        yield Detail(classifier, rows, tuple(figures))


_MEANING: Final = {"no_face": "no face was found", "error": "something went wrong"}
_MOST: Final = 5


def failures(found: Failures) -> list[str]:
    """Describe the pictures with trials without an answer: how many, and the reasons."""
    n, failed = found.n_images, found.trials
    if failed.empty:
        return [f"All {n} pictures were read under every condition."]
    lost = failed["image_id"].nunique()
    return [
        f"{lost} of {n} pictures have trials without an answer. No result includes them; "
        "trials.csv lists them, column message.",
        *_failure_kinds(failed),
    ]


def _failure_kinds(trials: pd.DataFrame) -> Iterator[str]:
    for (status, message), rows in _groups(trials)[:_MOST]:
        images = rows["image_id"].nunique()
        conditions = sorted(rows["condition"].unique())
        where = "plain faces included" if PLAIN in conditions else f"under {_some(conditions)}"
        why = _MEANING.get(status, status)
        failed = f"In {images} picture{'s' if images > 1 else ''}, {where}, {why}"
        reason = message or "no reason given"
        yield f"{failed}: {reason}. For example {rows['image_id'].iloc[0]}."
    further = len(_groups(trials)) - _MOST
    if further > 0:
        yield f"There are {further} further reasons."


def _groups(failed: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Group rows by status and message, the most frequent first."""
    groups = [
        ((str(status), str(message)), rows)
        for (status, message), rows in failed.groupby(["status", "message"], sort=True)
    ]
    return sorted(groups, key=lambda group: -group[1]["image_id"].nunique())


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


NAME: Final = "report.html"
_LOSS_TABLE: Final = "classifier  "
"""Beginning of an answer that is the table of losses."""


def write_report(
    path: str | Path, *, allow_partial: bool = False, faces_allowed: bool = False
) -> Path:
    """Write the report of a run, an HTML file, into its folder.

    `allow_partial` accepts an incomplete run, and reports the pictures read so far. If
    `faces_allowed`, one face is shown under each condition: the terms of the set allow it (not
    needed for sets that are known to). The page loads nothing from outside, and the contents of
    files are escaped. Raises MaskfaceError if the folder holds no run, or an incomplete one that is
    not accepted.
    """
    material = open_material(path, allow_partial=allow_partial)
    environment = Environment(
        loader=PackageLoader("maskface.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    page = environment.get_template("report.html.jinja").render(
        **_contents(material, faces_allowed=faces_allowed)
    )
    target = material.folder.path / NAME
    with os_errors_explained(f"write {target}"):
        write_atomically(target, page.encode())
    return target


def _contents(material: RunData, *, faces_allowed: bool) -> dict[str, Any]:
    manifest, losses = material.manifest, material.losses
    strip = make_strip(material, allowed=faces_allowed)
    people = beside_people(material)
    findings = load_findings()
    further = [*of_statistics(material.summary), *of_findings(findings, people.claims)]
    references = bibtex(manifest, further)
    name = manifest["dataset"]["name"]
    return {
        "manifest": manifest,
        "partial": material.partial,
        "answers": answers(losses),
        "warning": synthetic_warning(name),
        "rows": [cells(row) for row in overall(losses)],
        "footnote": _footnote(material),
        "classifiers_used": classifiers_text(material.classifiers, manifest),
        "faces": list(show_faces(strip)),
        "credit": strip.credit,
        "no_strip": strip.reason,
        "figures": main_figures(material),
        "own": _own_answer(material),
        "own_figures": list(further_pictures(material.folder.path)),
        "details": list(details(material)),
        "too_many": len(material.pairs) > MANY,
        "people": people,
        "people_figures": people_figures(material),
        "further_masks": [] if material.partial else material.masks[AT_ONCE:],
        "guards": guard_sentences(material.guards),
        "failures": failures(material.failures),
        "methods": methods_text(material),
        "bibtex": references,
        "uncited": [*uncited(manifest), *findings_without_doi(findings, people.claims)],
        "downloads": list(downloads(material, references)),
    }


def _footnote(material: RunData) -> str:
    if material.losses.empty:
        return ""
    note = footnote(material.summary).replace(
        "loss: percentage points;", "loss: percentage points, plain minus occluded; "
        "CI: confidence interval;",
    )  # fmt: skip
    return f"{note}\n{masks_text(material.summary)}".strip()


def _own_answer(material: RunData) -> list[Any]:
    """Return the answer of the script of the run, without the table of losses and its notes."""
    blocks, _ = read_answer(material.folder.path / ANSWER)
    if not any(block.text.startswith(_LOSS_TABLE) for block in blocks[:1]):
        return list(blocks)
    shown = {*footnote(material.summary).splitlines(), *masks_text(material.summary).splitlines()}
    return [block for block in blocks[1:] if block.text not in shown]
