"""The user's own networks: any ONNX model that predicts emotions from a picture of a face."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from maskface.classifiers.base import Rebuilt
from maskface.classifiers.card import Card
from maskface.classifiers.cards import find_model, shipped_cards
from maskface.classifiers.engines import Network
from maskface.classifiers.inputs import picture_of, prepare, probe
from maskface.classifiers.registry import CLASSIFIERS
from maskface.errors import MaskfaceError, os_errors_explained
from maskface.specs import FilePath
from maskface.types import EMOTIONS, Face

_NEARLY = 1e-3
"""Largest deviation of the sum of probabilities from 1, as networks in 8 or 16 bits round."""


@CLASSIFIERS.register("onnx")
@dataclass(frozen=True)
class Onnx(Rebuilt):
    """Any ONNX model with a card: onnx:model.onnx.

    Parameters
    ----------
    model
        Path of the file, or name of a network downloaded with ``maskface download``.
    card
        Path of its card or name of a shipped one; see `maskface.classifiers.cards.find_model`.

    Raises
    ------
    MaskfaceError
        If the file or its card cannot be found, read or run, or do not fit each other.
    """

    positional: ClassVar[str] = "model"

    model: FilePath = ""
    card: FilePath = ""

    def __post_init__(self) -> None:
        _ = self._logits  # raises any error before the work begins

    @property
    def name(self) -> str:
        """``onnx:`` and the file's name without its folder and ending."""
        return f"onnx:{self._found[0].stem}"

    @property
    def needs(self) -> frozenset[str]:
        """Parts of a `Face` that it reads."""
        aligned = frozenset({"picture", "landmarks"})
        return aligned if self.about.input.align else frozenset({"crop"})

    @property
    def fingerprint(self) -> str:
        """Hash of the file and of those parts of its card that decide the predictions."""
        both = f"{self._bytes[1]} {self.about.fingerprint}"
        return hashlib.sha256(both.encode()).hexdigest()

    @property
    def about(self) -> Card:
        """Card with title, licence and citation."""
        return self._found[1]

    @property
    def embedding_name(self) -> str:
        """Name of the layer that `embed` returns; empty if the card names none."""
        return self._embedder.output if self.about.output.embedding else ""

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Predict a batch of faces; see `maskface.classifiers.Classifier`.

        Emotions without a label have probability 0. Labels that stand for no emotion are dropped
        and the others divided by their sum; if it is 0, all emotions with a label are equally
        probable.
        """
        if not faces:
            return np.empty((0, len(EMOTIONS)))
        return self._emotions(self._scores(self._network.run(self._inputs(faces))))

    def affect(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Compute valence and arousal of faces, in the network's own units.

        Returns
        -------
        NDArray
            (len(faces), 2) float64; NaN for one that the card does not name.
        """
        places = (self.about.output.valence, self.about.output.arousal)
        rows = self._rows(self._network.run(self._inputs(faces))) if faces else np.empty((0, 1))
        return np.array(
            [np.full(len(rows), np.nan) if i is None or not faces else rows[:, i] for i in places]
        ).T

    def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Compute embeddings of faces: the layer that the card names as `embedding`.

        Returns
        -------
        NDArray
            (len(faces), D) float64; maps are averaged over their height and width.

        Raises
        ------
        MaskfaceError
            If the card names none.
        """
        if not faces:
            return self._embedder.embed(probe(self.about.input))[:0]
        return self._embedder.embed(self._inputs(faces))

    @cached_property
    def _found(self) -> tuple[Path, Card]:
        return find_model(self.model, self.card)

    @cached_property
    def _bytes(self) -> tuple[bytes, str]:
        path, card = self._found
        with os_errors_explained(f"read {path}"):
            model = path.read_bytes()
        got = hashlib.sha256(model).hexdigest()
        if card.sha256 and got != card.sha256:
            raise MaskfaceError(
                f"{path.name} has sha256 {got}, but its card says {card.sha256}: the file is "
                "damaged or another one. Download it again, or write a card for it."
            )
        return model, got

    @cached_property
    def _network(self) -> Network:
        return self._load(self.about.output.name)

    @cached_property
    def _embedder(self) -> Network:
        if not self.about.output.embedding:
            raise MaskfaceError(
                f"The card of {self._found[0].name} names no embedding. Add to its [output] "
                'the layer that describes a face: embedding = "before-last", or a tensor.'
            )
        return self._load(self.about.output.embedding)

    def _load(self, output: str) -> Network:
        path, card = self._found
        model, sha256 = self._bytes
        return Network(
            model,
            path.name,
            output=output,
            probe=probe(card.input),
            trusted=sha256 in {shipped.sha256 for shipped in shipped_cards().values()},
        )

    def _inputs(self, faces: Sequence[Face]) -> NDArray[np.float32]:
        about = self.about.input
        return np.stack([prepare(picture_of(face, about), about) for face in faces])

    def _scores(self, output: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the scores (n, labels), without numbers that have no label."""
        return self._rows(output)[:, [bool(label) for label in self.about.output.labels]]

    def _rows(self, output: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return all numbers of an output by face."""
        labels = self.about.output.labels
        rows = output.reshape(len(output), -1).astype(np.float64)
        if rows.shape[1] != len(labels):
            raise MaskfaceError(
                f"{self._found[0].name} returns {rows.shape[1]} numbers, but its card has "
                f"{len(labels)} labels. Write a label for each number, in the network's order; "
                '"" for a number that is no label.'
            )
        return rows

    @cached_property
    def _logits(self) -> bool:
        """True if the outputs are no probabilities; raise if the card says otherwise."""
        scores = self._scores(self._network.run(probe(self.about.input)))
        sums = scores.sum(axis=1)
        sum_to_1 = bool(scores.min() >= 0 and (abs(sums - 1) < _NEARLY).all())
        if sum_to_1 == self.about.output.logits:
            are = "probabilities" if sum_to_1 else "no probabilities that sum to 1"
            raise MaskfaceError(
                f"The outputs of {self._found[0].name} are {are}. "
                f"Write logits = {str(not sum_to_1).lower()} in its card."
            )
        return not sum_to_1

    def _emotions(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities (n, 7) from the scores of the labels."""
        card = self.about
        meant = [card.meaning(label) for label in card.output.labels if label]
        kept = scores[:, [bool(emotion) for emotion in meant]]
        # (kept labels, 7), 1 where a label stands for an emotion.
        stands = np.array([[e == emotion for e in EMOTIONS] for emotion in meant if emotion])
        if self._logits:
            # A softmax over some labels equals that over all, divided by their sum.
            kept = np.exp(kept - kept.max(axis=1, keepdims=True))
        found = kept @ stands.astype(np.float64)
        found[kept.sum(axis=1) <= 0] = stands.any(axis=0)
        return np.asarray(found / found.sum(axis=1, keepdims=True))
