"""Loss of emotion recognition under face masks.

Question
    How much accuracy do emotion classifiers lose when a face mask hides the lower face?
Prediction
    People lose accuracy overall (Carbon 2020, doi:10.3389/fpsyg.2020.566886; Grundmann et al.
    2021, doi:10.1371/journal.pone.0249792), most of all for disgust, which they take for anger
    (Carbon 2020; Rinck et al. 2022, doi:10.1186/s41235-022-00430-5); they take sad and happy faces
    for neutral (Carbon 2020). Open for networks.
Design
    Two pretrained networks classify each face plain and under `masks`, a mask of its own drawn from
    the kinds, colours and placements that people wear, so that the interval holds for other people
    and other masks. Beside it stand one surgical mask, one FFP2 mask, and `fill`, a flat grey over
    what the surgical mask hides. Losses are paired by picture; intervals are from a bootstrap over
    subjects.
Run time
    The embedded faces take about 20 seconds; 1,000 pictures of 256 px about a minute a core.
Outputs
    trials.csv, summary.csv, manifest.json, loss_by_emotion_CONDITION.png and report.html in --out.
Reading a null
    An interval of the loss that includes 0 does not show that nothing is lost: see how wide it is,
    and whether accuracy on plain faces is above chance (1/7) at all. The embedded faces are
    synthetic: they show that the script works, and are no evidence about people.
"""

from __future__ import annotations

from maskface import Experiment
from maskface.experiment_cli import Options, main


def build(options: Options) -> Experiment:
    """Compare plain faces with masks."""
    return options.experiment(
        occluders=("masks", "surgical", "ffp2", "fill"), classifiers=("faceapi", "fer")
    )


if __name__ == "__main__":
    main(build, __doc__)
