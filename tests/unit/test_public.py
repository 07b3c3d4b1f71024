"""The names that `import maskface` offers."""

from __future__ import annotations

import pytest

import maskface


def test_every_public_name_can_be_had() -> None:
    for name in maskface.__all__:
        assert getattr(maskface, name) is not None, name
        assert name in dir(maskface)


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'masks'"):
        _ = maskface.masks
