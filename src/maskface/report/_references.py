"""BibTeX entries of methods and of published findings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Final

import pandas as pd

from maskface.classifiers import CLASSIFIERS
from maskface.errors import MaskfaceError
from maskface.findings import published_losses
from maskface.specs import head

_BOOTSTRAP: Final = """@article{hesterberg2015,
  author = {Hesterberg, Tim C.},
  title = {What Teachers Should Know About the Bootstrap: Resampling in the Undergraduate
    Statistics Curriculum},
  journal = {The American Statistician},
  year = {2015},
  doi = {10.1080/00031305.2015.1089789}
}

@book{davison1997,
  author = {Davison, Anthony C. and Hinkley, David V.},
  title = {Bootstrap Methods and their Application},
  publisher = {Cambridge University Press},
  year = {1997}
}"""
_WILSON: Final = """@article{wilson1927,
  author = {Wilson, Edwin B.},
  title = {Probable Inference, the Law of Succession, and Statistical Inference},
  journal = {Journal of the American Statistical Association},
  year = {1927},
  doi = {10.2307/2276774}
}"""
_NEWCOMBE: Final = """@article{newcombe1998,
  author = {Newcombe, Robert G.},
  title = {Interval Estimation for the Difference Between Independent Proportions: Comparison of
    Eleven Methods},
  journal = {Statistics in Medicine},
  volume = {17},
  pages = {873--890},
  year = {1998},
  doi = {10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I}
}"""
_PERMUTATION: Final = """@article{phipson2010,
  author = {Phipson, Belinda and Smyth, Gordon K.},
  title = {Permutation {P}-values Should Never Be Zero: Calculating Exact {P}-values When
    Permutations Are Randomly Drawn},
  journal = {Statistical Applications in Genetics and Molecular Biology},
  year = {2010},
  doi = {10.2202/1544-6115.1585}
}"""
_MCNEMAR: Final = """@article{mcnemar1947,
  author = {McNemar, Quinn},
  title = {Note on the Sampling Error of the Difference Between Correlated Proportions or
    Percentages},
  journal = {Psychometrika},
  year = {1947},
  doi = {10.1007/BF02295996}
}"""
_HOLM: Final = """@article{holm1979,
  author = {Holm, Sture},
  title = {A Simple Sequentially Rejective Multiple Test Procedure},
  journal = {Scandinavian Journal of Statistics},
  volume = {6},
  pages = {65--70},
  year = {1979}
}"""
_BERGER: Final = """@article{berger1982,
  author = {Berger, Roger L.},
  title = {Multiparameter Hypothesis Testing and Acceptance Sampling},
  journal = {Technometrics},
  year = {1982},
  doi = {10.2307/1267823}
}"""
_BY_KIND: Final = (("bootstrap", _BOOTSTRAP), ("Wilson", _WILSON))
_BY_TEST: Final = (("permutation", _PERMUTATION), ("McNemar", _MCNEMAR))
_EKMAN: Final = """@misc{ekman1978,
  author = {Ekman, Paul and Friesen, Wallace V.},
  title = {Facial Action Coding System},
  year = {1978},
  note = {Prototypes of Table 11-1, and those of doi:10.1038/s41598-024-62902-6, Fig. 7}
}"""
_HOG: Final = """@inproceedings{dalal2005,
  author = {Dalal, Navneet and Triggs, Bill},
  title = {Histograms of Oriented Gradients for Human Detection},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year = {2005},
  doi = {10.1109/CVPR.2005.177}
}"""
_DEEPFACE: Final = "@misc{deepface,\n  note = {DeepFace},\n  doi = {10.35378/gujs.1794891}\n}"
_PYFEAT: Final = """@misc{cheong2023,
  note = {Cheong et al. 2023, Py-Feat},
  year = {2023},
  doi = {10.1007/s42761-023-00191-4}
}"""
OF_CLASSIFIERS: Final = {
    "emfacs": _EKMAN, "hog": _HOG, "deepface": _DEEPFACE, "pyfeat": _PYFEAT,
}  # fmt: skip
"""Entries of classifiers that are no networks with weights of their own on record."""


def learns(name: str) -> bool:
    """Whether a classifier learns from the run's own pictures."""
    try:
        return hasattr(CLASSIFIERS.get(head(name)[0]), "fit")
    except MaskfaceError:
        return False


def of_statistics(summary: pd.DataFrame) -> Iterator[str]:
    """Entries of the intervals and tests that a summary holds."""
    kinds = set(summary["interval"]) | set(summary["value_interval"])
    tests = set(summary["test"]) - {""}
    for words, found in ((_BY_KIND, kinds), (_BY_TEST, tests)):
        yield from (entry for word, entry in words if any(word in name for name in found))
    if tests:
        yield _HOLM


def of_findings(findings: pd.DataFrame, claims: Set[str]) -> Iterator[str]:
    """Entries of the published findings on some claims: what is on record of each, and no more."""
    if "overall-loss" in claims:
        yield _NEWCOMBE
    if "disgust-most" in claims:
        yield _BERGER
    for study, rows in _studies(findings, claims):
        if rows["doi"].iloc[0]:
            key = "".join(re.findall(r"[A-Za-z0-9]+", study)).lower()
            year, doi = rows["year"].iloc[0], rows["doi"].iloc[0]
            note = study.replace("&", r"\&")
            yield (
                f"@misc{{{key},\n  note = {{{note}}},\n  year = {{{year}}},\n  doi = {{{doi}}}\n}}"
            )


def findings_without_doi(findings: pd.DataFrame, claims: Set[str]) -> list[str]:
    """Studies on some claims of which no DOI is on record."""
    return [f"study {name}" for name, rows in _studies(findings, claims) if not rows["doi"].iloc[0]]


def _studies(findings: pd.DataFrame, claims: Set[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Rows by study, whose name ends with its year; parts of a study together."""
    used = findings["claim"].isin(claims)
    if "overall-loss" in claims:
        used |= findings["study"].isin(published_losses(findings)["study"])
    own = findings[used]
    names = own["study"].str.extract(r"^(.*?\d{4})", expand=False)
    for name, rows in own.groupby(names, sort=True):
        yield str(name), rows
