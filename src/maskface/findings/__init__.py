"""Published findings on covered faces, and a run beside them."""

from maskface.findings._agreement import agreement_tables, agreement_text
from maskface.findings._agreement_schemas import AGREEMENT, CELLS
from maskface.findings._claims import CLAIMS, Claim, kind_of
from maskface.findings._compare import compare_run
from maskface.findings._losses import published_losses
from maskface.findings._readers import Reader, human_reader, published_readers
from maskface.findings._result import Result
from maskface.findings._table import FINDINGS, load_findings
from maskface.findings._text import comparison_text, comparison_values, humans_of

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
