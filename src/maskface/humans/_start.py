"""The beginning of a column map for a table that nobody has described yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_GUESSES: Final = {
    "observer": ("participant", "subject", "observer", "rater", "worker", "respondent", "user"),
    "image": ("stimulus", "image", "face", "picture", "file"),
    "identity": ("identity", "model", "actor", "poser"),
    "emotion": ("emotion", "expr", "label", "real", "shown"),
    "condition": ("condition", "cond", "mask", "occlu", "cover"),
    "response": ("response", "answer", "chosen", "detected", "key", "rate"),
    "rt": ("rt", "reaction", "latency", "duration", "time"),
}


def starting_map(header: Sequence[str], design: str = "choice") -> str:
    """Write the beginning of a column map for a table with these columns."""
    lines = [f'design = "{design}"  # or "yes_no": is this person angry?', "", "[columns]"]
    for field, words in _GUESSES.items():
        fitting = [c for c in header if any(word in c.lower() for word in words)]
        guess = fitting[0] if fitting else "?"
        more = f"  # or {', '.join(fitting[1:4])}" if fitting[1:] else ""
        lines.append(f'{field} = "{_quoted(guess)}"{_one_line(more)}')
    if design == "yes_no":
        lines.append('question = "?"  # the emotion asked for')
    lines += [
        "",
        "[values.condition]  # the face as it is must be called none",
        '"no mask" = "none"',
        "",
        "[values.response]  # only if answers are keys or numbers",
        '"1" = "anger"',
    ]
    return "\n".join(lines)


def _quoted(name: str) -> str:
    return _one_line(name).replace("\\", "\\\\").replace('"', '\\"')


def _one_line(text: str) -> str:
    return " ".join(text.split()) if not text.startswith("  #") else "  " + " ".join(text.split())
