"""Logistic regression with crossed random effects, sampled by bambi (extra ``mixed``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.stats.gee import check_cells, check_columns, make_cells
from maskface.tables import PLAIN

INSTALL: Final = "pip install 'maskface[mixed]'"
LOG_ODDS_SD: Final = 2.0
"""Of the normal prior of a log odds (ratio): odds ratios from 1/50 to 50 are expected."""
EFFECT_SD: Final = 1.0
"""Of the half-normal prior of a random effect's standard deviation."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the conditions and groups in the model's formula.

    Columns may hold any characters, which a formula would take for operators. `slopes` are the
    groups in which conditions have effects of their own.
    """

    conditions: dict[str, str]
    groups: dict[str, str]
    slopes: frozenset[str]

    def formula(self) -> str:
        """Make the model's formula; the outcome is ``right``."""
        fixed = " + ".join(self.conditions.values())
        terms = [
            f"(1 + {fixed} | {name})" if group in self.slopes else f"(1 | {name})"
            for group, name in self.groups.items()
        ]
        return " + ".join([f"right ~ {fixed}", *terms])

    def effects(self) -> dict[tuple[str, str], str]:
        """Map group and effect to the name of their standard deviation in the posterior."""
        return {
            (group, effect): f"{term}|{name}_sigma"
            for group, name in self.groups.items()
            for effect, term in [("intercept", "1"), *self.conditions.items()]
            if effect == "intercept" or group in self.slopes
        }


def _import_bambi() -> Any:
    try:
        import bambi
        import nutpie  # noqa: F401  (bambi imports it by name when it samples)
    # Packages that do not fit together fail in other ways than by being absent.
    except (ImportError, AttributeError) as error:
        raise MaskfaceError(
            f"A mixed model needs bambi and nutpie, which cannot be imported ({error}). Type: "
            f"{INSTALL}"
        ) from error
    return bambi


def sample(table: pd.DataFrame, names: Names, **options: Any) -> Any:
    """Fit the model; options are those of bambi. Returns ArviZ's inference data."""
    bambi = _import_bambi()
    spread = bambi.Prior("HalfNormal", sigma=EFFECT_SD)
    log_odds = bambi.Prior("Normal", mu=0, sigma=LOG_ODDS_SD)
    priors = dict.fromkeys(["Intercept", *names.conditions.values()], log_odds)
    for variable in names.effects().values():
        term = variable.removesuffix("_sigma")
        priors[term] = bambi.Prior("Normal", mu=0, sigma=spread)
    model = bambi.Model(names.formula(), table, family="bernoulli", priors=priors)
    # Of bambi's samplers, nutpie compiles with Numba: the others need a C compiler or JAX.
    return model.fit(inference_method="nutpie", progressbar=False, **options)


MAX_RHAT: Final = 1.01
MIN_ESS_PER_CHAIN: Final = 100
"""Both from Vehtari et al. 2021, doi:10.1214/20-BA1221."""


@dataclass(frozen=True, slots=True)
class MixedOddsRatio:
    """Odds of a right answer under a condition by those under the reference, within one group.

    Attributes
    ----------
    condition
        Of which.
    odds_ratio, low, high
        Median and credible limits of the posterior. Below 1: fewer right answers.
    """

    condition: str
    odds_ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RandomEffect:
    """Standard deviation of an effect between groups.

    Attributes
    ----------
    group
        Column of the groups.
    effect
        ``intercept``: the log odds of a right answer; or a condition: the log of its odds ratio.
    sd, low, high
        Standard deviation between groups: median and credible limits of the posterior.
    n_groups
        How many groups there are.
    """

    group: str
    effect: str
    sd: float
    low: float
    high: float
    n_groups: int


@dataclass(frozen=True, slots=True)
class Mixed:
    """A fitted logistic regression with random effects.

    Attributes
    ----------
    odds_ratios
        For each condition but the reference.
    random_effects
        For each column of groups: of the intercept, then of the conditions if these may differ.
    n
        Answers.
    rhat, ess
        The largest potential scale reduction, and the smallest effective sample size (of bulk and
        tails) of all figures above and of the intercept.
    divergences
        Divergent transitions of the sampler.
    problems
        Why the figures cannot be relied on, in sentences; empty if the chains have converged.
    reference
        The condition that the others are compared with.
    level
        Credible level of the limits.
    """

    odds_ratios: tuple[MixedOddsRatio, ...]
    random_effects: tuple[RandomEffect, ...]
    n: int
    rhat: float
    ess: float
    divergences: int
    problems: tuple[str, ...]
    reference: str
    level: float

    @property
    def converged(self) -> bool:
        """True if nothing speaks against the figures."""
        return not self.problems


