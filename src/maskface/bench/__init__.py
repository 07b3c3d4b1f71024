"""Where the time of a run goes on this machine, beside what cannot be left out."""

from maskface.bench._bench import FLOOR, PARTS, Bench
from maskface.bench._floor import Floor
from maskface.bench._measure import bench, take_turns
from maskface.bench._table import BENCH, bench_text

__all__ = ["BENCH", "FLOOR", "PARTS", "Bench", "Floor", "bench", "bench_text", "take_turns"]
