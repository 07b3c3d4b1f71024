"""Drawn masks beside worn ones: tables, and a page of pairs that loads nothing from outside."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from maskface.analyses.pairs import PAIRS
from maskface.analyses.worn import (
    ANSWERS,
    COMPARISON,
    WornComparison,
    equivalence_sentences,
    left_out_sentences,
    number_cells,
)
from maskface.files import write_atomically
from maskface.report.downloads import as_uri
from maskface.report.run_data import synthetic_warning
from maskface.types import ImageArray

PAGE: Final = "compare_worn.html"
_MOST: Final = 60
"""Most pairs whose pictures a page shows, spread over the set."""


def write_worn(found: WornComparison, folder: Path, *, faces_allowed: bool = False) -> list[Path]:
    """Write pairs.csv, compare_worn.csv, answers.csv and compare_worn.html into a folder.

    Files of the same names are replaced. If `faces_allowed`, the pictures are shown: the terms of
    the set allow it (not needed for sets that are known to). Raises OSError if a file cannot be
    written.
    """
    paths = []
    for schema, table in (
        (PAIRS, found.pairs), (COMPARISON, found.comparison), (ANSWERS, found.answers)
    ):  # fmt: skip
        paths.append(folder / f"{schema.name}.csv")
        schema.write(table, paths[-1])
    environment = Environment(
        loader=PackageLoader("maskface.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    allowed = faces_allowed or found.may_be_shown
    chosen = found.shown[:: -(-len(found.shown) // _MOST)] if allowed else ()
    good = found.pairs[found.pairs["status"] == "ok"]
    page = environment.get_template("worn.html.jinja").render(
        dataset=found.dataset,
        n_pairs=len(found.pairs),
        n_ok=len(good),
        n_people=good["subject"].nunique(),
        answers=equivalence_sentences(found.comparison),
        warning=synthetic_warning(found.dataset),
        left_out=left_out_sentences(found.pairs),
        rows=[number_cells(row) for row in found.comparison.to_dict("records")],
        shown=[
            {"title": one.title, "pictures": [(k, _as_src(v)) for k, v in one.pictures.items()]}
            for one in chosen
        ],
        no_pictures="the terms of the set are not known to allow them; where they do, add "
        "--show-faces",
        more=len(found.shown) - len(chosen) if allowed else 0,
    )
    paths.append(folder / PAGE)
    write_atomically(paths[-1], page.encode())
    return paths


def _as_src(image: ImageArray) -> str:
    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, "JPEG", quality=85)
    return as_uri(encoded.getvalue(), "image/jpeg")
