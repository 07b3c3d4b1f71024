"""Which figures and tables a report shows at once, and which are folded away.

What could not be read, in plain words.

A run as one HTML page that needs nothing but itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from maskface.errors import MaskfaceError
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
    Figure,
    Shown,
    further_pictures,
    grid_figure,
    loss_figure,
    make_strip,
    pair_figure,
    people_figure,
    readers_figure,
    show,
    show_faces,
    supports,
)
from maskface.report.index import ANSWER, read_answer
from maskface.report.people import beside_people
from maskface.report.run_data import RunData, open_material, synthetic_warning
from maskface.report.text import answers, cells, methods_text, overall, readers_text
from maskface.tables import PLAIN
from maskface.text import footnote, guard_sentences

FEW: Final = 4
"""So many pairs of a classifier and a condition have all their figures."""
ROWS: Final = 40
"""More conditions or classifiers than this do not fit one page; the table has them."""
MOST: Final = 30
"""More pairs than this have no figures of their own: `maskface plot` draws them."""
AT_ONCE: Final = 2
_GLANCE: Final = ("accuracy", "flows")


@dataclass(frozen=True, slots=True)
class Detail:
    """What is folded away about one classifier.

    Attributes
    ----------
    classifier
        Which.
    rows
        Its losses, by condition and emotion.
    conditions
        Figures by condition.
    """

    classifier: str
    rows: tuple[dict[str, Any], ...]
    conditions: tuple[tuple[str, tuple[Shown, ...]], ...]


def main_figures(material: RunData) -> list[Shown]:
    """Figures that answer the question at a glance."""
    pairs = material.pairs
    if max(len(material.conditions), len(material.classifiers)) > ROWS:
        return []
    chosen = [readers_figure(material)] if len(pairs) > 1 else []
    chosen += _losses(material)
    if len(pairs) <= AT_ONCE:
        chosen += [pair_figure(material, kind, *pair) for kind in _GLANCE for pair in pairs]
    return [show(figure) for figure in chosen]


def _losses(material: RunData) -> list[Figure]:
    """Loss by emotion: a figure for each condition or for each classifier, whichever are few."""
    if len(material.conditions) <= AT_ONCE:
        return [loss_figure(material, condition) for condition in material.conditions]
    if len(material.classifiers) <= AT_ONCE:
        return [grid_figure(material, classifier) for classifier in material.classifiers]
    return []


def people_figures(material: RunData) -> list[Shown]:
    """Losses beside those of people, under so many masks as are seen at a glance."""
    masks = [] if material.partial else material.masks[:AT_ONCE]
    return [show(people_figure(material, mask)) for mask in masks]


def details(material: RunData) -> Iterator[Detail]:
    """Losses by emotion and figures of each classifier."""
    for classifier in material.classifiers:
        own = material.losses[material.losses["classifier"] == classifier]
        if own.empty:
            continue
        rows = tuple(cells(row) for row in own.to_dict("records"))
        yield Detail(classifier, rows, tuple(_by_condition(material, classifier)))


def _by_condition(material: RunData, classifier: str) -> Iterator[tuple[str, tuple[Shown, ...]]]:
    for condition in material.conditions:
        if (classifier, condition) in material.pairs:
            kinds = _kinds(len(material.pairs))
            figures = (
                pair_figure(material, kind, classifier, condition)
                for kind in kinds
                if supports(material, kind, classifier)
            )
            yield condition, tuple(show(figure) for figure in figures)


def _kinds(pairs: int) -> tuple[str, ...]:
    if pairs <= AT_ONCE:
        return ("confusions", "probabilities")
    if pairs <= FEW:
        return ("accuracy", "flows", "confusions", "probabilities")
    return ("flows", "confusions") if pairs <= MOST else ()


_MEANING: Final = {"no_face": "no face was found", "error": "something went wrong"}
_MOST: Final = 5


def failures(found: Failures) -> list[str]:
    """Say how many pictures have trials without an answer, and why.

    Parameters
    ----------
    found
        Trials without an answer.

    Returns
    -------
    list of str
        How many pictures, then for each kind of failure how many, where, and the reasons.
    """
    n, failed = found.n_images, found.trials
    if failed.empty:
        return [f"All {n} pictures were read under every condition."]
    lost = failed["image_id"].nunique()
    return [
        f"{lost} of {n} pictures have trials without an answer. They are in no result; they are "
        "listed in trials.csv, column message.",
        *_failure_kinds(failed),
    ]


def _failure_kinds(failed: pd.DataFrame) -> Iterator[str]:
    for (status, message), rows in _groups(failed)[:_MOST]:
        images = rows["image_id"].nunique()
        conditions = sorted(rows["condition"].unique())
        where = "plain faces included" if PLAIN in conditions else f"under {_some(conditions)}"
        why = _MEANING.get(status, status)
        told = f"In {images} picture{'s' if images > 1 else ''}, {where}, {why}"
        reason = message or "no reason given"
        yield f"{told}: {reason}. For example {rows['image_id'].iloc[0]}."
    further = len(_groups(failed)) - _MOST
    if further > 0:
        yield f"There are {further} further reasons."


def _groups(failed: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Rows by status and message, the most frequent first."""
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
"""How an answer begins that says nothing but what the page shows anyway."""


def write_report(
    path: str | Path, *, allow_partial: bool = False, faces_allowed: bool = False
) -> Path:
    """Write the report of a run into its folder.

    Parameters
    ----------
    path
        Folder of the run.
    allow_partial
        Accept an incomplete run, and report the pictures read so far.
    faces_allowed
        Show one face under each condition: the terms of the set allow it. Sets that are known to
        allow it need not be told.

    Returns
    -------
    Path
        The HTML file. It loads nothing from outside, and whatever came from the user's files is
        escaped.

    Raises
    ------
    MaskfaceError
        If the folder holds no run, or an incomplete one and `allow_partial` is false.
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
    try:
        write_atomically(target, page.encode())
    except OSError as error:
        raise MaskfaceError(f"Cannot write {target}: {error.strerror or error}.") from error
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
        "readers": readers_text(material.classifiers, manifest),
        "faces": list(show_faces(strip)),
        "credit": strip.credit,
        "no_strip": strip.reason,
        "figures": list(main_figures(material)),
        "own": _own_answer(material),
        "own_figures": list(further_pictures(material.folder.path)),
        "details": list(details(material)),
        "too_many": len(material.pairs) > MOST,
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
    told = footnote(material.summary).replace("clean, occluded: % right", "plain, covered: % right")
    return told.replace(
        "loss: percentage points;", "loss: percentage points, plain minus covered; "
        "CI: confidence interval;",
    )  # fmt: skip


def _own_answer(material: RunData) -> list[Any]:
    """What the script that made the run says itself, unless that is the loss."""
    blocks, _ = read_answer(material.folder.path / ANSWER)
    return [] if any(block.text.startswith(_LOSS_TABLE) for block in blocks[:1]) else list(blocks)
