"""Write ``index.csv``: one row per picture."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from tools.make_faces.actions import EMOTIONS
from tools.make_faces.identities import SKIN, people
from tools.make_faces.masks import put_on

COLUMNS = (
    "path", "emotion", "intensity", "subject", "sex", "age", "skin_tone", "yaw", "accessories",
    "seed",
)  # fmt: skip
# What pictures of pairs have besides; see docs/worn.md.
PAIR_COLUMNS = ("pair", "wearing", "alpha")
# Limits of the classes of the individual typology angle (Del Bino & Bernerd 2013), degrees.
ITA_CLASSES = (
    (55, "very light"), (41, "light"), (28, "intermediate"), (10, "tan"), (-30, "brown"),
    (-90, "dark"),
)  # fmt: skip


def write(folder: Path) -> Path:
    """Write the index of a folder of pictures next to it; return its path.

    Pictures with masks, and the plain ones beside them, have pairs.
    """
    out = folder.parent / "index.csv"
    who = {person.subject: person for person in people()}
    paths = sorted(folder.glob("*.jpg"), key=_order)
    paired = any(wearing != "plain" for *_, wearing in map(_parts, paths))
    with out.open("w", newline="", encoding="utf-8") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow([*COLUMNS, *(PAIR_COLUMNS if paired else ())])
        for path in paths:
            subject, emotion, percent, yaw, kind = _parts(path)
            p = who[subject]
            row = [
                f"images/{path.name}", emotion, percent / 100, subject, p.sex, p.age,
                p.skin + 1, yaw, p.accessories, p.seed,
            ]  # fmt: skip
            if paired and kind == "plain":
                row += [path.stem, kind, ""]
            elif paired:
                colour = put_on(kind, p.seed).colour
                alpha = f"images/{path.stem}.alpha.png"
                row += [path.stem.removesuffix(f"_{kind}"), f"{kind}:colour={colour}", alpha]
            writer.writerow(row)
    return out


def _parts(path: Path) -> tuple[str, str, int, int, str]:
    """Split a file name into subject, emotion, percent, yaw and what is worn."""
    subject, emotion, percent, yaw, *worn = path.stem.split("_")
    return subject, emotion, int(percent), int(yaw[1:]), worn[0] if worn else "plain"


def _order(path: Path) -> tuple[str, int, int, int, str]:
    """Sort by person, frontal first, full before half, emotions in their usual order."""
    subject, emotion, percent, turn, worn = _parts(path)
    return subject, turn or -1000, -(percent or 100), EMOTIONS.index(emotion), worn


def _lab(linear: tuple[float, float, float]) -> tuple[float, float, float]:
    """Convert linear sRGB to CIELAB (D65)."""
    r, g, b = linear
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def skin_ladder() -> str:
    """Return the ladder of skin colours as a Markdown table."""
    lines = ["| skin_tone | albedo, sRGB | L* | ITA | class |", "|---|---|---|---|---|"]
    for step, linear in enumerate(SKIN, start=1):
        lightness, _, b = _lab(linear)
        angle = math.degrees(math.atan2(lightness - 50, b))
        name = next(name for limit, name in ITA_CLASSES if angle > limit)
        codes = [round(255 * (1.055 * c ** (1 / 2.4) - 0.055)) for c in linear]
        shade = "#" + "".join(f"{c:02x}" for c in codes)
        lines.append(f"| {step} | {shade} | {lightness:.0f} | {angle:.0f} | {name} |")
    return "\n".join(lines)
