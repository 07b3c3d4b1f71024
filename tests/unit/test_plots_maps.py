"""Figures of maps and of lost faces: what they draw is what the tables say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

from maskface.analyses import MAPS, detection_table
from maskface.errors import MaskfaceError
from maskface.plots import plot_detection, plot_drift, plot_maps
from maskface.tables import DETECTIONS
from tests.unit.test_analyses_detection import looked


def maps() -> pd.DataFrame:
    rows = [
        {
            "run_id": "r", "dataset": "d", "classifier": classifier, "method": "spots",
            "measure": "p_true", "label": label, "n": 6, "n_clusters": 3, "clustered_by": "subject",
            "x": x, "y": y, "region": "mouth" if y > 0.5 else "eyes", "value": value,
            "ci_low": value - 0.1, "ci_high": value + 0.1, "interval": "i", "z": 1.0,
            "p_adjusted": 0.01 if y > 0.5 else 0.4, "significant": int(y > 0.5),
        }
        for classifier in ("a", "b")
        for label in ("all", "fear")
        for x, y, value in ((0.3, 0.3, 0.1), (0.7, 0.3, -0.2), (0.3, 0.7, 0.3))
    ]  # fmt: skip
    return MAPS.check(MAPS.frame(rows))


def panels(ax: Axes) -> list[Axes]:
    return [one for one in ax.figure.axes if one.get_label() != "<colorbar>"]


@pytest.mark.slow
def test_maps_put_values_at_their_places() -> None:
    first = plot_maps(maps(), "spots")
    drawn = panels(first)
    assert len(drawn) == 4
    assert [ax.get_title() for ax in drawn[:2]] == ["all", "fear"]
    assert [ax.get_ylabel() for ax in drawn[::2]] == ["a", "b"]
    (mesh,) = [one for one in first.collections if isinstance(one, QuadMesh)]
    values = np.asarray(np.ma.filled(np.ma.asarray(mesh.get_array()), np.nan), float)
    np.testing.assert_allclose(values.reshape(2, 2), np.array([[10, -20], [30, np.nan]]))
    assert mesh.get_clim() == (-30, 30)
    corners = np.asarray(mesh.get_coordinates(), float)
    assert corners[0, 0].max() < 0.3
    assert corners[-1, -1].min() > 0.7
    dots = first.lines[0]
    assert np.asarray(dots.get_xydata()).tolist() == [[0.3, 0.7]]
    assert dots.get_markerfacecolor() == "black"
    upside_down = panels(plot_maps(maps().assign(value=-maps()["value"]), "spots"))[0]
    black, white = upside_down.lines[:2]
    assert not len(np.asarray(black.get_xydata()))
    assert np.asarray(white.get_xydata()).tolist() == [[0.3, 0.7]]
    assert white.get_markerfacecolor() == "white"
    low, high = first.get_ylim()
    assert low > high  # the forehead is above


def test_maps_of_a_method_that_was_not_used() -> None:
    with pytest.raises(MaskfaceError, match="holds the methods spots"):
        plot_maps(maps(), "bubbles")


def test_a_flat_map_can_be_drawn() -> None:
    (mesh,) = plot_maps(maps().assign(value=0.0, significant=0), "spots").collections
    assert isinstance(mesh, QuadMesh)
    assert mesh.get_clim() == (-1, 1)


def test_detection_has_a_panel_for_each_way_to_look() -> None:
    parts = [looked(search=search, face_px=px) for search in ("never", "scenes") for px in (0, 32)]
    plain = [part.assign(condition="none", found=1) for part in parts]
    table = detection_table(DETECTIONS.tidy(pd.concat([*parts, *plain])), n_resamples=50)
    first = plot_detection(table)
    drawn = panels(first)
    assert len(drawn) == 4
    assert [ax.get_title() for ax in drawn[:2]] == ["as they are", "faces of 32 px"]
    assert [ax.get_ylabel() for ax in drawn[::2]] == ["MediaPipe alone", "with fallbacks"]
    lines = {line.get_label(): np.asarray(line.get_xdata(), float) for line in first.lines}
    np.testing.assert_allclose(lines["surgical"], [50, 12.5, 87.5])
    np.testing.assert_allclose(lines["none"], [100, 100, 100])


def test_drift_is_in_per_cent_of_the_eyes() -> None:
    table = detection_table(looked(face_px=0), n_resamples=50)
    ax = plot_drift(table, "surgical")
    lines = {line.get_label(): np.asarray(line.get_xdata(), float) for line in ax.lines}
    np.testing.assert_allclose(lines["hidden"], [10, 10, 10])
    np.testing.assert_allclose(lines["visible"], [2, 2, 2])
    with pytest.raises(MaskfaceError, match="holds the conditions surgical"):
        plot_drift(table, "cap")
