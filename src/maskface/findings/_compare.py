"""A run beside the published findings: one verdict for each claim and reader."""

from __future__ import annotations

from pathlib import Path

from maskface.findings._claims import CLAIMS, Claim
from maskface.findings._judges import judge
from maskface.findings._result import Result
from maskface.findings._run import RunTables


def compare_run(
    folder: str | Path, *, masks: tuple[str, ...] = (), seed: int = 0
) -> tuple[Result, ...]:
    """Say for each claim of the literature what a run shows.

    Parameters
    ----------
    folder
        Of a run of classifiers, or of a study with human observers.
    masks
        Conditions that count as face masks whatever their name.
    seed
        Of the bootstrap.

    Returns
    -------
    tuple of Result
        In the order of `CLAIMS`; for each reader and each condition that the claim is about, or
        one ``not measured``. Controls that learnt from shuffled labels are left out.

    Raises
    ------
    MaskfaceError
        If the folder has no summary or that of an incomplete run, or a condition of `masks` is not
        in it.
    """
    run = RunTables(Path(folder), masks)
    results: list[Result] = []
    for claim in CLAIMS:
        found = [r for reader in run.readers for r in judge(run, claim, reader, seed)]
        results += found or [_not_measured(run, claim)]
    return tuple(results)


def _not_measured(run: RunTables, claim: Claim) -> Result:
    nan = float("nan")
    missing = [kind for kind in claim.needs if not run.conditions(kind)]
    if not run.readers:
        note = "all classifiers learnt from shuffled labels: add one without permuted=true"
    elif not missing and claim.id != "mask-style":
        note = "no such faces or answers in the run"
    elif run.of_humans:
        several = "two masks" if claim.id == "mask-style" else " and ".join(claim.needs)
        note = f"needs faces with {several}; --mask NAME says which condition is a mask"
    else:
        note = f"add {claim.add}"
    return Result(claim, "", "", nan, nan, nan, "not measured", "", note)
