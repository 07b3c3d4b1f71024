"""Small ONNX files, written by hand from the format's schema (onnx.proto), for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskface.classifiers.protobuf import read_fields, read_varint

Dims = Sequence[int | str]

FER = """
title = "mini-XCEPTION"
[input]
layout = "NHWC"
size = 64
colour = "grey"
scale = 255
mean = 0.5
std = 0.5
[output]
labels = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
logits = false
embedding = "model_1/add_4/add:0"
"""
"""Card of the shipped network `fer`."""


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value % 128 + 128])
        value //= 128
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return _varint(field * 8) + _varint(value)


def text(field: int, value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(field * 8 + 2) + _varint(len(data)) + data


def node(kind: str, inputs: Sequence[str], output: str, attributes: bytes = b"") -> bytes:
    named = b"".join(text(1, name) for name in inputs)
    return text(1, named + text(2, output) + text(4, kind) + attributes)


def integers_attribute(name: str, values: Sequence[int]) -> bytes:
    return text(5, text(1, name) + b"".join(number(8, v) for v in values) + number(20, 7))


def integer_attribute(name: str, value: int) -> bytes:
    return text(5, text(1, name) + number(3, value) + number(20, 2))


def stored_weights(model: bytes) -> dict[str, NDArray[np.float32]]:
    """Float32 weights of an ONNX file, by name."""
    (graph,) = (data for field, data in read_fields(model) if field == 7)
    found = {}
    for field, tensor in read_fields(graph):
        if field == 5:
            sides = read_integers(tensor, 1)
            parts = dict(read_fields(tensor))
            numbers = np.frombuffer(parts.get(9, b""), "<f4")
            if numbers.size == np.prod(sides):
                found[parts[8].decode()] = numbers.reshape(sides)
    return found


def weights(name: str, values: NDArray[np.float32], *, elsewhere: bool = False) -> bytes:
    sides = b"".join(number(1, side) for side in values.shape)
    held = number(14, 1) if elsewhere else text(9, values.astype("<f4").tobytes())
    return text(5, sides + number(2, 1) + text(8, name) + held)


def value(field: int, name: str, dims: Dims) -> bytes:
    sides = b"".join(
        text(1, number(1, side) if isinstance(side, int) else text(2, side)) for side in dims
    )
    tensor = number(1, 1) + text(2, sides)
    return text(field, text(1, name) + text(2, text(1, tensor)))


def onnx_file(*graph: bytes, opset: int = 13, domains: Sequence[str] = ()) -> bytes:
    sets = text(8, number(2, opset)) + b"".join(
        text(8, text(1, domain) + number(2, 3)) for domain in domains
    )
    return number(1, 8) + sets + text(7, b"".join(graph) + text(2, "small"))


def linear(
    matrix: NDArray[np.float32],
    bias: NDArray[np.float32],
    dims: Dims,
    *,
    last: str = "",
    batch: int | str = "n",
) -> bytes:
    """Flatten, then ``x @ matrix + bias``, then the layer `last` if it is named."""
    nodes = node("Flatten", ["picture"], "flat") + node(
        "Gemm", ["flat", "matrix", "bias"], "dense" if last else "answers"
    )
    if last:
        nodes += node(last, ["dense"], "answers")
    return onnx_file(
        nodes,
        weights("matrix", matrix),
        weights("bias", bias),
        value(11, "picture", [batch, *dims]),
        value(12, "answers", [batch, len(bias)]),
    )


def read_floats(message: bytes, number: int) -> NDArray[np.float32]:
    """Collect a repeated ``float`` field, packed into one value or spread over many."""
    parts = [value for field, value in read_fields(message) if field == number]
    return np.frombuffer(b"".join(parts), dtype="<f4").astype(np.float32)


def read_integers(message: bytes, number: int) -> NDArray[np.int32]:
    """Collect a repeated unsigned integer field, packed into one value or spread over many."""
    values: list[int] = []
    for field, data in read_fields(message):
        position = 0
        while field == number and position < len(data):
            value, position = read_varint(data, position)
            values.append(value)
    return np.array(values, dtype=np.int32)
