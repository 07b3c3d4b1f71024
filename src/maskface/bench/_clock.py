"""A clock for work that is done chunk by chunk."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")
Stage = tuple[str, str]
"""What is done, and with which occluder or classifier; the second may be empty."""


class Spent(NamedTuple):
    """Time that something took.

    Attributes
    ----------
    cpu
        Seconds of all threads of this process together. Others who use the machine add little.
    wall
        Seconds that passed.
    """

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True)
class Clock:
    """Times of stages, for several chunks.

    Attributes
    ----------
    chunks
        What each chunk took per picture, by stage, in the order in which stages came first.
    """

    chunks: dict[Stage, list[Spent]] = field(default_factory=lambda: defaultdict(list))

    def time(self, stage: Stage, pictures: int, work: Callable[[], Result]) -> Result:
        """Do something for a chunk of pictures, and note how long it took."""
        started = time.process_time(), time.perf_counter()
        result = work()
        cpu, wall = time.process_time() - started[0], time.perf_counter() - started[1]
        self.chunks[stage].append(Spent(cpu / pictures, wall / pictures))
        return result

    def per_picture(self, stage: Stage) -> Spent:
        """The median over chunks, which a disturbed chunk does not move."""
        cpu, wall = zip(*self.chunks[stage], strict=True)
        return Spent(median(cpu), median(wall))

    def ratio(self, stage: Stage, over: Stage) -> float:
        """How many times the CPU time of `over` a stage takes, the median over chunks."""
        pairs = zip(self.chunks[stage], self.chunks[over], strict=True)
        return median(one.cpu / other.cpu for one, other in pairs)
