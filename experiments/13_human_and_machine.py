"""Whether classifiers lose under a mask what people lose, and go wrong as they do.

Question
    Are the emotions that a mask hides from people those that it hides from classifiers, and are
    they taken for the same other emotions?
Prediction
    Open. People lose disgust most, which they take for anger (Carbon 2020,
    doi:10.3389/fpsyg.2020.566886).
Design
    Plain faces, a surgical mask, and a black block over the lower face, which Williams et al. 2023
    (doi:10.1038/s41598-023-35381-4) showed. Without --humans, the classifiers' losses stand beside
    those of every published study that comes with the package and gives hits of four emotions or
    more. With --humans FOLDER, which `maskface humans` wrote, confusions are compared too. The
    classifiers choose among the answers that the people had. Bootstrap over the people shown and
    over observers; exact tests over all ways to exchange the emotions' names.
Run time
    The embedded faces take about ten seconds with --jobs 2.
Outputs
    agreement.csv: correlations of losses, of confusions plain and masked, and of their change.
    agreement_cells.csv: what was correlated. human_machine_loss.png and, with --humans,
    confusion_change.png. Tables and report of the run.
Reading a null
    Six emotions are six points: a rank correlation below .83 or so is not significant, whatever is
    true. Other faces, other observers and another cover than here are compared, too. The
    embedded faces are no evidence about people.
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
    human_reader,
    published_readers,
)
from maskface.plots import plot_confusion_change, plot_human_machine_loss

COVERS: Final = ("surgical", "lower:colour=black")
EXTRA: Final = {
    "--humans": "folder that `maskface humans` wrote to (default: the published figures)",
    "--mask": "the human study's condition that is the mask, if its name does not say",
}


def build(options: Options) -> Experiment:
    """Plain faces, masks, and black blocks."""
    return options.experiment(occluders=COVERS)


def analyse(result: Run, options: Options) -> Answer:
    """Set the classifiers beside people."""
    folder = options.extra.get("humans")
    humans = published_readers()
    if folder:
        humans = [human_reader(Path(folder), options.extra.get("mask"))]
    agreement, cells = agreement_tables(result.trials, humans, COVERS, seed=options.seed)
    figures = {"human_machine_loss.png": plot_human_machine_loss(cells, COVERS[0])}
    if folder:
        name = humans[0].dataset
        figures["confusion_change.png"] = plot_confusion_change(cells, name, COVERS[0])
    return Answer(agreement_text(agreement), [(AGREEMENT, agreement), (CELLS, cells)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse, EXTRA)
