"""Contact sheets: people in rows, expressions in columns."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tools.make_faces.actions import EMOTIONS


def contact_sheet(
    folder: Path, subjects: list[str], out: Path, percent: int = 100, yaw: int = 0, size: int = 192
) -> None:
    """Tile pictures of the given people.

    Parameters
    ----------
    folder
        Where the pictures are.
    subjects
        One row each, in this order; empty for everyone.
    out
        File to write.
    percent, yaw
        Which intensity and view to show.
    size
        Side of a tile in pixels.
    """  # fmt: skip
    everyone = sorted({path.name.split("_")[0] for path in folder.glob("*.jpg")})
    rows = subjects or everyone
    sheet = Image.new("RGB", (size * len(EMOTIONS), size * len(rows)), "white")
    for r, subject in enumerate(rows):
        for c, emotion in enumerate(EMOTIONS):
            level = 0 if emotion == "neutral" else percent
            path = folder / f"{subject}_{emotion}_{level:03d}_y{yaw:+03d}.jpg"
            if path.exists():
                with Image.open(path) as picture:
                    tile = picture.resize((size, size), Image.Resampling.LANCZOS)
                sheet.paste(tile, (c * size, r * size))
    sheet.save(out)
