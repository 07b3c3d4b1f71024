"""A run as one HTML page that needs nothing but itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from maskface.errors import MaskfaceError
from maskface.files import write_atomically
from maskface.findings import load_findings
from maskface.report._answer import answers, cells, overall
from maskface.report._cite import bibtex, uncited
from maskface.report._downloads import downloads
from maskface.report._failures import failures
from maskface.report._index import ANSWER, read_answer
from maskface.report._material import Material, open_material
from maskface.report._methods import methods_text, readers_text
from maskface.report._people import beside_people
from maskface.report._pictures import further_pictures, show_faces
from maskface.report._references import findings_without_doi, of_findings, of_statistics
from maskface.report._sections import AT_ONCE, MOST, details, main_figures, people_figures
from maskface.report._strip import make_strip
from maskface.report._synthetic import synthetic_warning
from maskface.text import footnote, guard_sentences

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


def _contents(material: Material, *, faces_allowed: bool) -> dict[str, Any]:
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


def _footnote(material: Material) -> str:
    if material.losses.empty:
        return ""
    told = footnote(material.summary).replace("clean, occluded: % right", "plain, covered: % right")
    return told.replace(
        "loss: percentage points;", "loss: percentage points, plain minus covered; "
        "CI: confidence interval;",
    )  # fmt: skip


def _own_answer(material: Material) -> list[Any]:
    """What the script that made the run says itself, unless that is the loss."""
    blocks, _ = read_answer(material.folder.path / ANSWER)
    return [] if any(block.text.startswith(_LOSS_TABLE) for block in blocks[:1]) else list(blocks)
