"""The protocol of landmark detectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Protocol, Self

from maskface.types import FaceLandmarks, ImageArray


class LandmarkDetector(Protocol):
    """A detector of the faces in a picture."""

    @property
    def fingerprint(self) -> str:
        """Hash of model and settings; it changes whenever results could."""
        ...

    def detect(self, image: ImageArray) -> tuple[FaceLandmarks, ...]:
        """Find all faces.

        Parameters
        ----------
        image
            (H, W, 3) uint8 RGB.

        Returns
        -------
        tuple of FaceLandmarks
            Largest face first; empty if there is none.
        """
        ...

    def close(self) -> None:
        """Release the native resources; the detector cannot be used afterwards."""
        ...


class Closing(ABC):
    """A detector that can be used in a ``with`` block."""

    @abstractmethod
    def close(self) -> None:
        """Release the native resources."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
