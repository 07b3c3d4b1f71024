"""Find small and cut-off faces by further passes: closer, with a border, or brightened.

MediaPipe's face detector sees the whole picture at 128 x 128 px, so it misses faces that fill
less than about a sixth of it, and faces cut off by the frame. Everything here is geometry around
a callable that makes one pass; nothing depends on MediaPipe.

Cost, in passes: one when a face of ordinary size is found; otherwise two, and one for each
tile (9 in a picture of 256 px, 85 at 640 x 480, at most `MAX_TILES`) and three for each small face
found; and, if there is still no face, two for each of `LAST_VIEWS` and four for each face found
there. A pass that finds nothing takes a fifth of the time of one that finds a face.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from maskface.crops import cut, resize
from maskface.landmarks.pose import head_pose, misfit
from maskface.types import FaceLandmarks, ImageArray

Search: TypeAlias = Literal["scenes", "always", "never"]
SEARCHES: Final = get_args(Search)
Find: TypeAlias = Callable[[ImageArray], Sequence[FaceLandmarks]]

WORKING_SIDE: Final = 256
"""Smaller views are enlarged until their shorter side has so many pixels, the mesh model's own
size. Of 163 crops at 48 px that end between the eyes and the ears, 152 are found instead of 144."""
MAX_ENLARGEMENT: Final = 8.0
LONGEST_SIDE: Final = 2048
"""Larger views are shrunk to this. The detector sees 128 px and the mesh model 256 px, so nothing
is lost; MediaPipe ends the process (not with an error: at once) at 32767 px."""
BORDER: Final = 0.5
"""Border around a picture whose face is cut off, as a share of the sides. The picture's edge is
repeated; a mirrored border makes ghost faces."""
MIN_SIDE: Final = 8
"""Pictures with a shorter side than this in pixels are not searched."""

SCENE: Final = 0.25
"""If the largest face is smaller than this share of the picture's longer side, the picture shows
a scene, and tiles are searched for smaller faces. The longer side decides how large the detector
sees a face: of ten faces side by side, each a third of the height but a seventh of the width, the
single pass found one."""
TILE_OVERLAP: Final = 0.5
"""Share of a tile's side. Every face up to this share lies whole in some tile; larger ones are
found one level up, where tiles are twice as large."""
MIN_TILE: Final = 96
"""Smallest side of a tile in pixels; the faces it would be needed for are under 20 px."""
MAX_TILES: Final = 100
"""Greatest number of tiles of a picture, whatever its size."""
EDGE: Final = 0.02
"""A face within this share of a tile's side of an edge is taken to be cut off."""
CONTAINED: Final = 0.6
"""Share of the smaller of two boxes within the larger one from which they show one face."""

FRAMINGS: Final = (1.3, 2.5, 3.5)
"""A face found in a tile must be found again in squares of these multiples of its size. All of
370 real faces of 24 to 96 px pass, 4 of 33 false ones in 150 pictures without a face do."""
SEEN_AGAIN: Final = 0.5
"""Smallest intersection over union of a face and the same face seen again."""

LAST_VIEWS: Final = (0.7, 0.65, 0.8, 1.1, 1.2, 0.6, 0.9)
"""Centred views, as shares of the sides, to search where nothing at all was found, first as the
picture is and then brightened. MediaPipe's score for a head that is turned far and masked lies
near its threshold, and another size or a lighter skin can lift it: of 84 synthetic heads turned
by 40 degrees under a surgical mask, 23 are found only here and 4 not even here."""
LAST_GAMMA: Final = 0.5
"""Exponent of brightening: dark skin beside a light mask is shown at twice its lightness."""
LAST_FRAMINGS: Final = (1.3, 1.6, 2.0, 2.5)
"""A face found in one of `LAST_VIEWS` must be found again in `LAST_NEEDED` squares of these
multiples of its size. In 500 parts of photographs that show no face, no false one passes."""
LAST_NEEDED: Final = 2

