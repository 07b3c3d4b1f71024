"""Native log lines are dropped; everything else reaches descriptor 2, in order."""

from __future__ import annotations

import os
import tempfile

import pytest

from maskface.landmarks.native import native_logs_muted

NATIVE = (
    b"WARNING: Logging before InitGoogle() is written to STDERR\n"
    b"W0000 00:00:1795315369.110560    6025 face_landmarker_graph.cc:181] Sets acceleration.\n"
    b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"
    b"I0000 00:00:1795315369.201306    6031 gl_context.cc:369] GL version\n"
)


def test_only_native_chatter_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    with native_logs_muted():
        os.write(2, NATIVE + b"from another thread\n" + NATIVE)
        os.write(2, b"E0000 00:00:1795315369.110560    6025 graph.cc:1] out of memory\n")
    os.write(2, b"afterwards\n")
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "from another thread"
    assert "out of memory" in lines[1]
    assert lines[2:] == ["afterwards"]


def test_errors_pass_and_the_descriptor_is_restored(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with native_logs_muted():
            os.write(2, NATIVE)
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"


def test_without_a_place_for_temporary_files_nothing_is_muted(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with native_logs_muted():
        os.write(2, b"seen\n")
    assert capfd.readouterr().err == "seen\n"
