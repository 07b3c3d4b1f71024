"""Measure the set: detection, recognisability, blendshapes, stability of one person."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from maskface.blendshapes import BLENDSHAPES
from maskface.images import read_image
from maskface.occluders import get_occluder
from tools.make_faces.actions import EMOTIONS
from tools.make_faces.identities import people
from tools.make_faces.measure import NETWORKS, Observer, flat_mask

# Blendshapes that each expression is meant to move.
MOVES = {
    "anger": ("browDownLeft", "mouthUpperUpLeft", "mouthLowerDownLeft"),
    "disgust": ("noseSneerLeft", "eyeSquintLeft", "browDownLeft", "mouthShrugUpper"),
    "fear": ("browInnerUp", "eyeWideLeft", "jawOpen", "mouthStretchLeft"),
    "happiness": ("mouthSmileLeft", "mouthSmileRight", "mouthUpperUpLeft"),
    "sadness": ("browInnerUp", "mouthFrownLeft", "eyeBlinkLeft"),
    "surprise": ("browInnerUp", "browOuterUpLeft", "eyeWideLeft", "jawOpen"),
}


@dataclass(frozen=True)
class Row:
    """What was measured on one picture."""

    subject: str
    emotion: str
    percent: int
    yaw: int
    faces: int
    faces_masked: dict[str, int]
    guess: dict[str, str]
    guess_masked: dict[str, str]
    blendshapes: dict[str, float]


def parse(path: Path) -> tuple[str, str, int, int]:
    """Split a file name into subject, emotion, percent and yaw."""
    subject, emotion, percent, yaw = path.stem.split("_")
    return subject, emotion, int(percent), int(yaw[1:])


def examine(observer: Observer, path: Path) -> Row:
    """Measure one picture."""
    subject, emotion, percent, yaw = parse(path)
    rgb = read_image(path)
    found = observer.find(rgb)
    if not found:
        return Row(subject, emotion, percent, yaw, 0, {}, {}, {}, {})
    face = found[0]
    masked = {
        "flat": flat_mask(rgb, face),
        "surgical": get_occluder("surgical").apply(rgb, face).image,
    }
    faces_masked = {name: len(observer.find(picture)) for name, picture in masked.items()}
    return Row(
        subject, emotion, percent, yaw, len(found), faces_masked, observer.guess(rgb, face),
        observer.guess(masked["flat"], face),
        dict(zip(BLENDSHAPES, map(float, face.blendshapes), strict=True)),
    )  # fmt: skip


def accuracy(rows: list[Row], network: str, masked: bool = False) -> dict[str, float]:
    """Return the share of right answers per emotion and overall (``all``)."""
    hits = defaultdict(list)
    for row in rows:
        guess = (row.guess_masked if masked else row.guess).get(network)
        hits[row.emotion].append(guess == row.emotion)
        hits["all"].append(guess == row.emotion)
    return {key: float(np.mean(values)) for key, values in hits.items()}


def _table(head: list[str], body: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in body])


def accuracy_table(rows: list[Row]) -> str:
    """Return the accuracies by intensity, flat mask and view as a Markdown table."""
    front = [row for row in rows if row.yaw == 0]
    full = [row for row in front if row.percent == 100 or row.emotion == "neutral"]
    half = [row for row in front if row.percent == 50]
    parts = [("full", full, False), ("half", half, False), ("full, flat mask", full, True)]
    parts += [
        (f"yaw {yaw:+d}", [row for row in rows if row.yaw == yaw], False)
        for yaw in sorted({row.yaw for row in rows} - {0})
    ]
    body = []
    for title, part, masked in parts:
        for network in NETWORKS:
            if part:
                acc = accuracy(part, network, masked)
                cells = [f"{acc[e]:.2f}" if e in acc else "" for e in ("all", *EMOTIONS)]
                count = len({row.subject for row in part})
                body.append([title, network, str(count), str(len(part)), *cells])
    return _table(["pictures", "network", "people", "n", "all", *EMOTIONS], body)


def blendshape_table(rows: list[Row]) -> str:
    """Return the mean blendshapes of neutral and of each full expression."""
    front = [row for row in rows if row.yaw == 0 and row.blendshapes]
    rest = [row for row in front if row.emotion == "neutral"]
    body = []
    for emotion, names in MOVES.items():
        full = [row for row in front if row.emotion == emotion and row.percent == 100]
        for name in names:
            before = np.array([row.blendshapes[name] for row in rest])
            after = np.array([row.blendshapes[name] for row in full])
            by = {row.subject: row.blendshapes[name] for row in rest}
            rises = np.mean([row.blendshapes[name] > by[row.subject] for row in full])
            body.append(
                [emotion, name, f"{before.mean():.3f}", f"{after.mean():.3f}", f"{rises:.2f}"]
            )
    return _table(["emotion", "blendshape", "neutral", "expression", "people rising"], body)


def detection_table(rows: list[Row]) -> str:
    """Return how many pictures have exactly one face."""
    body = []
    for title, part in (
        ("frontal", [r for r in rows if r.yaw == 0]), ("turned", [r for r in rows if r.yaw])
    ):  # fmt: skip
        if not part:
            continue
        counts = [f"{sum(r.faces == 1 for r in part)}/{len(part)}"]
        kinds = sorted({kind for r in part for kind in r.faces_masked})
        masked = [
            f"{kind} {sum(r.faces_masked.get(kind) == 1 for r in part)}/{len(part)}"
            for kind in kinds
        ]
        body.append([title, *counts, ", ".join(masked)])
    return _table(["pictures", "exactly one face, bare", "exactly one face, masked"], body)


def sameness(folder: Path) -> dict[str, float]:
    """Compare each full expression with the same person's neutral picture.

    Only what must not change is compared: the backdrop (top corners), the crown of
    the head and the shoulders (bottom corners).

    Returns
    -------
    Mean absolute difference in grey levels (0..255) per area, and the largest mean
    of any pair
    """
    areas: dict[str, list[float]] = defaultdict(list)
    for who in people():
        neutral = folder / f"{who.subject}_neutral_000_y+00.jpg"
        if not neutral.exists():
            continue
        base = cv2.cvtColor(read_image(neutral), cv2.COLOR_RGB2GRAY).astype(float)
        n = base.shape[0]
        boxes = {
            "backdrop": (slice(0, n // 6), slice(0, n // 6)),
            "crown": (slice(n // 8, n // 5), slice(2 * n // 5, 3 * n // 5)),
            "shoulder": (slice(15 * n // 16, n), slice(0, n // 4)),
        }
        for emotion in EMOTIONS[:-1]:
            other = folder / f"{who.subject}_{emotion}_100_y+00.jpg"
            picture = cv2.cvtColor(read_image(other), cv2.COLOR_RGB2GRAY).astype(float)
            for name, box in boxes.items():
                areas[name].append(float(np.abs(picture[box] - base[box]).mean()))
    result = {f"{name} mean": float(np.mean(v)) for name, v in areas.items()}
    return result | {f"{name} worst": float(np.max(v)) for name, v in areas.items()}


def compare(first: Path, second: Path) -> tuple[int, int, float]:
    """Compare equally named pictures of two builds: pairs, max and mean abs difference."""
    worst, means = 0, []
    for path in sorted(second.glob("*.jpg")):
        other = first / path.name
        if other.exists():
            gap = np.abs(read_image(path).astype(int) - read_image(other).astype(int))
            worst = max(worst, int(gap.max()))
            means.append(float(gap.mean()))
    return len(means), worst, float(np.mean(means)) if means else 0.0


def report(folder: Path) -> str:
    """Measure a folder of pictures; return the tables as Markdown."""
    observer = Observer()
    rows = [examine(observer, path) for path in sorted(folder.glob("*.jpg"))]
    size = sum(path.stat().st_size for path in folder.glob("*.jpg")) / 1e6
    same = _table(["area", "grey levels"], [[k, f"{v:.2f}"] for k, v in sameness(folder).items()])
    parts = [
        f"{len(rows)} pictures, {size:.2f} MB.",
        "Faces that MediaPipe finds:", detection_table(rows),
        "Share of right answers (one column per posed expression):", accuracy_table(rows),
        "MediaPipe blendshapes, frontal, full intensity:", blendshape_table(rows),
        "Mean absolute difference from the same person's neutral picture where nothing may"
        " change:", same,
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def write_card(card: Path, measured: str) -> None:
    """Replace the measured part of the card, between its two marker comments."""
    text = card.read_text(encoding="utf-8")
    head, rest = text.split("<!-- measured -->")
    tail = rest.split("<!-- end -->")[1]
    card.write_text(f"{head}<!-- measured -->\n{measured}\n<!-- end -->{tail}", encoding="utf-8")
