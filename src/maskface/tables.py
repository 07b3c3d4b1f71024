"""The two result tables: what their columns mean, and how they are read, checked and written."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

import pandas as pd
import pandera.pandas as pa

from maskface.errors import MaskfaceError
from maskface.files import write_atomically
from maskface.types import EMOTIONS, FaceLandmarks

STATUSES: Final = ("ok", "no_face", "error")

Kind = Literal["text", "whole", "real"]
_DTYPES: Final[dict[Kind, str]] = {"text": "str", "whole": "Int64", "real": "float64"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name, description, unit
        For people; they go into the manifest.
    kind
        ``text`` (never missing, may be empty), ``whole`` or ``real`` (empty when missing).
    low, high
        Smallest and largest allowed value.
    allowed
        The allowed texts; any if empty.
    decimals
        Digits after the point that are written.
    """

    name: str
    kind: Kind
    description: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()
    decimals: int = 6


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV table with a fixed schema.

    Attributes
    ----------
    name
        The file's name without its suffix.
    columns
        In the order in which they are written.
    key
        Columns that name a row; rows are sorted by them and no two may be alike.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def header(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    def dictionary(self) -> list[dict[str, Any]]:
        """Describe the columns as plain values, for the manifest."""
        return [asdict(column) for column in self.columns]

    def frame(self, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
        """Make a sorted and rounded data frame from rows; missing cells are empty."""
        return self.tidy(pd.DataFrame(list(rows), columns=self.header))

    def tidy(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Set types, round and sort by the key."""
        texts = {column.name: "" for column in self.columns if column.kind == "text"}
        digits = {c.name: c.decimals for c in self.columns if c.kind == "real"}
        objects = frame[self.header].astype(dict.fromkeys(texts, "object"))
        frame = objects.fillna(texts).astype(self._dtypes()).round(digits)
        return frame.sort_values(list(self.key), kind="stable", ignore_index=True)

    def to_bytes(self, frame: pd.DataFrame) -> bytes:
        """Set a tidy frame as the bytes of a CSV file."""
        return frame.to_csv(index=False, lineterminator="\n").encode()

    def write(self, frame: pd.DataFrame, path: Path) -> dict[str, Any]:
        """Write a tidy frame as CSV, whole or not at all.

        Returns
        -------
        dict
            ``sha256`` of the bytes and the number of ``rows``.
        """
        data = self.to_bytes(frame)
        write_atomically(path, data, durable=True)
        return {"sha256": hashlib.sha256(data).hexdigest(), "rows": len(frame)}

    def parse(self, source: Path | IO[bytes]) -> pd.DataFrame:
        """Read CSV that this class wrote, without checking values.

        Raises
        ------
        MaskfaceError
            If the file is missing, is no CSV, or lacks columns.
        """
        numbers = [column.name for column in self.columns if column.kind != "text"]
        try:
            frame = pd.read_csv(
                source,
                dtype=self._dtypes(),
                keep_default_na=False,
                na_values={name: [""] for name in numbers},
            )
        except (OSError, ValueError) as error:
            raise MaskfaceError(f"Cannot read {source} as table {self.name}: {error}.") from error
        missing = [name for name in self.header if name not in frame]
        if missing:
            raise MaskfaceError(f"{source} lacks the columns {', '.join(missing)}.")
        return frame[self.header]

    def read(self, path: Path) -> pd.DataFrame:
        """Read and check a CSV file.

        Raises
        ------
        MaskfaceError
            If the file is missing or does not fit the schema.
        """
        return self.check(self.parse(path))

    def _dtypes(self) -> dict[Hashable, Any]:
        return {column.name: _DTYPES[column.kind] for column in self.columns}

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame if it fits the schema.

        Raises
        ------
        MaskfaceError
            If a value is out of range or two rows have one key.
        """
        try:
            return self._schema().validate(frame, lazy=False)
        except pa.errors.SchemaError as error:
            raise MaskfaceError(f"The {self.name} table is not valid: {error}.") from error

    def _schema(self) -> pa.DataFrameSchema:
        return pa.DataFrameSchema(
            {column.name: _pandera_column(column) for column in self.columns},
            unique=list(self.key),
            strict=True,
            ordered=True,
        )


def _pandera_column(column: Column) -> pa.Column:
    checks = []
    if column.low is not None:
        checks.append(pa.Check.ge(column.low))
    if column.high is not None:
        checks.append(pa.Check.le(column.high))
    if column.allowed:
        checks.append(pa.Check.isin(column.allowed))
    return pa.Column(_DTYPES[column.kind], checks, nullable=column.kind != "text")


def _probability(name: str, description: str) -> Column:
    return Column(name, "real", description, low=0, high=1)


_ANSWERS: Final = ("", *EMOTIONS)
_LABELS: Final = ("all", *EMOTIONS)

TRIALS: Final = Table(
    "trials",
    (
        Column("run_id", "text", "Hash of everything that decides the results of the run"),
        Column("dataset", "text", "Name of the face set"),
        Column("image_id", "text", "The picture's path below the set's folder"),
        Column("subject_id", "text", "Who is shown; empty if the set does not say"),
        Column("label", "text", "The posed (or rated) emotion", allowed=EMOTIONS),
        Column("condition", "text", "Occluder with its parameters; `none` for the face as it is"),
        Column("occluder", "text", "Name of the occluder"),
        Column("params", "text", "Parameters of the occluder, as JSON"),
        Column("coverage", "real", "Hidden fraction of the face oval", low=0, high=1),
        Column("classifier", "text", "Who read the face"),
        Column("predicted", "text", "The answer; empty unless status is ok", allowed=_ANSWERS),
        Column("correct", "whole", "1 if the answer is the label, else 0", low=0, high=1),
        *(
            _probability(f"p_{emotion}", f"Probability the classifier gave to {emotion}")
            for emotion in EMOTIONS
        ),
        Column(
            "yaw_deg", "real", "Head turned, positive to the right of the image", "degree",
            -180, 180, decimals=2,
        ),
        Column("pitch_deg", "real", "Head up, positive", "degree", -180, 180, decimals=2),
        Column(
            "roll_deg", "real", "Head tilted, positive clockwise in the image", "degree",
            -180, 180, decimals=2,
        ),
        Column("status", "text", "Whether there is an answer", allowed=STATUSES),
        Column("message", "text", "Why there is none, or what to know about it"),
        Column("seed", "whole", "Seed of this picture under this condition", low=0),
    ),
    key=("dataset", "image_id", "condition", "classifier"),
)  # fmt: skip
"""One row for each picture x condition x classifier, also for those that failed."""

SUMMARY: Final = Table(
    "summary",
    (
        Column("run_id", "text", "As in trials"),
        Column("dataset", "text", "As in trials"),
        Column("classifier", "text", "As in trials"),
        Column("condition", "text", "As in trials"),
        Column("label", "text", "The true emotion; `all` for measures over all", allowed=_LABELS),
        Column("metric", "text", "accuracy, balanced_accuracy, recall; answered_<emotion>: count"),
        Column("n", "whole", "Pictures with an answer both plain and occluded", "picture", 0),
        Column("n_missing", "whole", "Pictures without one", "picture", 0),
        Column("n_clusters", "whole", "Independent units that the intervals resample", low=0),
        Column(
            "clustered_by", "text", "What these are; image: images treated as independent",
            allowed=("subject", "image"),
        ),
        Column("baseline", "real", "The metric under `none`, for the same pictures"),
        Column("value", "real", "The metric under this condition"),
        Column("value_ci_low", "real", "Lower end of the 95 % bootstrap interval of value"),
        Column("value_ci_high", "real", "Upper end of it"),
        Column("loss", "real", "baseline - value over paired pictures; empty for `none`"),
        Column("ci_low", "real", "Lower end of the 95 % bootstrap interval of loss"),
        Column("ci_high", "real", "Upper end of it"),
        Column(
            "p_value", "real", "Two-sided p of the test, pictures as units",
            low=0, high=1, decimals=12,
        ),
        Column(
            "p_adjusted", "real", "p_value after Holm over all rows of the same metric",
            low=0, high=1, decimals=12,
        ),
        Column("test", "text", "Name of the test", allowed=("", "exact McNemar")),
    ),
    key=("dataset", "classifier", "condition", "metric", "label"),
)  # fmt: skip
"""What the trials amount to, in long form."""

LANDMARKS: Final = Table(
    "landmarks",
    (
        Column("face", "whole", "Number of the face in its picture, 0 for the largest", low=0),
        Column("landmark", "whole", "Index in the MediaPipe face mesh", low=0, high=477),
        Column("x_px", "real", "From the left edge", "pixel", decimals=3),
        Column("y_px", "real", "From the top edge", "pixel", decimals=3),
        Column("z_px", "real", "Depth on the same scale, smaller is nearer", "pixel", decimals=3),
    ),
    key=("face", "landmark"),
)
"""The points of every face in one picture."""


def landmark_rows(faces: Sequence[FaceLandmarks]) -> list[dict[str, Any]]:
    """Turn faces into rows of the landmarks table."""
    return [
        {"face": number, "landmark": index, "x_px": x, "y_px": y, "z_px": z}
        for number, face in enumerate(faces)
        for index, (x, y, z) in enumerate(face.points)
    ]
