"""The smile as a mask: whether a mask over a smile reveals the sadness that the smile hid.

Question
    Sad eyes over a smiling mouth: is the sadness recognised, and does a mask that hides the smile
    reveal it? The smile is the most used mask of negative emotions (Ekman, Telling Lies).
Prediction
    Plain, the smile wins: it dominates composites, sad eyes need attention (VSS 2016, Journal of
    Vision abstract 2551350), and it makes other eyes look happy (doi:10.1080/17470218.2012.732586).
    Masked, the composite is recognised like the whole sad face. No study of masked composites was
    found.
Design
    From two photographs of each person: the whole sad and the whole happy face, sad eyes over a
    happy mouth, the same halves misaligned (Calder et al. 2000, doi:10.1037/0096-1523.26.2.527),
    happy eyes over a sad mouth. All plain and masked. Comparing sad with happy eyes under a mask
    separates recognised sadness from a readiness to call any masked face sad. Two pretrained
    networks.
Run time
    The embedded faces take two minutes with --jobs 2.
Outputs
    stimuli/: the pictures, their index, and pairs that could not be joined. concealed.csv: shares
    of three answers plain and masked, changes, and differences from the whole faces.
    answers_CLASSIFIER.png. Tables and report of the run; its labels are the upper half's emotion.
Reading a null
    If masked composites are called sad no more often than plain ones, look at the whole sad face:
    sadness that is not recognised there cannot be revealed. Composites are two poses, not a felt
    sadness hidden by a smile. The embedded faces show that the script works; they are no evidence
    about people.
"""

from __future__ import annotations

from typing import Final

from maskface import Experiment
from maskface.analyses import CONCEALED, Answer, concealed_table, concealed_text
from maskface.datasets import load_dataset
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_concealed
from maskface.stimuli import make_composites

HIDDEN: Final = "sadness"
WORN: Final = "happiness"
PAIRS: Final = 2
"""Pairs of photographs per person; sets with single photographs give one."""


def build(options: Options) -> Experiment:
    """Compare composite and whole faces, plain and masked."""
    photographs = load_dataset(options.data)
    folder = options.out / "stimuli" / photographs.name
    make_composites(
        photographs, folder, upper=HIDDEN, lower=WORN, pairs=PAIRS, limit=options.limit,
        seed=options.seed,
    )  # fmt: skip
    return options.experiment(data=str(folder), occluders="surgical", limit=None)


def analyse(result: Run, options: Options) -> Answer:
    """Count the answers to each kind of face."""
    table = concealed_table(result.trials, result.attributes, seed=options.seed)
    figures = {
        f"answers_{name}.png": plot_concealed(table, name)
        for name in sorted(table["classifier"].unique())
    }
    return Answer(concealed_text(table, HIDDEN, WORN), [(CONCEALED, table)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
