"""What every landmark detector is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Protocol, Self

from maskface.types import FaceLandmarks, ImageArray


class LandmarkDetector(Protocol):
    """Finds the faces in a picture."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the detector's answers could: a hash of its model and settings."""
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
    """A detector that a ``with`` block closes."""

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
