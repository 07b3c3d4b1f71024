"""Wall time of the statistics of a large table of trials.

Two things: 10,000 resamples of all measures for one comparison of 50,000 pictures (100,000
trials), by 500 subjects and with images taken as independent; and the summary and guards of a run
of 13 conditions and 2 classifiers, 100,000 trials.

    python benchmarks/bootstrap_speed.py
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from maskface.stats import compare, estimate, find_guards, summarize
from maskface.tables import TRIALS
from maskface.types import EMOTIONS

LOSS_OF_LOGIT: Final = 0.1
"""What each further condition takes from the true emotion."""


def make_trials(
    pictures: int, conditions: Sequence[str], classifiers: Sequence[str], subjects: int
) -> pd.DataFrame:
    """Random answers that are right more often than not."""
    rng = np.random.default_rng(0)
    label, subject = rng.integers(0, len(EMOTIONS), pictures), rng.integers(0, subjects, pictures)
    common = pd.DataFrame({
        "run_id": "r",
        "dataset": "made",
        "image_id": [f"{number:06}" for number in range(pictures)],
        "subject_id": [f"s{number:04}" for number in subject],
        "label": np.array(EMOTIONS)[label],
        "params": "{}", "message": "", "status": "ok", "seed": 0, "coverage": 0.5,
        "yaw_deg": 0.0, "pitch_deg": 0.0, "roll_deg": 0.0,
    })  # fmt: skip
    parts = []
    for classifier in classifiers:
        for number, condition in enumerate(conditions):
            logit = rng.normal(0, 1, (pictures, len(EMOTIONS)))
            logit[np.arange(pictures), label] += 2 - LOSS_OF_LOGIT * number
            p = (np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)).round(6)
            answer = p.argmax(axis=1)
            names = {"condition": condition, "occluder": condition, "classifier": classifier}
            found = {"predicted": np.array(EMOTIONS)[answer], "correct": (answer == label) * 1}
            columns = {f"p_{emotion}": p[:, i] for i, emotion in enumerate(EMOTIONS)}
            parts.append(common.assign(**names, **found, **columns))
    return TRIALS.tidy(pd.concat(parts))


def clock(name: str, work: Callable[[], object]) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    work()
    wall, used = time.perf_counter() - started, time.process_time() - cpu
    print(f"{name:58} {wall:6.2f} s wall  {used:6.2f} s CPU", flush=True)


def main(resamples: int) -> None:
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {resamples} resamples")
    trials = make_trials(50_000, ("none", "mask"), ("c",), 500)
    for by, units in (("subject_id", "500 subjects"), ("image_id", "50,000 images")):
        clock(
            f"one comparison, 100,000 trials, {units}",
            lambda by=by: estimate(compare(trials, "mask", by=by), n_resamples=resamples),  # type: ignore[misc]
        )
    conditions = ("none", *(f"mask{number:02}" for number in range(12)))
    trials = make_trials(3846, conditions, ("c", "d"), 100)
    clock("summary, 13 conditions x 2 classifiers, 100 subjects", lambda: summarize(trials))
    nameless = trials.assign(subject_id="")
    clock("summary, 13 conditions x 2 classifiers, 3,846 images", lambda: summarize(nameless))
    clock("guards, 13 conditions x 2 classifiers", lambda: find_guards(trials))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--resamples", type=int, default=10_000)
    main(parser.parse_args().resamples)
