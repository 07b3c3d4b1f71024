"""Seeds that depend on what they are for."""

from __future__ import annotations

import hashlib

from maskface.seeds import derived_seed


def test_seeds_differ_by_seed_and_every_name() -> None:
    seeds = {derived_seed(s, i, c) for s in (0, 1) for i in ("a", "b") for c in ("none", 7)}
    assert len(seeds) == 8
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_seed_is_the_first_half_of_the_hash_without_its_last_bit() -> None:
    first = hashlib.sha256(b"0\x1fa\x1fnone").hexdigest()[:16]
    assert derived_seed(0, "a", "none") == int(first, 16) // 2
