"""What to cite, as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from maskface.classifiers import get_reader
from maskface.classifiers.cards import shipped_cards
from maskface.errors import MaskfaceError
from maskface.report._references import OF_CLASSIFIERS, learns
from maskface.specs import head

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
"""Entries of shipped weights, by file; others are cited as their manifest says."""
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
    """Write BibTeX entries of all that a run used: set, models, MediaPipe, OpenCV, maskface.

    Where only a line of text is known of a source, the entry holds that line and nothing else.

    Parameters
    ----------
    manifest
        Of the run.
    further
        Entries of methods and findings, from `maskface.report._references`.
    """
    entries = [_maskface(manifest), *_models(manifest), _MEDIAPIPE, _OPENCV, *further]
    citation = manifest["dataset"].get("citation", "")
    if citation:
        entries.insert(1, _note("faceset", citation))
    return "\n\n".join(dict.fromkeys(entries))


def uncited(manifest: Mapping[str, Any]) -> list[str]:
    """What was used and has no citation on record."""
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
    """Parts of a classifier's name; of files, their names without folder and ending."""
    return {Path(word).stem for word in re.split("[:=,]", name)}


def _network(name: str) -> str:
    """Network whose embedding a classifier learns from."""
    try:
        return str(getattr(get_reader(name), "network", ""))
    except MaskfaceError:
        return ""


def _note(key: str, citation: str) -> str:
    return f"@misc{{{key},\n  note = {{{citation.translate(_SPECIAL)}}}\n}}"
