"""Seeds that depend on what they are for, never on the order of work."""

from __future__ import annotations

import hashlib


def derived_seed(seed: int, *names: str | int) -> int:
    """Seed of one thing: a hash, so that order, workers and interruptions do not matter.

    Parameters
    ----------
    seed
        What the user asked for.
    names
        What the seed is for: a picture's id and a condition, or a picture's id and a face.

    Returns
    -------
    int
        0 to 2**63 - 1.
    """
    digest = hashlib.sha256(
        "\x1f".join(map(str, (seed, *names))).encode(errors="surrogatepass")
    ).digest()
    return int.from_bytes(digest[:8], "big") >> 1
