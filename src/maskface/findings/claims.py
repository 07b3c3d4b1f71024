"""Published findings on occluded faces, claims of the literature, and results on them.

`load_findings` and `published_losses` return what human observers showed; `CLAIMS` are the claims
that `maskface.findings.compare_run` judges a run by, with the rule for each verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from maskface.arrays import Floats
from maskface.schema import Column, Table
from maskface.stats import wilson_interval
from maskface.tables import PLAIN

WITHIN: Final = "within observers"
LOSSES: Final = ("loss", "loss of hits")
"""Measures that are losses, of accuracy and of hits in yes/no designs."""

FINDINGS: Final = Table(
    "findings",
    (
        Column("study", "text", "Authors and year; study or group, if there are several"),
        Column("year", "whole", "Year of publication", low=1900),
        Column("doi", "text", "DOI; empty if it was not seen"),
        Column("n", "whole", "Observers; empty if the source does not say", low=1),
        Column("population", "text", "The observers"),
        Column("stimuli", "text", "The pictures"),
        Column(
            "design", "text",
            "`within observers` if the same are known to have seen plain and occluded faces; "
            "empty if that was not seen",
            allowed=("", WITHIN),
        ),
        Column("emotion", "text", "The shown emotion, or `all`"),
        Column("condition", "text", "The occluder; `none` for plain faces"),
        Column(
            "measure", "text",
            "accuracy, hit_rate, loss, loss of hits, gain over mask: shares; hu_minus_chance; "
            "dprime; direction: in words, in `finding`",
        ),
        Column("value", "real", "The figure", decimals=4),
        Column("ci_low", "real", "Lower end of its 95 % interval, if there is one", decimals=4),
        Column("ci_high", "real", "Upper end", decimals=4),
        Column("claim", "text", "Claim of `maskface compare` that it is about, if any"),
        Column("finding", "text", "The finding in words"),
        Column("how_known", "text", "Source of the figure"),
    ),
    key=("study", "condition", "measure", "emotion", "claim"),
)  # fmt: skip
"""Published findings, one figure or direction per row."""


def load_findings() -> pd.DataFrame:
    """Read the published findings that come with the package, in the schema of `FINDINGS`.

    Human observers, plain and occluded faces. ``how_known`` is the source: an abstract, the full
    text or a table of an article, a press release, or a computation from the authors' public
    trials. Shares are 0 to 1.
    """
    with as_file(files("maskface.findings") / "findings.csv") as path:
        return FINDINGS.read(path)


Verdict = Literal["agrees", "differs", "cannot tell", "disputed", "not measured"]
Kind = Literal["mask", "window", "sunglasses"]
Interval = tuple[float, float, float]
"""A number and the limits of its interval."""

Judgement = Callable[..., Verdict]
"""Function of k: the verdict if intervals are k times as wide."""

SAME: Final = 0.05
"""Difference below which accuracies are equal: less than half of the smallest published loss."""
LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of the literature."""

    id: str  # as in the column claim of the findings
    statement: str  # in words
    measured: str  # meaning of the number of a run
    rule: str  # when a run agrees and when it differs; otherwise it cannot tell
    needs: tuple[Kind, ...] = ("mask",)  # kinds of conditions that a run must have
    add: str = "--occluder surgical"  # options to add to maskface run if it lacks them


def _read_as(source: str, target: str) -> Claim:
    return Claim(
        f"{source}-as-{target}",
        f"masked {source} is read as {target}",
        f"how much more often {source} is read as {target} with a mask",
        "agrees: the interval lies above 0; differs: below 0",
    )


