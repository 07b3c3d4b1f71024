"""Networks in ONNX files: what they say of themselves, and the libraries that run them.

OpenCV runs a network, or else ONNX Runtime. A network is tried before it is used: first in a
process of its own, which a damaged file may end, then on two pictures, together and alone.

Field numbers are those of the format's schema:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import hashlib
import importlib
import io
import multiprocessing
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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
_WHOLE: Final = {2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64"}
"""Types of whole numbers, by their number in the format."""
_DENSE: Final = ("Gemm", "MatMul")


@dataclass(frozen=True, slots=True)
class Graph:
    """Names and shapes in a network."""

    # Name and shape of each input; None for a side of any length, () for an unknown shape.
    inputs: tuple[tuple[str, Shape], ...]
    whole: str  # type of the first input if it takes whole numbers, such as uint8; else empty
    outputs: tuple[str, ...]  # names of the outputs
    tensors: tuple[str, ...]  # names of all computed tensors, in order
    # Name of the input of the last fully connected layer; empty if there is none.
    before_last_dense: str


def read_graph(model: bytes, name: str) -> Graph:
    """Read the names and shapes in the bytes of an ONNX file; `name` is for messages.

    Raises MaskfaceError if it is no ONNX model, or stores its weights in other files.
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

    Two messages of one field are merged when a file is read, and their lists concatenated
    (https://protobuf.dev/programming-guides/encoding/#last-one-wins), so an output is added by
    appending to the file. `typed` declares it as float32 without a shape, which OpenCV requires and
    ONNX Runtime would enforce.
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
    # Until version 3 of the format, weights were listed as inputs, too.
    inputs = [one for one in map(_fields, graph[11]) if _text(one[1]) not in known]
    if not nodes:
        raise ValueError("no layers")
    return Graph(
        tuple((_text(one[1]), _shape(one)) for one in inputs),
        _WHOLE.get(_number(_inner(inputs[0], 2, 1)[1]), "") if inputs else "",
        tuple(_text(_fields(value)[1]) for value in graph[_OUTPUT]),
        tuple(out.decode() for node in nodes for out in node[2]),
        dense[-1] if dense else "",
    )


def _shape(value: dict[int, list[bytes]]) -> Shape:
    """Return the sides of a tensor: type, tensor type, shape and dimensions of a ValueInfoProto."""
    sides = [_fields(side)[1] for side in _inner(value, 2, 1, 2)[1]]
    return tuple(_number(side) or None for side in sides)


def _inner(message: dict[int, list[bytes]], *path: int) -> dict[int, list[bytes]]:
    """Return the message at the end of a path of fields; an empty one if it is not there."""
    for number in path:
        message = _fields(message[number][-1] if message[number] else b"")
    return message


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
    """A library that has loaded a network, to compute one tensor: `output`, or its only output.

    `model` are the bytes of an ONNX file, and `graph` its names and shapes. Raises EngineError if
    the library cannot read or run it.
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

    def run_with(self, inputs: NDArray[np.float32], other: str) -> list[NDArray[np.float32]]:
        """Compute the output of a batch and another tensor at once."""
        with _opencv_errors():
            self._network.setInput(inputs)
            found = self._network.forward([*self._output, other])
        return [np.asarray(one, dtype=np.float32) for one in found]


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


TRIAL_S: Final = 120
"""How long a network may take to be loaded and to read one picture, in seconds."""
_SAME: Final = 1e-3
"""How far answers may differ between batches, of the largest number; sums are rounded."""
_SURVIVED: Final[set[tuple[str, str]]] = set()
"""Hashes of files, and the libraries that ran them without an end of the process."""


class Network:
    """A network that is ready to run.

    `model` are the bytes of an ONNX file, and `name` is for messages. `output` is the name of the
    output or any other tensor to compute, or ``before-last``; it may be empty if the network has
    one output. `probe` are two different inputs (2, ...), which are run at once (in a process of
    their own first, unless `trusted`), so that networks that OpenCV reads but cannot run are given
    to ONNX Runtime; if None, nothing is run. `engines` are libraries to try, in this order.

    Raises MaskfaceError if the file is no ONNX model, does not have exactly one input, has no such
    tensor, no library can run it, or its answer to a picture depends on the rest of the batch or on
    chance.
    """

    def __init__(
        self,
        model: bytes,
        name: str,
        *,
        output: str = "",
        probe: NDArray[np.float32] | None = None,
        engines: Sequence[type[Engine]] = ENGINES,
        trusted: bool = False,
    ) -> None:
        self._graph = read_graph(model, name)
        self._name = name
        shape = self._input_shape()
        if probe is not None:
            self._check_shape(shape, probe[:1].shape)
        # The shipped networks have no probe; they accept batches of any size.
        self._one_by_one = probe is not None and shape[:1] == (1,)
        self.output = self._resolve(output)
        self._engine = self._load(model, probe, engines, trusted=trusted)
        self.engine = self._engine.name
        if probe is not None:
            self._check_repeatable(probe)

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the output of a batch (n, ...), one by one if the network requires it."""
        try:
            if not self._one_by_one:
                return _with_batch_axis(self._engine.run(inputs), len(inputs))
            found = [_with_batch_axis(self._engine.run(one[None]), 1) for one in inputs]
            return np.concatenate(found)
        except EngineError as error:
            raise MaskfaceError(
                f"{self.engine} cannot run {self._name}: {_line(error)}."
            ) from error

    def embed(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Compute the output of a batch as one row each: (n, D).

        Maps (n, D, height, width) are averaged over their height and width. Raises MaskfaceError if
        the output has another number of axes.
        """
        return self._rows(self.run(inputs))

    def embed_and_answer(
        self, inputs: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Compute the embedding of a batch as `embed` does, and the only output (n, ...), at once.

        For networks that OpenCV runs.
        """
        assert isinstance(self._engine, OpenCV)  # noqa: S101
        described, answers = self._engine.run_with(inputs, self._graph.outputs[0])
        return self._rows(described), answers.astype(np.float64)

    def _rows(self, output: NDArray[np.float32]) -> NDArray[np.float64]:
        found = output.astype(np.float64)
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
        if self._graph.whole:
            raise MaskfaceError(
                f"{self._name} takes whole numbers ({self._graph.whole}), which is not supported. "
                "Export it with an input of float32."
            )
        return self._graph.inputs[0][1]

    def _check_repeatable(self, probe: NDArray[np.float32]) -> None:
        """Raise if a picture is answered otherwise beside another one, or the next time."""
        alone, again = (np.concatenate([self.run(one[None]) for one in probe]) for _ in range(2))
        try:
            together = self.run(probe)
        except MaskfaceError:  # whatever length of batch the file declares
            self._one_by_one, together = True, alone
        softmax = ", or takes a softmax over the pictures"
        for other, why, or_else in (
            (again, "chance", ""),
            (together, "the other pictures of a batch", softmax),
        ):
            close = _SAME * float(np.abs(alone).max())
            if other.shape != alone.shape or not np.allclose(other, alone, rtol=0, atol=close):
                raise MaskfaceError(
                    f"The answers of {self._name} depend on {why}, not on the picture alone. It "
                    f"may have been exported in training mode{or_else}. Export it for evaluation "
                    "(in PyTorch after model.eval()), or ask its authors."
                )

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
        self,
        model: bytes,
        probe: NDArray[np.float32] | None,
        engines: Sequence[type[Engine]],
        *,
        trusted: bool,
    ) -> Engine:
        problems = []
        for engine in engines:
            try:
                tried = None if probe is None or trusted else probe[:1]
                if tried is not None and (end := _end_of_trial(engine, model, self.output, tried)):
                    problems.append(f"{engine.name}: {end}")
                    continue
                loaded = engine(model, self._graph, self.output)
                if probe is None or np.isfinite(loaded.run(probe[:1])).all():
                    return loaded
                problems.append(f"{engine.name}: its output is not finite")
            except EngineError as error:
                problems.append(f"{engine.name}: {_line(error)}")
        raise MaskfaceError(f"{self._name} cannot be run. {'. '.join(problems)}.")


def _with_batch_axis(found: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Return an answer with the batch axis, which some networks drop for a single picture."""
    return found[None] if n == 1 and found.shape[:1] != (1,) else found


def _end_of_trial(
    engine: type[Engine], model: bytes, output: str, probe: NDArray[np.float32]
) -> str:
    """Return how a process ends that runs a network, in words; empty if it ends well.

    Workers try nothing: the process that began them has, and survives them.
    """
    key = (hashlib.sha256(model).hexdigest(), engine.name)
    if key in _SURVIVED or multiprocessing.parent_process() is not None:
        return ""
    program = f"from {__name__} import try_out; try_out()"
    command = [sys.executable, "-c", program, engine.__module__, engine.__name__, output]
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    content = io.BytesIO()
    np.savez(content, model=np.frombuffer(model, np.uint8), probe=probe)
    try:
        code = subprocess.run(  # noqa: S603 (this Python, and code of our own)
            command,
            input=content.getvalue(),
            env=os.environ | path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TRIAL_S,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return f"it took more than {TRIAL_S} s to read one picture"
    if not code:
        _SURVIVED.add(key)
        return ""
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"the file ends the process that runs it ({how}); it may be damaged"


def try_out() -> None:
    """Run a network in this process, which it may end; what to run comes from stdin.

    The engine and the output are named in its arguments. Errors of the engine are left to the
    process that asked.
    """
    module, name, output = sys.argv[1:]
    engine = getattr(importlib.import_module(module), name)
    with np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False) as given:
        model, probe = given["model"].tobytes(), given["probe"]
    with suppress(EngineError):
        engine(model, read_graph(model, ""), output).run(probe)


def _line(error: Exception) -> str:
    """Return the beginning of an error message as one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300].rstrip(". ")
