"""Lost information or an unfamiliar picture: what a loss under a mask is made of.

Question
    How much of a classifier's loss is that the mask hides what it needs, and how much only that it
    never learnt masked faces?
Prediction
    Both parts above 0: networks that learnt whole faces read covered ones very badly, and learning
    covered ones helps much (Georgescu, Duta & Ionescu, Teacher-student training and triplet loss
    to reduce the effect of drastic face occlusion, abstract); yet of masked faces of FER2013 a
    network reads 46 % right, one that learnt from a teacher of whole faces 61, and plain ones are
    read in 69 (Hdioud & El Haj Tirari 2023, doi:10.11591/ijai.v12.i2.pp921-930, abstract).
    Learning masks costs plain faces something (arXiv:2304.03867).
Design
    Four kinds of measurements (blendshapes and landmarks of the face tracker, gradients of the
    picture, a pretrained network's last layer) with one linear model, which learns from plain,
    from surgically masked or from both pictures of other people, and reads both. Information:
    plain after learning plain, minus masked after learning masked. Shift: masked after learning
    masked, minus masked after learning plain. The control learns shuffled labels, a fold a person.
Run time
    The embedded faces take about a minute with --jobs 2.
Outputs
    transfer.csv: right answers in each cell, loss, information, shift, the shift's share of the
    loss, what learning both brings and costs. transfer.png, split.png. Tables and report of the
    run.
Reading a null
    Needs to know who is shown. A small information says that this model could relearn the rest, a
    large one not that no reader could; a shift below 0, that plain faces teach more even about
    masked ones. A control clearly above its chance means that people leak between folds. Intervals
    take the fitted models as given (docstring of `transfer_table`). The embedded faces show that
    the script works; they are no evidence about people.
"""

from __future__ import annotations

from typing import Final

from maskface import Experiment
from maskface.analyses import TRANSFER, Answer, trained_family, transfer_table, transfer_text
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_split, plot_transfer

READERS: Final = {
    "blendshapes": "blendshapes",
    "landmarks": "landmarks",
    "hog": "hog",
    "embedding": "embedding:network=faceapi",
}
CONTROL_FOLDS: Final = 100
"""At least as many as people in most sets."""


def families() -> dict[str, dict[str, str]]:
    """Classifiers by what is measured and by what they learn from."""
    return {
        name: trained_family(spec, control_folds=CONTROL_FOLDS) for name, spec in READERS.items()
    }


def build(options: Options) -> Experiment:
    """Plain faces against a surgical mask, read by models of other people."""
    names = tuple(name for family in families().values() for name in family.values())
    return options.experiment(classifiers=names)


def analyse(result: Run, options: Options) -> Answer:
    """Split the loss."""
    table = transfer_table(result.trials, families(), seed=options.seed)
    figures = {"transfer.png": plot_transfer(table), "split.png": plot_split(table)}
    return Answer(transfer_text(table), [(TRANSFER, table)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
