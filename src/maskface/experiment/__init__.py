"""Experiments: what to ask, carrying it out, and the folder of results."""

from maskface.experiment.folder import RunFolder
from maskface.experiment.integrity import find_damage, listed
from maskface.experiment.results import (
    Failures,
    Run,
    failures_of,
    failures_text,
    find_failures,
    incomplete,
    load_run,
    require_complete,
    summarize_run,
)
from maskface.experiment.runner import run
from maskface.experiment.spec import Experiment, make_plan

__all__ = [
    "Experiment",
    "Failures",
    "Run",
    "RunFolder",
    "failures_of",
    "failures_text",
    "find_damage",
    "find_failures",
    "incomplete",
    "listed",
    "load_run",
    "make_plan",
    "require_complete",
    "run",
    "summarize_run",
]
