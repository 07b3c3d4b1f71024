"""Shipped cards of well-known networks, whose files users bring or download."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from maskface._toml import LONGEST
from maskface.classifiers.card import TEMPLATE, Card, parse_card
from maskface.errors import MaskfaceError
from maskface.files import read_regular_file
from maskface.folders import cache_folder
from maskface.registry import unknown_name

FOLDER = Path(__file__).parent


@cache
def shipped_cards() -> dict[str, Card]:
    """Return the shipped cards by name."""
    return {
        path.stem: parse_card(path.read_text(encoding="utf-8"), path.name)
        for path in sorted(FOLDER.glob("*.toml"))
    }


def get_card(card: str) -> Card:
    """Return the shipped card of a name, or read a card from a file.

    Raises MaskfaceError if there is neither, or the card is not valid.
    """
    if card in shipped_cards():
        return shipped_cards()[card]
    path = Path(card).expanduser()
    if not path.is_file():
        known = list(shipped_cards())
        raise MaskfaceError(
            f"{unknown_name('card', card, known)} Or give the path of a card: card=model.toml."
        )
    return _read(path)


def find_model(model: str, card: str = "") -> tuple[Path, Card]:
    """Find a network's file and its card.

    `model` is the path of the file, or the name of a shipped card whose file was downloaded; `card`
    the path of a card or the name of a shipped one. If it is empty, the card beside the file is
    taken (the same name with the ending .toml), otherwise the shipped card for a file of that name.
    Raises MaskfaceError if the file or a card for it is missing.
    """
    if not model:
        raise MaskfaceError(
            "Name a network: onnx:model.onnx, or a name after maskface download: "
            f"{', '.join(shipped_cards())}."
        )
    path = Path(model).expanduser()
    if not path.is_file():
        path = _downloaded(model)
    return path, get_card(card) if card else _card_of(path)


def model_path(card: Card) -> Path:
    """Return the path of a card's file once it is downloaded."""
    return cache_folder("models") / card.file


def _downloaded(model: str) -> Path:
    if model not in shipped_cards():
        names = ", ".join(shipped_cards())
        raise MaskfaceError(
            f"There is no file {model}. Give the path of an ONNX model, or one of {names}."
        )
    path = model_path(shipped_cards()[model])
    if not path.is_file():
        raise MaskfaceError(
            f"Network {model!r} has not been downloaded. Type maskface download {model}."
        )
    return path


def _card_of(path: Path) -> Card:
    beside = path.with_suffix(".toml")
    if beside.is_file():
        return _read(beside)
    for card in shipped_cards().values():
        if card.file == path.name:
            return card
    raise MaskfaceError(
        f"There is no card for {path.name}. Write one to {beside}, such as this one, changed to "
        f"what the network's authors state:\n\n{TEMPLATE}\nOr name a shipped card, card=, one of "
        f"{', '.join(shipped_cards())}."
    )


def _read(path: Path) -> Card:
    try:
        text = read_regular_file(path, LONGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError, OverflowError) as error:
        raise MaskfaceError(f"Cannot read the card {path}: {error}.") from error
    return parse_card(text, path.name)
