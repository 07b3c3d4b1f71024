"""Read the emotions of faces in pictures, outside any experiment."""

from __future__ import annotations

from maskface.reading._read import DEFAULT, explain_faces, read_faces

__all__ = ["DEFAULT", "explain_faces", "read_faces"]
