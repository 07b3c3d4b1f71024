"""The figures of a run: numbers against counts by hand, names, and files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from maskface.errors import MaskfaceError
from maskface.images import read_image
from maskface.plots import (
    plot_accuracy,
    plot_classifiers,
    plot_confusions,
    plot_flows,
    plot_loss_by_emotion,
    plot_loss_grid,
    plot_probabilities,
    plot_strip,
    save_figure,
)
from maskface.plots.style import draw_rows, fold, new_axes
from maskface.stats import summarize
from maskface.tables import TRIALS
from maskface.types import EMOTIONS
from tests.unit.test_stats import HAND, pairs, trial


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    return summarize(pairs(HAND, list("AABBCCDD")), n_resamples=100)


def rows_of(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_yticklabels()]


def points_of(ax: Axes, name: str) -> np.ndarray:
    (line,) = [line for line in ax.lines if line.get_label() == name]
    return np.asarray(line.get_xdata(), float)


def numbers_in(ax: Axes) -> dict[tuple[int, int], str]:
    """Texts of a matrix by row and column."""
    return {
        (
            round(float(text.get_position()[1])),
            round(float(text.get_position()[0])),
        ): text.get_text()
        for text in ax.texts
        if text.get_text()
    }


def test_accuracy_is_paired_and_ordered_by_loss(summary: pd.DataFrame) -> None:
    ax = plot_accuracy(summary)
    # losses: sadness 1 -> 0, disgust 3/4 -> 1/4, anger 2/3 -> 1
    assert rows_of(ax) == ["all (8)", "sadness (1)", "disgust (4)", "anger (3)"]
    np.testing.assert_allclose(points_of(ax, "plain"), [75, 100, 75, 200 / 3], atol=1e-3)
    np.testing.assert_allclose(points_of(ax, "occluded"), [50, 0, 25, 100], atol=1e-3)
    label = ax.get_xlabel()
    assert "t on bootstrap SE over subjects" in label
    assert "1 to 8 images of 4 subjects" in label
    assert "'surgical'" in label


def test_intervals_are_those_of_the_summary(summary: pd.DataFrame) -> None:
    ax = plot_accuracy(summary)
    bars = [one for one in ax.collections if isinstance(one, LineCollection)]
    for bar, condition in zip(bars, ("none", "surgical"), strict=True):
        row = summary[(summary["condition"] == condition) & (summary["metric"] == "accuracy")]
        limits = 100 * row[["value_ci_low", "value_ci_high"]].iloc[0].astype(float)
        np.testing.assert_allclose(bar.get_segments()[0][:, 0], limits)


def test_plain_faces_have_no_interval_of_other_pictures() -> None:
    frame = pairs(HAND, list("AABBCCDD"))
    lost = (frame["image_id"] == "i0000") & (frame["condition"] == "surgical")
    frame.loc[lost, ["status", "predicted"]] = ["no_face", ""]
    ax = plot_accuracy(summarize(frame, n_resamples=50))
    plain, covered = (one for one in ax.collections if isinstance(one, LineCollection))
    assert np.isnan(plain.get_segments()[0]).any() or not len(plain.get_segments()[0])
    assert np.isfinite(covered.get_segments()[0]).all()


def test_confusions_are_the_counts_by_hand(summary: pd.DataFrame) -> None:
    first = plot_confusions(summary)
    plain, occluded, change = first.figure.axes
    assert rows_of(first) == ["anger (3)", "disgust (4)", "sadness (1)"]
    anger, disgust, sadness, neutral = (EMOTIONS.index(e) for e in
                                        ("anger", "disgust", "sadness", "neutral"))  # fmt: skip
    assert numbers_in(plain) == {
        (0, anger): "67", (0, disgust): "33", (1, anger): "25", (1, disgust): "75",
        (2, sadness): "100",
    }  # fmt: skip
    assert numbers_in(occluded) == {
        (0, anger): "100", (1, anger): "50", (1, disgust): "25", (1, neutral): "25",
        (2, neutral): "100",
    }  # fmt: skip
    assert numbers_in(change) == {
        (0, anger): "+33", (0, disgust): "-33", (1, anger): "+25", (1, disgust): "-50",
        (1, neutral): "+25", (2, sadness): "-100", (2, neutral): "+100",
    }  # fmt: skip


def test_flows_show_where_wrong_answers_go(summary: pd.DataFrame) -> None:
    ax = plot_flows(summary)
    assert rows_of(ax) == [
        "sadness → neutral (1)", "disgust → anger (4)", "disgust → neutral (4)",
        "anger → disgust (3)",
    ]  # fmt: skip
    assert [text.get_text() for text in ax.texts] == ["+100", "+25", "+25", "-33"]
    bold = [text.get_fontweight() for text in ax.get_yticklabels()]
    assert bold == ["bold", "bold", "normal", "normal"]
    assert "no intervals" in ax.get_xlabel()


def test_flows_keep_what_is_asked_for_however_small(summary: pd.DataFrame) -> None:
    ax = plot_flows(summary, most=1, always=[("disgust", "fear")])
    assert rows_of(ax) == ["sadness → neutral (1)", "disgust → fear (4)"]
    assert [text.get_text() for text in ax.texts] == ["+100", "+0"]


def test_probabilities_are_means_of_the_true_emotion() -> None:
    rows = [
        trial("a", "none", "fear", "fear", p_fear=0.9, p_anger=0.1),
        trial("a", "surgical", "fear", "fear", p_fear=0.6, p_anger=0.4),
        trial("b", "none", "fear", "fear", p_fear=0.7, p_anger=0.3),
        trial("b", "surgical", "fear", "anger", p_fear=0.2, p_anger=0.8),
    ]
    frame = TRIALS.frame([row | {f"p_{e}": row.get(f"p_{e}", 0.0) for e in EMOTIONS}
                          for row in rows])  # fmt: skip
    ax = plot_probabilities(summarize(frame, n_resamples=50))
    np.testing.assert_allclose(points_of(ax, "plain"), [80, 80])
    np.testing.assert_allclose(points_of(ax, "occluded"), [40, 40])


def test_answers_without_probabilities_are_refused(summary: pd.DataFrame) -> None:
    with pytest.raises(MaskfaceError, match="no p_true"):
        plot_probabilities(summary)


def several(n_classifiers: int, n_conditions: int = 1) -> pd.DataFrame:
    """A summary of classifiers k0, k1, ... under surgical0, surgical1, ..."""
    one = summarize(pairs(HAND, list("AABBCCDD")), n_resamples=50)
    plain, covered = (one[(one["condition"] == "none") == is_plain] for is_plain in (True, False))
    frames = [plain, *(covered.assign(condition=f"surgical{k}") for k in range(n_conditions))]
    both = pd.concat(frames)
    return pd.concat([both.assign(classifier=f"k{k}") for k in range(n_classifiers)])


def test_readers_have_conditions_or_classifiers_as_rows() -> None:
    ax = plot_classifiers(several(2, 3))
    assert rows_of(ax) == ["plain", "surgical0", "surgical1", "surgical2"]
    np.testing.assert_allclose(points_of(ax, "k1"), [75, 50, 50, 50])
    ax = plot_classifiers(several(5, 1))
    assert rows_of(ax) == ["k0", "k1", "k2", "k3", "k4"]
    np.testing.assert_allclose(points_of(ax, "plain"), [75] * 5)
    assert "value" not in ax.get_xlabel()
    assert "95 % intervals" in ax.get_xlabel()


def test_more_series_than_can_be_told_apart_are_left_out_and_said_to_be() -> None:
    ax = plot_classifiers(several(14, 15))
    assert len([line for line in ax.lines if str(line.get_label()).startswith("k")]) == 12
    assert "2 further classifiers" in ax.get_xlabel()


def test_twelve_series_all_look_different() -> None:
    table = pd.DataFrame({"low": [0.0], "point": [1.0], "high": [2.0]}, index=["row"])
    ax = new_axes()
    draw_rows(ax, ["row"], {str(k): table for k in range(12)})
    looks = {
        (line.get_marker(), line.get_color(), line.get_markerfacecolor())
        for line in ax.lines
        if len(str(line.get_label())) <= 2
    }
    grey = {(marker, face == "white") for marker, _, face in looks}
    assert len(looks) == len(grey) == 12


def test_many_classifiers_are_a_grid_of_numbers() -> None:
    ax = plot_loss_by_emotion(several(7))
    assert rows_of(ax) == [f"k{k}" for k in range(7)]
    columns = [text.get_text() for text in ax.get_xticklabels()]
    assert columns == ["all", "anger", "disgust", "sadness"]
    losses = [text.get_text() for text in ax.texts if " to " not in text.get_text()]
    assert losses[:4] == ["+25", "-33", "+50", "+100"]


def test_grid_has_the_largest_loss_on_top_and_bold_where_sure() -> None:
    table = several(1, 2)
    worse = (table["condition"] == "surgical1") & (table["metric"] == "accuracy")
    table.loc[worse, ["loss", "ci_low", "ci_high"]] = [0.4, 0.3, 0.5]
    ax = plot_loss_grid(table)
    assert rows_of(ax) == ["surgical1", "surgical0"]
    (cell,) = [text for text in ax.texts if text.get_text() == "+40"]
    assert cell.get_fontweight() == "bold"
    assert "30 to 50" in [text.get_text() for text in ax.texts]


@pytest.mark.slow
@pytest.mark.parametrize("plot", [plot_accuracy, plot_flows, plot_confusions])
def test_choice_must_be_clear(plot: object) -> None:
    assert callable(plot)
    with pytest.raises(MaskfaceError, match="k0, k1; none was named"):
        plot(several(2))
    with pytest.raises(MaskfaceError, match="'k9' is not among them"):
        plot(several(2), "k9")
    with pytest.raises(MaskfaceError, match="surgical0, surgical1; none was named"):
        plot(several(1, 2))


def test_plain_faces_alone_have_nothing_to_compare() -> None:
    plain = summarize(TRIALS.frame([trial("a", "none", "fear", "fear")]), n_resamples=10)
    with pytest.raises(MaskfaceError, match="plain faces alone"):
        plot_accuracy(plain)


HOSTILE = "$\\frac{<script>alert(1)</script>&"


@pytest.mark.parametrize("plot", [plot_accuracy, plot_flows, plot_confusions, plot_classifiers])
def test_any_name_can_be_drawn(summary: pd.DataFrame, plot: object, tmp_path: Path) -> None:
    assert callable(plot)
    names = {"classifier": HOSTILE, "dataset": "脸 $a$"}
    path = tmp_path / "figure.svg"
    save_figure(plot(summary.assign(**names)), path)
    root = ET.parse(path).getroot()  # noqa: S314 (made here)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "script" not in tags
    texts = "".join(root.itertext())
    assert "$a$" in texts
    assert HOSTILE[:20] in texts


@pytest.mark.slow
def test_formats_and_the_same_bytes(summary: pd.DataFrame, tmp_path: Path) -> None:
    streams = []
    for _ in range(2):
        streams.append(io.BytesIO())
        save_figure(plot_flows(summary), streams[-1], "svg")
    assert streams[0].getvalue() == streams[1].getvalue()
    assert b"disgust" in streams[0].getvalue()  # text stays text
    for name, start in (("a.png", b"\x89PNG"), ("a.pdf", b"%PDF")):
        save_figure(plot_flows(summary), tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    assert read_image(tmp_path / "a.png").std() > 10


def test_nothing_is_cut_off_where_margins_are_fixed(summary: pd.DataFrame) -> None:
    long = summary.assign(classifier="c" * 200, dataset="set" * 60)
    long.loc[long["condition"] != "none", "condition"] = "cover" * 40
    kind = "expanded percentile bootstrap"
    long = long.assign(interval=kind, value_interval=kind, clustered_by="image")
    widest = [("happiness", "surprise"), ("surprise", "happiness")]
    flows = plot_flows(long.replace({"label": {"disgust": "happiness"}}), always=widest)
    for ax in (plot_accuracy(long), flows, plot_confusions(long)):
        figure = ax.figure.figure
        figure.canvas.draw()
        box = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert box.x0 >= -0.01
        assert box.y0 >= -0.01
        assert box.x1 <= width + 0.01
        assert box.y1 <= height + 0.01


def test_strip_shows_each_picture_under_its_name() -> None:
    pictures = {f"c{k}": np.full((8, 8, 3), k, np.uint8) for k in range(7)}
    first = plot_strip(pictures, "whose")
    shown = [ax for ax in first.figure.axes if ax.images]
    assert [ax.get_title() for ax in shown] == list(pictures)
    assert all(int(np.asarray(ax.images[0].get_array())[0, 0, 0]) == k
               for k, ax in enumerate(shown))  # fmt: skip
    with pytest.raises(MaskfaceError, match="no picture"):
        plot_strip({})


def test_long_names_are_folded_after_their_signs() -> None:
    assert fold("surgical:colour=black,top=50,wearing=nose_out") == (
        "surgical:colour=black,\ntop=50,wearing=nose_out"
    )
    assert fold("short") == "short"
    assert fold("x" * 40) == "x" * 27 + "…"


def test_figures_are_shown_in_a_cell_of_a_notebook(summary: pd.DataFrame) -> None:
    ax: Any = plot_accuracy(summary)
    panel: Any = plot_confusions(summary).figure.axes[2]
    for shown in (ax, ax.figure, panel, panel.figure):
        assert shown._repr_png_().startswith(b"\x89PNG")
    assert ax._repr_png_() == ax.figure._repr_png_() != panel._repr_png_()
