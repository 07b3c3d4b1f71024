"""Parameters of occluders and classifiers, as shells complete them.

They are what `maskface list` shows. Reading them off the classes would load OpenCV, which takes
longer than anybody waits for a completion.

Bash takes words apart at colons and equals signs, so that completion has to join them again.

Completion for a shell that cannot be told.

What a shell may complete: what stands after options. Nothing that is slow is loaded.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Final

from maskface.errors import MaskfaceError
from maskface.exits import say

Values = tuple[str, ...]
COLOURS: Final = (
    "black", "blue", "brown", "green", "grey", "lightblue", "navy", "pink", "red", "white",
)  # fmt: skip
"""Names in `maskface.occluders.colours.PALETTE`."""
ANY_OCCLUDER: Final = ("*",)
"""In the place of the values: names of occluders."""
_SWITCH: Final = ("true", "false")
_WORN: Final[dict[str, Values]] = {
    "top": (),
    "wearing": ("correct", "nose_out", "under_lip", "chin", "one_ear", "loose", "tight"),
}
_COLOUR: Final[dict[str, Values]] = {"colour": COLOURS}
_REGION: Final[dict[str, Values]] = {"region": ANY_OCCLUDER}
_LIKE: Final[dict[str, Values]] = {"like": ANY_OCCLUDER}
_FRAME: Final[dict[str, Values]] = {"frame": ("square", "round")}
_LEARNS: Final[dict[str, Values]] = {
    "train": ("clean", "masked", "both"), "folds": ("10",), "permuted": _SWITCH,
}  # fmt: skip
_POINTS: Final[dict[str, Values]] = {"points": ("seen", "redetected", "plain")}

OCCLUDERS: Final[Mapping[str, Mapping[str, Values]]] = {
    "block": _COLOUR | {"over": ("eyes", "mouth")},
    "blur": _REGION | {"size": ("0.1",)},
    "bubbles": _COLOUR | {"n": ("20",), "sample": ("0",), "size": ("0.06",)},
    "cap": _COLOUR | {"drawn": _SWITCH, "edge": ("80.0",), "shadow": ("0.5",)},
    "clear": _COLOUR | _WORN,
    "cloth": _COLOUR
    | _WORN
    | {"accent": COLOURS, "pattern": ("plain", "stripes", "dots", "check", "floral")},
    "fashion": _COLOUR | _WORN,
    "ffp2": _COLOUR | _WORN,
    "fill": _COLOUR | _REGION,
    "glasses": _COLOUR | _FRAME,
    "half": _COLOUR | {"side": ("left", "right")},
    "lower": _COLOUR | _LIKE,
    "mean": _REGION,
    "n95": _COLOUR | _WORN,
    "niqab": _COLOUR,
    "noise": _REGION | {"blocks": ("32",)},
    "none": {},
    "patch": _COLOUR | _LIKE,
    "pixelate": _REGION | {"blocks": ("6",)},
    "scarf": _COLOUR | {"pattern": ("plain", "dots")},
    "shield": _COLOUR,
    "spot": _COLOUR | {"size": ("0.25",), "x": ("0.5",), "y": ("0.5",)},
    "sunglasses": _COLOUR | _FRAME | {"lens": COLOURS, "opacity": ("0.95",)},
    "surgical": _COLOUR | _WORN,
    "sweep": _COLOUR | {"share": ("0.5",), "start": ("below", "above")},
    "tears": {
        "amount": ("2",), "length": ("lid", "cheek", "jaw"), "side": ("both", "left", "right"),
        "wet": _SWITCH,
    },
    "texture": _WORN | {"path": ()},
    "upper": _COLOUR | _LIKE,
    "window": _COLOUR | {"show": ("eyes", "mouth")},
    "window_mask": _COLOUR | _WORN,
}  # fmt: skip
"""By occluder and parameter: the values where few are allowed; names of colours, also where others
can be written; else what it is if nothing is said."""

CLASSIFIERS: Final[Mapping[str, Mapping[str, Values]]] = {
    "blendshapes": _LEARNS | _POINTS,
    "deepface": {"download": _SWITCH},
    "embedding": _LEARNS | {"network": ("faceapi", "fer")},
    "emfacs": _POINTS,
    "faceapi": {},
    "fer": {},
    "hog": _LEARNS,
    "landmarks": _LEARNS | _POINTS,
    "onnx": {"card": (), "model": ()},
    "pyfeat": {"download": _SWITCH},
}
"""The same of classifiers."""

_ASKED: Final = ("_MASKFACE_COMPLETE", "complete_bash")
_APART: Final = re.compile(r"[:=]+")
"""What stands in a word of its own where bash has taken words apart (its COMP_WORDBREAKS)."""


@contextmanager
def whole_words() -> Iterator[None]:
    """Let what is completed in bash be a whole word, and answer with what bash takes for one."""
    if os.environ.get(_ASKED[0]) != _ASKED[1] or "COMP_WORDS" not in os.environ:
        yield
        return
    told = os.environ["COMP_WORDS"]
    between = "\n" if "\n" in told else " "
    words, number, before = joined(told.split(between), int(os.environ.get("COMP_CWORD", "0")))
    os.environ |= {"COMP_WORDS": between.join(words), "COMP_CWORD": str(number)}
    answer = io.StringIO()
    try:
        with redirect_stdout(answer):
            yield
    finally:
        if found := answer.getvalue().splitlines():
            say("\n".join(line.removeprefix(before) for line in found))


def joined(words: Sequence[str], number: int) -> tuple[list[str], int, str]:
    """Join what bash took apart.

    Parameters
    ----------
    words
        Of the line, as bash has them: ``--occluder``, ``surgical``, ``:``, ``co``.
    number
        Of the word at the cursor.

    Returns
    -------
    list of str, int, str
        The words, the number of the word at the cursor, and what of it stands before that which
        bash completes: ``surgical:``.
    """
    whole: list[str] = []
    at, before = number, ""
    for place, word in enumerate(words):
        if whole and word and (_APART.fullmatch(word) or _APART.fullmatch(words[place - 1])):
            start = whole.pop()
        else:
            start = ""
        whole.append(start + word)
        if place == number:
            at = len(whole) - 1
            before = start + word if _APART.fullmatch(word) else start
    option, equals, value = before.partition("=")
    return whole, at, value if equals and option.startswith("--") else before


SHELLS: Final = ("bash", "zsh", "fish", "powershell", "pwsh")
_ASKING: Final = ("--show-completion", "--install-completion")


def require_shell(arguments: Sequence[str]) -> None:
    """Refuse to complete for a shell that is not known.

    Raises
    ------
    MaskfaceError
        If completion is asked for; the message says how to name the shell.
    """
    if not set(_ASKING) & set(arguments[:1]):
        return
    import shellingham  # type: ignore[import-untyped]

    try:
        shell = shellingham.detect_shell()[0]
    except shellingham.ShellDetectionFailure:
        shell = "unknown"
    if shell not in SHELLS:
        raise MaskfaceError(
            f"There is no completion for this shell ({shell}). For bash, type: "
            "_MASKFACE_COMPLETE=source_bash maskface > ~/.maskface.sh ; "
            "echo '. ~/.maskface.sh' >> ~/.bashrc (source_zsh and source_fish are there too)."
        )


FIGURES: Final = (
    "strip", "readers", "loss", "grid", "people", "accuracy", "flows", "confusions",
    "probabilities",
)  # fmt: skip
"""`maskface.report.KINDS`, which loads Matplotlib."""
FIGURE_FORMATS: Final = ("svg", "png", "pdf")
LISTS: Final = ("occluders", "classifiers", "datasets")
ONNX: Final = "onnx:"
"""What stands before the name of a network that can be downloaded."""
EMOTIONS: Final = (
    "all", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral",
)  # fmt: skip


def one_of(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Complete one of a few names."""

    def complete(incomplete: str) -> list[str]:
        return _starting(names, incomplete)

    return complete


