"""The look that all figures share: empty figures, rows with intervals, panels, and saving.

Figures are made without pyplot: no window system is touched and nothing has to be closed. In a
notebook, an Axes or its figure at the end of a cell is shown all the same.
"""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""Colours that colour-blind readers can tell apart (Okabe & Ito 2008, Color Universal Design)."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P")
"""One for each colour, so that series can be told apart in grey too."""
_SPREAD: Final = 0.5  # share of a row's height that the series of one row take up
WIDTH: Final = 6.5
_LETTERS: Final = 72
"""Letters that stand beside each other in the width of a figure."""
_BESIDE_NAME: Final = 5  # as many letters are as wide as a marker and the gap between two columns
_FOLDED: Final = 28  # letters of a name that stand on one line beside the rows of a figure
_NAME: Final = 40  # letters of a data set's name in a figure at most
ROW: Final = 0.4
_LINE: Final = 0.15
"""Height in inches of a row, and of each further line of its name."""
_BESIDE_ROWS: Final = 1.3  # height in inches of what is above and below the rows


def colour_and_marker(number: int) -> tuple[str, str]:
    """Return the colour and the marker of a series."""
    return COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]


def new_figure(
    rows: int,
    columns: int,
    size: tuple[float, float],
    layout: Literal["constrained"] | None = "constrained",
    **options: Any,
) -> NDArray[np.object_]:
    """Make a figure of a width and height in inches; return its panels, (rows, columns) of Axes.

    Without a layout its margins have to be set. `options` are those of
    `matplotlib.figure.Figure.subplots`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout=layout)
    FigureCanvasAgg(figure)
    panels = np.asarray(figure.subplots(rows, columns, squeeze=False, **options))
    for shown in (figure, *panels.flat):
        shown._repr_png_ = partial(_png, panels[0, 0])  # what notebooks look for
    return panels


def _png(ax: Axes) -> bytes:
    stream = io.BytesIO()
    save_figure(ax, stream, "png", dpi=_CELL_DPI)
    return stream.getvalue()


def new_axes(height: float = 4.2, layout: Literal["constrained"] | None = "constrained") -> Axes:
    """Make a figure of one panel, of a height in inches."""
    ax: Axes = new_figure(1, 1, (WIDTH, height), layout)[0, 0]
    return ax


def new_panels(
    rows: int, columns: int, size: tuple[float, float], **options: Any
) -> NDArray[np.object_]:
    """Make a figure of panels of a width and height in inches, and of the room around them."""
    whole = (columns * size[0] + 0.8, rows * size[1] + 0.8)
    return new_figure(rows, columns, whole, **options)


def rows_axes(n: int, lines: int = 1) -> Axes:
    """Make a figure that is high enough for n rows with names of so many lines."""
    return new_axes(_BESIDE_ROWS + (ROW + _LINE * (lines - 1)) * n)


_DPI: Final = 200
_CELL_DPI: Final = 100
"""Dots per inch of files, and of figures in a notebook."""
_METADATA: Final[dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""Without the time, the same figure is the same file."""


def save_figure(ax: Axes, target: Path | IO[bytes], form: str = "", *, dpi: int = _DPI) -> None:
    """Write the figure of an Axes.

    Parameters
    ----------
    ax
        Any of the figure.
    target
        A file, whose suffix chooses the format, or a stream.
    form
        Format: png, svg or pdf; if empty, that of the file's suffix, and PNG for a stream. Text in
        an SVG remains text, so that it can be searched and edited.
    dpi
        Dots per inch of a PNG.
    """
    import matplotlib as mpl
    from matplotlib.text import Text

    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("Expected an Axes that belongs to a figure.")
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_parse_math(False)  # names of users' files may hold dollar signs
    form = form or (target.suffix.lstrip(".") if isinstance(target, Path) else "png")
    with (
        mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "maskface"}),
        warnings.catch_warnings(),
    ):
        # Names in scripts that the font lacks are shown as boxes; they stand in the tables.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(
            target,
            format=form,
            dpi=dpi,
            # Where margins are set by hand, nothing stands outside.
            bbox_inches="tight" if figure.get_layout_engine() else None,
            metadata=_METADATA.get(form),
        )


def draw_rows(
    ax: Axes,
    rows: Sequence[str],
    series: Mapping[str, pd.DataFrame],
    *,
    zero: bool = True,
    middle: float = 0.0,
    spread: float = _SPREAD,
) -> None:
    """Draw points with intervals, one row for each name, one colour and marker a series.

    `rows` are names from top to bottom, of which ``all`` is set apart; `series` have columns low,
    point and high in per cent, by name. 0 is marked if `zero`. `middle` and `spread` are how far
    above the middle of its row, and over what share of its height, a row's series lie.
    """
    places = pd.Series(np.arange(len(rows))[::-1], index=list(rows))
    offsets = np.linspace(spread / 2, -spread / 2, len(series)) if len(series) > 1 else np.zeros(1)
    for number, ((name, table), offset) in enumerate(zip(series.items(), offsets, strict=True)):
        _draw_series(ax, table.reindex(list(rows)), places + middle + offset, name, number)
    if zero:
        ax.axvline(0, color="0.4", linewidth=0.8, zorder=1)
    set_rows(ax, places.to_dict())
    if "all" in rows:
        _set_apart(ax, places)
    dress(ax, "x")
    ax.spines["left"].set_visible(False)


