"""The verb of models: download."""

from __future__ import annotations

from typing import Annotated

import typer

from maskface.cli._answers import answer
from maskface.cli._app import verb
from maskface.cli._complete import card_names
from maskface.cli._options import Json, Quiet
from maskface.exits import note


@verb("download ferplus", "download card.toml")
def download(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            autocompletion=card_names,
            help="Whose file to fetch: ferplus, hsemotion_afew, hsemotion_vgaf, or the path of a "
            "card with url, sha256 and file.",
            show_default=False,
        ),
    ],
    *,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Download a known network that is not shipped, and check it.

    A run never fetches it by itself. The file goes to the cache folder; see
    docs/classifiers.md.
    """
    from maskface.classifiers.cards import shipped_cards
    from maskface.download import download as fetch

    path = fetch(name, progress=not quiet)
    chosen = f"onnx:{name}" if name in shipped_cards() else f"onnx:{path},card={name}"
    answer(lambda: str(path), lambda: {"classifier": chosen, "files": [path]}, as_json=as_json)
    if not quiet:
        note(f"Use it with --classifier {chosen}")