CLAIMS: Final = (
    Claim(
        "overall-loss",
        "a mask costs as much accuracy as published studies of prototypical faces predict",
        "loss of accuracy",
        "agrees: the interval lies above 0 and within the prediction interval of the studies; "
        "differs: outside of it",
    ),
    Claim(
        "disgust-most",
        "disgust loses most",
        "loss of disgust minus that of the emotion nearest to it or above",
        "agrees: disgust loses more than each other emotion, every interval above 0, both in "
        "points and as a share of the plain hits; differs: less than some other, an interval below "
        "0 at Bonferroni's level, in both",
    ),
    _read_as("disgust", "anger"),
    _read_as("sadness", "neutral"),
    _read_as("happiness", "neutral"),
    _read_as("fear", "surprise"),
    Claim(
        "anger",
        "what a mask does to anger is disputed",
        "loss of hits of anger",
        "no verdict: published results go both ways",
    ),
    Claim(
        "window-happiness",
        "a transparent window restores happiness",
        "hits of happiness with the window minus those with the mask",
        "agrees: the interval lies above 0; differs: below 0",
        ("mask", "window"),
        "--occluder surgical --occluder window_mask",
    ),
    Claim(
        "mask-over-sunglasses",
        "a mask hides more than sunglasses",
        "accuracy with sunglasses minus that with the mask",
        "agrees: the interval lies above 0; differs: below 0",
        ("mask", "sunglasses"),
        "--occluder surgical --occluder sunglasses",
    ),
    Claim(
        "mask-style",
        "the mask's colour and pattern do not matter",
        "the largest difference of accuracy between two masks",
        "agrees: every interval lies within -5 to +5 points; differs: one lies outside at "
        "Bonferroni's level",
        ("mask",),
        "--occluder surgical --occluder surgical:colour=black",
    ),
)
"""Claims in the order of the comparison."""

_OCCLUDERS: Final[dict[str, Kind | None]] = {
    **dict.fromkeys(("window_mask", "clear"), "window"),
    **dict.fromkeys(("surgical", "cloth", "ffp2", "n95", "fashion", "texture", "masks"), "mask"),
    "sunglasses": "sunglasses",
    "window": None,  # the whole face but for a window
}
_OTHERS: Final = ("none", "upper", "eye", "unmask", "no mask", "no_mask")
_WORDS: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    ("window", ("window", "transparent", "clear")),
    ("sunglasses", ("sunglass",)),
    ("mask", ("mask", "surgical", "ffp", "kn95", "n95", "cloth")),
)


def kind_of(condition: str, masks: tuple[str, ...] = ()) -> Kind | None:
    """Classify a condition by its occluder.

    `condition` may be any name in a study with human observers; those in `masks` count as masks
    whatever their names. None if the claims are not about it: occluders of the upper face, controls
    of area, several occluders at once.
    """
    if condition in masks:
        return "mask"
    name, _, parameters = condition.partition(":")
    if "+" in condition or name.startswith(_OTHERS):
        return None
    if name in _OCCLUDERS:
        return _OCCLUDERS[name]
    words = () if parameters else _WORDS  # only occluders have parameters
    return next((kind for kind, of in words if any(w in name.lower() for w in of)), None)


_HITS: Final = ("accuracy", "hit_rate")
_NAMES: Final = ["study", "emotion"]
BOOTSTRAP: Final = "bootstrap over observers"
BOUND: Final = "bound by the number of observers"
_COLUMNS: Final = [
    "study", "n", "population", "emotion", "measure", "loss", "ci_low", "ci_high", "interval",
    "no_interval", "how_known",
]  # fmt: skip


