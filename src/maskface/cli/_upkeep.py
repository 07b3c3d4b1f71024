"""Verbs of the machine: bench, cache."""

from __future__ import annotations

from typing import Annotated

import typer

from maskface.cli._answers import answer, ready
from maskface.cli._app import verb
from maskface.cli._options import READERS, Classifiers, Csv, Data, Json, Limit, Occluders, Seed


@verb("bench", "bench --data faces/ --limit 50 --occluder niqab --csv bench.csv")
def bench(
    *,
    data: Data = "example",
    occluder: Occluders = ["surgical"],  # noqa: B006 (typer copies it)
    classifier: Classifiers = list(READERS),  # noqa: B006
    limit: Limit = 100,
    seed: Seed = 0,
    csv: Csv = None,
    as_json: Json = False,
) -> None:
    """Measure where the time of a run goes on this machine.

    Each stage stands beside the bare libraries. Pictures are read as by one
    worker of a run, without the landmark cache.
    """
    from maskface.bench import BENCH, bench_text
    from maskface.bench import bench as measure
    from maskface.documents import rows
    from maskface.experiment import Experiment

    files = ready(csv)
    experiment = Experiment(
        data=data,
        occluders=tuple(occluder),
        classifiers=tuple(classifier),
        limit=limit,
        seed=seed,
    )
    found = measure(experiment)
    for path in files:
        BENCH.write(found, path)
    answer(
        lambda: "\n".join([bench_text(found), *map(str, files)]),
        lambda: {"stages": rows(found), "files": files},
        as_json=as_json,
    )


@verb("cache", "cache --clear", kept="What was not removed is kept")
def cache(
    *,
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove all landmarks; they are found again when asked.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what the landmark cache holds, or clear it.

    Landmarks of a picture are found once and shared by all runs. The folder
    follows MASKFACE_CACHE; when it holds more than MASKFACE_CACHE_MB megabytes
    (2000 if not set), what was not used for longest is removed.
    """
    from maskface.upkeep import clear_cache, look_at_cache

    held = clear_cache() if clear else look_at_cache()
    answer(held.text, held.values, as_json=as_json)