def mixed_logistic(
    data: pd.DataFrame,
    *,
    random: Sequence[str] = ("subject_id",),
    slopes: Sequence[str] = (),
    outcome: str = "correct",
    condition: str = "condition",
    reference: str = PLAIN,
    level: float = 0.95,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    cores: int | None = None,
    seed: int = 0,
) -> Mixed:
    """Fit correct ~ condition + (1 | group) + ..., with groups crossed or nested.

    Parameters
    ----------
    data
        One row for each answer; rows without an outcome, condition or group are left out.
    random
        Columns of the groups that differ in how often answers are right: observers, or whose
        face it is. Not a column that names another picture under each condition: the conditions
        would be compared between pictures, not within faces.
    slopes
        Those of `random` whose groups may also differ in what each condition does to them. Without,
        a condition is taken to do the same to all, and limits are too narrow if it does not (Barr
        et al. 2013, doi:10.1016/j.jml.2012.11.001).
    outcome
        Column of 0 and 1.
    condition
        Column of the conditions.
    reference
        The condition that the others are compared with.
    level
        Credible level, between 0 and 1.
    draws, tune, chains
        How many draws each of the chains keeps, and before these, throws away while it tunes.
    cores
        How many chains run at once; all processors if None. The figures are the same.
    seed
        Of the sampler.

    Returns
    -------
    Mixed
        Bernoulli family, logit link; random effects normal and independent of each other. Sampled
        by bambi (Capretto et al. 2022, doi:10.18637/jss.v103.i15) and nutpie. The priors are weak:
        normal(0, 2) for log odds and their ratios, half-normal(1) for standard deviations.
        The odds ratios are those within one observer or face: further from 1 than those of
        `gee_logistic`. Look at `Mixed.problems` before using any.

    Raises
    ------
    MaskfaceError
        If a column is missing, the reference does not occur, a column of groups holds fewer than
        two, a condition has only right or only wrong answers, or bambi is not installed.
    """
    _check_arguments(random, slopes, level, draws, chains)
    check_columns(data, [*random, outcome, condition], reference, condition)
    rows = data[[*random, outcome, condition]].dropna()
    right = rows[outcome].to_numpy(np.float64)
    if not np.isin(right, (0, 1)).all():
        raise MaskfaceError(f"The column {outcome!r} must hold 0 and 1 alone.")
    cells = make_cells(rows[condition].astype(str), pd.Series("all", rows.index), reference)
    check_cells(cells, right)
    names = Names(
        {one: f"condition{i}" for i, one in enumerate(cells.conditions)},
        {group: f"group{i}" for i, group in enumerate(random)},
        frozenset(slopes),
    )
    table = pd.DataFrame({"right": right.astype(np.int64)})
    table[[*names.conditions.values()]] = cells.design[:, 1:]
    sizes = {group: _add_groups(table, name, rows[group]) for group, name in names.groups.items()}
    fit = sample(table, names, draws=draws, tune=tune, chains=chains, cores=cores, random_seed=seed)
    ratios, effects = _estimates(fit.posterior, names, sizes, level)
    looked_at = ["Intercept", *names.conditions.values(), *names.effects().values()]
    rhat, ess = _convergence(fit.posterior[looked_at])
    divergences = int(fit.sample_stats["diverging"].sum())
    problems = find_problems(rhat, ess, divergences, chains)
    return Mixed(ratios, effects, len(table), rhat, ess, divergences, problems, reference, level)


def _check_arguments(
    random: Sequence[str], slopes: Sequence[str], level: float, draws: int, chains: int
) -> None:
    if isinstance(random, str) or isinstance(slopes, str):
        raise MaskfaceError("random= and slopes= take several columns: write ('subject_id',).")
    if not random:
        raise MaskfaceError("A mixed model needs a column of groups: random=('subject_id',).")
    if len(set(random)) < len(random):
        raise MaskfaceError(f"random= names a column twice: {', '.join(random)}.")
    strange = [name for name in slopes if name not in random]
    if strange:
        raise MaskfaceError(f"slopes= names {', '.join(strange)}, but random= does not.")
    if not 0 < level < 1:
        raise MaskfaceError(f"level= must be between 0 and 1, got {level}.")
    if chains < 2 or draws < 100:
        raise MaskfaceError(
            "Convergence cannot be judged with fewer than 2 chains of 100 draws, got "
            f"chains={chains}, draws={draws}."
        )


def _add_groups(table: pd.DataFrame, name: str, groups: pd.Series) -> int:
    codes, levels = pd.factorize(groups)
    if len(levels) < 2:
        raise MaskfaceError(
            f"Random effects of {groups.name!r} need two groups or more, got {len(levels)}."
        )
    # As text: numbers would be taken for something measured.
    table[name] = codes.astype(str)
    return len(levels)


def _estimates(
    posterior: Any, names: Names, sizes: dict[str, int], level: float
) -> tuple[tuple[MixedOddsRatio, ...], tuple[RandomEffect, ...]]:
    ratios = tuple(
        MixedOddsRatio(one, *_limits(np.exp(posterior[name].to_numpy()), level))
        for one, name in names.conditions.items()
    )
    effects = tuple(
        RandomEffect(group, effect, *_limits(posterior[name].to_numpy(), level), sizes[group])
        for (group, effect), name in names.effects().items()
    )
    return ratios, effects


def _limits(draws: NDArray[np.float64], level: float) -> tuple[float, float, float]:
    low, middle, high = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return float(middle), float(low), float(high)


def _convergence(posterior: Any) -> tuple[float, float]:
    import arviz

    rhat = arviz.rhat(posterior)
    ess = [arviz.ess(posterior, method=method) for method in ("bulk", "tail")]
    return (
        max(float(value.max()) for value in rhat.data_vars.values()),
        min(float(value.min()) for one in ess for value in one.data_vars.values()),
    )


def find_problems(rhat: float, ess: float, divergences: int, chains: int) -> tuple[str, ...]:
    """List in sentences what speaks against the figures of a fit; see `Mixed.problems`."""
    least = MIN_ESS_PER_CHAIN * chains
    found = []
    # Written so that NaN, as of chains that stand still, is a problem too.
    if not rhat <= MAX_RHAT:
        found.append(f"The chains disagree: R-hat is {rhat:.3f}, above {MAX_RHAT}. Raise tune=.")
    if not ess >= least:
        found.append(f"The effective sample size is {ess:.0f}, below {least}. Raise draws=.")
    if divergences:
        found.append(f"{divergences} draws diverged: leave out slopes= or groups, or raise tune=.")
    return tuple(found)