GUESS: Final = 0.5
"""In a picture whose sides are below `2 * MIN_TILE`, a face smaller than this share of the longer
side must be confirmed: such pictures are crops of one face, which fills them."""
DOUBT: Final = 2.1
"""The doubt (see `doubt`) above which a picture may be upside down. MediaPipe then finds no face,
or an upright one that is not there: of 300 upright faces a tenth are above this, and of 141 that
it found upside down nine tenths."""
HIDDEN_DOUBT: Final = 2.5
"""The doubt above which a face may be hidden, and its picture is never turned: under a niqab, which
is dark over the cheeks, it is 2.9 and more either way up."""
MISFITS: Final = 6.0
UPRIGHT_NEEDED: Final = 3
"""Squares of `LAST_FRAMINGS` in which a doubtful face must be found again. Of 177 upright faces all
are found in four; of 69 that were found upside down, 43 in less than three."""
_BROWS: Final = np.array((70, 63, 105, 66, 107, 300, 293, 334, 296, 336))
_EYES: Final = np.array((33, 133, 159, 145, 263, 362, 386, 374, 468, 473))
_CHEEKS: Final = np.array((117, 118, 119, 100, 346, 347, 348, 329, 205, 425))

Box: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class View:
    """A rectangle of a picture, shown at another size; it may reach beyond the picture."""

    # Its top left corner in the picture's pixels.
    x: int
    y: int
    # Its size in the picture's pixels.
    width: int
    height: int
    # The size in pixels it is shown at.
    shown_width: int
    shown_height: int

    def of(self, image: ImageArray) -> ImageArray:
        """Cut the rectangle out and resize it."""
        part = cut(image, self.x, self.y, self.width, self.height)
        if (self.shown_width, self.shown_height) == (self.width, self.height):
            return part
        return resize(part, self.shown_width, self.shown_height)

    def back(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map points (N, 3) found in the view into the picture; z is scaled as x is."""
        scale_x, scale_y = self.width / self.shown_width, self.height / self.shown_height
        mapped = points * np.array([scale_x, scale_y, scale_x])
        return np.asarray(mapped + np.array([self.x, self.y, 0.0]), dtype=np.float32)

    def moved(self, face: FaceLandmarks) -> FaceLandmarks:
        """Map a face found in the view into the picture."""
        if (self.x, self.y, self.shown_width, self.shown_height) == (0, 0, self.width, self.height):
            return face
        return replace(face, points=self.back(face.points))


def view(x: int, y: int, width: int, height: int) -> View:
    """Return a view at its own size, or resized to between `WORKING_SIDE` and `LONGEST_SIDE`."""
    scale = min(max(WORKING_SIDE / min(width, height), 1.0), MAX_ENLARGEMENT)
    scale = min(scale, LONGEST_SIDE / max(width, height))
    return View(x, y, width, height, max(round(width * scale), 1), max(round(height * scale), 1))


def find_faces(
    image: ImageArray, find: Find, *, search: Search = "scenes"
) -> tuple[FaceLandmarks, ...]:
    """Find all faces of a picture (H, W, 3) of any size, small and cut-off ones too, largest first.

    `find` makes one pass: from a picture to its faces, in that picture's pixels. `search` says when
    to search tile by tile: where the first pass finds no face or only small ones, always, or never.
    """
    height, width = image.shape[:2]
    if min(height, width) < MIN_SIDE:
        return ()
    whole = view(0, 0, width, height)
    shown = whole.of(image)
    faces = [whole.moved(face) for face in find(shown) or _search(shown, find, _bordered(shown))]
    faces = _without_guesses(faces, image, find)
    if faces and search != "never":
        faces = _right_way_up(faces, image, find)
    if search == "always" or (search == "scenes" and _is_scene(faces, max(height, width))):
        faces += _small_faces(image, find, known=merge(faces))
    if not faces and search != "never":
        faces = _last_search(image, find)
    return merge(faces)


def _without_guesses(
    faces: list[FaceLandmarks], image: ImageArray, find: Find
) -> list[FaceLandmarks]:
    """Drop small faces in a picture that is itself a face crop, unless they are confirmed."""
    height, width = image.shape[:2]
    if max(height, width) >= 2 * MIN_TILE:
        return faces
    small = GUESS * max(height, width)
    return [f for f in faces if f.size >= small or is_confirmed(f, image, find)]


def _right_way_up(faces: list[FaceLandmarks], image: ImageArray, find: Find) -> list[FaceLandmarks]:
    """Return the faces of the picture turned by 180 degrees, if those are surer."""
    largest = max(faces, key=lambda face: face.size)
    doubtful = doubt(largest, image)
    if doubtful <= DOUBT or is_confirmed(largest, image, find, LAST_FRAMINGS, UPRIGHT_NEEDED):
        return faces
    turned = np.ascontiguousarray(image[::-1, ::-1])
    height, width = image.shape[:2]
    whole = view(0, 0, width, height)
    sure = [
        face
        for face in _search(turned, find, whole)
        if doubt(face, turned) <= min(doubtful, HIDDEN_DOUBT)
        and is_confirmed(face, turned, find, LAST_FRAMINGS, len(LAST_FRAMINGS))
    ]
    return [_turned_back(face, width, height) for face in sure] or faces


def doubt(face: FaceLandmarks, image: ImageArray) -> float:
    """Return how little a face looks like one that is upright.

    Lightness of the brows and of the eyes, each over that of the cheeks, and `MISFITS` times the
    misfit of the landmarks (see `maskface.landmarks.pose.misfit`).
    """
    height, width = image.shape[:2]
    x, y = np.round(face.points[:, :2]).astype(int).T
    brows, eyes, cheeks = (
        float(image[np.clip(y[patch], 0, height - 1), np.clip(x[patch], 0, width - 1)].mean())
        for patch in (_BROWS, _EYES, _CHEEKS)
    )
    return (brows + eyes) / max(cheeks, 1.0) + MISFITS * misfit(face.points)


def _turned_back(face: FaceLandmarks, width: int, height: int) -> FaceLandmarks:
    """Map a face from a picture that was turned by 180 degrees."""
    corner = np.array([width - 1, height - 1, 0], np.float32)
    points = face.points * np.array([-1, -1, 1], np.float32) + corner
    return replace(face, points=points, pose=head_pose(points))


def _search(image: ImageArray, find: Find, where: View) -> list[FaceLandmarks]:
    return [where.moved(face) for face in find(where.of(image))]


def _small_faces(
    image: ImageArray, find: Find, known: Sequence[FaceLandmarks]
) -> list[FaceLandmarks]:
    """Find the faces not known yet, tile by tile."""
    height, width = image.shape[:2]
    found = [
        face
        for tile in tile_views(width, height)
        for face in _search(image, find, tile)
        if is_whole(face, tile, image)
    ]
    known_ids = {id(face) for face in known}
    new = [face for face in merge([*known, *found]) if id(face) not in known_ids]
    return [face for face in new if is_confirmed(face, image, find)]


def _last_search(image: ImageArray, find: Find) -> list[FaceLandmarks]:
    """Search the middle at other sizes and lighter, until a face is found and confirmed."""
    height, width = image.shape[:2]
    for picture in (image, brightened(image)):
        for share in LAST_VIEWS:
            across, down = round(share * width), round(share * height)
            middle = view((width - across) // 2, (height - down) // 2, across, down)
            found = _search(picture, find, middle)
            sure = [f for f in found if is_confirmed(f, picture, find, LAST_FRAMINGS, LAST_NEEDED)]
            if sure:
                return sure
    return []


def brightened(image: ImageArray) -> ImageArray:
    """Lift the dark tones; black and white stay."""
    table = np.round(255 * (np.arange(256) / 255) ** LAST_GAMMA).astype(np.uint8)
    return table[image]


def is_confirmed(
    face: FaceLandmarks,
    image: ImageArray,
    find: Find,
    framings: Sequence[float] = FRAMINGS,
    needed: int = len(FRAMINGS),
) -> bool:
    """Return whether a face is found again in enough squares of other sizes around it."""
    left, top, right, bottom = face.box
    misses = 0
    for share in framings:
        side = max(round(share * face.size), 1)
        square = view(
            round((left + right - side) / 2), round((top + bottom - side) / 2), side, side
        )
        again = _search(image, find, square)
        misses += not any(overlap(face.box, other.box) >= SEEN_AGAIN for other in again)
        if len(framings) - misses < needed:
            return False
    return True


def _bordered(image: ImageArray) -> View:
    height, width = image.shape[:2]
    across, down = round(BORDER * width), round(BORDER * height)
    return view(-across, -down, width + 2 * across, height + 2 * down)


def _is_scene(faces: Sequence[FaceLandmarks], side: int) -> bool:
    return max((face.size for face in faces), default=0.0) < SCENE * side


def tile_views(width: int, height: int) -> Iterator[View]:
    """Yield overlapping square tiles, level by level, each level's half as large as the last's.

    The first level's tiles have the picture's shorter side if it is long and narrow, half of it
    otherwise. A level that would exceed `MAX_TILES` in all, or whose tiles would be smaller than
    `MIN_TILE`, is not begun.
    """
    short, long = sorted((width, height))
    side = short if long >= 2 * short else short // 2
    left = MAX_TILES
    while side >= MIN_TILE:
        corners = [(x, y) for y in _starts(height, side) for x in _starts(width, side)]
        left -= len(corners)
        if left < 0:
            return
        yield from (view(x, y, side, side) for x, y in corners)
        side //= 2


def _starts(length: int, side: int) -> list[int]:
    """Return even starts of tiles that cover a length and overlap by `TILE_OVERLAP` or more."""
    steps = int(np.ceil((length - side) / (side * (1 - TILE_OVERLAP))))
    return [round(start) for start in np.linspace(0, length - side, steps + 1)]


def is_whole(face: FaceLandmarks, tile: View, image: ImageArray) -> bool:
    """Return whether a face keeps clear of the edges of its tile inside the picture."""
    left, top, right, bottom = face.box
    margin = EDGE * tile.width
    height, width = image.shape[:2]
    return (
        (tile.x == 0 or left > tile.x + margin)
        and (tile.y == 0 or top > tile.y + margin)
        and (tile.x + tile.width == width or right < tile.x + tile.width - margin)
        and (tile.y + tile.height == height or bottom < tile.y + tile.height - margin)
    )


def merge(faces: Sequence[FaceLandmarks]) -> tuple[FaceLandmarks, ...]:
    """Keep one of each group of overlapping faces, the one that comes first; largest first."""
    kept: list[FaceLandmarks] = []
    for face in faces:
        if not any(is_same(face.box, other.box) for other in kept):
            kept.append(face)
    return tuple(sorted(kept, key=lambda face: face.size, reverse=True))


def is_same(one: Box, other: Box) -> bool:
    """Return whether two boxes (left, top, right, bottom) show one face."""
    within = _shared(one, other) / max(min(_area(one), _area(other)), 1e-9)
    return overlap(one, other) >= SAME_FACE or within >= CONTAINED


def overlap(one: Box, other: Box) -> float:
    """Return the intersection over union of two boxes (left, top, right, bottom), 0 to 1."""
    shared = _shared(one, other)
    return shared / max(_area(one) + _area(other) - shared, 1e-9)


def _shared(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


SAME_FACE: Final = 0.3
"""Smallest intersection over union of the landmark boxes of a face found again."""


def match_face(faces: Sequence[FaceLandmarks], known: FaceLandmarks) -> FaceLandmarks | None:
    """Return the face that lies where a known one does; None if there is none.

    A face that is upside down beside the known one is another one, or none.
    """
    upright = [f for f in faces if np.cos(np.radians(f.pose.roll - known.pose.roll)) > 0]
    best = max(upright, key=lambda face: overlap(face.box, known.box), default=None)
    if best is None or overlap(best.box, known.box) < SAME_FACE:
        return None
    return best
