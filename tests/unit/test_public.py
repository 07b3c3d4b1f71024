"""The names that `import maskface` offers."""

from __future__ import annotations

import importlib

import pytest

maskface = importlib.import_module("maskface")


@pytest.mark.slow
def test_every_public_name_can_be_had() -> None:
    assert "Experiment" in maskface.__all__
    for name in maskface.__all__:
        assert getattr(maskface, name) is not None, name
        assert name in dir(maskface)


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match=r"[Nn]o .*attribute '?masks'?"):
        _ = maskface.masks
