"""Draw the pictures of the README and the docs, docs/images.

The faces are averages of four adults each: DeBruine (2016), Young adult composite faces,
doi:10.6084/m9.figshare.4055130.v1, CC BY 4.0. FACES is a folder with them. RUN is the folder of a
finished run of both shipped networks, PEOPLE that of experiments/13 with --humans.

    python -m tools.doc_pictures before-after FACES
    python -m tools.doc_pictures occluders FACES
    python -m tools.doc_pictures run RUN
    python -m tools.doc_pictures people PEOPLE
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from maskface.findings import CELLS
from maskface.gallery import draw_gallery
from maskface.images import read_image
from maskface.landmarks import MediaPipeDetector
from maskface.occluders import get_occluder
from maskface.plots import plot_accuracy, plot_human_machine_loss, plot_loss_by_emotion
from maskface.tables import SUMMARY

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FACES = ("m_african", "f_easian", "f_wasian", "m_white")
"""At most six composites are shown in all."""
MASKS, OCCLUDER = "masks", "surgical"
FIRST_SEED = 1
HEAD = (0.22, 0.08, 0.78, 0.80)
"""Part of a composite that is shown: left, top, right, bottom as shares of its sides."""
CELL = (200, 257)
"""Width and height of a face in pixels."""
GAP = 8
DPI = 120
"""Figures are 6 inches wide, so that their letters can still be read on a phone."""
GALLERY = (
    "none", "surgical", "cloth:pattern=check", "ffp2",
    "window_mask", "scarf", "sunglasses", "surgical:wearing=nose_out",
)  # fmt: skip


def before_after(folder: Path) -> None:
    """Four faces, and below them the same faces in a mask each, as `masks` draws them."""
    width, height = CELL
    size = (len(FACES) * (width + GAP) - GAP, 2 * height + GAP)
    sheet = Image.new("RGB", size, "white")
    with MediaPipeDetector() as detector:
        for column, name in enumerate(FACES):
            plain = read_image(folder / f"{name}.jpg")
            found = detector.detect(plain)[0]
            masked = get_occluder(MASKS).apply(plain, found, seed=column + FIRST_SEED).image
            for row, image in enumerate((plain, masked)):
                picture = Image.fromarray(image)
                w, h = picture.size
                box = (HEAD[0] * w, HEAD[1] * h, HEAD[2] * w, HEAD[3] * h)
                cell = picture.resize(CELL, Image.Resampling.LANCZOS, box=box)
                sheet.paste(cell, (column * (width + GAP), row * (height + GAP)))
    sheet.save(IMAGES / "before_after.jpg", quality=88)


def occluders(folder: Path) -> None:
    """Two faces under some of the occluders."""
    faces = [("", read_image(folder / f"{name}.jpg")) for name in FACES[1::2]]
    sheet = draw_gallery(faces, GALLERY, size=190, columns=4)
    Image.fromarray(sheet).save(IMAGES / "occluders.jpg", quality=88)


def run(folder: Path) -> None:
    """Right answers of both shipped networks, and the loss of accuracy by emotion."""
    summary = SUMMARY.read(folder / "summary.csv")
    names = ["faceapi", "fer"]
    figure = _figure(6, 6.6)
    for ax, name in zip(figure.subplots(len(names), 1), names, strict=True):
        plot_accuracy(summary, name, MASKS, ax=ax)
        notes = ax.get_xlabel().splitlines()
        ax.set_xlabel("")
        ax.set_title(name, loc="left", fontweight="bold")
    figure.supxlabel("\n".join([notes[0], *notes[2:]]), fontsize="small")
    figure.savefig(IMAGES / "accuracy.png", dpi=DPI)
    figure = _figure(6, 3.6)
    plot_loss_by_emotion(summary, MASKS, ax=figure.subplots())
    figure.savefig(IMAGES / "loss.png", dpi=DPI)


def people(folder: Path) -> None:
    """Losses of human observers beside those of the classifiers."""
    cells = CELLS.read(folder / "agreement_cells.csv")
    figure = plot_human_machine_loss(cells, OCCLUDER).figure
    figure.savefig(IMAGES / "people.png", dpi=DPI, bbox_inches="tight")


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


PICTURES: dict[str, Callable[[Path], None]] = {
    "before-after": before_after,
    "occluders": occluders,
    "run": run,
    "people": people,
}

if __name__ == "__main__":
    try:
        which, source = sys.argv[1:]
        draw = PICTURES[which]
    except (ValueError, KeyError):
        sys.exit(__doc__)
    draw(Path(source))
