"""Completion in shells: names of occluders, classifiers and data sets, and their parameters.

Parameters are read off the source of the classes: importing them would load OpenCV, which takes
longer than anybody waits. Bash splits words at colons and equals signs; here they are joined again.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Final

from maskface.errors import MaskfaceError
from maskface.exits import say
from maskface.registry import Parameter, Registry, constant

FIGURES: Final[tuple[str, ...]] = constant("maskface.report.figures", "KINDS")
FIGURE_FORMATS: Final[tuple[str, ...]] = constant("maskface.report.figures", "FORMATS")
LISTS: Final[tuple[str, ...]] = constant("maskface.catalogue", "KINDS")
EMOTIONS: Final = ("all", *constant("maskface.types", "EMOTIONS"))
ONNX: Final = "onnx:"
"""Prefix of the name of a network that can be downloaded."""
SHELLS: Final = ("bash", "zsh", "fish", "powershell", "pwsh")
_COMPLETION_OPTIONS: Final = ("--show-completion", "--install-completion")
_BASH: Final = ("_MASKFACE_COMPLETE", "complete_bash")
"""Environment variable, and its value, with which bash asks for completion."""
_SPLIT: Final = re.compile(r"[:=]+")  # text that bash makes a word of its own (its COMP_WORDBREAKS)


@contextmanager
def whole_words() -> Iterator[None]:
    """Complete whole words in bash, and print the part that bash takes for a word."""
    if os.environ.get(_BASH[0]) != _BASH[1] or "COMP_WORDS" not in os.environ:
        yield
        return
    line = os.environ["COMP_WORDS"]
    between = "\n" if "\n" in line else " "
    words, number, before = joined(line.split(between), int(os.environ.get("COMP_CWORD", "0")))
    os.environ |= {"COMP_WORDS": between.join(words), "COMP_CWORD": str(number)}
    answer = io.StringIO()
    try:
        with redirect_stdout(answer):
            yield
    finally:
        if found := answer.getvalue().splitlines():
            say("\n".join(line.removeprefix(before) for line in found))


def joined(words: Sequence[str], number: int) -> tuple[list[str], int, str]:
    """Join the words that bash has split at ``:`` and ``=``; `number` is that at the cursor.

    Returns the words, the number of the word at the cursor, and the part of that word before the
    text that bash completes: ``surgical:`` of ``surgical``, ``:``, ``co``.
    """
    whole: list[str] = []
    at, before = number, ""
    for place, word in enumerate(words):
        if whole and word and (_SPLIT.fullmatch(word) or _SPLIT.fullmatch(words[place - 1])):
            start = whole.pop()
        else:
            start = ""
        whole.append(start + word)
        if place == number:
            at = len(whole) - 1
            before = start + word if _SPLIT.fullmatch(word) else start
    option, equals, value = before.partition("=")
    return whole, at, value if equals and option.startswith("--") else before


def require_shell(arguments: Sequence[str]) -> None:
    """Raise if completion is asked for and the shell has none.

    Raises
    ------
    MaskfaceError
        If the shell is not known; the message says how to name it.
    """
    if not set(_COMPLETION_OPTIONS) & set(arguments[:1]):
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


def one_of(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Return a completion of one of a few names."""
    return lambda incomplete: _starting(names, incomplete)


def occluder_names(incomplete: str) -> list[str]:
    """Complete an occluder and its parameters, also after the plus sign of a stack."""
    from maskface.occluders import OCCLUDERS

    before, plus, last = incomplete.rpartition("+")
    return [before + plus + spec for spec in _specs(last, OCCLUDERS)]


def classifier_names(incomplete: str) -> list[str]:
    """Complete a classifier and its parameters."""
    from maskface.classifiers import CLASSIFIERS

    networks = [f"{ONNX}{name}" for name in card_names("")]
    found = _starting(networks, incomplete) if incomplete.startswith(ONNX) else []
    return found + _specs(incomplete, CLASSIFIERS)


def _specs(incomplete: str, registry: Registry[Any]) -> list[str]:
    name, colon, rest = incomplete.partition(":")
    if not colon:
        return _starting(registry.names(), incomplete)
    before, comma, last = rest.rpartition(",")
    given = {part.partition("=")[0] for part in before.split(",")}
    known = registry.static_parameters(name)
    left = {key: values_of(known[key]) for key in known if key not in given}
    key, equals, _ = last.partition("=")
    keys = [key] if equals else _starting(left, key)
    pairs = [f"{one}=" for one in keys]
    if len(keys) == 1:
        more = [pairs[0] + value for value in left.get(keys[0], ())]
        # Shells add a blank after a single completion, as if nothing could follow it.
        pairs = more if equals or len(more) > 1 else [*pairs, *(more or [f"{pairs[0]}..."])]
    return [name + colon + before + comma + pair for pair in _starting(pairs, last)]


def values_of(parameter: Parameter) -> tuple[str, ...]:
    """Return the values to complete: all allowed ones, names, or the default."""
    if parameter.choices:
        return parameter.choices
    if parameter.names == "colour":
        from maskface.occluders.colours import PALETTE

        return tuple(PALETTE)
    if parameter.names == "occluder":
        from maskface.occluders import OCCLUDERS

        return tuple(OCCLUDERS.names())
    return (parameter.default,) if parameter.default else ()


def data_names(incomplete: str) -> list[str]:
    """Complete the name of a data set; where none fits, the shell completes folders itself."""
    from maskface.datasets import DATASETS

    return _starting(DATASETS.names(), incomplete)


def reader_names(incomplete: str) -> list[str]:
    """Complete the name of a reader of data sets."""
    from maskface.datasets import DATASET_READERS

    return _starting(DATASET_READERS.names(), incomplete)


def card_names(incomplete: str) -> list[str]:
    """Complete the name of a network that can be downloaded."""
    cards = Path(__file__).parents[1] / "classifiers" / "cards"
    return _starting(sorted(path.stem for path in cards.glob("*.toml")), incomplete)


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