def plot_rows(
    rows: Sequence[str],
    series: Mapping[str, pd.DataFrame],
    label: str,
    ax: Axes | None = None,
    *,
    lines: int = 1,
    zero: bool = True,
) -> Axes:
    """Draw rows as `draw_rows` does, with a label below, in a new figure if `ax` is None.

    `lines` is the number of lines of a row's name.
    """
    ax = rows_axes(len(rows), lines) if ax is None else ax
    draw_rows(ax, rows, series, zero=zero)
    ax.set_xlabel(label)
    return ax


def draw_line(ax: Axes, height: float) -> None:
    """Draw a line between two rows."""
    ax.axhline(height, color="0.8", linewidth=0.8)


def separate(ax: Axes, groups: Sequence[object]) -> None:
    """Draw a line wherever the group of a row, from top to bottom, is not that of the row above."""
    for place, (above, below) in enumerate(pairwise(groups), start=1):
        if above != below:
            draw_line(ax, len(groups) - place - 0.5)


def write_beside(ax: Axes, height: float, text: str) -> None:
    """Write a remark on the right of a row."""
    ax.annotate(
        text, (1.01, height), xycoords=("axes fraction", "data"), va="center", color="0.35",
        fontsize="small",
    )  # fmt: skip


def set_rows(ax: Axes, places: Mapping[Any, float], *, apart: bool = False) -> None:
    """Name the rows at their places; `apart` sets the first one apart."""
    heights = list(places.values())
    ax.set_yticks(heights, list(places))
    ax.set_ylim(-0.6, len(heights) - 0.4)
    ax.tick_params(axis="y", length=0)
    if apart:
        ax.get_yticklabels()[0].set_fontweight("bold")
        draw_line(ax, heights[0] - 0.5)


def _draw_series(
    ax: Axes, points: pd.DataFrame, heights: pd.Series, name: str, number: int
) -> None:
    colour, marker = colour_and_marker(number)
    # The second six are hollow, so that no two of twelve look the same.
    face = "white" if number // len(COLOURS) % 2 else colour
    y = heights.to_numpy()
    ax.hlines(y, points["low"], points["high"], color=colour, linewidth=1.5)
    ax.plot(
        points["point"], y, marker, color=colour, markerfacecolor=face, label=name, markersize=6
    )


def _set_apart(ax: Axes, places: pd.Series) -> None:
    ax.get_yticklabels()[list(places.index).index("all")].set_fontweight("bold")
    if len(places) > 1:
        draw_line(ax, places["all"] - 0.5)


def dress(ax: Axes, grid: str) -> None:
    """Draw grid, frame and legend."""
    ax.grid(axis="x" if grid == "x" else "both", color="0.9")
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    # Above the axes: inside, it would lie on some series or other.
    ax.legend(
        frameon=False, loc="lower right", bbox_to_anchor=(1, 1),
        ncols=legend_columns(ax.get_legend_handles_labels()[1]), handletextpad=0.4,
        columnspacing=1.2,
    )  # fmt: skip


