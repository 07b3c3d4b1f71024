"""The model of a mixed logistic regression in bambi, and its fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from maskface.errors import MaskfaceError

INSTALL: Final = "pip install 'maskface[mixed]'"
LOG_ODDS_SD: Final = 2.0
"""Of the normal prior of a log odds (ratio): odds ratios from 1/50 to 50 are expected."""
EFFECT_SD: Final = 1.0
"""Of the half-normal prior of a random effect's standard deviation."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the conditions and groups are called in the model's formula.

    Columns may hold any characters, which a formula would take for operators.

    Attributes
    ----------
    conditions, groups
        Each one's name in the formula.
    slopes
        The groups in which conditions have effects of their own.
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
