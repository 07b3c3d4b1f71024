"""A run from its options to its answer, figures and report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from maskface.datasets import balanced_sample
from maskface.errors import MaskfaceError
from maskface.exits import command_again, why_not
from maskface.experiment import Experiment, Run, failures_text, find_failures, run
from maskface.files import write_atomically
from maskface.run_options import EXPERIMENT_OPTIONS, RUN_OPTIONS
from maskface.tables import PLAIN

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from maskface.analyses import Answer
    from maskface.schema import Table

FUSION: Final = "fusion:train=both"
"""The most accurate classifier. It is fitted to plain and occluded pictures of other people, so its
loss is what an occluder hides, not that it has never seen one."""
Analyse = Callable[[Run, "Options"], "Answer"]
"""Answers the question of a script from its run."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a run as they were given on the command line.

    Attributes
    ----------
    out
        Folder for the results.
    asked
        Fields of `maskface.Experiment`, by name.
    how
        Keyword parameters of `maskface.run`, by name.
    extra
        Values of the options that only one script has, by name.
    as_json
        Whether a script prints its answer as one JSON document.
    """

    out: Path
    asked: Mapping[str, Any]
    how: Mapping[str, Any]
    extra: Mapping[str, str] = field(default_factory=dict)
    as_json: bool = False

    @classmethod
    def split(cls, given: Mapping[str, Any], out: Path, **more: Any) -> Options:
        """Sort the options of `maskface.run_options` into those of the experiment and the run."""
        asked = {option.name: given[option.name] for option in EXPERIMENT_OPTIONS
                 if option.name in given}  # fmt: skip
        progress = {"progress": given["progress"]}
        how = progress | {option.name: given[option.name] for option in RUN_OPTIONS}
        return cls(out, asked, how, **more)

    def experiment(self, **fixed: Any) -> Experiment:
        """Make the experiment, with some fields fixed whatever was given."""
        return Experiment(**{**self.asked, **fixed})

    @property
    def data(self) -> str:
        """Folder or name of the data set."""
        return str(self.asked["data"])

    @property
    def limit(self) -> int | None:
        """Most pictures to use; None for all."""
        limit: int | None = self.asked["limit"]
        return limit

    @property
    def seed(self) -> int:
        """Seed of everything random."""
        return int(self.asked["seed"])


LEAST_SUBJECTS: Final = 10
"""People and pictures of each emotion from which on `fusion` is among the usual classifiers: with
10 people (of 29, drawn six times), it is right in .81 of plain and .62 of masked faces."""
LEAST_PICTURES: Final = 10


def with_fusion(experiment: Experiment) -> Experiment:
    """Add `fusion` to the classifiers if the set names enough people.

    That is `LEAST_SUBJECTS` people, every picture's among them, and `LEAST_PICTURES` pictures of
    each of two emotions or more.
    """
    samples = experiment.load_dataset().samples
    if experiment.limit is not None:
        samples = balanced_sample(samples, experiment.limit, experiment.seed)
    people = {sample.subject_id for sample in samples}
    labels = Counter(sample.label for sample in samples)
    few = len(people) < LEAST_SUBJECTS or "" in people
    if few or len(labels) < 2 or min(labels.values()) < LEAST_PICTURES:
        return experiment
    return Experiment(**{**dict(experiment), "classifiers": (*experiment.classifiers, FUSION)})


@dataclass(frozen=True)
class Outcome:
    """A run and the files made of it."""

    run: Run  # the run with its tables
    # The loss under each occluder, or the answer to the question of a script, with cautions.
    answer: str
    # Files beside the tables of the run: figures, further tables, the report.
    made: tuple[Path, ...]
    problem: str = ""  # message about files that could not be made; empty if none is missing
    tables: Sequence[tuple[Table, pd.DataFrame]] = ()  # tables of a script, each with its schema

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that were written."""
        return *self.run.folder.files(), *self.made

    def text(self) -> str:
        """Return the answer, pictures without one, a warning of synthetic faces, and the files."""
        from maskface.report import synthetic_warning

        warning = synthetic_warning(self.run.manifest["dataset"]["name"])
        texts = filter(None, [self.answer, warning, failures_text(self.run)])
        return "\n".join([*texts, *map(str, self.files)])

    def values(self) -> dict[str, Any]:
        """Return the same as plain values, under the names of the tables' columns."""
        found = find_failures(self.run)
        return {
            "run_id": self.run.manifest["run_id"],
            "folder": self.run.folder.path,
            **summary_values(self.run.summary, self.run.guards),
            "n_images": found.n_images,
            "failures": list(found.failed),
            "files": self.files,
        }


