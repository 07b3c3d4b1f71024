"""Download of networks, by `maskface download` alone."""

from __future__ import annotations

import hashlib
import http.client
import io
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from maskface._version import __version__
from maskface.classifiers.cards import get_card, model_path
from maskface.errors import MaskfaceError, os_errors_explained
from maskface.files import write_atomically
from maskface.folders import make_folder

_PIECE: Final = 1 << 20
_SECONDS: Final = 60


def download(name: str, *, progress: bool = False) -> Path:
    """Download the file of a network, check its hash, and return the file.

    `name` is that of a shipped card, or the path of a card. The file goes to `models` in the cache
    (`maskface.folders.cache_folder`); an existing one with the right hash is not downloaded again.
    Raises MaskfaceError if there is no such card, it lacks url, sha256 or file, the download fails,
    or the hash is not that of the card. Nothing is written then.
    """
    card = get_card(name)
    lacking = [key for key in ("url", "sha256", "file") if not getattr(card, key)]
    if lacking:
        raise MaskfaceError(
            f"Card {name} has no {' and no '.join(lacking)}, so nothing can be downloaded. Add it "
            "to the card, or get the file from the authors and give its path: onnx:model.onnx."
        )
    path = model_path(card)
    if path.is_file() and _sha256(path.read_bytes()) == card.sha256:
        return path
    data = _fetch(card.url, progress=progress)
    got = _sha256(data)
    if got != card.sha256:
        raise MaskfaceError(
            f"The file from {card.url} has sha256 {got}, but the card says {card.sha256}. Nothing "
            "was kept. Try again later, or get the file from the authors and check it yourself."
        )
    advice = "Choose another folder with the environment variable MASKFACE_CACHE."
    with os_errors_explained(f"write {path}", advice):
        make_folder(path.parent)
        write_atomically(path, data)
    return path


def _fetch(url: str, *, progress: bool) -> bytes:
    # The card allows http and https alone.
    asked = urllib.request.Request(url, headers={"User-Agent": f"maskface/{__version__}"})  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310
            return _read(answer, progress=progress)
    except urllib.error.HTTPError as error:
        reason = f"the server answers {error.code} {error.reason}"
        error.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = str(getattr(error, "reason", "") or error) or type(error).__name__
    raise MaskfaceError(
        f"Cannot download {url}: {reason}. Nothing was kept. Try again, or fetch the file in "
        "another way and give its path: onnx:model.onnx."
    )


def _read(answer: http.client.HTTPResponse, *, progress: bool) -> bytes:
    from tqdm import tqdm

    length = int(answer.headers.get("Content-Length") or 0)
    kept = io.BytesIO()
    with tqdm(total=length or None, unit="B", unit_scale=True, disable=not progress) as bar:
        while piece := answer.read(_PIECE):
            kept.write(piece)
            bar.update(len(piece))
    if kept.tell() < length:
        raise http.client.IncompleteRead(b"", length - kept.tell())
    return kept.getvalue()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
