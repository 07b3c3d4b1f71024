"""What every experiment script shares: options, carrying out, and showing the answer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from maskface.errors import MaskfaceError
from maskface.experiment import Experiment, Run, failures_text, run
from maskface.files import write_atomically

if TYPE_CHECKING:  # what makes figures and pages is loaded when pictures have been read
    from maskface.analyses import Answer

Analyse = Callable[[Run, "Options"], "Answer"]
"""Answers a script's own question from its run."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where data come from, where results go, and how.

    Attributes
    ----------
    data, limit, seed
        As in `maskface.Experiment`.
    out, jobs, resume, progress, backend, scheduler, format
        As in `maskface.run`.
    extra
        What was given for the options that only this script has, by name.
    """

    data: str
    out: Path
    jobs: int = 1
    limit: int | None = None
    seed: int = 0
    resume: bool = False
    progress: bool = True
    extra: Mapping[str, str] = field(default_factory=dict)
    backend: str = "loky"
    scheduler: str = ""
    format: str = "csv"


def carry_out(experiment: Experiment, options: Options, analyse: Analyse | None = None) -> Run:
    """Run an experiment, make figures and report, and print the answer and the files.

    Parameters
    ----------
    experiment
        What to ask.
    options
        How to carry it out.
    analyse
        Answers a question of its own. Without it the answer is the loss under each occluder.

    Raises
    ------
    MaskfaceError
        As `maskface.run`.
    """
    result = run(
        experiment,
        options.out,
        jobs=options.jobs,
        resume=options.resume,
        progress=options.progress,
        backend=options.backend,
        scheduler=options.scheduler,
        format=options.format,
    )
    from maskface.plots import plot_losses
    from maskface.report import write_report
    from maskface.text import guards_text, loss_text

    if analyse is None:
        made = plot_losses(result.summary, options.out)
        text = loss_text(result.summary, result.guards)
    else:
        answer = analyse(result, options)
        made = answer.write(options.out)
        text = "\n".join(filter(None, (answer.text, guards_text(result.guards))))
    made += [_keep(text, options.out), write_report(options.out)]
    print(text)  # noqa: T201 (this is the answer)
    print(failures_text(result))  # noqa: T201
    print("\n".join(str(path) for path in (*result.folder.files(), *made)))  # noqa: T201
    return result


def _keep(text: str, folder: Path) -> Path:
    """Write the answer beside the tables, for the page about all experiments."""
    from maskface.report import ANSWER

    path = folder / ANSWER
    write_atomically(path, f"{text}\n".encode())
    return path


def main(
    build: Callable[[Options], Experiment],
    description: str | None,
    analyse: Analyse | None = None,
    extra: Mapping[str, str] | None = None,
) -> None:
    """Run an experiment script: read the options, build the experiment, carry it out.

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
    options = parse_options(description, extra=extra)
    try:
        carry_out(build(options), options, analyse)
    except MaskfaceError as error:
        sys.exit(f"maskface: {error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. Type the same command with --resume to go on.")


def parse_options(
    description: str | None,
    arguments: list[str] | None = None,
    extra: Mapping[str, str] | None = None,
) -> Options:
    """Read the options of all experiment scripts, and `extra` ones, from the command line."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="example", help="folder of faces (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="a new or empty folder for results")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes, -1 for all cores")
    parser.add_argument("--limit", type=int, help="at most so many pictures, labels balanced")
    parser.add_argument("--seed", type=int, default=0, help="seed of whatever is random")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    names = {option: option.lstrip("-").replace("-", "_") for option in extra or {}}
    for option, text in (extra or {}).items():
        parser.add_argument(option, dest=names[option], help=text)
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
    )
