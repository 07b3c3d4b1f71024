"""How a verb prints its result: as text, or as one JSON document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from maskface.errors import MaskfaceError
from maskface.exits import say, write
from maskface.files import destination


def answer(
    text: Callable[[], str], values: Callable[[], Mapping[str, Any]], *, as_json: bool
) -> None:
    """Print a result, made when it is needed; all of it or nothing."""
    if as_json:
        from maskface.documents import to_json

        write(to_json(dict(values())))
    elif shown := text():
        say(shown)


def answer_files(paths: Iterable[Path | None], *, as_json: bool) -> None:
    """Print which files were written."""
    files = [path for path in paths if path is not None]
    answer(lambda: "\n".join(map(str, files)), lambda: {"files": files}, as_json=as_json)


def ready(csv: Path | None) -> list[Path]:
    """Make the folder of the file that a table goes to, before any work; none if there is none.

    Returns
    -------
    list of Path
        The file, or the one that a link leads to.

    Raises
    ------
    MaskfaceError
        If it cannot be made, or what is there is no file.
    """
    if csv is None:
        return []
    if csv.is_dir():
        raise MaskfaceError(f"{csv} is a folder. Name a file, such as --csv {csv / 'table.csv'}.")
    try:
        place = destination(csv)
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MaskfaceError(
            f"Cannot write {csv}: {error.strerror or error}. Choose another place with --csv."
        ) from error
    return [place]
