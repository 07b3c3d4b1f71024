"""What every landmark detector is."""

from __future__ import annotations

from typing import Protocol

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
