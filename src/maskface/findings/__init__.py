"""Published findings on occluded faces, and comparisons of runs with them."""

from maskface.findings.agreement import (
    AGREEMENT,
    CELLS,
    Reader,
    agreement_tables,
    agreement_text,
    human_reader,
    published_readers,
)
from maskface.findings.claims import (
    CLAIMS,
    FINDINGS,
    Claim,
    Result,
    kind_of,
    load_findings,
    published_losses,
)
from maskface.findings.verdicts import compare_run, comparison_text, comparison_values, humans_of

__all__ = [
    "AGREEMENT",
    "CELLS",
    "CLAIMS",
    "FINDINGS",
    "Claim",
    "Reader",
    "Result",
    "agreement_tables",
    "agreement_text",
    "compare_run",
    "comparison_text",
    "comparison_values",
    "human_reader",
    "humans_of",
    "kind_of",
    "load_findings",
    "published_losses",
    "published_readers",
]
