"""Mixed logistic regression: arguments always, the fit where bambi is installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pytest

from maskface.errors import MaskfaceError
from maskface.stats import Mixed, gee_logistic, mixed_logistic
from maskface.stats.mixed import Names, find_problems

SD_OBSERVERS, SD_FACES, LOG_ODDS_RATIO = 1.2, 0.6, -1.0


def needs_bambi(test: Any) -> Any:
    """Skip without the extra; what other packages warn of is not the package's doing."""
    missing = find_spec("bambi") is None or find_spec("nutpie") is None
    skip = pytest.mark.skipif(missing, reason="bambi is missing: pip install 'maskface[mixed]'")
    return skip(pytest.mark.filterwarnings("ignore")(test))


def made(n_observers: int = 60, n_faces: int = 30, seed: int = 0) -> pd.DataFrame:
    """Make each observer answer each face once, under conditions that alternate."""
    rng = np.random.default_rng(seed)
    observer, face = np.divmod(np.arange(n_observers * n_faces), n_faces)
    masked = (observer + face) % 2
    logit = (
        1.0
        + rng.normal(0, SD_OBSERVERS, n_observers)[observer]
        + rng.normal(0, SD_FACES, n_faces)[face]
        + LOG_ODDS_RATIO * masked
    )
    return pd.DataFrame({
        "observer_id": observer,
        "subject id": face,
        "condition": np.where(masked, "surgical:top=80", "none"),
        "correct": (rng.random(len(logit)) < 1 / (1 + np.exp(-logit))).astype(float),
    })  # fmt: skip


def fitted(data: pd.DataFrame, *, slopes: Sequence[str] = (), **options: Any) -> Mixed:
    return mixed_logistic(data, random=("observer_id", "subject id"), slopes=slopes, **options)


def test_without_bambi_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bambi", None)
    with pytest.raises(MaskfaceError, match=r"pip install 'maskface\[mixed\]'"):
        fitted(made(6, 6))


def test_arguments_are_checked_before_bambi_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bambi", None)
    data = made(6, 6)
    with pytest.raises(MaskfaceError, match="lack the columns subject_id"):
        mixed_logistic(data)
    with pytest.raises(MaskfaceError, match="take several columns"):
        mixed_logistic(data, random="observer_id")
    with pytest.raises(MaskfaceError, match="needs a column of groups"):
        mixed_logistic(data, random=())
    with pytest.raises(MaskfaceError, match="names a column twice"):
        mixed_logistic(data, random=("observer_id", "observer_id"))
    with pytest.raises(MaskfaceError, match="slopes= names subject, but random= does not"):
        fitted(data, slopes=("subject",))
    with pytest.raises(MaskfaceError, match="level= must be between 0 and 1, got 95"):
        mixed_logistic(data, random=("observer_id",), level=95)
    with pytest.raises(MaskfaceError, match="fewer than 2 chains of 100 draws"):
        fitted(data, chains=1)
    with pytest.raises(MaskfaceError, match="needs the condition 'plain'"):
        mixed_logistic(data, random=("observer_id",), reference="plain")
    with pytest.raises(MaskfaceError, match="'observer_id' need two groups or more, got 1"):
        fitted(data.assign(observer_id=1))
    with pytest.raises(MaskfaceError, match="must hold 0 and 1 alone"):
        fitted(data.assign(correct=2.0))
    with pytest.raises(MaskfaceError, match="18 of 18 answers are right"):
        fitted(data.assign(correct=1.0))


def test_formula_is_that_of_crossed_random_effects() -> None:
    names = Names(
        {"lower": "condition0", "upper": "condition1"},
        {"observer_id": "group0", "subject id": "group1"},
        frozenset({"observer_id"}),
    )
    assert names.formula() == (
        "right ~ condition0 + condition1 + (1 + condition0 + condition1 | group0) + (1 | group1)"
    )
    assert names.effects() == {
        ("observer_id", "intercept"): "1|group0_sigma",
        ("observer_id", "lower"): "condition0|group0_sigma",
        ("observer_id", "upper"): "condition1|group0_sigma",
        ("subject id", "intercept"): "1|group1_sigma",
    }


def test_chains_that_have_not_converged_are_a_problem() -> None:
    assert find_problems(1.003, 900, 0, 4) == ()
    assert len(find_problems(1.02, 399, 3, 4)) == 3
    assert len(find_problems(np.nan, np.nan, 0, 4)) == 2


@pytest.fixture(scope="module")
def fit() -> Mixed:
    return fitted(made(), seed=1)


@needs_bambi
def test_finds_what_the_answers_were_drawn_from(fit: Mixed) -> None:
    assert fit.converged, fit.problems
    assert (fit.n, fit.reference, fit.level) == (1800, "none", 0.95)
    (ratio,) = fit.odds_ratios
    assert ratio.condition == "surgical:top=80"
    assert ratio.low < np.exp(LOG_ODDS_RATIO) < ratio.high
    observers, faces = fit.random_effects
    assert (observers.group, observers.effect, observers.n_groups) == (
        "observer_id", "intercept", 60,
    )  # fmt: skip
    assert (faces.group, faces.n_groups) == ("subject id", 30)
    assert observers.low < SD_OBSERVERS < observers.high
    assert faces.low < SD_FACES < faces.high


@needs_bambi
def test_is_the_gee_further_from_one(fit: Mixed) -> None:
    """By the factor of Zeger, Liang & Albert 1988, doi:10.2307/2531734."""
    (conditional,) = fit.odds_ratios
    (marginal,) = gee_logistic(made(), cluster="observer_id").odds_ratios
    assert conditional.odds_ratio < marginal.odds_ratio
    variance = sum(one.sd**2 for one in fit.random_effects)
    shrunk = np.log(conditional.odds_ratio) / np.sqrt(
        1 + (16 * np.sqrt(3) / (15 * np.pi)) ** 2 * variance
    )
    assert shrunk == pytest.approx(np.log(marginal.odds_ratio), abs=0.08)


@needs_bambi
def test_seeded_and_honest_about_too_few_draws() -> None:
    data = made(20, 12)
    first, second = (
        fitted(data, slopes=("observer_id",), draws=100, tune=50, seed=3, cores=cores)
        for cores in (1, 2)
    )
    assert first == second
    assert not first.converged
    assert [one.effect for one in first.random_effects] == [
        "intercept", "surgical:top=80", "intercept",
    ]  # fmt: skip
