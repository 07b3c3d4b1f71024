"""A run as one HTML page that needs nothing but itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from maskface.errors import MaskfaceError
from maskface.files import write_atomically
from maskface.report._answer import answers, cells, overall
from maskface.report._cite import bibtex, uncited
from maskface.report._downloads import downloads
from maskface.report._failures import failures
from maskface.report._index import ANSWER, read_answer
from maskface.report._material import Material, open_material
from maskface.report._methods import methods_text
from maskface.report._people import beside_people
from maskface.report._pictures import further_pictures, show_faces
from maskface.report._sections import MOST, details, main_figures
from maskface.report._strip import make_strip
from maskface.report._synthetic import WARNING, is_synthetic
from maskface.text import footnote, guard_sentences

NAME: Final = "report.html"
_LOSS_TABLE: Final = "classifier  "
"""How an answer begins that says nothing but what the page shows anyway."""


def write_report(path: str | Path, *, allow_partial: bool = False) -> Path:
    """Write the report of a run into its folder.

    Parameters
    ----------
    path
        Folder of the run.
    allow_partial
        Accept an incomplete run, and report the pictures read so far.

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
    page = environment.get_template("report.html.jinja").render(**_contents(material))
    target = material.folder.path / NAME
    try:
        write_atomically(target, page.encode())
    except OSError as error:
        raise MaskfaceError(f"Cannot write {target}: {error.strerror or error}.") from error
    return target


def _contents(material: Material) -> dict[str, Any]:
    manifest, losses = material.manifest, material.losses
    strip = make_strip(material)
    name = manifest["dataset"]["name"]
    return {
        "manifest": manifest,
        "partial": material.partial,
        "answers": answers(losses),
        "warning": WARNING if is_synthetic(name) else "",
        "rows": [cells(row) for row in overall(losses)],
        "footnote": _footnote(material),
        "faces": list(show_faces(strip)),
        "credit": strip.credit,
        "no_strip": strip.reason,
        "figures": list(main_figures(material)),
        "own": _own_answer(material),
        "own_figures": list(further_pictures(material.folder.path)),
        "details": list(details(material)),
        "too_many": len(material.pairs) > MOST,
        "people": beside_people(material),
        "guards": guard_sentences(material.guards),
        "failures": failures(material.trials),
        "methods": methods_text(material),
        "bibtex": bibtex(manifest),
        "uncited": uncited(manifest),
        "downloads": list(downloads(material)),
    }


def _footnote(material: Material) -> str:
    if material.losses.empty:
        return ""
    return footnote(material.summary).replace("clean, occluded", "plain, covered")


def _own_answer(material: Material) -> list[Any]:
    """What the script that made the run says itself, unless that is the loss."""
    blocks, _ = read_answer(material.folder.path / ANSWER)
    return [] if any(block.text.startswith(_LOSS_TABLE) for block in blocks[:1]) else list(blocks)
