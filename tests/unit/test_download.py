"""Downloads, from a server on this machine alone."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maskface.cli.root import app
from maskface.download import download
from maskface.errors import MaskfaceError

DATA = bytes(range(256)) * 8000  # more than one piece of a download
SHA256 = hashlib.sha256(DATA).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 (one server at a time)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/missing.onnx":
            self.send_error(404, "Not Found")
            return
        if self.path == "/moved.onnx":
            self.send_response(302)
            self.send_header("Location", "/whole.onnx")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        if self.path == "/short.onnx":
            self.wfile.write(DATA[: len(DATA) // 2])
        else:
            self.wfile.write(DATA if self.path == "/whole.onnx" else DATA[::-1])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(_Handler, "asked", [])
    with HTTPServer(("127.0.0.1", 0), _Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MASKFACE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


def card(folder: Path, url: str = "", sha256: str = SHA256, file: str = "net.onnx") -> str:
    path = folder / "net.toml"
    path.write_text(
        f'title = "x"\nurl = "{url}"\nsha256 = "{sha256}"\nfile = "{file}"\n'
        '[input]\nlayout = "NCHW"\nsize = 64\ncolour = "grey"\n'
        '[output]\nlabels = ["anger", "fear"]\nlogits = true\n'
    )
    return str(path)


def files(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir()) if cache.is_dir() else []


@pytest.mark.parametrize("page", ["whole", "moved"])
def test_the_file_is_fetched_once(server: str, tmp_path: Path, cache: Path, page: str) -> None:
    asked = card(tmp_path, f"{server}/{page}.onnx")
    assert download(asked) == cache / "net.onnx"
    assert (cache / "net.onnx").read_bytes() == DATA
    before = list(_Handler.asked)
    assert before
    download(asked)
    assert _Handler.asked == before
    assert files(cache) == ["net.onnx"]


def test_a_damaged_file_is_fetched_again(server: str, tmp_path: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "net.onnx").write_bytes(DATA[:10])
    download(card(tmp_path, f"{server}/whole.onnx"))
    assert (cache / "net.onnx").read_bytes() == DATA


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("other", f"has sha256 .*, but the card says {SHA256}. Nothing was kept"),
        ("missing", "the server answers 404 Not Found"),
        ("short", "Cannot download .*IncompleteRead.*Nothing was kept"),
    ],
)
def test_failures_keep_nothing_and_spare_what_is_there(
    server: str, tmp_path: Path, cache: Path, page: str, told: str
) -> None:
    asked = card(tmp_path, f"{server}/{page}.onnx")
    with pytest.raises(MaskfaceError, match=told):
        download(asked)
    assert files(cache) == []
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "net.onnx").write_bytes(b"older")
    with pytest.raises(MaskfaceError, match=told):
        download(asked)
    assert files(cache) == ["net.onnx"]
    assert (cache / "net.onnx").read_bytes() == b"older"


def test_nobody_there(tmp_path: Path, server: str) -> None:
    with HTTPServer(("127.0.0.1", 0), _Handler) as closed:
        port = closed.server_port
    with pytest.raises(MaskfaceError, match=r"Cannot download .*refused"):
        download(card(tmp_path, f"http://127.0.0.1:{port}/whole.onnx"))


def test_an_interrupted_download_leaves_nothing(
    server: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import http.client

    read = http.client.HTTPResponse.read
    pieces: list[bytes] = []

    def stop(self: http.client.HTTPResponse, amount: int | None = None) -> bytes:
        if pieces:
            raise KeyboardInterrupt
        pieces.append(read(self, amount))
        return pieces[-1]

    monkeypatch.setattr(http.client.HTTPResponse, "read", stop)
    with pytest.raises(KeyboardInterrupt):
        download(card(tmp_path, f"{server}/whole.onnx"))
    assert pieces
    assert files(cache) == []


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        ({"url": ""}, "no url"),
        ({"sha256": ""}, "no sha256"),
        ({"url": "", "sha256": ""}, "no url and no sha256"),
        ({"file": ""}, "no file"),
    ],
)
def test_a_card_that_cannot_be_downloaded(tmp_path: Path, lacks: dict[str, str], told: str) -> None:
    given = {"url": "http://127.0.0.1:9/net.onnx"} | lacks
    with pytest.raises(MaskfaceError, match=f"has {told}, so nothing can be downloaded"):
        download(card(tmp_path, **given))


def test_unknown_names_are_told() -> None:
    with pytest.raises(MaskfaceError, match="Did you mean 'ferplus'"):
        download("ferpluss")


def test_a_folder_that_cannot_be_written_to(server: str, tmp_path: Path, cache: Path) -> None:
    cache.parent.write_text("a file where the folder should be")
    with pytest.raises(MaskfaceError, match="MASKFACE_CACHE"):
        download(card(tmp_path, f"{server}/whole.onnx"))


def test_the_verb_says_what_to_type_next(server: str, tmp_path: Path, cache: Path) -> None:
    asked = card(tmp_path, f"{server}/whole.onnx")
    done = CliRunner().invoke(app, ["download", asked])
    assert done.exit_code == 0
    assert done.stdout == f"{cache / 'net.onnx'}\n"
    chosen = f"onnx:{cache / 'net.onnx'},card={asked}"
    assert done.stderr.splitlines()[-1] == f"Use it with --classifier {chosen}"
    again = CliRunner().invoke(app, ["download", asked, "--quiet", "--json"])
    assert again.stderr == ""
    assert json.loads(again.stdout) == {"classifier": chosen, "files": [str(cache / "net.onnx")]}


def test_nothing_else_downloads(cache: Path) -> None:
    """A classifier whose file is not there asks for the verb; it does not fetch."""
    from maskface.classifiers import make_classifier

    with pytest.raises(MaskfaceError, match="Type maskface download hsemotion_afew"):
        make_classifier("onnx:hsemotion_afew")
    assert files(cache) == []
