"""How many subjects and images show a given loss? Power by simulation."""

from maskface.power._simulate import (
    Power,
    parse_sizes,
    power_text,
    power_values,
    simulate_power,
)
from maskface.power._variances import Variances, human_variances, pilot_variances

__all__ = [
    "Power",
    "Variances",
    "human_variances",
    "parse_sizes",
    "pilot_variances",
    "power_text",
    "power_values",
    "simulate_power",
]
