"""Reader of the Protocol Buffers wire format, as far as ONNX files need it.

A message is a sequence of fields. Each starts with a *varint* (little-endian groups of seven bits;
the eighth bit is set if more follow) that holds ``field number * 8 + wire type``, and the wire type
gives the length of the value. Only the schema has the types of values, so they are
returned as bytes.

References
----------
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
LENGTH_DELIMITED: Final = 2
FIXED32: Final = 5

_FIXED_BYTES: Final = {FIXED64: 8, FIXED32: 4}


def read_varint(data: bytes, start: int) -> tuple[int, int]:
    """Read one varint; return its value and the position after it.

    Raises ValueError if it has more than ten bytes, and so more than 64 bits.
    """
    value = shift = 0
    position = start
    while shift < 70:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise ValueError(f"a number at byte {start} has more than 64 bits")


def read_fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the field number and the raw bytes of each field of a message, in order.

    Raises ValueError if the message uses an unknown wire type or is truncated.
    """
    position = 0
    while position < len(message):
        key, position = read_varint(message, position)
        number, wire_type = key >> 3, key & 7
        start, end = _extent(message, position, wire_type)
        if end > len(message):
            raise ValueError(f"The message ends inside field {number}.")
        yield number, message[start:end]
        position = end


def _extent(message: bytes, position: int, wire_type: int) -> tuple[int, int]:
    """Return where the value of a field starts and ends."""
    if wire_type == VARINT:
        return position, read_varint(message, position)[1]
    if wire_type == LENGTH_DELIMITED:
        length, start = read_varint(message, position)
        return start, start + length
    if wire_type in _FIXED_BYTES:
        return position, position + _FIXED_BYTES[wire_type]
    raise ValueError(f"Unknown wire type {wire_type}.")
