"""Simulated studies of several sizes: how often their interval excludes no loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import t as student

from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.power._variances import Variances
from maskface.seeds import derived_seed
from maskface.text import align

N_SIMULATIONS: Final = 4000
MOST_CELLS: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Power:
    """What a design of so many subjects and images shows.

    Attributes
    ----------
    subjects, images
        Of the design; images of each subject, under each condition.
    power
        Share of simulated studies whose interval excludes 0.
    half_width
        Mean half width of the interval of the loss, as a share.
    """

    subjects: int
    images: int
    power: float
    half_width: float


def simulate_power(
    variances: Variances,
    loss: float,
    subjects: Sequence[int],
    images: Sequence[int],
    *,
    level: float = 0.95,
    n_simulations: int = N_SIMULATIONS,
    seed: int = 0,
) -> tuple[Power, ...]:
    """Simulate studies of several sizes in which a given loss is true.

    Parameters
    ----------
    variances
        From `human_variances` or `pilot_variances`.
    loss
        The true mean loss, as a share.
    subjects, images
        Sizes to try, each with each; two subjects or more.
    level
        Confidence level of the interval, between 0 and 1.
    n_simulations
        Studies of each size: the standard error of a power of .8 is .006 with 4000.
    seed
        The same seed gives the same numbers, whatever other sizes are tried.

    Returns
    -------
    tuple of Power
        In the order of `subjects` and, for each, of `images`.

    Raises
    ------
    MaskfaceError
        If a number is out of range.

    Notes
    -----
    A study draws subjects of the pilot with replacement; each brings its deviation from the mean
    loss and the noise of its own outcomes, over so many images. The interval is Student's over
    subjects, which is what the bootstrap over subjects amounts to in large samples.
    """
    _check(loss, subjects, images, level, n_simulations)
    found = []
    for n in subjects:
        for k in images:
            size = derived_seed(seed, n, k)
            low, high = _intervals(variances, loss, (n_simulations, n, k), level, size)
            excluded = ((low > 0) | (high < 0)).mean()
            found.append(Power(n, k, float(excluded), float((high - low).mean() / 2)))
    return tuple(found)


def _check(
    loss: float, subjects: Sequence[int], images: Sequence[int], level: float, n_simulations: int
) -> None:
    if not -1 <= loss <= 1:
        raise MaskfaceError(f"The loss must be -100 to 100 points, but it was {100 * loss:g}.")
    if not subjects or not images or min(subjects) < 2 or min(images) < 1:
        raise MaskfaceError(
            "Name two subjects or more and one image or more, such as --subjects 10,20,40 "
            "--images 6,12."
        )
    if not 0 < level < 1:
        raise MaskfaceError(f"The level must be between 0 and 1, but it was {level:g}.")
    if n_simulations < 1 or n_simulations * max(subjects) > MOST_CELLS:
        raise MaskfaceError(
            f"{n_simulations} simulations of {max(subjects)} subjects are out of range: together "
            f"at most {MOST_CELLS}."
        )


def _intervals(
    variances: Variances, loss: float, shape: tuple[int, int, int], level: float, seed: int
) -> tuple[Floats, Floats]:
    n_simulations, n, k = shape
    rng = np.random.default_rng(seed)
    who = rng.integers(0, len(variances.effects), (n_simulations, n))
    counts = rng.multinomial(k, variances.outcomes[who])
    lost, _, gained = np.moveaxis(variances.outcomes[who], -1, 0)
    noise = (counts[..., 0] - counts[..., 2]) / k - (lost - gained)
    losses = loss + variances.effects[who] + variances.inflation * noise
    half = student.ppf((1 + level) / 2, n - 1) * losses.std(axis=1, ddof=1) / np.sqrt(n)
    mean = losses.mean(axis=1)
    return mean - half, mean + half


def parse_sizes(text: str, option: str) -> tuple[int, ...]:
    """Read numbers such as ``10,20,40``.

    Raises
    ------
    MaskfaceError
        If they are none; the message names the option.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise MaskfaceError(
            f"{option} must be whole numbers with commas between, such as 10,20,40, but it was "
            f"{text!r}."
        ) from error


def smallest_design(found: Sequence[Power], wanted: float) -> Power | None:
    """Pick the design with enough power that needs the fewest trials; None if there is none."""
    enough = [one for one in found if one.power >= wanted]
    return min(enough, key=lambda one: (one.subjects * one.images, one.subjects), default=None)


def power_values(
    found: Sequence[Power], variances: Variances, loss: float, *, wanted: float = 0.8
) -> dict[str, Any]:
    """Set power as plain values; see `power_text`.

    Returns
    -------
    dict
        ``loss``, ``between_sd``, ``within_sd`` and each ``half_width`` as shares; ``designs``, and
        the ``smallest`` of them with the power ``wanted``, or None.
    """
    best = smallest_design(found, wanted)
    return {
        "source": variances.source,
        "subject": variances.units[0],
        "image": variances.units[1],
        "loss": loss,
        "between_sd": variances.between_sd,
        "within_sd": variances.within_sd,
        "wanted": wanted,
        "designs": [asdict(one) for one in found],
        "smallest": None if best is None else asdict(best),
    }


def power_text(
    found: Sequence[Power], variances: Variances, loss: float, *, wanted: float = 0.8
) -> str:
    """Set power as a table, and name the smallest design with enough of it.

    Parameters
    ----------
    found
        From `simulate_power`.
    variances, loss
        That it was simulated with.
    wanted
        Power that is enough, 0 to 1.

    Returns
    -------
    str
        Half widths in percentage points.
    """
    unit, image = variances.units
    header = (f"{unit}s", f"{image}s each", "power", "half width")
    rows = [
        (str(one.subjects), str(one.images), f"{one.power:.2f}", f"{100 * one.half_width:.1f}")
        for one in found
    ]
    best = smallest_design(found, wanted)
    answer = f"No design here has a power of {wanted:g}: try more {unit}s."
    if best:
        answer = (
            f"Smallest design here with a power of {wanted:g}: {best.subjects} {unit}s with "
            f"{best.images} {image}s each, under each condition."
        )
    return (
        f"{align([header, *rows])}\n\n{answer}\n"
        f"True loss: {100 * loss:g} points. Standard deviation of losses between {unit}s: "
        f"{100 * variances.between_sd:.1f} points; of one {image}: "
        f"{100 * variances.within_sd:.1f}.\nKnown from: {variances.source}."
    )
