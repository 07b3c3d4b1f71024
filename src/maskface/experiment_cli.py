"""What every experiment script shares: its options, and how it begins and ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from maskface.documents import rows, to_json
from maskface.exits import FAILED, ended_in_words, note, say, write
from maskface.experiment import Experiment
from maskface.workflow import Analyse, Options, Outcome, carry_out

__all__ = ["Options", "main", "parse_options", "script_values"]


def main(
    build: Callable[[Options], Experiment],
    description: str | None,
    analyse: Analyse | None = None,
    extra: Mapping[str, str] | None = None,
) -> None:
    """Run an experiment script: read the options, carry the experiment out, print the answer.

    Exit codes are those of `maskface run`; see `maskface.exits`.

    Parameters
    ----------
    build
        Makes the experiment from the options.
    description
        The script's docstring, shown by ``--help``.
    analyse
        As in `carry_out`.
    extra
        Options that only this script has, each with its help: ``{"--humans": "folder of ..."}``.
    """
    with ended_in_words("What was read is saved", "--resume"):
        options = parse_options(description, extra=extra)
        outcome = carry_out(build(options), options, analyse)
        if options.as_json:
            write(to_json(script_values(outcome)))
        else:
            say(outcome.text())
        if outcome.problem:
            note(outcome.problem)
            sys.exit(FAILED)


def script_values(outcome: Outcome) -> dict[str, Any]:
    """What a script prints with ``--json``: the answer in words, its tables, and those of a run."""
    tables = {schema.name: rows(table) for schema, table in outcome.tables}
    return {"answer": outcome.answer, "tables": tables, **outcome.values()}


def parse_options(
    description: str | None,
    arguments: list[str] | None = None,
    extra: Mapping[str, str] | None = None,
) -> Options:
    """Read the options of all experiment scripts, and `extra` ones, from the command line.

    Their names and meanings are those of `maskface run`.
    """
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--data", metavar="DATA", default="example",
        help="folder with an index.csv (path,emotion,subject) or with one folder per emotion; or "
        "a name that 'maskface list datasets' shows (default: %(default)s)")  # fmt: skip
    add("--out", "-o", metavar="DIR", type=Path, required=True,
        help="a new or empty folder for the results")  # fmt: skip
    names = {option: option.lstrip("-").replace("-", "_") for option in extra or {}}
    for option, text in (extra or {}).items():
        add(option, dest=names[option], metavar="VALUE", help=text)
    add("--limit", metavar="N", type=int,
        help="at most so many pictures, drawn with balanced emotions")  # fmt: skip
    add("--seed", metavar="N", type=int, default=0,
        help="seed of whatever is random (default: %(default)s)")  # fmt: skip
    add("--jobs", "-j", metavar="N", type=int, default=1,
        help="worker processes; -1: one per core (default: %(default)s)")  # fmt: skip
    add("--resume", action="store_true",
        help="go on with an interrupted run; changed pictures are read again")  # fmt: skip
    add("--json", action="store_true", help="print the answer as one JSON document")
    add("--quiet", "-q", action="store_true", help="nothing but the result: no progress bar")
    read = parser.parse_args(arguments)
    given = {name: getattr(read, name) for name in names.values()}
    return Options(
        data=read.data,
        out=read.out,
        jobs=read.jobs,
        limit=read.limit,
        seed=read.seed,
        resume=read.resume,
        progress=not read.quiet,
        extra={name: value for name, value in given.items() if value is not None},
        as_json=read.json,
    )
