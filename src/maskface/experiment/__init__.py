"""Experiments: what to ask, carrying it out, and the folder of results."""

from maskface.experiment._results import (
    Run,
    failures_text,
    find_failures,
    load_run,
    summarize_run,
)
from maskface.experiment._run import run
from maskface.experiment._spec import Experiment, make_plan
from maskface.experiment._store import RunFolder

__all__ = [
    "Experiment",
    "Run",
    "RunFolder",
    "failures_text",
    "find_failures",
    "load_run",
    "make_plan",
    "run",
    "summarize_run",
]
