"""Networks in ONNX files, run by OpenCV or, if it cannot, by ONNX Runtime.

The names and shapes in a file are read without either library. Field numbers are those of the
format's schema: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.classifiers.protobuf import LENGTH_DELIMITED, read_fields, read_varint
from maskface.errors import MaskfaceError

Shape = tuple[int | None, ...]
_GRAPH: Final = 7
_OUTPUT: Final = 12
_EXTERNAL: Final = 1
_DENSE: Final = ("Gemm", "MatMul")


@dataclass(frozen=True, slots=True)
class Graph:
    """Names and shapes in a network.

    Attributes
    ----------
    inputs
        Name and shape of each input; None for a side of any length, () for an unknown shape.
    outputs
        Names of the outputs.
    tensors
        Names of all computed tensors, in order.
    before_last_dense
        Name of the input of the last fully connected layer; empty if there is none.
    """

    inputs: tuple[tuple[str, Shape], ...]
    outputs: tuple[str, ...]
    tensors: tuple[str, ...]
    before_last_dense: str


def read_graph(model: bytes, name: str) -> Graph:
    """Read the names and shapes in the bytes of an ONNX file; `name` is for messages.

    Raises
    ------
    MaskfaceError
        If it is no ONNX model, or stores its weights in other files.
    """
    try:
        graph = _graph(_fields(_fields(model)[_GRAPH][-1]))
    except (ValueError, IndexError) as error:
        raise MaskfaceError(
            f"{name} is no ONNX model (one complete file with the ending .onnx). "
            "Export or download it again."
        ) from error
    if graph is None:
        raise MaskfaceError(
            f"{name} stores its weights in other files. Save it as one file: "
            f"onnx.save(onnx.load({name!r}), 'one.onnx')."
        )
    return graph


def with_output(model: bytes, tensor: str, *, typed: bool) -> bytes:
    """Add a tensor to the outputs of a network.

    Two messages of one field are merged when a file is read, and their lists concatenated, so an
    output is added by appending to the file. `typed` declares it as float32 without a shape, which
    OpenCV requires and ONNX Runtime would enforce.

    References
    ----------
    https://protobuf.dev/programming-guides/encoding/#last-one-wins
    """
    described = _field(1, tensor.encode())
    if typed:
        float32 = bytes([1 << 3, 1])
        described += _field(2, _field(1, float32 + _field(2, b"")))
    return model + _field(_GRAPH, _field(_OUTPUT, described))


def _graph(graph: dict[int, list[bytes]]) -> Graph | None:
    weights = [_fields(tensor) for tensor in graph[5]]
    if any(_number(weight[14]) == _EXTERNAL for weight in weights):
        return None
    known = {_text(weight[8]) for weight in weights}
    nodes = [_fields(node) for node in graph[1]]
    dense = [_text(node[1][:1]) for node in nodes if _text(node[4]) in _DENSE]
    inputs = [_fields(value) for value in graph[11]]
    if not nodes:
        raise ValueError("no layers")
    return Graph(
        # Up to version 3 of the format, weights are listed as inputs too.
        tuple((_text(i[1]), _shape(i)) for i in inputs if _text(i[1]) not in known),
        tuple(_text(_fields(value)[1]) for value in graph[_OUTPUT]),
        tuple(out.decode() for node in nodes for out in node[2]),
        dense[-1] if dense else "",
    )


def _shape(value: dict[int, list[bytes]]) -> Shape:
    """Return the sides of a tensor: type, tensor type, shape and dimensions of a ValueInfoProto."""
    for number in (2, 1, 2):
        if not value[number]:
            return ()
        value = _fields(value[number][-1])
    sides = [_fields(side)[1] for side in value[1]]
    return tuple(_number(side) or None for side in sides)


def _fields(message: bytes) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = defaultdict(list)
    for number, value in read_fields(message):
        found[number].append(value)
    return found


def _text(values: list[bytes]) -> str:
    return values[-1].decode() if values else ""


def _number(values: list[bytes]) -> int:
    return read_varint(values[-1], 0)[0] if values else 0


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | LENGTH_DELIMITED) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups[-1] |= 0x80
        groups.append(value & 0x7F)
    return bytes(groups)


INSTALL: Final = 'pip install "maskface[onnx]"'
"""Command that installs ONNX Runtime."""
_QUIET: Final = 4  # onnxruntime: fatal errors only; the others are raised


class EngineError(Exception):
    """A library that cannot read or run a network."""


class MissingEngineError(EngineError):
    """A library that is not installed."""


class Engine(Protocol):
    """A library that has loaded a network.

    Parameters
    ----------
    model
        Bytes of an ONNX file.
    graph
        Its names and shapes.
    output
        Name of the tensor to compute; if empty, its only output.

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
    """The dnn module of OpenCV, which is always installed."""

    name = f"OpenCV {cv2.__version__}"

    def __init__(self, model: bytes, graph: Graph, output: str) -> None:
        hidden = bool(output) and output not in graph.outputs
        readable = with_output(model, output, typed=True) if hidden else model
        with _opencv_errors():
            self._network = cv2.dnn.readNetFromONNX(np.frombuffer(readable, np.uint8))
        self._output = (output,) if output else ()

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the output of a batch."""
        with _opencv_errors():
            self._network.setInput(inputs)
            return np.asarray(self._network.forward(*self._output), dtype=np.float32)


@contextmanager
def _opencv_errors() -> Iterator[None]:
    """Convert OpenCV's errors to `EngineError`, and keep it from printing them too."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    except cv2.error as error:
        raise EngineError(str(error)) from error
    finally:
        cv2.utils.logging.setLogLevel(before)


