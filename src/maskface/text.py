"""Results as plain text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from maskface.types import EMOTIONS

if TYPE_CHECKING:
    import pandas as pd

_HEADER = ("classifier", "condition", "emotion", "n", "plain", "occluded", "loss", "95 % CI", "p")


def loss_text(summary: pd.DataFrame, guards: pd.DataFrame | None = None) -> str:
    """Format the loss of accuracy as a table, in per cent and percentage points.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.
    guards
        In the schema of `maskface.tables.GUARDS`; not shown if None.

    Returns
    -------
    str
        One line per classifier, condition and emotion, a footnote on the intervals, and the
        cautions of `guards`.
    """
    from maskface.stats import loss_table

    warnings = "" if guards is None or guards.empty else "\n" + guards_text(guards)
    rows = loss_table(summary)
    if rows.empty:
        return "Only plain faces were read: there is no loss to show." + warnings
    lines = [_HEADER]
    for row in rows.to_dict("records"):
        interval = f"[{points(row['ci_low'])}, {points(row['ci_high'])}]"
        shares = (percent(row["clean"]), percent(row["occluded"]), points(row["loss"]))
        names = (str(row["classifier"]), str(row["condition"]), str(row["emotion"]), str(row["n"]))
        lines.append((*names, *shares, interval, p_text(row["p_adjusted"])))
    notes = "\n".join(filter(None, [footnote(summary), masks_text(summary)]))
    return align(lines) + "\n" + notes + warnings


def footnote(summary: pd.DataFrame) -> str:
    """Describe the intervals and p values of a summary."""
    first = summary[summary["metric"] == "accuracy"].iloc[0]
    if first["clustered_by"] == "image":
        units = "bootstrap, images treated as independent (the set names no subjects)"
    else:
        units = f"bootstrap over {first['n_clusters']} {first['clustered_by']}s"
    return (
        f"plain, occluded: % right; loss: percentage points; intervals: {units};\n"
        f"p: {_tests(summary)}, Holm-adjusted over all tests of the same measure."
    )


def masks_text(summary: pd.DataFrame) -> str:
    """Describe, a line each, over which masks the intervals of a summary hold; see `scope_text`."""
    from maskface.stats import scope_text

    conditions = list(dict.fromkeys(summary["condition"]))
    return scope_text(conditions, str(summary["clustered_by"].iloc[0]))


def _tests(summary: pd.DataFrame) -> str:
    units = {"exact McNemar": " over images"}
    names = sorted(set(summary["test"]) - {""})
    return ", ".join(name + units.get(name, "") for name in names) or "no test"


def guards_text(guards: pd.DataFrame, most: int = 5) -> str:
    """Format the first `most` guards as sentences, one line each, alike ones together.

    The others are counted; empty if there are none.
    """
    sentences = guard_sentences(guards)
    lines = [f"Caution: {sentence}" for sentence in sentences[:most]]
    if len(sentences) > most:
        lines.append(f"Caution: {len(sentences) - most} more in guards.csv.")
    return "\n".join(lines)


def guard_sentences(guards: pd.DataFrame) -> list[str]:
    """Return the details of guards with their classifiers, alike ones together.

    The gravest come first, in the order of `maskface.tables.GUARD_NAMES`.
    """
    from maskface.tables import GUARD_NAMES

    gravest = guards.sort_values(
        "guard", key=lambda names: names.map(GUARD_NAMES.index), kind="stable"
    )
    by_detail = gravest.groupby("detail", sort=False)["classifier"].agg(list)
    return [
        str(detail) if "all" in names else f"{', '.join(dict.fromkeys(names))}: {detail}"
        for detail, names in by_detail.items()
    ]


def readings_text(readings: pd.DataFrame) -> str:
    """Format rows of `READINGS` as a table of the answer and the second most probable one."""
    lines: list[tuple[str, ...]] = [("image", "face", "classifier", "answer", "%", "next", "%")]
    no_face = readings["face"].isna()
    for row, missing in zip(readings.to_dict("records"), no_face, strict=True):
        face = "-" if missing else str(row["face"])
        name = (str(row["image"]), face, str(row["classifier"]))
        shares = {emotion: float(row[f"p_{emotion}"]) for emotion in EMOTIONS}
        if row["status"] != "ok":
            lines.append((*name, str(row["status"]), "", "", ""))
            continue
        answer = str(row["predicted"])
        other = max((e for e in EMOTIONS if e != answer), key=lambda e: shares[e])
        lines.append((*name, answer, percent(shares[answer]), other, percent(shares[other])))
    failed = readings[readings["message"] != ""]
    notes = dict.fromkeys(zip(failed["image"], failed["message"], strict=True))
    return "\n".join([align(lines), *(f"{image}: {message}" for image, message in notes)])


def explanations_text(classifier: str, explained: Iterable[tuple[str, int, Any]]) -> str:
    """Format explanations of answers, given as picture, number of the face and explanation."""
    return "\n".join(
        f"\n{image}, face {number}, {classifier} answers {why.text}"
        for image, number, why in explained
    )


def poses_text(poses: Iterable[Mapping[str, Any]]) -> list[str]:
    """Format size and pose of faces, a line each; keys as in `maskface.tables.READINGS`."""
    return [
        f"face {pose['face']}: {pose['face_px']:.0f} px, yaw {pose['yaw_deg']:+.1f}, "
        f"pitch {pose['pitch_deg']:+.1f}, roll {pose['roll_deg']:+.1f} degrees"
        for pose in poses
    ]


def align(lines: Iterable[Sequence[str]]) -> str:
    """Align rows of cells in columns; columns of numbers are right-aligned."""
    table = [list(line) for line in lines]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    left = [
        not any(c.isdigit() for row in table[1:] for c in row[i][-1:]) for i in range(len(widths))
    ]
    out = []
    for row in table:
        cells = (
            cell.ljust(width) if to_left else cell.rjust(width)
            for cell, width, to_left in zip(row, widths, left, strict=True)
        )
        out.append("  ".join(cells).rstrip())
    return "\n".join(out)


def glossary(entries: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Format names with one or more lines about each beside them."""
    known = list(entries)
    width = max(len(name) for name, _ in known)
    return "\n".join(
        f"{name if not number else '':{width}}  {line}"
        for name, lines in known
        for number, line in enumerate(lines)
    )


def percent(share: float) -> str:
    """Format a share in per cent; - if it is missing."""
    return "-" if math.isnan(share) else f"{100 * share:.1f}"


def points(share: float) -> str:
    """Format a difference of shares in signed percentage points; - if it is missing."""
    return "-" if math.isnan(share) else f"{100 * share:+.1f}"


def p_text(value: float) -> str:
    """Format a p value with three digits; - if it is missing."""
    if math.isnan(value):
        return "-"
    return "<.001" if value < 0.001 else f"{value:.3f}".removeprefix("0")
