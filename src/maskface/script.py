"""What every experiment script shares: options, carrying out, and showing the answer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from maskface.analyses import Answer
from maskface.errors import MaskfaceError
from maskface.experiment import Experiment, Run, failures_text, run
from maskface.plots import plot_losses
from maskface.report import write_report
from maskface.text import guards_text, loss_text

Analyse = Callable[[Run, "Options"], Answer]
"""Answers a script's own question from its run."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where data come from, where results go, and how.

    Attributes
    ----------
    data, limit, seed
        As in `maskface.Experiment`.
    out, jobs, resume, progress
        As in `maskface.run`.
    """

    data: str
    out: Path
    jobs: int = 1
    limit: int | None = None
    seed: int = 0
    resume: bool = False
    progress: bool = True


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
    )
    if analyse is None:
        made = plot_losses(result.summary, options.out)
        text = loss_text(result.summary, result.guards)
    else:
        answer = analyse(result, options)
        made = answer.write(options.out)
        text = "\n".join(filter(None, (answer.text, guards_text(result.guards))))
    made.append(write_report(options.out))
    print(text)  # noqa: T201 (this is the answer)
    print(failures_text(result))  # noqa: T201
    print("\n".join(str(path) for path in (*result.folder.files(), *made)))  # noqa: T201
    return result


def main(
    build: Callable[[Options], Experiment],
    description: str | None,
    analyse: Analyse | None = None,
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
    """
    options = parse_options(description)
    try:
        carry_out(build(options), options, analyse)
    except MaskfaceError as error:
        sys.exit(f"maskface: {error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. Type the same command with --resume to go on.")


def parse_options(description: str | None, arguments: list[str] | None = None) -> Options:
    """Read the options that all experiment scripts have from the command line."""
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
    read = parser.parse_args(arguments)
    return Options(
        data=read.data,
        out=read.out,
        jobs=read.jobs,
        limit=read.limit,
        seed=read.seed,
        resume=read.resume,
        progress=not read.quiet,
    )
