"""Figures of results. Each takes a table and returns a matplotlib Axes."""

from maskface.plots.appearance import plot_appearance
from maskface.plots.concealed import plot_concealed
from maskface.plots.contrasts import plot_contrast_by_emotion, plot_contrasts
from maskface.plots.detection import plot_detection, plot_drift
from maskface.plots.dose import plot_dose, plot_half_points
from maskface.plots.factorial import plot_factorial, plot_factorial_effects
from maskface.plots.losses import plot_loss_by_emotion, plot_loss_grid, plot_losses, plot_readers
from maskface.plots.maps import plot_maps
from maskface.plots.moderators import plot_moderator_by_emotion, plot_moderators
from maskface.plots.pairs import plot_accuracy, plot_confusions, plot_flows, plot_probabilities
from maskface.plots.people import plot_beside_people, plot_confusion_change, plot_human_machine_loss
from maskface.plots.strip import plot_strip
from maskface.plots.style import COLOURS, MARKERS, save_figure
from maskface.plots.transfer import plot_split, plot_transfer

__all__ = [
    "COLOURS",
    "MARKERS",
    "plot_accuracy",
    "plot_appearance",
    "plot_beside_people",
    "plot_concealed",
    "plot_confusion_change",
    "plot_confusions",
    "plot_contrast_by_emotion",
    "plot_contrasts",
    "plot_detection",
    "plot_dose",
    "plot_drift",
    "plot_factorial",
    "plot_factorial_effects",
    "plot_flows",
    "plot_half_points",
    "plot_human_machine_loss",
    "plot_loss_by_emotion",
    "plot_loss_grid",
    "plot_losses",
    "plot_maps",
    "plot_moderator_by_emotion",
    "plot_moderators",
    "plot_probabilities",
    "plot_readers",
    "plot_split",
    "plot_strip",
    "plot_transfer",
    "save_figure",
]
