"""Verbs of the installation: download, list, doctor, cache."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from maskface.cli.app import answer, verb
from maskface.cli.complete import LISTS, card_names, one_of
from maskface.cli.options import Json, Quiet, argument, option
from maskface.exits import FAILED, note


@verb("download ferplus", "download card.toml")
def download(
    name: Annotated[
        str,
        argument(
            "NAME",
            "Network to fetch: ferplus, hsemotion_afew, hsemotion_vgaf, or the path of a card "
            "with url, sha256 and file.",
            complete=card_names,
        ),
    ],
    *,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Download a known network, and check its hash.

    Runs never download anything. The file goes to the cache folder; see
    docs/classifiers.md.
    """
    from maskface.classifiers.cards import shipped_cards
    from maskface.download import download as fetch

    path = fetch(name, progress=not quiet)
    chosen = f"onnx:{name}" if name in shipped_cards() else f"onnx:{path},card={name}"
    answer(lambda: str(path), lambda: {"classifier": chosen, "files": [path]}, as_json=as_json)
    if not quiet:
        note(f"Use it with --classifier {chosen}")


@verb("list occluders", "list classifiers --json", name="list")
def list_names(
    kind: Annotated[
        str, argument("KIND", f"What to list: {', '.join(LISTS)}.", complete=one_of(LISTS))
    ],
    *,
    as_json: Json = False,
) -> None:
    """List occluders, classifiers or data sets.

    Shows the names for --occluder, --classifier and --data, and parameters
    with their defaults. A plus sign puts several occluders on, one after the
    other: tears+surgical:colour=white.
    """
    from maskface.catalogue import catalogue, catalogue_text

    found = catalogue(kind)
    answer(
        lambda: catalogue_text(found),
        lambda: {kind: [entry.values() for entry in found]},
        as_json=as_json,
    )


@verb("doctor", "doctor results/", "doctor --json", exit_1="something needs to be fixed")
def doctor(
    folder: Annotated[
        Path | None,
        argument(
            "DIR",
            "Folder of a run, a study or masked pictures, or of several; the installation if "
            "none is given.",
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Check the installation, or the tables in a results folder."""
    from dataclasses import asdict

    from maskface.doctor import check_folder, run_checks

    checks = run_checks() if folder is None else check_folder(folder)
    fine = all(check.ok for check in checks)
    answer(
        lambda: "\n".join(
            f"{'ok  ' if check.ok else 'FIX '}  {check.name}: {check.detail}" for check in checks
        ),
        lambda: {"ok": fine, "checks": [asdict(check) for check in checks]},
        as_json=as_json,
    )
    if not fine:
        raise SystemExit(FAILED)


@verb("cache", "cache --clear", kept="Entries that were not removed are kept")
def cache(
    *,
    clear: Annotated[
        bool, option("Remove all landmarks; they are found again when needed.", "--clear")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what the landmark cache holds, or clear it.

    Landmarks of a picture are found once and shared by all runs. MASKFACE_CACHE
    sets the folder. If it holds more than MASKFACE_CACHE_MB megabytes (2000 if
    not set), the least recently used entries are removed.
    """
    from maskface.upkeep import cache_contents, clear_cache

    held = clear_cache() if clear else cache_contents()
    answer(held.text, held.values, as_json=as_json)
