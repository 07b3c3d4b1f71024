"""Tables of a run as downloads: inside the page if they are small, or beside it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from maskface.cells import safe_cell
from maskface.report.run_data import RunData

INSIDE: Final = 600_000
TOGETHER: Final = 1_200_000
"""Most bytes of one table, and of all, in the page."""
_KINDS: Final = {".csv": "text/csv", ".json": "application/json", ".txt": "text/plain"}
_BESIDE: Final = (".csv", ".parquet", ".txt", ".json")


@dataclass(frozen=True, slots=True)
class Download:
    """A file to download, as a data URI inside the page or by its address beside it."""

    name: str
    href: str
    size: str
    inside: bool


def as_uri(data: bytes, kind: str) -> str:
    """Return bytes as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def downloads(material: RunData, bibtex: str) -> Iterator[Download]:
    """Return tables, manifest and texts of the folder, then losses and references."""
    known = list(material.folder.files())
    others = sorted(set(material.folder.path.iterdir()) - set(known))
    paths = [path for path in others if path.suffix in _BESIDE and path.is_file()]
    left = TOGETHER
    inside = set()
    for path in sorted({*known, *paths}, key=lambda path: path.stat().st_size):
        size = path.stat().st_size
        if path.suffix in _KINDS and size <= min(INSIDE, left):
            inside.add(path)
            left -= size
    yield from (_of_file(path, inside=path in inside) for path in [*known, *paths])
    safe = material.losses.map(lambda cell: safe_cell(cell) if isinstance(cell, str) else cell)
    data = safe.to_csv(index=False, lineterminator="\n").encode()
    yield Download("losses.csv", as_uri(data, "text/csv"), _size(len(data)), inside=True)
    entries = f"{bibtex}\n".encode()
    yield Download(
        "references.bib", as_uri(entries, "application/x-bibtex"), _size(len(entries)), inside=True
    )


def _of_file(path: Path, *, inside: bool) -> Download:
    size = path.stat().st_size
    href = as_uri(path.read_bytes(), _KINDS[path.suffix]) if inside else quote(path.name)
    return Download(path.name, href, _size(size), inside)


def _size(n: int) -> str:
    return f"{n / 1e6:.1f} MB" if n >= 1e6 else f"{max(n / 1e3, 0.1):.1f} kB"
