"""Experiments: what to ask, carrying it out, and the folder of results."""

from maskface.experiment._failures import Failures, failures_of, failures_text, find_failures
from maskface.experiment._results import (
    Run,
    incomplete,
    load_run,
    require_complete,
    summarize_run,
)
from maskface.experiment._run import run
from maskface.experiment._spec import Experiment, make_plan
from maskface.experiment._store import RunFolder

__all__ = [
    "Experiment",
    "Failures",
    "Run",
    "RunFolder",
    "failures_of",
    "failures_text",
    "find_failures",
    "incomplete",
    "load_run",
    "make_plan",
    "require_complete",
    "run",
    "summarize_run",
]
