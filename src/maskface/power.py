"""Power by simulation: how many subjects and images show a given loss.

Simulated studies draw from how losses vary between subjects and within them, in the package's human
data or in a pilot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.humans import HUMAN, check_study, congruent
from maskface.seeds import derived_seed
from maskface.table_files import find_table
from maskface.tables import PLAIN, RESPONSES, TRIALS
from maskface.text import align

_N_QUANTILES: Final = 500


class _Figures(NamedTuple):
    """Mean loss, and its standard deviations between observers and within, for a single trial."""

    loss: float
    between: float
    within: float


SOURCE: Final = (
    "228 human observers, black block over the lower face, yes/no hits (Williams et al. 2023, "
    "study 1, doi:10.1038/s41598-023-35381-4, computed from the authors' public raw trials)"
)
_HUMANS: Final = {
    "all": _Figures(0.1171, 0.1079, 0.5651),
    "anger": _Figures(-0.0173, 0.0593, 0.5486),
    "disgust": _Figures(0.2226, 0.2602, 0.5026),
    "fear": _Figures(0.1003, 0.1686, 0.5362),
    "happiness": _Figures(0.0692, 0.1350, 0.4326),
    "sadness": _Figures(0.1627, 0.1910, 0.5100),
    "surprise": _Figures(0.1405, 0.1423, 0.5154),
}
"""By emotion, as `pilot_variances` finds them in that study; `all` for all six."""


@dataclass(frozen=True, slots=True, eq=False)
class Variances:
    """Variation of losses between subjects and within them."""

    source: str  # where that is known from
    units: tuple[str, str]  # what a subject and an image are in that study
    effects: Floats  # (J,) true losses of pilot subjects around their mean, as shares
    # (J, 3) probabilities that an image of that subject is lost, unchanged, gained.
    outcomes: Floats
    # Factor of the noise: a subject's observed outcomes vary less than the true ones.
    inflation: float = 1.0

    @property
    def between_sd(self) -> float:
        """Standard deviation of the true losses of subjects."""
        return float(self.effects.std())

    @property
    def within_sd(self) -> float:
        """Standard deviation of the loss of a single image of one subject."""
        lost, _, gained = self.outcomes.T
        return float(self.inflation * np.sqrt((lost + gained - (lost - gained) ** 2).mean()))


def human_variances(emotion: str = "all") -> Variances:
    """Return the variances of human observers that come with the package.

    `emotion` is one of the six that were shown, or ``all``. Raises MaskfaceError if there are no
    figures for it.
    """
    if emotion not in _HUMANS:
        raise MaskfaceError(
            f"There are no human figures for {emotion!r}. Choose one of {', '.join(_HUMANS)}, or "
            "name the folder of a pilot run."
        )
    loss, between, within = _HUMANS[emotion]
    effects = ndtri((np.arange(_N_QUANTILES) + 0.5) / _N_QUANTILES)
    effects *= between / effects.std()
    changed = within**2 + loss**2  # variance of -1, 0 and 1 with that mean
    shares = [(changed + loss) / 2, 1 - changed, (changed - loss) / 2]
    outcomes = np.tile(shares, (len(effects), 1))
    return Variances(SOURCE, ("observer", "trial"), effects, outcomes)


def _outcomes(plain: Floats, occluded: Floats) -> Floats:
    """Compute outcomes of pairs of independent trials, one plain and one occluded."""
    lost, gained = plain * (1 - occluded), occluded * (1 - plain)
    return np.column_stack([lost, 1 - lost - gained, gained])


def pilot_variances(
    folder: str | Path, *, classifier: str = "", condition: str = "", emotion: str = "all"
) -> Variances:
    """Estimate variances from a pilot run.

    Parameters
    ----------
    folder
        Of a run of classifiers, or of a study with human observers.
    classifier
        Which classifier; may be empty if there is only one.
    condition
        Which condition; may be empty if there is only one.
    emotion
        Only faces that show it; ``all`` for all.

    Returns
    -------
    Variances
        Between and within subjects, by the method of moments: the variance of the subjects'
        losses less what their few images add to it, at least 0.

    Raises
    ------
    MaskfaceError
        If the folder has no trials or those of an incomplete run, the choice is not unique, or
        fewer than two subjects have two images or more.
    """
    trials = _read(Path(folder))
    human = "observer_id" in trials
    if human:
        trials = congruent(trials).assign(classifier=HUMAN)
    trials = _chosen(trials, "classifier", classifier, "--classifier")
    others = trials[trials["condition"] != PLAIN]
    name = str(_chosen(others, "condition", condition, "--condition")["condition"].iloc[0])
    trials = trials[trials["condition"].isin([PLAIN, name])]
    if emotion != "all":
        trials = trials[trials["label"] == emotion]
    source = f"{folder}: {trials['classifier'].iloc[0] if len(trials) else classifier}, {name}"
    return (_of_observers if human else _of_subjects)(trials, source)


def _read(folder: Path) -> pd.DataFrame:
    for table in (RESPONSES, TRIALS):
        path = find_table(folder, table)
        if path.is_file():
            from maskface.experiment import require_complete  # loads OpenCV

            require_complete(folder)
            check_study(folder)
            trials = table.read(path)
            return trials[trials["status"] == "ok"]
    raise MaskfaceError(
        f"{folder} holds neither trials.csv nor responses.csv. Name the folder that `maskface run` "
        "or `maskface humans` wrote to."
    )


def _chosen(trials: pd.DataFrame, column: str, name: str, option: str) -> pd.DataFrame:
    found = sorted(trials[column].unique())
    if not name and len(found) == 1:
        return trials
    if name not in found:
        raise MaskfaceError(f"Choose one {column} with {option}: {', '.join(found) or 'none'}.")
    return trials[trials[column] == name]


def _of_subjects(trials: pd.DataFrame, source: str) -> Variances:
    """Estimate from pairs of one picture, plain and occluded, of the people shown."""
    pair = trials.astype({"correct": float}).pivot_table(
        index=["subject_id", "image_id"], columns="condition", values="correct"
    )
    pair = pair.dropna()
    if pair.shape[1] < 2:
        raise MaskfaceError(f"The pilot {source} has no such trials, plain and occluded.")
    if (pair.index.get_level_values(0) == "").any():
        raise MaskfaceError("The pilot's trials do not say who is shown (subject_id).")
    change = pair[PLAIN].astype(int) - pair.drop(columns=PLAIN).iloc[:, 0].astype(int)
    counts = pd.crosstab(change.index.get_level_values(0), change.to_numpy())
    counts = counts.reindex(columns=[1, 0, -1], fill_value=0)
    n = counts.sum(axis=1).to_numpy(float)
    outcomes = counts.to_numpy(float) / n[:, None]
    within = outcomes[:, 0] + outcomes[:, 2] - (outcomes[:, 0] - outcomes[:, 2]) ** 2
    return _moments(outcomes, within * n, n, ("subject", "image"), source)


def _of_observers(trials: pd.DataFrame, source: str) -> Variances:
    """Estimate from observers, who need not see the same picture plain and occluded."""
    cells = trials.astype({"correct": float})[["observer_id", "condition", "correct"]]
    rates = cells.pivot_table(index="observer_id", columns="condition", values="correct").dropna()
    counts = pd.crosstab(cells["observer_id"], cells["condition"]).loc[rates.index]
    if rates.shape[1] < 2:
        raise MaskfaceError(f"The pilot {source} has no such trials, plain and occluded.")
    names = [PLAIN, *rates.columns.drop(PLAIN)]
    plain, occluded = (rates[name].to_numpy(float) for name in names)
    n = counts[names].to_numpy(float).min(axis=1)
    squares = (plain * (1 - plain) + occluded * (1 - occluded)) * n
    return _moments(_outcomes(plain, occluded), squares, n, ("observer", "trial"), source)


def _moments(
    outcomes: Floats, squares: Floats, n: Floats, units: tuple[str, str], source: str
) -> Variances:
    """Separate what varies between subjects from what varies within (one-way random effects)."""
    if len(n) < 2 or (n - 1).sum() < 1:
        raise MaskfaceError(
            f"The pilot needs two {units[0]}s or more with two {units[1]}s or more each, plain and "
            f"occluded, but has {len(n)}."
        )
    within = squares.sum() / (n - 1).sum()
    losses = outcomes[:, 0] - outcomes[:, 2]
    between = max(losses.var(ddof=1) - within * (1 / n).mean(), 0.0)
    spread = losses.std()
    scale = np.sqrt(between) / spread if spread > 0 else 0.0
    raw = (squares / n).mean()
    inflation = np.sqrt(within / raw) if raw > 0 else 1.0
    return Variances(source, units, (losses - losses.mean()) * scale, outcomes, float(inflation))


N_SIMULATIONS: Final = 4000
MOST_CELLS: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Power:
    """Power of a design."""

    # Of the design; images of each subject, under each condition.
    subjects: int
    images: int
    # Share of simulated studies whose interval lies on the true loss's side of 0; if the true loss
    # is 0, whose interval excludes 0.
    power: float
    half_width: float  # mean half width of the interval of the loss, as a share


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
    subjects, which is what the bootstrap over subjects amounts to in large samples. An interval
    on the wrong side of 0 is not a detection; with a true loss of 0, both sides are errors.
    """
    _check(loss, subjects, images, level, n_simulations)
    found = []
    for n in subjects:
        for k in images:
            size = derived_seed(seed, n, k)
            low, high = _intervals(variances, loss, (n_simulations, n, k), level, size)
            above, below = low > 0, high < 0
            detected = above | below if loss == 0 else above if loss > 0 else below
            found.append(Power(n, k, float(detected.mean()), float((high - low).mean() / 2)))
    return tuple(found)


