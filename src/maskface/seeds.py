"""Seeds that depend on what they are for, never on the order of work."""

from __future__ import annotations

import hashlib


def derived_seed(seed: int, *names: str | int) -> int:
    """Return the seed of one thing, 0 to 2**63 - 1, whatever the order and the workers: a hash.

    `names` are what the seed is for: a picture's id and a condition, or a picture's id and a face.
    """
    digest = hashlib.sha256(
        "\x1f".join(map(str, (seed, *names))).encode(errors="surrogatepass")
    ).digest()
    return int.from_bytes(digest[:8], "big") >> 1