def published_losses(findings: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the losses under a mask of studies that report them, or accuracies plain and masked.

    Parameters
    ----------
    findings
        From `load_findings`; loaded if None.

    Returns
    -------
    pandas.DataFrame
        A row per study and emotion (or ``all``), with the columns study, n, population, emotion,
        measure (``accuracy``, ``hit_rate``, ``loss`` or ``loss of hits``), loss (a share: plain
        minus masked), its 95 % interval in ci_low and ci_high (NaN if there is none), interval (its
        kind, or empty), no_interval (why there is none, or empty) and how_known.

    Notes
    -----
    The interval is that of the observers' losses if the table has it (``bootstrap over
    observers``), otherwise `widest_interval` (``bound by the number of observers``), which needs
    both shares, and a known number of observers who saw both plain and masked faces.
    """
    table = load_findings() if findings is None else findings
    masked = table[table["condition"] == "mask"]
    reported = masked[masked["measure"].isin(LOSSES)]
    kind = np.where(reported["ci_low"].isna(), "", BOOTSTRAP)
    reported = reported.assign(loss=reported["value"], interval=kind)
    both = _of_both(table, masked)
    again = both.set_index(_NAMES).index.isin(reported.set_index(_NAMES).index)
    found = pd.concat([both[~again], reported], ignore_index=True)
    found["no_interval"] = [_why_none(row) for row in found.to_dict("records")]
    return found[_COLUMNS].sort_values(_NAMES, ignore_index=True)


def _of_both(table: pd.DataFrame, masked: pd.DataFrame) -> pd.DataFrame:
    """Return the losses of studies with right answers both plain and masked."""
    names = [*_NAMES, "measure"]
    hits = table[table["measure"].isin(_HITS) & (table["condition"] == PLAIN)].set_index(names)
    hits = hits.join(masked.set_index(names)["value"].rename("masked"), how="inner").reset_index()
    known = (hits["design"] == WITHIN) & hits["n"].notna()
    plain, occluded = (hits[name].to_numpy(np.float64) for name in ("value", "masked"))
    n = hits["n"].where(known).to_numpy(np.float64, na_value=np.nan)
    low, high = widest_interval(plain, occluded, n)
    kind = np.where(known, BOUND, "")
    return hits.assign(loss=plain - occluded, ci_low=low, ci_high=high, interval=kind)


def widest_interval(plain: Floats, masked: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Return 95 % limits of a loss from both shares and the number of observers alone.

    `plain` and `masked` are mean shares of right answers, 0 to 1, of `n` observers with answers
    under both; the limits are NaN where `n` is.

    Limits of a difference of two shares of n independent answers each, from Wilson's limits of both
    shares (method 10 of Newcombe 1998, Statistics in Medicine 17, 873-890,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I): as if each observer had
    given one answer plain and an independent one masked. Observers with a mean share p differ most
    if each is always right or always wrong, with variance p (1 - p), which is that of one answer;
    and observers who are better with plain faces are, if anything, better with masked ones too,
    which narrows the interval of a difference. So an interval of the observers' losses is narrower.
    That shares plain and masked are not negatively correlated is an assumption; in Williams 2023,
    study 1, they correlate by .39 to .64.
    """
    n = np.nan_to_num(n)
    low_plain, high_plain = wilson_interval(plain * n, n)
    low_masked, high_masked = wilson_interval(masked * n, n)
    loss = plain - masked
    low = loss - np.hypot(plain - low_plain, high_masked - masked)
    high = loss + np.hypot(high_plain - plain, masked - low_masked)
    return np.asarray(low), np.asarray(high)


_OTHER_TASK: Final = "Verroca 2022"
"""Study whose observers chose among 16 answers, so that losses are not those of seven."""


def predicted_loss(findings: pd.DataFrame | None = None) -> Interval:
    """Compute the mean published loss over all emotions, and a 95 % prediction interval.

    Returns
    -------
    mean, low, high
        Shares. The interval is that of the loss in one more such study, if studies are a sample of
        a normal distribution of losses (random effects; Higgins, Thompson & Spiegelhalter 2009,
        doi:10.1111/j.1467-985X.2008.00552.x). Most do not give standard errors, so the variance of
        their losses, which holds both the variance between studies and the errors, stands for
        the sum of both: mean ± t SD √(1 + 1/k), t of k - 1 degrees of freedom.
    """
    losses = published_losses(findings)
    own = losses[(losses["emotion"] == "all") & ~losses["study"].str.startswith(_OTHER_TASK)]
    x = own["loss"].to_numpy(np.float64)
    k, mean = len(x), float(x.mean())
    half = float(stdtrit(k - 1, (1 + LEVEL) / 2) * x.std(ddof=1) * np.sqrt(1 + 1 / k))
    return mean, mean - half, mean + half


def _why_none(row: Mapping[Hashable, Any]) -> str:
    if row["interval"]:
        return ""
    if pd.isna(row["n"]):
        return "number of observers not given"
    if row["measure"] in LOSSES:
        return "share of right answers under the mask not given"
    return "not known whether the same observers saw both"


TRIALS: Final = "trials"
SUMMARY: Final = "summary"
SUMMARY_ALONE: Final = "summary alone"


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a run on a claim."""

    claim: Claim
    # Classifier or human, and condition; two conditions if two are compared.
    respondent: str
    condition: str
    # Number of the run and its interval, as shares; NaN if there is none.
    value: float
    low: float
    high: float
    verdict: Verdict  # agrees, differs, cannot tell, disputed or not measured
    basis: str  # trials, summary if it holds the answer, or summary alone if trials would be better
    note: str = ""  # remark
    at: Judgement | None = field(default=None, repr=False, compare=False)  # before the correction
