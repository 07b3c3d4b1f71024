"""Human and machine: whether classifiers lose what people lose, and make the same errors.

Question
    Does a mask hide the same emotions from classifiers as from people, and are these taken for the
    same other emotions?
Prediction
    Open. People lose disgust most, which they take for anger (Carbon 2020,
    doi:10.3389/fpsyg.2020.566886).
Design
    Plain faces, a surgical mask, and a black block over the lower face, as in Williams et al. 2023
    (doi:10.1038/s41598-023-35381-4). Without --humans, the classifiers' losses are compared with
    those of every published study in the package that gives hits of four emotions or more. With
    --humans FOLDER, written by `maskface humans`, confusions are compared too. The classifiers
    choose among the answers that the observers had. Bootstrap over the people shown and over
    observers; exact tests over all ways to exchange the emotions' names.
Run time
    The embedded faces take about ten seconds with --jobs 2.
Outputs
    agreement.csv: correlations of losses, of confusions plain and masked, and of their change.
    agreement_cells.csv: the numbers that were correlated. human_machine_loss.png and, with
    --humans, confusion_change.png. Tables and report of the run.
Reading a null
    Six emotions are six points: a rank correlation below about .83 is not significant, whatever the
    truth. Faces, observers and occluders differ between the compared studies, too. The embedded
    faces are no evidence about people.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from maskface import Experiment
from maskface.analyses import Answer
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.findings import (
    AGREEMENT,
    CELLS,
    agreement_tables,
    agreement_text,
    human_answers,
    published_answers,
)
from maskface.plots import plot_confusion_change, plot_human_machine_loss

OCCLUDERS: Final = ("surgical", "lower:colour=black")
EXTRA: Final = {
    "--humans": "folder that `maskface humans` wrote to (default: the published figures)",
    "--mask": "the human study's condition that is the mask, if its name does not say",
}


def build(options: Options) -> Experiment:
    """Compare plain faces with masks and black blocks."""
    return options.experiment(occluders=OCCLUDERS)


def analyse(result: Run, options: Options) -> Answer:
    """Compare the classifiers with people."""
    folder = options.extra.get("humans")
    humans = published_answers()
    if folder:
        humans = [human_answers(Path(folder), options.extra.get("mask"))]
    agreement, cells = agreement_tables(result.trials, humans, OCCLUDERS, seed=options.seed)
    figures = {"human_machine_loss.png": plot_human_machine_loss(cells, OCCLUDERS[0])}
    if folder:
        name = humans[0].dataset
        figures["confusion_change.png"] = plot_confusion_change(cells, name, OCCLUDERS[0])
    return Answer(agreement_text(agreement), [(AGREEMENT, agreement), (CELLS, cells)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse, EXTRA)
