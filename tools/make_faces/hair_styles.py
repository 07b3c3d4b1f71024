"""How head hair can be cut and combed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """How a head of hair is cut and combed; lengths in centimetres.

    Attributes
    ----------
    top, sides : length at the crown, and at the temples and nape
    comb : ``parted``, ``back``, ``forward``, ``tied``, ``out`` or ``fringe``
    lift : thickness of the hair mass above the skull
    gravity : 0 stiff ... 1 limp
    wave, turns : radius (cm) and number of waves or curls along a strand
    lock : how much strands gather towards the tip, 0..1
    count : number of strands
    radius : strand radius
    part : sideways place of the parting, centimetres
    tie : where tied hair meets
    """

    top: float
    sides: float
    comb: str
    lift: float = 0.8
    gravity: float = 0.2
    wave: float = 0.0
    turns: float = 0.0
    lock: float = 0.35
    count: int = 20000
    radius: float = 0.022
    part: float = 2.2
    tie: tuple[float, float, float] = (0.0, 0.0, -17.5)


STYLES: dict[str, Style] = {
    "long_straight": Style(27, 25, "parted", 0.9, 0.55, 0.10, 1.0, 0.35, 15000, part=0.2),
    "long_wavy": Style(26, 24, "parted", 1.3, 0.5, 0.55, 3.2, 0.55, 15000, part=2.4),
    "bob": Style(19, 16, "parted", 1.2, 0.55, 0.08, 1.0, 0.35, 15000, part=-2.0),
    "short_soft": Style(8.5, 5.0, "parted", 1.6, 0.28, 0.35, 1.6, 0.5, 18000, part=-2.2),
    "bun_low": Style(26, 26, "tied", 0.35, 0.0, 0.04, 2.0, 0.15, 20000, tie=(0.0, -3.0, -18.0)),
    "bun_high": Style(24, 24, "tied", 0.35, 0.0, 0.04, 2.0, 0.15, 20000, tie=(0.0, 10.6, -12.5)),
    "side_part": Style(6.5, 1.8, "parted", 1.0, 0.1, 0.10, 1.0, 0.5, 18000, part=2.6),
    "swept": Style(6.5, 1.6, "back", 1.2, 0.08, 0.15, 1.0, 0.5, 18000),
    "crop": Style(3.4, 1.3, "forward", 0.9, 0.05, 0.15, 1.0, 0.55, 18000),
    "receding": Style(3.5, 1.5, "back", 0.5, 0.1, 0.08, 1.0, 0.4, 9000),
    "curly_short": Style(3.0, 1.7, "out", 0.0, 0.0, 0.36, 2.5, 0.75, 15000),
    "afro_short": Style(3.0, 2.2, "out", 0.0, 0.0, 0.20, 4.0, 0.6, 18000, 0.018),
    "buzz": Style(0.32, 0.28, "out", 0.0, 0.0, 0.0, 0.0, 0.0, 20000, 0.016),
    "fade": Style(0.6, 0.22, "out", 0.0, 0.0, 0.05, 1.0, 0.2, 24000, 0.016),
    "bald": Style(0.12, 0.12, "out", 0.0, 0.0, 0.0, 0.0, 0.0, 3000, 0.012),
    "bald_fringe": Style(0.8, 0.8, "fringe", 0.0, 0.1, 0.05, 1.0, 0.3, 9000, 0.016),
}  # fmt: skip
