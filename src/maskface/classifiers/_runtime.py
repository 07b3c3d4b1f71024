"""A network that is stored in an ONNX file, ready to run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.classifiers._engines import ENGINES, Engine, EngineError
from maskface.classifiers._graph import read_graph
from maskface.errors import MaskfaceError

BEFORE_LAST: Final = "before-last"
"""Stands for whatever goes into the last fully connected layer."""


class Network:
    """A network that is ready to run.

    Parameters
    ----------
    model
        Bytes of an ONNX file.
    name
        Its name, for messages.
    output
        What to compute: the name of an output or of anything that is computed on the way, or
        ``before-last``. May be empty if the network has one output.
    probe
        One input with the batch axis, as it will be given; tried at once, so that a network that
        OpenCV reads but cannot run is given to ONNX Runtime. Nothing is tried without it.
    engines
        Libraries to try, in this order.

    Attributes
    ----------
    output
        Name of what is computed.
    engine
        Name of the library that runs it.

    Raises
    ------
    MaskfaceError
        If the file is no ONNX model, has not one input, has nothing of that name, or no library
        can run it.
    """

    def __init__(
        self,
        model: bytes,
        name: str,
        *,
        output: str = "",
        probe: NDArray[np.float32] | None = None,
        engines: Sequence[type[Engine]] = ENGINES,
    ) -> None:
        self._graph = read_graph(model, name)
        self._name = name
        shape = self._input_shape()
        if probe is not None:
            self._check_shape(shape, probe.shape)
        # The shipped networks have no probe: they were seen to take any batch.
        self._singly = probe is not None and shape[:1] == (1,)
        self.output = self._named(output)
        self._engine = self._loaded(model, probe, engines)
        self.engine = self._engine.name

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the output of a batch (n, ...), one by one if the network takes no more."""
        try:
            if not self._singly:
                return self._engine.run(inputs)
            return np.concatenate([self._engine.run(one[None]) for one in inputs])
        except EngineError as error:
            raise MaskfaceError(
                f"{self.engine} cannot run {self._name}: {_line(error)}."
            ) from error

    def embed(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Compute the output of a batch as one row each: (n, D).

        Maps (n, D, height, width) are averaged over their height and width.

        Raises
        ------
        MaskfaceError
            If the output has another number of axes.
        """
        found = self.run(inputs).astype(np.float64)
        if found.ndim == 4:
            return np.asarray(found.mean(axis=(2, 3)))
        if found.ndim == 2:
            return found
        raise MaskfaceError(
            f"{self.output!r} of {self._name} has shape {found.shape}; an embedding has 2 axes "
            "(pictures, numbers) or 4 (pictures, channels, height, width). Name another one."
        )

    def _input_shape(self) -> tuple[int | None, ...]:
        if len(self._graph.inputs) != 1:
            names = ", ".join(name for name, _ in self._graph.inputs) or "none"
            raise MaskfaceError(
                f"{self._name} has {len(self._graph.inputs)} inputs ({names}); only networks with "
                "one input, a picture, can be used."
            )
        return self._graph.inputs[0][1]

    def _check_shape(self, declared: tuple[int | None, ...], given: tuple[int, ...]) -> None:
        fits = len(declared) == len(given) and all(
            side in (None, length) for side, length in zip(declared[1:], given[1:], strict=True)
        )
        if declared and not fits:
            takes = " x ".join("?" if side is None else str(side) for side in declared)
            raise MaskfaceError(
                f"{self._name} takes an input of {takes}, but its card makes one of "
                f"{' x '.join(map(str, given))}. Mend layout, size or colour in the card's [input]."
            )

    def _named(self, output: str) -> str:
        graph = self._graph
        if output == BEFORE_LAST:
            if graph.before_last_dense:
                return graph.before_last_dense
            raise MaskfaceError(
                f"{self._name} has no fully connected layer, so there is nothing before its last "
                f"one. {self._tensors()}"
            )
        if output and output not in (*graph.outputs, *graph.tensors):
            raise MaskfaceError(
                f"{self._name} computes nothing named {output!r}. {self._tensors()}"
            )
        if not output and len(graph.outputs) != 1:
            raise MaskfaceError(
                f"{self._name} has {len(graph.outputs)} outputs. Say in the card's [output] which "
                f'one holds the labels: name = "...", one of {", ".join(graph.outputs)}.'
            )
        return output

    def _tensors(self) -> str:
        return f"The last that it computes: {', '.join(self._graph.tensors[-8:])}."

    def _loaded(
        self, model: bytes, probe: NDArray[np.float32] | None, engines: Sequence[type[Engine]]
    ) -> Engine:
        problems = []
        for engine in engines:
            try:
                loaded = engine(model, self._graph, self.output)
                if probe is None or np.isfinite(loaded.run(probe)).all():
                    return loaded
                problems.append(f"{engine.name}: it answers with what are no numbers")
            except EngineError as error:
                problems.append(f"{engine.name}: {_line(error)}")
        raise MaskfaceError(f"{self._name} cannot be run. {'. '.join(problems)}.")


def _line(error: Exception) -> str:
    """The first lines of an error, as one short line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300].rstrip(". ")
