"""Cards: TOML descriptions of a network's input, output and labels."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from maskface._toml import parse_toml
from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS

Real = Annotated[float, Field(allow_inf_nan=False)]
Triple = Annotated[tuple[Real, ...], Field(min_length=1, max_length=3)]
Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]

TEMPLATE: Final = """\
title = "What this network is"
licence = ""                # optional, as are citation, url and sha256
citation = ""

[input]
layout = "NCHW"             # or "NHWC"
size = 224                  # the input is size x size pixels
colour = "rgb"              # or "bgr" or "grey"
scale = 255                 # pixels, 0 to 255, are divided by this; then
mean = [0.485, 0.456, 0.406]  # this is subtracted: one number, or one per channel;
std = [0.229, 0.224, 0.225]   # then they are divided by this
crop = 1.0                  # side of its input, as a fraction of maskface's crop

[output]
labels = ["Anger", "Contempt", "Disgust", "Fear", "Happiness", "Neutral", "Sadness", "Surprise"]
logits = true               # false if the network ends in a softmax

[emotions]                  # only labels that are not named like maskface's emotions
Contempt = ""               # "" drops it; Happy = "happiness" renames it
"""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Input(_Part):
    """Input of a network."""

    layout: Literal["NCHW", "NHWC"]  # NCHW or NHWC
    size: int = Field(ge=8, le=2048)  # height and width in pixels
    colour: Literal["rgb", "bgr", "grey"]  # order of the channels, or grey
    # A pixel of 0 to 255 becomes (pixel / scale - mean) / std; `mean` and `std` are one number, or
    # one for each channel in the order of `colour`.
    scale: Real = Field(default=1.0, gt=0)
    mean: Triple = (0.0,)
    std: Triple = (1.0,)
    # Side of the central square that the network sees, as a fraction of the side of maskface's crop
    # (`maskface.crops.face_crop`), at most 1.
    crop: Real = Field(default=1.0, ge=0.3, le=1)
    # Instead of the crop: the face, turned, scaled and shifted so that five of its points come as
    # near as possible to `template`: right and left eye of the person (the right one is on the left
    # of the picture), tip of the nose, right and left corner of the mouth, in pixels (x, y).
    align: Literal["", "eyes+nose+mouth"] = ""
    template: tuple[tuple[Real, Real], ...] = ()

    @field_validator("mean", "std", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int | float) else value

    @field_validator("std")
    @classmethod
    def _above_0(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) <= 0:
            raise ValueError("must be above 0")
        return value

    @model_validator(mode="after")
    def _one_a_channel(self) -> Self:
        for key, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, self.channels):
                raise ValueError(
                    f"{key} has {len(values)} numbers; {self.colour} needs 1 or {self.channels}"
                )
        return self

    @model_validator(mode="after")
    def _aligned_by_five_points(self) -> Self:
        if bool(self.align) != bool(self.template) or len(self.template) not in (0, 5):
            raise ValueError(
                'align = "eyes+nose+mouth" needs a template of five points [x, y] (right eye, left '
                f"eye, nose, right and left corner of the mouth), and only it (got "
                f"{len(self.template)} points, align = {self.align!r})"
            )
        if self.align and self.crop != 1:
            raise ValueError("crop has no meaning beside align; leave it out")
        return self

    @property
    def channels(self) -> int:
        """Number of channels."""
        return 1 if self.colour == "grey" else 3


class Output(_Part):
    """Output of a network."""

    # Labels in the network's order; "" for a number that is no label, such as valence.
    labels: tuple[str, ...] = Field(min_length=2, max_length=100)
    # True if the network does not end in a softmax; "auto" if this is to be seen from its output.
    logits: bool | Literal["auto"]
    # Places of valence and arousal among the labels, from 0, where the label is "".
    valence: int | None = Field(default=None, ge=0)
    arousal: int | None = Field(default=None, ge=0)
    name: str = ""  # name of the output that holds them; may be left out if there is one output
    # Layer that describes a face: the name of any tensor, or before-last for the input of the last
    # fully connected layer.
    embedding: str = ""

    @field_validator("labels")
    @classmethod
    def _once_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        named = [label for label in value if label]
        twice = sorted({label for label in named if named.count(label) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} appears twice")
        return value

    @model_validator(mode="after")
    def _affect_is_no_label(self) -> Self:
        for key in ("valence", "arousal"):
            place = getattr(self, key)
            if place is not None and (place >= len(self.labels) or self.labels[place]):
                raise ValueError(
                    f'{key} = {place} must be the place of a "" among the {len(self.labels)} '
                    "labels, counted from 0"
                )
        if self.valence is not None and self.valence == self.arousal:
            raise ValueError("valence and arousal have the same place")
        return self


class Card(_Part):
    """Description of a network."""

    # Texts for readers.
    title: str
    licence: str = ""
    citation: str = ""
    # Name of the network's file, by which the card is found.
    file: str = Field(default="", pattern=r"^([\w.-]+\.onnx)?$")
    # Where the file can be downloaded, and the hash of its bytes, which is checked if given.
    url: str = Field(default="", pattern=r"^(https?://.*)?$")
    sha256: Sha256 = ""
    # Input and output of the network.
    input: Input
    output: Output
    # Emotions of the labels that are not named like one; "" for none. If several labels stand for
    # one emotion, their probabilities are added.
    emotions: dict[str, str] = {}

    @model_validator(mode="after")
    def _labels_mean_something(self) -> Self:
        labels = [label for label in self.output.labels if label]
        if unknown := sorted(set(self.emotions) - set(labels)):
            raise ValueError(f"[emotions] names {unknown[0]!r}, which is none of the labels")
        meant = {label: self.meaning(label) for label in labels}
        for label, emotion in meant.items():
            if emotion and emotion not in EMOTIONS:
                raise ValueError(
                    f"label {label!r} stands for {emotion!r}, which is no emotion. Write under "
                    f'[emotions] what it means: {label} = "happiness", or another of '
                    f'{", ".join(EMOTIONS)}, or "" to drop it'
                )
        if not any(meant.values()):
            raise ValueError("no label stands for an emotion")
        return self

    def meaning(self, label: str) -> str:
        """Return the emotion that a label stands for; empty if none."""
        return self.emotions.get(label, label.lower()) if label else ""

    @property
    def fingerprint(self) -> str:
        """Hash of everything that decides the predictions; 64 hexadecimal digits."""
        decides = self.model_dump_json(include={"input", "output", "emotions"})
        return hashlib.sha256(decides.encode()).hexdigest()


def parse_card(text: str, source: str) -> Card:
    """Parse the TOML text of a card; `source` is its origin, for messages.

    Raises
    ------
    MaskfaceError
        If it is no TOML, or a key is missing, unknown or has a value that is not allowed; the
        message names the key.
    """
    try:
        return Card.model_validate(parse_toml(text))
    except ValidationError as error:
        reasons = "; ".join(_reason(item) for item in error.errors())
        raise MaskfaceError(
            f"Card {source}: {reasons}. docs/classifiers.md has a complete card."
        ) from error
    except ValueError as error:
        raise MaskfaceError(f"Card {source} is no TOML: {error}.") from error


def _reason(item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    got = "" if item["type"] in ("missing", "value_error") else f" (got {item['input']!r:.60})"
    return f"{key}: {message}{got}" if key else f"{message}{got}"
