"""Command line of the experiment scripts: their options, start and end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from maskface.documents import rows, to_json
from maskface.exits import FAILED, ended_in_words, note, only_errors, say, write
from maskface.experiment import Experiment
from maskface.run_options import OPTIONS, OUT_HELP, QUIET_HELP
from maskface.workflow import Analyse, Options, Outcome, carry_out

__all__ = ["Options", "main", "parse_options", "script_values"]


def main(
    build: Callable[[Options], Experiment],
    description: str | None,
    analyse: Analyse | None = None,
    extra: Mapping[str, str] | None = None,
) -> None:
    """Run an experiment script: read the options, carry the experiment out, print the answer.

    `build` makes the experiment from the options, and `analyse` answers its question, as in
    `carry_out`. `description` is the docstring of the script, shown by ``--help``; `extra` are
    options that only this script has, each with its help: ``{"--humans": "Folder of ..."}``. Exit
    codes are those of `maskface run`; see `maskface.exits`.
    """
    with ended_in_words("Results so far are saved", "--resume"):
        options = parse_options(description, extra=extra)
        if not options.how["progress"]:
            only_errors()
        outcome = carry_out(build(options), options, analyse)
        if options.as_json:
            write(to_json(script_values(outcome)))
        else:
            say(outcome.text())
        if outcome.problem:
            note(outcome.problem)
            sys.exit(FAILED)


def script_values(outcome: Outcome) -> dict[str, Any]:
    """Return what ``--json`` prints: the answer in words, its tables, and those of the run."""
    tables = {schema.name: rows(table) for schema, table in outcome.tables}
    return {"answer": outcome.answer, "tables": tables, **outcome.values()}


def parse_options(
    description: str | None,
    arguments: list[str] | None = None,
    extra: Mapping[str, str] | None = None,
) -> Options:
    """Parse the options of an experiment script: those of `maskface run`, and `extra` ones."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--out", "-o", metavar="DIR", type=Path, required=True, help=OUT_HELP)
    names = {flag: flag.lstrip("-").replace("-", "_") for flag in extra or {}}
    for flag, text in (extra or {}).items():
        add(flag, dest=names[flag], metavar="VALUE", help=text)
    # Each script chooses its occluders and classifiers itself.
    shared = [option for option in OPTIONS.values() if not option.many]
    for option in shared:
        if option.kind is bool:
            add(*option.flags, dest=option.name, action="store_true", help=option.help)
        else:
            usual = "" if option.default in (None, "") else " (default: %(default)s)"
            add(*option.flags, dest=option.name, metavar=option.metavar, type=option.kind,
                default=option.default, help=option.help + usual)  # fmt: skip
    add("--json", action="store_true", help="Print the answer as one JSON document.")
    add("--quiet", "-q", action="store_true", help=QUIET_HELP)
    read = vars(parser.parse_args(arguments))
    own = {name: read[name] for name in names.values() if read[name] is not None}
    given = {option.name: read[option.name] for option in shared}
    given["progress"] = not read["quiet"]
    return Options.split(given, read["out"], extra=own, as_json=read["json"])
