"""Read the Protocol Buffers wire format, as far as one small file needs it.

A message is a sequence of fields. Each starts with a *varint* (little-endian groups of seven
bits, the eighth says "more follows") that holds ``field number * 8 + wire type``; the wire type
says how the value is stored. Without the schema the values cannot be interpreted further, which
is why the readers below take the bytes of a field whose type the caller knows.

References
----------
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

VARINT: Final = 0
FIXED64: Final = 1
LENGTH_DELIMITED: Final = 2
FIXED32: Final = 5

_FIXED_BYTES: Final = {FIXED64: 8, FIXED32: 4}


def read_varint(data: bytes, start: int) -> tuple[int, int]:
    """Read one varint; return its value and the position after it.

    Raises
    ------
    ValueError
        If it goes on after ten bytes, which hold more than 64 bits.

    Examples
    --------
    >>> read_varint(bytes([0b10010110, 0b00000001]), 0)
    (150, 2)
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

    Raises
    ------
    ValueError
        If the message uses a wire type that was never in use after 2008 (groups) or breaks off.
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
