"""What was read of pictures, made again from where it was stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pandas as pd

from maskface.arrays import Row
from maskface.experiment._harvest import UNANSWERED, Harvest
from maskface.experiment._parts import Part, joined
from maskface.experiment._pictures import PICTURES
from maskface.experiment._spec import Experiment
from maskface.experiment._store import RunFolder
from maskface.schema import Table
from maskface.table_files import find_table
from maskface.tables import ATTRIBUTES, DETECTIONS, TRIALS

_TOGETHER: Final = 256
"""Pictures whose rows are in memory at once."""


def harvest_of_part(part: Part, images: Sequence[str]) -> Harvest:
    """What a part holds of some of its pictures."""
    harvest = Harvest(image_ids=list(images))
    for table, rows in harvest.tables():
        found = part.rows(table)
        rows.extend(_records(found[found["image_id"].isin(images)]))
    unanswered = part.rows(TRIALS, UNANSWERED)
    wanted = unanswered["image_id"].isin(images)
    harvest.unanswered.extend(_records(unanswered[wanted]))
    for name in part.features:
        measured = (unanswered["classifier"] == name) & (unanswered["status"] == "ok")
        harvest.features[name] = list(part.vectors(name)[wanted[measured].to_numpy(bool)])
    return harvest


def tables_read(experiment: Experiment) -> tuple[Table, ...]:
    """Tables of a run that hold what was read of its pictures, unless classifiers learnt."""
    return (TRIALS, ATTRIBUTES, PICTURES, *([DETECTIONS] if experiment.detect_px else []))


def harvests_of_tables(
    folder: RunFolder, tables: Iterable[Table], images: Sequence[str]
) -> Iterator[Harvest]:
    """What tables of a complete run hold of some pictures, sorted; some pictures at a time."""
    groups = [images[first : first + _TOGETHER] for first in range(0, len(images), _TOGETHER)]
    found = {table: _cut(_rows_read(folder, table), groups) for table in tables}
    for group in groups:
        harvest = Harvest(image_ids=list(group))
        for table, rows in harvest.tables():
            if table in found:
                rows.extend(_records(next(found[table])))
        yield harvest


def _rows_read(folder: RunFolder, table: Table) -> Iterator[pd.DataFrame]:
    """Rows of a table, some at a time, without those that the index says and nobody read."""
    for rows in table.pieces(find_table(folder.path, table)):
        yield rows[rows["source"] == "measured"] if table is ATTRIBUTES else rows


def _cut(pieces: Iterator[pd.DataFrame], groups: Iterable[Sequence[str]]) -> Iterator[pd.DataFrame]:
    """Cut rows, sorted by picture, into those of each group of pictures; others are left out."""
    rest = next(pieces, None)
    for group in groups:
        own = []
        while rest is not None:
            here = rest["image_id"] <= group[-1]
            own.append(rest[here & rest["image_id"].isin(group)])
            rest = rest[~here]
            if len(rest):
                break
            rest = next(pieces, None)
        yield joined(own, pd.DataFrame())


def _records(frame: pd.DataFrame) -> list[Row]:
    """Rows as they were before they were stored: empty cells are None."""
    cells = frame.astype(object).where(frame.notna(), None)
    return [{str(name): cell for name, cell in row.items()} for row in cells.to_dict("records")]
