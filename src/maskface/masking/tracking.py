"""Follow faces through a video.

A face is searched for near its last place: that costs one pass for each face, finds small faces
as well as a search of the whole picture does, and is steadier, since the face fills the same share
of what the landmark model is given. (Standard deviation of the points of a still face of 82 px in
640 x 480 with noise of 5 grey levels: 0.15 px, against 0.55 px when each frame is searched anew.)
The whole picture is searched now and then for new faces. A One Euro filter smooths the points:
steady while a face is still, quick when it moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.landmarks.fallbacks import merge, overlap, view
from maskface.types import FaceLandmarks, ImageArray

MIN_CUTOFF: Final = 0.5
SLOPE: Final = 20.0
SPEED_CUTOFF: Final = 10.0
"""Chosen on a face at two sizes, 206 and 82 px, 30 frames a second, noise of 5 grey levels. Held
still, 15 and 16 % of its points' shift from frame to frame are left, and 26 and 30 % of their
standard deviation. Swung by up to 2.4 and 6.1 times its size a second, the filtered points trail
by 0.7 and 0.8 % of its size (root mean square), 1.2 and 1.5 % at most. With a speed cutoff of 1 Hz
they trail by up to 4 and 8 %."""


class OneEuro:
    """The One Euro filter of Casiez, Roussel & Vogel 2012 (doi:10.1145/2207676.2208639).

    A low-pass filter of first order whose cutoff rises with the speed of the signal, from
    `min_cutoff` (Hz; lower is steadier) by `slope` Hz for each unit a second (the paper's beta;
    higher trails less). `speed_cutoff` (Hz) is that of the filter that smooths the speed. The
    values are points that move together, so one speed, the root mean square over the points,
    decides for all of them: it is less noisy than each point's own, and the points keep their
    arrangement.
    """

    def __init__(
        self,
        *,
        min_cutoff: float = MIN_CUTOFF,
        slope: float = SLOPE,
        speed_cutoff: float = SPEED_CUTOFF,
    ) -> None:
        self.min_cutoff = min_cutoff
        self.slope = slope
        self.speed_cutoff = speed_cutoff
        self._time = 0.0
        self._value: Floats | None = None
        self._velocity: Floats | None = None

    def __call__(self, points: Floats, time: float, *, unit: float = 1.0) -> Floats:
        """Filter the next points (N, D), always of the same shape, D at least 2.

        The speed is that of the first two coordinates (a third, depth, is noisier), in `unit` units
        of the points a second. The first points come back as they are; if `time` (s) is not later
        than the last one, so does the last result.
        """
        if self._value is None or self._velocity is None:
            self._value, self._velocity = points, np.zeros_like(points)
        elif time > self._time:
            step = time - self._time
            velocity = (points - self._value) / step
            self._velocity = _blend(velocity, self._velocity, self.speed_cutoff, step)
            squares = (self._velocity[:, :2] ** 2).sum(axis=1)
            speed = float(np.sqrt(squares.mean())) / unit
            cutoff = self.min_cutoff + self.slope * speed
            self._value = _blend(points, self._value, cutoff, step)
        self._time = time
        return self._value


def _blend(new: Floats, old: Floats, cutoff: float, step: float) -> Floats:
    """Move from the old value towards the new one as a low-pass filter of first order does."""
    share = 1 / (1 + 1 / (2 * np.pi * cutoff * step))
    return np.asarray(share * new + (1 - share) * old)


Find: TypeAlias = Callable[[ImageArray], Sequence[FaceLandmarks]]

NEIGHBOURHOOD: Final = 2.0
"""Side of the square that is searched for a face, as a multiple of its size."""
SAME_FACE: Final = 0.1
"""Smallest intersection over union of a face's boxes in two frames. A face that moves by 0.8 of
its width from one frame to the next is still the same."""
ONE_PASS: Final = 0.2
"""Seconds between two single passes over the whole picture."""
SEARCH: Final = 1.0
"""Seconds between two searches of the whole picture, with its tiles."""
HOLD: Final = 0.3
"""Seconds for which a face that is not found keeps its occluder where it was: an occluder that
flickers would show the face."""
FORGET: Final = 2.0
"""Seconds after which a face that comes back is a new one, with a number and seed of its own."""
CUT: Final = 30.0
"""A mean difference of the thumbnails of two frames above this (grey levels) is a cut."""
THUMBNAIL: Final = (32, 32)


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFace:
    """A face in one frame."""

    number: int  # the same for the same face in all frames; 0 for the first
    landmarks: FaceLandmarks  # the face, smoothed over time
    unseen: float  # seconds since it was last found


class _Track:
    """One face over time."""

    def __init__(self, number: int, face: FaceLandmarks, time: float) -> None:
        self.number = number
        self.seen = -np.inf
        self.see(face, time)

    def see(self, face: FaceLandmarks, time: float) -> None:
        """Update the place of the face."""
        if time - self.seen > HOLD:  # what it did before it was lost says nothing about now
            self._smooth = OneEuro()
        points = self._smooth(face.points.astype(np.float64), time, unit=max(face.size, 1.0))
        self._steady = replace(face, points=points.astype(np.float32))
        self.found, self.seen = face, time

    def at(self, time: float) -> TrackedFace:
        """Return the smoothed face."""
        return TrackedFace(self.number, self._steady, time - self.seen)


class FaceTracker:
    """A tracker of the faces of a video, frame by frame.

    `search` finds all faces, small ones too, and is slow; `one_pass` those of ordinary size.
    """

    def __init__(self, search: Find, one_pass: Find) -> None:
        self._search, self._one_pass = search, one_pass
        self._tracks: list[_Track] = []
        self._met = 0
        self._searched = self._passed = -np.inf
        self._thumbnail: NDArray[np.float32] | None = None

    def update(self, image: ImageArray, time: float) -> tuple[TrackedFace, ...]:
        """Find the faces of the next frame (H, W, 3) uint8 RGB, at a time in seconds.

        Sorted by number; faces that were found, or lost for no more than `HOLD`. A lost face is
        left out where another is found: it lies behind that one, and its occluder would hide the
        wrong person.
        """
        if self._is_cut(image):
            self._tracks, self._searched = [], -np.inf
        near = merge([face for track in self._tracks for face in self._near(track, image)])
        lost = len(near) < len(self._tracks)
        self._match(merge([*near, *self._around(image, time, lost=lost)]), time)
        self._tracks = [track for track in self._tracks if time - track.seen <= FORGET]
        shown = [face for track in self._tracks if (face := track.at(time)).unseen <= HOLD + 1e-9]
        found = [face for face in shown if not face.unseen]
        return tuple(face for face in shown if not face.unseen or not _is_behind(face, found))

    def _is_cut(self, image: ImageArray) -> bool:
        small = cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA)
        thumbnail = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
        last, self._thumbnail = self._thumbnail, thumbnail
        return last is not None and float(np.abs(thumbnail - last).mean()) > CUT

    def _near(self, track: _Track, image: ImageArray) -> list[FaceLandmarks]:
        """Find the faces near the last place of a face."""
        left, top, right, bottom = track.found.box
        side = max(round(NEIGHBOURHOOD * track.found.size), 1)
        x, y = round((left + right - side) / 2), round((top + bottom - side) / 2)
        square = view(x, y, side, side)
        return [square.moved(face) for face in self._one_pass(square.of(image))]

    def _around(self, image: ImageArray, time: float, *, lost: bool) -> Sequence[FaceLandmarks]:
        """Search the whole picture if that is due, or a face is not where it was."""
        if time - self._searched >= SEARCH:
            self._searched = self._passed = time
            return self._search(image)
        if lost or time - self._passed >= ONE_PASS:
            self._passed = time
            return self._one_pass(image)
        return ()

    def _match(self, faces: Sequence[FaceLandmarks], time: float) -> None:
        """Give each face to the track it overlaps most; the others are new."""
        pairs = sorted(
            (
                (overlap(track.found.box, face.box), -i, -j)
                for i, track in enumerate(self._tracks)
                for j, face in enumerate(faces)
            ),
            reverse=True,
        )
        free, left = dict(enumerate(self._tracks)), dict(enumerate(faces))
        for share, i, j in pairs:
            if share >= SAME_FACE and -i in free and -j in left:
                free.pop(-i).see(left.pop(-j), time)
        for face in left.values():
            self._tracks.append(_Track(self._met, face, time))
            self._met += 1


def _is_behind(lost: TrackedFace, found: Sequence[TrackedFace]) -> bool:
    return any(overlap(lost.landmarks.box, face.landmarks.box) >= SAME_FACE for face in found)