def summary_values(summary: pd.DataFrame, guards: pd.DataFrame | None) -> dict[str, Any]:
    """Return the loss (rows with accuracy and recall under an occluder) and the guards as values.

    `guards` is None for an incomplete run.
    """
    from maskface.documents import rows

    shown = summary["metric"].isin(["accuracy", "recall"]) & (summary["condition"] != PLAIN)
    return {"loss": rows(summary[shown]), "guards": None if guards is None else rows(guards)}


def carry_out(experiment: Experiment, options: Options, analyse: Analyse | None = None) -> Outcome:
    """Run an experiment, answer its question, and make figures and the report.

    `analyse` answers the question of a script; the loss under each occluder if None. Figures that
    could not be written are named in `Outcome.problem`. Raises MaskfaceError as `maskface.run`
    does, or if the run cannot answer the question.
    """
    result = run(experiment, options.out, **options.how)
    from maskface.text import guards_text, loss_text

    if analyse is None:
        more = _over_masks(result, experiment.conditions, options.seed)
        text = "\n".join(filter(None, (loss_text(result.summary, result.guards), more.text)))

        def make(folder: Path) -> list[Path]:
            return [*_figures(result, folder), *more.write(folder)]

        return replace(_written(result, text, make), tables=more.tables)
    answer = analyse(result, options)
    text = "\n".join(filter(None, (answer.text, guards_text(result.guards))))
    return replace(_written(result, text, answer.write), tables=answer.tables)


def _figures(result: Run, folder: Path) -> list[Path]:
    from maskface.plots import plot_losses

    return plot_losses(result.summary, folder)


def _over_masks(result: Run, conditions: Sequence[str], seed: int) -> Answer:
    """Return variance components of exemplars, and the curve of many masks; empty without them."""
    from maskface import analyses
    from maskface.plots import plot_curve

    texts: list[str] = []
    tables: list[tuple[Table, pd.DataFrame]] = []
    figures: dict[str, Axes] = {}
    try:
        if analyses.exemplar_sets(conditions):
            components, decision = analyses.components_table(result.trials)
            texts.append(analyses.components_text(components, decision))
            tables += [(analyses.COMPONENTS, components), (analyses.DECISION, decision)]
        if len(analyses.mask_conditions(conditions)) >= analyses.FEWEST_MASKS:
            curve, tests = analyses.curve_tables(result.trials, seed=seed)
            texts.append(analyses.curve_text(curve, tests))
            tables += [(analyses.CURVE, curve), (analyses.CURVE_TESTS, tests)]
            figures["curve.png"] = plot_curve(curve, analyses.CHOICES)
    except MaskfaceError as error:  # the run is complete whatever its set allows
        texts.append(str(error))
    return analyses.Answer("\n".join(texts), tables, figures)


def _written(result: Run, text: str, make: Callable[[Path], list[Path]]) -> Outcome:
    """Write the files beside the tables; a failure costs no other file."""
    from maskface.report import ANSWER, write_report

    folder, made = result.folder.path, []
    try:
        made += make(folder)
        made.append(folder / ANSWER)
        # For the page about all experiments.
        write_atomically(made[-1], f"{text}\n".encode())
        made.append(write_report(folder))
    except (OSError, MaskfaceError) as error:
        reason = str(error)
        if isinstance(error, OSError):
            reason = f"Cannot write to {folder}: {why_not(error)}."
        problem = (
            f"maskface: {reason} The run is complete and its tables are kept. For the figures and "
            f"the report, fix this, then type: {command_again('--resume')}"
        )
        return Outcome(result, text, tuple(path for path in made if path.exists()), problem)
    return Outcome(result, text, tuple(made))
