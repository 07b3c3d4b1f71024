"""What an ONNX file says about itself, read without any library that runs it.

Field numbers are those of the format's schema:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from maskface._protobuf import LENGTH_DELIMITED, read_fields, read_varint
from maskface.errors import MaskfaceError

Shape = tuple[int | None, ...]
_GRAPH: Final = 7
_OUTPUT: Final = 12
_EXTERNAL: Final = 1
_DENSE: Final = ("Gemm", "MatMul")


@dataclass(frozen=True, slots=True)
class Graph:
    """One network.

    Attributes
    ----------
    inputs
        Name and shape of each input; None stands for a side of any length, () for no shape.
    outputs
        Names of the outputs.
    tensors
        Names of everything that is computed on the way, in order.
    before_last_dense
        What goes into the last fully connected layer; empty if there is none.
    """

    inputs: tuple[tuple[str, Shape], ...]
    outputs: tuple[str, ...]
    tensors: tuple[str, ...]
    before_last_dense: str


def read_graph(model: bytes, name: str) -> Graph:
    """Read the names in an ONNX file.

    Parameters
    ----------
    model
        Its bytes.
    name
        Its name, for messages.

    Raises
    ------
    MaskfaceError
        If it is no ONNX model, or keeps its weights in other files.
    """
    try:
        graph = _graph(_fields(_fields(model)[_GRAPH][-1]))
    except (ValueError, IndexError) as error:
        raise MaskfaceError(
            f"{name} is no ONNX model (a whole file of a network, with the ending .onnx). "
            "Export or download it again."
        ) from error
    if graph is None:
        raise MaskfaceError(
            f"{name} keeps its weights in other files beside it. Save it as one file: "
            f"onnx.save(onnx.load({name!r}), 'one.onnx')."
        )
    return graph


def with_output(model: bytes, tensor: str, *, typed: bool) -> bytes:
    """Make something that is computed on the way an output, too.

    Two messages of one field are merged when a file is read, the lists in them joined; so an
    output is added by appending to the file.

    Parameters
    ----------
    model
        Bytes of an ONNX file.
    tensor
        Name of what is computed.
    typed
        Say that it holds float32 of no particular shape, which OpenCV asks for and ONNX Runtime
        would hold it to.

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
        # Until version 3 of the format, weights were listed as inputs, too.
        tuple((_text(i[1]), _shape(i)) for i in inputs if _text(i[1]) not in known),
        tuple(_text(_fields(value)[1]) for value in graph[_OUTPUT]),
        tuple(out.decode() for node in nodes for out in node[2]),
        dense[-1] if dense else "",
    )


def _shape(value: dict[int, list[bytes]]) -> Shape:
    """Sides of a tensor: of a ValueInfoProto its type, tensor type, shape and dimensions."""
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