def occluder_names(incomplete: str) -> list[str]:
    """Complete an occluder and its parameters, also after the plus sign of a stack."""

    def names() -> list[str]:
        from maskface.occluders import OCCLUDERS

        return OCCLUDERS.names()

    before, plus, last = incomplete.rpartition("+")
    return [before + plus + spec for spec in _specs(last, OCCLUDERS, names)]


def classifier_names(incomplete: str) -> list[str]:
    """Complete a classifier and its parameters."""

    def names() -> list[str]:
        from maskface.classifiers import CLASSIFIERS

        return CLASSIFIERS.names()

    networks = [f"{ONNX}{name}" for name in card_names("")]
    found = _starting(networks, incomplete) if incomplete.startswith(ONNX) else []
    return found + _specs(incomplete, CLASSIFIERS, names)


def _specs(
    incomplete: str, known: Mapping[str, Mapping[str, Values]], names: Callable[[], list[str]]
) -> list[str]:
    name, colon, rest = incomplete.partition(":")
    if not colon:
        return _starting(names(), incomplete)
    before, comma, last = rest.rpartition(",")
    given = {part.partition("=")[0] for part in before.split(",")}
    left = {key: values for key, values in known.get(name, {}).items() if key not in given}
    key, equals, _ = last.partition("=")
    keys = [key] if equals else _starting(sorted(left), key)
    pairs = [f"{one}=" for one in keys]
    if len(keys) == 1:
        values = left.get(keys[0], ())
        more = [pairs[0] + value for value in (names() if values == ANY_OCCLUDER else values)]
        # Of a single way to go on a shell thinks that nothing can follow it, and adds a blank.
        pairs = more if equals or len(more) > 1 else [*pairs, *(more or [f"{pairs[0]}..."])]
    return [name + colon + before + comma + pair for pair in _starting(pairs, last)]


def data_names(incomplete: str) -> list[str]:
    """Complete the name of a data set; where none fits, the shell completes folders itself."""
    from maskface.datasets import DATASETS

    return _starting(DATASETS.names(), incomplete)


def card_names(incomplete: str) -> list[str]:
    """Complete the name of a network that can be downloaded."""
    cards = Path(__file__).parents[1] / "classifiers" / "cards"
    return _starting(sorted(path.stem for path in cards.glob("*.toml")), incomplete)


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
