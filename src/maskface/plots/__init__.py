"""Figures of results. Each takes a table and returns a matplotlib Axes."""

from maskface.plots._appearance import plot_appearance
from maskface.plots._contrasts import plot_contrast_by_emotion, plot_contrasts
from maskface.plots._dose import plot_dose, plot_half_points
from maskface.plots._loss import plot_loss_by_emotion, plot_losses
from maskface.plots._style import COLOURS, MARKERS, save_figure

__all__ = [
    "COLOURS",
    "MARKERS",
    "plot_appearance",
    "plot_contrast_by_emotion",
    "plot_contrasts",
    "plot_dose",
    "plot_half_points",
    "plot_loss_by_emotion",
    "plot_losses",
    "save_figure",
]
