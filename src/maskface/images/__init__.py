"""Read and write pictures. No other module touches a picture file."""

from maskface.images.decode import (
    LIMITS,
    MAX_BYTES,
    MAX_PIXELS,
    MIN_SIDE,
    Limits,
    count_frames,
    decode_image,
    read_bytes,
    read_image,
    read_rgba,
)
from maskface.images.files import (
    IMAGE_SUFFIXES,
    JPEG_SUFFIXES,
    PICTURE_SUFFIXES,
    READ_SUFFIXES,
    find_files,
    find_images,
    left_out_note,
    looks_like_picture,
    walk,
    write_image,
)

__all__ = [
    "IMAGE_SUFFIXES",
    "JPEG_SUFFIXES",
    "LIMITS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MIN_SIDE",
    "PICTURE_SUFFIXES",
    "READ_SUFFIXES",
    "Limits",
    "count_frames",
    "decode_image",
    "find_files",
    "find_images",
    "left_out_note",
    "looks_like_picture",
    "read_bytes",
    "read_image",
    "read_rgba",
    "walk",
    "write_image",
]
