"""Lost information or unfamiliar picture: the two parts of a loss under a mask.

Question
    How much of a classifier's loss arises because the mask hides information, and how much only
    because the classifier was never trained on masked faces?
Prediction
    Both parts are above 0: networks trained on whole faces classify occluded ones very badly, and
    training on occluded ones helps much (Georgescu, Duta & Ionescu, Teacher-student training and
    triplet loss to reduce the effect of drastic face occlusion, abstract); yet on masked faces of
    FER2013 a network is right in 46 %, one trained by a teacher of whole faces in 61 %, and on
    plain ones in 69 % (Hdioud & El Haj Tirari 2023, doi:10.11591/ijai.v12.i2.pp921-930, abstract).
    Training on masks costs some accuracy on plain faces (arXiv:2304.03867).
Design
    Four kinds of features (fusion: both pretrained networks' last layers with blendshapes and
    landmarks of the face tracker; the two of the tracker alone; gradients of the picture) with one
    linear model, which is fitted to plain, surgically masked or both pictures of other people, and
    predicts both. Information: plain after training on plain, minus masked after training on
    masked. Shift: masked after training on masked, minus masked after training on plain. The
    control is fitted to shuffled labels, one fold per person.
Run time
    The embedded faces take about a minute with --jobs 2.
Outputs
    transfer.csv: accuracy in each cell, loss, information, shift, the shift's share of the loss,
    and what training on both restores and costs. transfer.png, split.png. Tables and report of the
    run.
Reading a null
    Subjects must be known. A small information part shows that this model could relearn the rest,
    a large one does not show that no classifier could; a shift below 0 means that plain faces are
    better training data even for masked ones. A control clearly above chance means that people leak
    between folds. Intervals take the fitted models as given (docstring of `transfer_table`). The
    embedded faces show that the script works; they are no evidence about people.
"""

from __future__ import annotations

from typing import Final

from maskface import Experiment
from maskface.analyses import TRANSFER, Answer, trained_family, transfer_table, transfer_text
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_split, plot_transfer

FEATURES: Final = {name: name for name in ("fusion", "blendshapes", "landmarks", "hog")}
CONTROL_FOLDS: Final = 100
"""At least the number of people in most sets."""


def families() -> dict[str, dict[str, str]]:
    """Return classifiers by feature and by training pictures."""
    return {
        name: trained_family(spec, control_folds=CONTROL_FOLDS) for name, spec in FEATURES.items()
    }


def build(options: Options) -> Experiment:
    """Compare plain faces with a surgical mask, predicted by models of other people."""
    names = tuple(name for family in families().values() for name in family.values())
    return options.experiment(occluders="surgical", classifiers=names)


def analyse(result: Run, options: Options) -> Answer:
    """Split the loss into information and shift."""
    table = transfer_table(result.trials, families(), seed=options.seed)
    figures = {"transfer.png": plot_transfer(table), "split.png": plot_split(table)}
    return Answer(transfer_text(table), [(TRANSFER, table)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
