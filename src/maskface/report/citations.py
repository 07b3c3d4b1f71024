"""BibTeX entries of what a run used: set, models, methods and published findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface.classifiers import CLASSIFIERS, get_reader
from maskface.classifiers.cards import shipped_cards
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
"""Entries of classifiers without weights in the manifest."""


def learns(name: str) -> bool:
    """Return whether a classifier is fitted to the pictures of the run."""
    try:
        return hasattr(CLASSIFIERS.get(head(name)[0]), "fit")
    except MaskfaceError:
        return False


def of_statistics(summary: pd.DataFrame) -> Iterator[str]:
    """Return the entries of the intervals and tests in a summary."""
    kinds = set(summary["interval"]) | set(summary["value_interval"])
    tests = set(summary["test"]) - {""}
    for words, found in ((_BY_KIND, kinds), (_BY_TEST, tests)):
        yield from (entry for word, entry in words if any(word in name for name in found))
    if tests:
        yield _HOLM


def of_findings(findings: pd.DataFrame, claims: Set[str]) -> Iterator[str]:
    """Return the entries of the published findings on some claims."""
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
    """Return the studies on some claims without a known DOI."""
    return [f"study {name}" for name, rows in _studies(findings, claims) if not rows["doi"].iloc[0]]


def _studies(findings: pd.DataFrame, claims: Set[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Group rows by study, whose name ends with its year; parts of a study together."""
    used = findings["claim"].isin(claims)
    if "overall-loss" in claims:
        used |= findings["study"].isin(published_losses(findings)["study"])
    own = findings[used]
    names = own["study"].str.extract(r"^(.*?\d{4})", expand=False)
    for name, rows in own.groupby(names, sort=True):
        yield str(name), rows


TITLE: Final = "maskface: how much emotion does a face mask hide?"
AUTHORS: Final = "The maskface developers"
"""As in CITATION.cff."""

_LANDMARKER: Final = "face_landmarker.task"
_KNOWN: Final[dict[str, str]] = {
    _LANDMARKER: """@misc{kartynnik2019,
  author = {Kartynnik, Yury and Ablavatski, Artsiom and Grishchenko, Ivan and Grundmann, Matthias},
  title = {Real-time Facial Surface Geometry from Monocular Video on Mobile {GPUs}},
  year = {2019},
  eprint = {1907.06724},
  archivePrefix = {arXiv}
}""",
    "fer.onnx": """@misc{arriaga2017,
  author = {Arriaga, Octavio and Valdenegro-Toro, Matias and Pl{\\"o}ger, Paul},
  title = {Real-time Convolutional Neural Networks for Emotion and Gender Classification},
  year = {2017},
  eprint = {1710.07557},
  archivePrefix = {arXiv}
}""",
}
"""Entries of shipped weights, by file; the manifest has the citations of the others."""
_MEDIAPIPE: Final = """@misc{lugaresi2019,
  author = {Lugaresi, Camillo and Tang, Jiuqiang and Nash, Hadon and McClanahan, Chris and
    Uboweja, Esha and Hays, Michael and Zhang, Fan and Chang, Chuo-Ling and Yong, Ming Guang and
    Lee, Juhyun and Chang, Wan-Teh and Hua, Wei and Georg, Manfred and Grundmann, Matthias},
  title = {{MediaPipe}: A Framework for Building Perception Pipelines},
  year = {2019},
  eprint = {1906.08172},
  archivePrefix = {arXiv}
}"""
_OPENCV: Final = """@article{bradski2000,
  author = {Bradski, Gary},
  title = {The {OpenCV} Library},
  journal = {Dr. Dobb's Journal of Software Tools},
  year = {2000}
}"""
_SPECIAL: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "#": r"\#",
        "$": r"\$", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    }
)  # fmt: skip


def bibtex(manifest: Mapping[str, Any], further: Iterable[str] = ()) -> str:
    """Write the BibTeX entries of all that a run used, and further ones.

    If only a line of text is known of a source, the entry holds that line.
    """
    entries = [_maskface(manifest), *_models(manifest), _MEDIAPIPE, _OPENCV, *further]
    citation = manifest["dataset"].get("citation", "")
    if citation:
        entries.insert(1, _note("faceset", citation))
    return "\n\n".join(dict.fromkeys(entries))


def uncited(manifest: Mapping[str, Any]) -> list[str]:
    """Return what was used and has no known citation."""
    missing = [] if manifest["dataset"].get("citation") else [f"set {manifest['dataset']['name']}"]
    known = {weights["sha256"] for weights in manifest["weights"]}
    for classifier in manifest.get("classifiers", []):
        name, rest = head(classifier["name"])
        card = next(
            (one for key, one in shipped_cards().items() if key in _words(rest or "")), None
        )
        outside = name not in OF_CLASSIFIERS and not learns(name) and not (card and card.citation)
        if outside and classifier["fingerprint"] not in known:
            missing.append(f"classifier {classifier['name']}")
    return missing


def _maskface(manifest: Mapping[str, Any]) -> str:
    year = str(manifest.get("created", ""))[:4]
    dated = f"\n  year = {{{year}}}," if year.isdigit() else ""
    return (
        f"@software{{maskface,\n  author = {{{{{AUTHORS}}}}},\n  title = {{{TITLE}}},"
        f"{dated}\n  version = {{{manifest['maskface']}}}\n}}"
    )


def _models(manifest: Mapping[str, Any]) -> Iterator[str]:
    names = [str(one["name"]) for one in manifest.get("classifiers", [])]
    prints = {one["fingerprint"] for one in manifest.get("classifiers", [])}
    for weights in manifest["weights"]:
        stem = weights["file"].partition(".")[0]
        inside = any(head(name)[0] == "embedding" and _network(name) == stem for name in names)
        if weights["file"] == _LANDMARKER or weights["sha256"] in prints or inside:
            known = _KNOWN.get(weights["file"])
            yield known or _note(re.sub(r"\W", "", stem), weights["citation"])
    heads = {head(name)[0] for name in names}
    yield from (entry for name, entry in OF_CLASSIFIERS.items() if name in heads)
    for key, card in shipped_cards().items():
        used = any(head(name)[0] == "onnx" and key in _words(name) for name in names)
        if used and card.citation:
            yield _note(re.sub(r"\W", "", key), card.citation)


def _words(name: str) -> set[str]:
    """Split the name of a classifier; of files, keep the name without folder and ending."""
    return {Path(word).stem for word in re.split("[:=,]", name)}


def _network(name: str) -> str:
    """Return the network whose embedding a classifier is fitted to."""
    try:
        return str(getattr(get_reader(name), "network", ""))
    except MaskfaceError:
        return ""


def _note(key: str, citation: str) -> str:
    return f"@misc{{{key},\n  note = {{{citation.translate(_SPECIAL)}}}\n}}"
