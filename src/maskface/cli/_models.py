"""The verb of models: download."""

from __future__ import annotations

from typing import Annotated

import typer

from maskface.cli._app import app


@app.command()
def download(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Whose file to fetch: ferplus, hsemotion_afew, hsemotion_vgaf, or the path of a "
            "card with url, sha256 and file.",
        ),
    ],
    *,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Download a network that maskface knows but does not ship, and check its bytes.

    A run never fetches it by itself. The file goes to the cache folder; see docs/classifiers.md.

    Example: maskface download ferplus
    """
    from maskface.classifiers.cards import shipped_cards
    from maskface.download import download as fetch

    path = fetch(name, progress=not quiet)
    shipped = name in shipped_cards()
    chosen = f"onnx:{name}" if shipped else f"onnx:{path},card={name}"
    typer.echo(f"{path}\nUse it with --classifier {chosen}")