def _check(
    loss: float, subjects: Sequence[int], images: Sequence[int], level: float, n_simulations: int
) -> None:
    if not -1 <= loss <= 1:
        raise MaskfaceError(f"The loss must be -100 to 100 points, got {100 * loss:g}.")
    if not subjects or not images or min(subjects) < 2 or min(images) < 1:
        raise MaskfaceError(
            "Name two subjects or more and one image or more, such as --subjects 10,20,40 "
            "--images 6,12."
        )
    if not 0 < level < 1:
        raise MaskfaceError(f"The level must be between 0 and 1, got {level:g}.")
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
    half = stdtrit(n - 1, (1 + level) / 2) * losses.std(axis=1, ddof=1) / np.sqrt(n)
    mean = losses.mean(axis=1)
    return mean - half, mean + half


def parse_sizes(text: str, option: str) -> tuple[int, ...]:
    """Parse numbers such as ``10,20,40``.

    Raises MaskfaceError if they are none; the message names the option.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise MaskfaceError(
            f"{option} must be whole numbers with commas between, such as 10,20,40, got {text!r}."
        ) from error


def smallest_design(found: Sequence[Power], wanted: float) -> Power | None:
    """Pick the design with enough power that needs the fewest trials; None if there is none."""
    enough = [one for one in found if one.power >= wanted]
    return min(enough, key=lambda one: (one.subjects * one.images, one.subjects), default=None)


def power_values(
    found: Sequence[Power], variances: Variances, loss: float, *, wanted: float = 0.8
) -> dict[str, Any]:
    """Return power as plain values; see `power_text`.

    ``loss``, ``between_sd``, ``within_sd`` and each ``half_width`` as shares; ``designs``, and the
    ``smallest`` of them with the power ``wanted``, or None.
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
    """Format power as a table in percentage points, and name the smallest design with enough of it.

    `found`, `variances` and `loss` are those of `simulate_power`; `wanted` is enough power, 0 to 1.
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
