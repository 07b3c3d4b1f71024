"""Draw the picture at the top of the README from a finished run.

Above, synthetic faces that ship with maskface, plain and under a surgical mask, to show what was
done to the photographs of the run; below, what it did to the classifiers' answers.

    python -m tools.answer_picture RUN docs/images/answer.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from maskface.datasets.example import example_dataset
from maskface.experiment import load_run
from maskface.images import read_image
from maskface.landmarks import MediaPipeDetector
from maskface.occluders import get_occluder
from maskface.plots import plot_accuracy
from maskface.types import ImageArray

SHOWN = (("happiness", "S01"), ("disgust", "S05"), ("sadness", "S09"), ("anger", "S16"))
OCCLUDER = "surgical"
SIZE = (9.0, 6.0)
"""Inches."""


def face_pairs() -> list[tuple[str, ImageArray, ImageArray]]:
    """Emotion, plain picture, masked picture."""
    by_name = {(s.label, s.subject_id): s for s in example_dataset().samples}
    pairs = []
    with MediaPipeDetector() as detector:
        for shown in SHOWN:
            plain = read_image(by_name[shown].path)
            face = detector.detect(plain)[0]
            pairs.append((shown[0], plain, get_occluder(OCCLUDER).apply(plain, face).image))
    return pairs


def draw(run: Path, target: Path) -> None:
    """Draw it from the summary of a run."""
    summary = load_run(run).summary
    readers = sorted(summary["classifier"].unique())
    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subfigures(2, 1, height_ratios=(1, 2.9))
    pairs = face_pairs()
    panels = above.subplots(1, 2 * len(pairs))
    for i, (emotion, *pictures) in enumerate(pairs):
        for ax, image, title in zip(panels[2 * i :], pictures, (emotion, ""), strict=False):
            ax.imshow(image)
            ax.set_title(title, fontsize="medium", loc="left")
            ax.set_axis_off()
    for ax, reader in zip(below.subplots(1, len(readers)), readers, strict=True):
        plot_accuracy(summary, reader, OCCLUDER, ax=ax)
        notes = ax.get_xlabel().splitlines()
        ax.set_xlabel("")
        ax.set_title(reader, loc="left", fontweight="bold")
    below.supxlabel(f"{notes[0]}. {notes[2]}; {notes[3]}", fontsize="small")
    figure.savefig(target, dpi=150)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
