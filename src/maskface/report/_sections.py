"""Which figures and tables a report shows at once, and which are folded away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from maskface.report._answer import cells
from maskface.report._figures import (
    Figure,
    grid_figure,
    loss_figure,
    pair_figure,
    people_figure,
    readers_figure,
    supports,
)
from maskface.report._material import Material
from maskface.report._pictures import Shown, show

FEW: Final = 4
"""So many pairs of a classifier and a condition have all their figures."""
ROWS: Final = 40
"""More conditions or classifiers than this do not fit one page; the table has them."""
MOST: Final = 30
"""More pairs than this have no figures of their own: `maskface plot` draws them."""
AT_ONCE: Final = 2
_GLANCE: Final = ("accuracy", "flows")


@dataclass(frozen=True, slots=True)
class Detail:
    """What is folded away about one classifier.

    Attributes
    ----------
    classifier
        Which.
    rows
        Its losses, by condition and emotion.
    conditions
        Figures by condition.
    """

    classifier: str
    rows: tuple[dict[str, Any], ...]
    conditions: tuple[tuple[str, tuple[Shown, ...]], ...]


def main_figures(material: Material) -> list[Shown]:
    """Figures that answer the question at a glance."""
    pairs = material.pairs
    if max(len(material.conditions), len(material.classifiers)) > ROWS:
        return []
    chosen = [readers_figure(material)] if len(pairs) > 1 else []
    chosen += _losses(material)
    if len(pairs) <= AT_ONCE:
        chosen += [pair_figure(material, kind, *pair) for kind in _GLANCE for pair in pairs]
    return [show(figure) for figure in chosen]


def _losses(material: Material) -> list[Figure]:
    """Loss by emotion: a figure for each condition or for each classifier, whichever are few."""
    if len(material.conditions) <= AT_ONCE:
        return [loss_figure(material, condition) for condition in material.conditions]
    if len(material.classifiers) <= AT_ONCE:
        return [grid_figure(material, classifier) for classifier in material.classifiers]
    return []


def people_figures(material: Material) -> list[Shown]:
    """Losses beside those of people, under so many masks as are seen at a glance."""
    masks = [] if material.partial else material.masks[:AT_ONCE]
    return [show(people_figure(material, mask)) for mask in masks]


def details(material: Material) -> Iterator[Detail]:
    """Losses by emotion and figures of each classifier."""
    for classifier in material.classifiers:
        own = material.losses[material.losses["classifier"] == classifier]
        if own.empty:
            continue
        rows = tuple(cells(row) for row in own.to_dict("records"))
        yield Detail(classifier, rows, tuple(_by_condition(material, classifier)))


def _by_condition(material: Material, classifier: str) -> Iterator[tuple[str, tuple[Shown, ...]]]:
    for condition in material.conditions:
        if (classifier, condition) in material.pairs:
            kinds = _kinds(len(material.pairs))
            figures = (
                pair_figure(material, kind, classifier, condition)
                for kind in kinds
                if supports(material, kind, classifier)
            )
            yield condition, tuple(show(figure) for figure in figures)


def _kinds(pairs: int) -> tuple[str, ...]:
    if pairs <= AT_ONCE:
        return ("confusions", "probabilities")
    if pairs <= FEW:
        return ("accuracy", "flows", "confusions", "probabilities")
    return ("flows", "confusions") if pairs <= MOST else ()