class OnnxRuntime:
    """ONNX Runtime, for layers that OpenCV does not support."""

    name = "ONNX Runtime"

    def __init__(self, model: bytes, graph: Graph, output: str) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingEngineError(f"is not installed; type {INSTALL}") from error
        options = onnxruntime.SessionOptions()
        # The last digits would depend on the order in which threads finish.
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
"""Libraries in the order in which they are tried."""

BEFORE_LAST: Final = "before-last"
"""Stands for the input of the last fully connected layer."""


class Network:
    """A network that is ready to run.

    Parameters
    ----------
    model
        Bytes of an ONNX file.
    name
        Its name, for messages.
    output
        Name of the output or any other tensor to compute, or ``before-last``. May be empty if the
        network has one output.
    probe
        A typical input with the batch axis. It is run at once, so that networks that OpenCV reads
        but cannot run are given to ONNX Runtime. If None, nothing is run.
    engines
        Libraries to try, in this order.

    Attributes
    ----------
    output
        Name of the computed tensor.
    engine
        Name of the library that runs the network.

    Raises
    ------
    MaskfaceError
        If the file is no ONNX model, does not have exactly one input, has no such tensor, or no
        library can run it.
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
        # The shipped networks have no probe; they accept batches of any size.
        self._one_by_one = probe is not None and shape[:1] == (1,)
        self.output = self._resolve(output)
        self._engine = self._load(model, probe, engines)
        self.engine = self._engine.name

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the output of a batch (n, ...), one by one if the network requires it."""
        try:
            if not self._one_by_one:
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

    def _input_shape(self) -> Shape:
        if len(self._graph.inputs) != 1:
            names = ", ".join(name for name, _ in self._graph.inputs) or "none"
            raise MaskfaceError(
                f"{self._name} has {len(self._graph.inputs)} inputs ({names}); only networks with "
                "one input, a picture, can be used."
            )
        return self._graph.inputs[0][1]

    def _check_shape(self, declared: Shape, given: tuple[int, ...]) -> None:
        fits = len(declared) == len(given) and all(
            side in (None, length) for side, length in zip(declared[1:], given[1:], strict=True)
        )
        if declared and not fits:
            takes = " x ".join("?" if side is None else str(side) for side in declared)
            raise MaskfaceError(
                f"{self._name} takes an input of {takes}, but its card describes one of "
                f"{' x '.join(map(str, given))}. Change layout, size or colour in its [input]."
            )

    def _resolve(self, output: str) -> str:
        graph = self._graph
        if output == BEFORE_LAST:
            if graph.before_last_dense:
                return graph.before_last_dense
            raise MaskfaceError(
                f"{self._name} has no fully connected layer, so before-last is not defined. "
                f"{self._tensors()}"
            )
        if output and output not in (*graph.outputs, *graph.tensors):
            raise MaskfaceError(f"{self._name} has no tensor named {output!r}. {self._tensors()}")
        if not output and len(graph.outputs) != 1:
            raise MaskfaceError(
                f"{self._name} has {len(graph.outputs)} outputs. Name in the card's [output] "
                f'the one with the labels: name = "...", one of {", ".join(graph.outputs)}.'
            )
        return output

    def _tensors(self) -> str:
        return f"Its last tensors: {', '.join(self._graph.tensors[-8:])}."

    def _load(
        self, model: bytes, probe: NDArray[np.float32] | None, engines: Sequence[type[Engine]]
    ) -> Engine:
        problems = []
        for engine in engines:
            try:
                loaded = engine(model, self._graph, self.output)
                if probe is None or np.isfinite(loaded.run(probe)).all():
                    return loaded
                problems.append(f"{engine.name}: its output is not finite")
            except EngineError as error:
                problems.append(f"{engine.name}: {_line(error)}")
        raise MaskfaceError(f"{self._name} cannot be run. {'. '.join(problems)}.")


def _line(error: Exception) -> str:
    """Return the beginning of an error message as one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300].rstrip(". ")
