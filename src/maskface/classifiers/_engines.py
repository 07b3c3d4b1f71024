"""Libraries that run a network: OpenCV, or else ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.classifiers._graph import Graph, with_output

INSTALL: Final = 'pip install "maskface[onnx]"'
"""What to type for a second way to run networks."""
_QUIET: Final = 4  # onnxruntime: fatal errors only; the others are raised


class EngineError(Exception):
    """A library that cannot read or run a network."""


class MissingEngineError(EngineError):
    """A library that is not installed."""


class Engine(Protocol):
    """A library with a network loaded.

    Parameters
    ----------
    model
        Bytes of an ONNX file.
    graph
        What is in it.
    output
        What to compute, one of its tensors; its only output if empty.

    Raises
    ------
    EngineError
        If the library cannot read or run it.
    """

    name: str

    def __init__(self, model: bytes, graph: Graph, output: str) -> None: ...

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the output of a batch."""
        ...


class OpenCV:
    """The dnn module of OpenCV, which is there anyway."""

    name = f"OpenCV {cv2.__version__}"

    def __init__(self, model: bytes, graph: Graph, output: str) -> None:
        hidden = bool(output) and output not in graph.outputs
        readable = with_output(model, output, typed=True) if hidden else model
        with _quiet():
            self._network = cv2.dnn.readNetFromONNX(np.frombuffer(readable, np.uint8))
        self._output = (output,) if output else ()

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the output of a batch."""
        with _quiet():
            self._network.setInput(inputs)
            return np.asarray(self._network.forward(*self._output), dtype=np.float32)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let OpenCV raise what it would also print on the terminal."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    except cv2.error as error:
        raise EngineError(str(error)) from error
    finally:
        cv2.utils.logging.setLogLevel(before)


class OnnxRuntime:
    """ONNX Runtime, for layers that OpenCV does not know."""

    name = "ONNX Runtime"

    def __init__(self, model: bytes, graph: Graph, output: str) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingEngineError(f"is not installed; type {INSTALL}") from error
        options = onnxruntime.SessionOptions()
        # The order in which threads finish would change the last digits.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _QUIET
        hidden = bool(output) and output not in graph.outputs
        readable = with_output(model, output, typed=False) if hidden else model
        try:
            self._session: Any = onnxruntime.InferenceSession(
                readable, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise EngineError(str(error)) from error
        self._input = graph.inputs[0][0]
        self._output = output or graph.outputs[0]

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the output of a batch."""
        try:
            (found,) = self._session.run([self._output], {self._input: inputs})
        except Exception as error:
            raise EngineError(str(error)) from error
        return np.asarray(found, dtype=np.float32)


ENGINES: Final[tuple[type[Engine], ...]] = (OpenCV, OnnxRuntime)
"""In the order in which they are tried."""