def legend_columns(names: Sequence[str]) -> int:
    """Count the columns of a legend of these names that stand beside each other in a figure."""
    longest = max(map(len, names), default=1)
    return max(1, min(len(COLOURS), _LETTERS // (longest + _BESIDE_NAME)))


def in_percent(table: pd.DataFrame, point: str, name: str, interval: str = "ci") -> pd.DataFrame:
    """Return point and interval of a table as low, point, high in per cent, indexed by a column."""
    limits = [f"{interval}_low", point, f"{interval}_high"]
    wanted = table.set_index(name)[limits].astype(float) * 100
    return wanted.set_axis(["low", "point", "high"], axis=1)


def series_in_percent(
    table: pd.DataFrame, by: str, point: str, name: str, *, sort: bool = True
) -> dict[str, pd.DataFrame]:
    """Split a table by the values of a column, sorted or as met, each part as `in_percent`."""
    parts = table.groupby(by, sort=sort)
    return {str(value): in_percent(part, point, name) for value, part in parts}


def labels_in(column: pd.Series) -> list[str]:
    """Return ``all`` and the emotions, as far as a column has them, in their order."""
    there = set(column)
    return [label for label in ("all", *EMOTIONS) if label in there]


def measure_name(label: str, overall: str = "Accuracy") -> str:
    """Name the share of right answers over all emotions, or to one of them."""
    return overall if label == "all" else f"Right answers to {label}"


def largest_first(table: pd.DataFrame, name: str, value: str) -> list[str]:
    """Return names in the order of their mean values, the largest first."""
    return list(table.groupby(name)[value].mean().sort_values(ascending=False).index)


def choose(table: pd.DataFrame, **values: str | None) -> pd.DataFrame:
    """Return the rows with a value in each of some columns; None if there is only one value.

    Raises MaskfaceError if there is no such value, or the choice is not clear.
    """
    for column, value in values.items():
        there = sorted(map(str, table[column].unique()))
        if value is None and len(there) == 1:
            continue
        if value not in there:
            got = "none was named" if value is None else f"{value!r} is not among them"
            raise MaskfaceError(f"The table holds the {column}s {', '.join(there)}; {got}.")
        table = table[table[column] == value]
    return table


def shorten(name: str, letters: int) -> str:
    """Cut a name that is longer than so many letters, and show that it was."""
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def fold(name: str, letters: int = _FOLDED) -> str:
    """Break a long name into lines, after the signs that part its parameters."""
    lines = [""]
    for part in re.findall(r"[^:,+(]+[:,+(]*|[:,+(]+", name):
        if lines[-1] and len(lines[-1] + part) > letters:
            lines.append("")
        lines[-1] += part
    return "\n".join(shorten(line, letters) for line in lines)


def footing(rows: pd.DataFrame, kind: str = "interval") -> str:
    """Describe what rows stand on: data set, pictures, kind of interval, independent units.

    The kind of interval is in the column `kind`.
    """
    first = rows.iloc[0]
    dataset = shorten(str(first["dataset"]), _NAME)
    sizes = sorted({int(n) for n in rows["n"]})
    n = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    kinds = " / ".join(sorted(set(rows[kind]) - {""})) or "none"
    of, units = "", "images treated as independent"
    if first["clustered_by"] != "image":
        units = f"{first['clustered_by']}s"
        of = f" of {rows['n_clusters'].max()} {units}"
    return f"{dataset}: {n} images{of}\n95 % intervals: {kinds} over {units}"


def name_panels(panels: NDArray[np.object_], rows: Sequence[str], columns: Sequence[str]) -> None:
    """Write names of columns above the panels and those of rows on their left."""
    for ax, name in zip(panels[0], columns, strict=True):
        ax.set_title(name, fontsize="medium")
    for ax, name in zip(panels[:, 0], rows, strict=True):
        ax.set_ylabel(name)


def share_colours(panels: NDArray[np.object_], drawn: ScalarMappable, label: str) -> None:
    """Draw one colour bar beside all panels."""
    figure = panels[0, 0].figure
    figure.colorbar(drawn, ax=panels.ravel().tolist(), label=label, shrink=0.8, aspect=30)


def first_of(panels: NDArray[np.object_], foot: str = "") -> Axes:
    """Return the first panel, after a line was set below all of them."""
    ax: Axes = panels[0, 0]
    if foot:
        ax.figure.supxlabel(foot, fontsize="medium")
    return ax


_MARGINS: Final = (0.15, 0.4, 1.15)
"""Inches on the right of rows whose margins are fixed, above and below them."""
LINES_BELOW: Final = 5
"""Lines that these have room for below."""
_LINE_BELOW: Final = 0.15  # height in inches of a further line
_BELOW: Final = 66  # letters of a line below the rows of a figure whose margins are fixed


def labelled_axes(n: int, left: float) -> Axes:
    """Make an empty figure for n rows whose names need `left` inches.

    Nothing has to be measured to lay it out, which halves the time of drawing it.
    """
    right, top, bottom = _MARGINS
    height = ROW * n + top + bottom
    ax = new_axes(height, layout=None)
    ax.set_position(
        (left / WIDTH, bottom / height, 1 - (left + right) / WIDTH, 1 - (top + bottom) / height)
    )
    return ax


def write_below(ax: Axes, text: str, letters: int = _BELOW, *, room: int | None = None) -> None:
    """Write what a figure shows below it, in lines of so many letters at most.

    Where margins are fixed, with `room` for so many lines, the figure grows if there are more.
    """
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, letters)]
    ax.set_xlabel("\n".join(lines), fontsize="small")
    if room is not None and len(lines) > room:
        _grow_below(ax, _LINE_BELOW * (len(lines) - room))


def _grow_below(ax: Axes, more: float) -> None:
    """Make a figure with fixed margins higher by so many inches, all of them below."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # noqa: S101 (made by this package)
    width, height = figure.get_size_inches()
    scale = height / (height + more)
    for one in figure.axes:
        place = one.get_position()
        bottom = place.y0 * scale + 1 - scale
        one.set_position((place.x0, bottom, place.width, place.height * scale))
    figure.set_size_inches(width, height + more)
