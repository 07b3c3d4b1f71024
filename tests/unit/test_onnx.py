"""Networks of the user's own."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskface.classifiers import Classifier, engines, get_classifier
from maskface.classifiers import onnx as onnx_module
from maskface.classifiers.card import Input, parse_card
from maskface.classifiers.cards import get_card
from maskface.classifiers.engines import Engine, Network, OnnxRuntime, OpenCV
from maskface.classifiers.inputs import FIVE_POINTS, picture_of, prepare, probe
from maskface.classifiers.networks import FaceApi, Fer
from maskface.classifiers.onnx import Onnx
from maskface.crops import face_crop, resize
from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS, Face
from maskface.weights import FOLDER
from tests.fixtures.faces import made_landmarks
from tests.unit.onnx_files import (
    FER,
    integer_attribute,
    integers_attribute,
    linear,
    node,
    number,
    onnx_file,
    stored_weights,
    value,
    weights,
)
from tests.unit.test_classifiers import crops

Library: TypeAlias = type[Engine]
Choose: TypeAlias = Callable[[Library], None]
Damage: TypeAlias = Callable[[bytes], bytes]
Layout: TypeAlias = Literal["NCHW", "NHWC"]
Colour: TypeAlias = Literal["rgb", "bgr"]

needs_onnxruntime = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None,
    reason='onnxruntime is not installed: pip install "maskface[onnx]"',
)
ENGINE = [OpenCV, pytest.param(OnnxRuntime, marks=needs_onnxruntime)]

FACEAPI = """
title = "face-api"
[input]
layout = "NCHW"
size = 112
colour = "rgb"
scale = 255
mean = [0.4814980392, 0.4588274510, 0.4090117647]  # 122.782, 117.001, 104.298 of 255
[output]
labels = ["neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"]
logits = false
embedding = "before-last"
[emotions]
happy = "happiness"
sad = "sadness"
angry = "anger"
fearful = "fear"
disgusted = "disgust"
surprised = "surprise"
"""
SMALL = """
title = "small"
[input]
layout = "NCHW"
size = 8
colour = "grey"
scale = 255
[output]
labels = ["Happy", "Sad", "Contempt", "Laughing"]
logits = true
[emotions]
Happy = "happiness"
Laughing = "happiness"
Sad = "sadness"
Contempt = ""
"""
RNG = np.random.default_rng(5)
MATRIX = RNG.normal(0, 0.3, (64, 4)).astype(np.float32)
BIAS = np.array([0.2, -0.1, 0.4, 0.0], np.float32)
GREY_DIMS = (1, 8, 8)


class Trusted(Network):
    """A network that is not tried in a process of its own first, which takes most of the time."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options | {"trusted": True})


@pytest.fixture(autouse=True)
def _trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_module, "Network", Trusted)


@pytest.fixture
def tried(_trusted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have models tried in a process of their own, as those of users are."""
    monkeypatch.setattr(onnx_module, "Network", Network)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Choose:
    """Have models run by one library alone."""

    def choose(engine: Library) -> None:
        chosen = functools.partial(vars(onnx_module)["Network"], engines=(engine,))
        monkeypatch.setattr(onnx_module, "Network", chosen)

    return choose


def written(folder: Path, model: bytes, card: str = SMALL, name: str = "small") -> str:
    (folder / f"{name}.onnx").write_bytes(model)
    (folder / f"{name}.toml").write_text(card, encoding="utf-8")
    return str(folder / f"{name}.onnx")


def shipped(folder: Path, name: str, card: str) -> str:
    shutil.copy(FOLDER / f"{name}.onnx", folder / f"{name}.onnx")
    (folder / f"{name}.toml").write_text(card, encoding="utf-8")
    return f"onnx:{folder / name}.onnx"


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize(("name", "card"), [("fer", FER), ("faceapi", FACEAPI)])
def test_shipped_networks_as_a_users_model(
    tmp_path: Path, only: Choose, engine: Library, name: str, card: str
) -> None:
    only(engine)
    classifier = get_classifier(shipped(tmp_path, name, card))
    assert isinstance(classifier, Onnx)
    faces = crops(6)
    expected = get_classifier(f"{name}:views=1").predict_proba(faces)
    np.testing.assert_allclose(classifier.predict_proba(faces), expected, rtol=0, atol=1e-6)
    built_in = Fer(views=1) if name == "fer" else FaceApi(views=1)
    described = built_in.embed(faces)
    np.testing.assert_allclose(classifier.embed(faces), described, atol=1e-4, rtol=1e-4)
    assert classifier.embedding_name == built_in.embedding_name
    assert classifier.embed([]).shape == (0, described.shape[1]) == built_in.embed([]).shape


def test_embedding_is_what_the_answer_of_faceapi_is_computed_from() -> None:
    """Read the last layer's numbers from the file and redo its matrix product and softmax."""
    found = stored_weights((FOLDER / "faceapi.onnx").read_bytes())
    matrix, bias = found["fc/weights"], found["fc/bias"]
    matrix = matrix if matrix.shape[0] == 256 else matrix.T
    faces = crops(5)
    logits = FaceApi().embed(faces) @ matrix + bias
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    by_hand = (odds / odds.sum(axis=1, keepdims=True))[
        :, [FaceApi.labels.index(emotion) for emotion in EMOTIONS]
    ]
    np.testing.assert_allclose(FaceApi().predict_proba(faces), by_hand, atol=1e-5)


def test_embedding_of_fer_differs_between_faces() -> None:
    described = Fer().embed(crops(4))
    assert described.shape == (4, 128)
    assert described.dtype == np.float64
    assert np.ptp(described, axis=0).max() > 0.01


@pytest.mark.usefixtures("tried")
@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("batch", [1, "n"])
def test_answers_by_hand(tmp_path: Path, only: Choose, engine: Library, batch: int | str) -> None:
    """Softmax over four labels; two are one emotion, one is dropped, the rest is divided."""
    only(engine)
    classifier = Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS, batch=batch)))
    faces = crops(5, side=8)
    for face, answer in zip(faces, classifier.predict_proba(faces), strict=True):
        grey = cv2.cvtColor(face.crop, cv2.COLOR_RGB2GRAY).astype(float) / 255
        happy, sad, contempt, laughing = np.exp(grey.ravel() @ MATRIX + BIAS)
        whole = happy + sad + contempt + laughing
        left = 1 - contempt / whole
        expected = dict.fromkeys(EMOTIONS, 0.0)
        expected |= {
            "happiness": (happy + laughing) / whole / left,
            "sadness": sad / whole / left,
        }
        assert dict(zip(EMOTIONS, answer, strict=True)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("engine", ENGINE)
def test_probabilities_are_taken_as_they_are(tmp_path: Path, only: Choose, engine: Library) -> None:
    """The same network with a softmax of its own, and the card that says so."""
    only(engine)
    logits = Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS)))
    card = SMALL.replace("logits = true", "logits = false")
    model = linear(MATRIX, BIAS, GREY_DIMS, last="Softmax")
    shares = Onnx(written(tmp_path, model, card, "shares"))
    faces = crops(4, side=8)
    np.testing.assert_allclose(shares.predict_proba(faces), logits.predict_proba(faces), atol=1e-6)


def test_wrong_kinds_of_answers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match=r"are probabilities\. Write logits = false"):
        Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS, last="Softmax")))
    card = SMALL.replace("logits = true", "logits = false")
    with pytest.raises(MaskfaceError, match="Write logits = true"):
        Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS), card))


def test_all_on_a_dropped_label_is_no_opinion(tmp_path: Path) -> None:
    bias = np.array([0, 0, 500, 0], np.float32)  # a softmax in float32 leaves 0 for the others
    card = SMALL.replace("logits = true", "logits = false")
    model = linear(MATRIX * 0, bias, GREY_DIMS, last="Softmax")
    (answer,) = Onnx(written(tmp_path, model, card)).predict_proba(crops(1))
    expected = dict.fromkeys(EMOTIONS, 0.0) | {"happiness": 0.5, "sadness": 0.5}
    assert dict(zip(EMOTIONS, answer, strict=True)) == pytest.approx(expected)


def test_numbers_that_are_no_labels_are_left_out(tmp_path: Path) -> None:
    """Valence at the end must not enter the softmax."""
    card = SMALL.replace('"Contempt", ', '"",').replace('Contempt = ""', "")
    bias = np.array([0.2, -0.1, 900, 0.0], np.float32)
    (answer,) = Onnx(written(tmp_path, linear(MATRIX * 0, bias, GREY_DIMS), card)).predict_proba(
        crops(1)
    )
    odds = np.exp([0.2, -0.1, 0.0])
    assert answer[EMOTIONS.index("sadness")] == pytest.approx(odds[1] / odds.sum(), abs=1e-6)


@pytest.mark.usefixtures("tried")
@needs_onnxruntime
def test_layers_that_opencv_lacks_are_run_by_onnxruntime(tmp_path: Path) -> None:
    classifier = Onnx(written(tmp_path, evened()))
    assert classifier._network.engine == OnnxRuntime.name
    face = crops(1, side=8)[0]
    grey = cv2.cvtColor(face.crop, cv2.COLOR_RGB2GRAY).astype(float)
    odds = np.exp(((grey - grey.mean()) / grey.std()).ravel() @ MATRIX + BIAS)[[0, 1, 3]]
    (answer,) = classifier.predict_proba([face])
    assert answer[EMOTIONS.index("sadness")] == pytest.approx(odds[1] / odds.sum(), abs=1e-5)


@pytest.mark.usefixtures("tried")
def test_without_onnxruntime_the_message_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MaskfaceError, match=r'type pip install "maskface\[onnx\]"'):
        Onnx(written(tmp_path, evened()))


@needs_onnxruntime
def test_onnxruntime_is_given_one_thread(tmp_path: Path, only: Choose) -> None:
    only(OnnxRuntime)
    classifier = Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS)))
    options = classifier._network._engine._session.get_session_options()  # type: ignore[attr-defined]
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)


def evened() -> bytes:
    """The linear network behind a layer that subtracts a picture's mean, over its deviation."""
    return onnx_file(
        node(
            "MeanVarianceNormalization", ["picture"], "even", integers_attribute("axes", [1, 2, 3])
        )
        + node("Flatten", ["even"], "flat")
        + node("Gemm", ["flat", "matrix", "bias"], "answers"),
        weights("matrix", MATRIX),
        weights("bias", BIAS),
        value(11, "picture", ["n", *GREY_DIMS]),
        value(12, "answers", ["n", 4]),
    )


def two_outputs() -> bytes:
    return onnx_file(
        node("Flatten", ["picture"], "flat")
        + node("Gemm", ["flat", "matrix", "bias"], "answers")
        + node("Relu", ["flat"], "other"),
        weights("matrix", MATRIX),
        weights("bias", BIAS),
        value(11, "picture", ["n", *GREY_DIMS]),
        value(12, "other", ["n", 64]),
        value(12, "answers", ["n", 4]),
    )


@pytest.mark.parametrize("engine", ENGINE)
def test_one_of_several_outputs(tmp_path: Path, only: Choose, engine: Library) -> None:
    only(engine)
    with pytest.raises(MaskfaceError, match=r"has 2 outputs.*one of other, answers"):
        Onnx(written(tmp_path, two_outputs()))
    card = SMALL.replace("logits = true", 'logits = true\nname = "answers"')
    chosen = Onnx(written(tmp_path, two_outputs(), card))
    plain = Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS), name="plain"))
    faces = crops(3, side=8)
    np.testing.assert_allclose(chosen.predict_proba(faces), plain.predict_proba(faces), atol=1e-6)


@pytest.mark.parametrize("engine", ENGINE)
@pytest.mark.parametrize("wanted", ["before-last", "flat"])
def test_an_embedding_by_hand(tmp_path: Path, only: Choose, engine: Library, wanted: str) -> None:
    only(engine)
    card = SMALL.replace("logits = true", f'logits = true\nembedding = "{wanted}"')
    classifier = Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS, batch=1), card))
    faces = crops(3, side=8)
    flat = [cv2.cvtColor(f.crop, cv2.COLOR_RGB2GRAY).ravel() / 255 for f in faces]
    np.testing.assert_allclose(classifier.embed(faces), flat, atol=1e-6)
    assert classifier.embedding_name == "flat"


@pytest.mark.parametrize("engine", ENGINE)
def test_before_the_last_of_two_dense_layers(tmp_path: Path, only: Choose, engine: Library) -> None:
    only(engine)
    first = RNG.normal(0, 0.3, (64, 6)).astype(np.float32)
    model = onnx_file(
        node("Flatten", ["picture"], "flat")
        + node("MatMul", ["flat", "first"], "hidden")
        + node("Relu", ["hidden"], "bent")
        + node("Gemm", ["bent", "matrix", "bias"], "answers"),
        weights("first", first),
        weights("matrix", MATRIX[:6]),
        weights("bias", BIAS),
        value(11, "picture", ["n", *GREY_DIMS]),
        value(12, "answers", ["n", 4]),
    )
    card = SMALL.replace("logits = true", 'logits = true\nembedding = "before-last"')
    classifier = Onnx(written(tmp_path, model, card))
    faces = crops(3, side=8)
    flat = [cv2.cvtColor(f.crop, cv2.COLOR_RGB2GRAY).ravel() / 255 for f in faces]
    expected = np.maximum(np.array(flat) @ first, 0)
    np.testing.assert_allclose(classifier.embed(faces), expected, atol=1e-5)
    assert classifier.embedding_name == "bent"


def mapped() -> bytes:
    """The linear network behind a map of 8 x 8, and another without channels."""
    squeezed = integers_attribute("axes", [1]) + integer_attribute("keepdims", 0)
    return onnx_file(
        node("Sqrt", ["picture"], "map")
        + node("ReduceMean", ["map"], "flat map", squeezed)
        + node("Flatten", ["flat map"], "flat")
        + node("Gemm", ["flat", "matrix", "bias"], "answers"),
        weights("matrix", MATRIX),
        weights("bias", BIAS),
        value(11, "picture", ["n", *GREY_DIMS]),
        value(12, "answers", ["n", 4]),
    )


@pytest.mark.parametrize("engine", ENGINE)
def test_maps_are_averaged(tmp_path: Path, only: Choose, engine: Library) -> None:
    only(engine)
    card = SMALL.replace("logits = true", 'logits = true\nembedding = "map"')
    faces = crops(3, side=8)
    greys = [cv2.cvtColor(f.crop, cv2.COLOR_RGB2GRAY) / 255 for f in faces]
    expected = [[np.sqrt(grey).mean()] for grey in greys]
    np.testing.assert_allclose(
        Onnx(written(tmp_path, mapped(), card)).embed(faces), expected, atol=1e-5
    )
    card = card.replace('"map"', '"flat map"')
    with pytest.raises(MaskfaceError, match=r"has shape \(1, 8, 8\); an embedding has 2 axes"):
        Onnx(written(tmp_path, mapped(), card)).embed(faces[:1])


def test_no_embedding_is_reported(tmp_path: Path) -> None:
    classifier = Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS)))
    assert classifier.embedding_name == ""
    with pytest.raises(MaskfaceError, match='embedding = "before-last"'):
        classifier.embed(crops(1))


def test_an_unknown_embedding_is_reported(tmp_path: Path) -> None:
    card = SMALL.replace("logits = true", 'logits = true\nembedding = "flut"')
    with pytest.raises(MaskfaceError, match=r"no tensor named 'flut'.*flat, answers"):
        Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS), card)).embed(crops(1))
    card = FER.replace("model_1/add_4/add:0", "before-last")
    made = get_classifier(shipped(tmp_path, "fer", card))
    assert isinstance(made, Onnx)
    with pytest.raises(MaskfaceError, match="no fully connected layer"):
        made.embed(crops(1))


@pytest.mark.usefixtures("tried")
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _: b"", "is no ONNX model"),
        (lambda _: b"\x80\x04\x95 not a network", "is no ONNX model"),
        (lambda model: model[: len(model) // 2], "is no ONNX model"),
        (lambda model: model.replace(b"Gemm", b"Gumm"), "cannot be run"),
        (lambda model: model.replace(b"flat", b"flut", 1), "cannot be run"),
    ],
)
def test_files_that_are_no_networks(tmp_path: Path, damage: Damage, message: str) -> None:
    with pytest.raises(MaskfaceError, match=message):
        Onnx(written(tmp_path, damage(linear(MATRIX, BIAS, GREY_DIMS))))


@pytest.mark.usefixtures("tried")
def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(tmp_path / "sprung"), "w")

    with pytest.raises(MaskfaceError, match="is no ONNX model"):
        Onnx(written(tmp_path, pickle.dumps(Trap())))
    assert not (tmp_path / "sprung").exists()


def test_weights_in_other_files_are_refused(tmp_path: Path) -> None:
    model = onnx_file(
        node("Flatten", ["picture"], "flat") + node("MatMul", ["flat", "matrix"], "answers"),
        weights("matrix", MATRIX, elsewhere=True),
        value(11, "picture", ["n", *GREY_DIMS]),
        value(12, "answers", ["n", 4]),
    )
    with pytest.raises(MaskfaceError, match="Save it as one file"):
        Onnx(written(tmp_path, model))


def test_two_inputs_are_refused(tmp_path: Path) -> None:
    model = onnx_file(
        node("Add", ["left", "right"], "answers"),
        value(11, "left", ["n", *GREY_DIMS]),
        value(11, "right", ["n", *GREY_DIMS]),
        value(12, "answers", ["n", *GREY_DIMS]),
    )
    with pytest.raises(MaskfaceError, match=r"has 2 inputs \(left, right\)"):
        Onnx(written(tmp_path, model))


def test_old_files_list_weights_as_inputs(tmp_path: Path) -> None:
    model = onnx_file(
        node("Flatten", ["picture"], "flat") + node("Gemm", ["flat", "matrix", "bias"], "answers"),
        weights("matrix", MATRIX),
        weights("bias", BIAS),
        value(11, "matrix", [64, 4]),
        value(11, "picture", ["n", *GREY_DIMS]),
        value(11, "bias", [4]),
        value(12, "answers", ["n", 4]),
    )
    faces = crops(2, side=8)
    new = Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS), name="new"))
    np.testing.assert_allclose(
        Onnx(written(tmp_path, model)).predict_proba(faces), new.predict_proba(faces), atol=1e-6
    )


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        (
            'layout = "NCHW"',
            'layout = "NHWC"',
            r"\? x 1 x 8 x 8, but its card describes .*1 x 8 x 8 x 1",
        ),
        ("size = 8", "size = 16", "describes one of 1 x 1 x 16 x 16"),
        ('"Contempt", ', "", "returns 4 numbers, but its card has 3 labels"),
    ],
)
def test_a_card_that_does_not_fit(tmp_path: Path, was: str, becomes: str, message: str) -> None:
    card = SMALL.replace(was, becomes)
    if '"Contempt"' not in card:
        card = card.replace('Contempt = ""', "")
    with pytest.raises(MaskfaceError, match=message):
        Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS), card))


def test_the_hash_in_a_card_is_checked(tmp_path: Path) -> None:
    model = linear(MATRIX, BIAS, GREY_DIMS)
    right = f'sha256 = "{hashlib.sha256(model).hexdigest()}"\n'
    assert Onnx(written(tmp_path, model, right + SMALL)).name == "onnx:small"
    wrong = f'sha256 = "{"0" * 64}"\n'
    with pytest.raises(MaskfaceError, match="its card says 0000"):
        Onnx(written(tmp_path, model, wrong + SMALL))


def test_name_and_fingerprint(tmp_path: Path) -> None:
    model = linear(MATRIX, BIAS, GREY_DIMS)
    path = written(tmp_path, model)
    first = Onnx(path)
    assert isinstance(first, Classifier)
    assert first.name == "onnx:small"
    assert first.needs == {"crop"}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    renamed = SMALL.replace('"small"', '"another title"') + "\n# a remark\n"
    assert Onnx(written(elsewhere, model, renamed)).fingerprint == first.fingerprint
    other_card = SMALL.replace("scale = 255", "scale = 256")
    assert Onnx(written(elsewhere, model, other_card)).fingerprint != first.fingerprint
    other_model = linear(MATRIX + 1, BIAS, GREY_DIMS)
    assert Onnx(written(elsewhere, other_model)).fingerprint != first.fingerprint


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("colour", ["rgb", "bgr"])
def test_inputs_by_hand(layout: Layout, colour: Colour) -> None:
    crop = RNG.integers(0, 256, (20, 20, 3), dtype=np.uint8)
    mean, std = (0.1, 0.2, 0.3), (2.0, 3.0, 4.0)
    wanted = Input(layout=layout, size=10, colour=colour, scale=255, mean=mean, std=std, crop=0.5)
    middle = crop[5:15, 5:15].astype(float) / 255
    channels = [
        (middle[..., "rgb".index(c)] - m) / s for c, m, s in zip(colour, mean, std, strict=True)
    ]
    axis = 0 if layout == "NCHW" else 2
    np.testing.assert_allclose(prepare(crop, wanted), np.stack(channels, axis), rtol=1e-6)


def probed(*layers: bytes, batch: int | str = "n") -> bytes:
    """A network of layers from "flat" (the 64 pixels) to "answers" (4 numbers)."""
    return onnx_file(
        node("Flatten", ["picture"], "flat") + b"".join(layers),
        weights("matrix", MATRIX),
        weights("bias", BIAS),
        value(11, "picture", [batch, *GREY_DIMS]),
        value(12, "answers", [batch, 4]),
    )


GEMM = node("Gemm", ["flat", "matrix", "bias"], "logits")
OVER_PICTURES = integers_attribute("axes", [0]) + integer_attribute("keepdims", 1)
MEAN_OF_BATCH = node("ReduceMean", ["logits"], "mean", OVER_PICTURES)


@pytest.mark.parametrize("engine", ENGINE)
def test_answers_that_depend_on_the_batch_are_refused(
    tmp_path: Path, only: Choose, engine: Library
) -> None:
    """Batch statistics, as of a network exported in training mode."""
    only(engine)
    model = probed(GEMM, MEAN_OF_BATCH, node("Sub", ["logits", "mean"], "answers"))
    with pytest.raises(MaskfaceError, match=r"depend on the other pictures.*training mode"):
        Onnx(written(tmp_path, model))


def test_a_softmax_over_the_pictures_is_refused(tmp_path: Path) -> None:
    model = probed(GEMM, node("Softmax", ["logits"], "answers", integer_attribute("axis", 0)))
    for card in (SMALL, SMALL.replace("logits = true", "logits = false")):
        with pytest.raises(MaskfaceError, match="depend on the other pictures of a batch"):
            Onnx(written(tmp_path, model, card))


@needs_onnxruntime
@pytest.mark.parametrize("batch", [1, "n"])
def test_answers_that_depend_on_chance_are_refused(tmp_path: Path, batch: int | str) -> None:
    model = probed(
        GEMM,
        node("RandomNormalLike", ["logits"], "noise"),
        node("Add", ["logits", "noise"], "answers"),
        batch=batch,
    )
    with pytest.raises(MaskfaceError, match="depend on chance"):
        Onnx(written(tmp_path, model))


def test_a_network_that_drops_the_batch_axis_of_one_picture(tmp_path: Path) -> None:
    """Its answers (4,) to one picture are those of the network that keeps the axis."""
    squeezed = Onnx(written(tmp_path, probed(GEMM, node("Squeeze", ["logits"], "answers"))))
    plain = Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS), name="plain"))
    faces = crops(3, side=8)
    np.testing.assert_allclose(squeezed.predict_proba(faces), plain.predict_proba(faces), atol=1e-6)
    one = squeezed.predict_proba(faces[:1])
    np.testing.assert_allclose(one, plain.predict_proba(faces[:1]), atol=1e-6)


@pytest.mark.usefixtures("tried")
def test_inputs_of_whole_numbers_are_refused_by_name(tmp_path: Path) -> None:
    model = linear(MATRIX, BIAS, GREY_DIMS)
    declared = value(11, "picture", ["n", *GREY_DIMS])
    as_uint8 = model.replace(declared, declared.replace(number(1, 1), number(1, 2), 1))
    assert as_uint8 != model
    with pytest.raises(MaskfaceError, match=r"takes whole numbers \(uint8\), .*float32"):
        Onnx(written(tmp_path, as_uint8))


class Deadly(OpenCV):
    """A library that a damaged file ends, as an access to the wrong memory would."""

    name = "Deadly"

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        os.abort()


class Endless(OpenCV):
    name = "Endless"

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        while True:
            time.sleep(1)


@pytest.mark.slow
@pytest.mark.usefixtures("tried")
def test_a_file_that_ends_its_process_is_refused(tmp_path: Path, only: Choose) -> None:
    only(Deadly)
    with pytest.raises(MaskfaceError, match=r"Deadly: the file ends the process .*\(SIGABRT\)"):
        Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS)))


@pytest.mark.usefixtures("tried")
def test_a_damaged_file_that_opencv_dies_of(tmp_path: Path) -> None:
    """One letter of a tensor's name is changed; OpenCV reads where nothing is."""
    damaged = mapped().replace(b"\x03map\x12\x08flat map", b"\x03mop\x12\x08flat map")
    assert damaged != mapped()
    with pytest.raises(MaskfaceError, match=r"OpenCV [\d.]+: the file ends the process.*SIGSEGV"):
        Onnx(written(tmp_path, damaged))


@pytest.mark.slow
def test_another_library_may_run_what_ends_the_first(tmp_path: Path) -> None:
    model = linear(MATRIX, BIAS, GREY_DIMS)
    tried = probe(get_card(written(tmp_path, model).replace(".onnx", ".toml")).input)
    assert Network(model, "small", probe=tried, engines=(Deadly, OpenCV)).engine == OpenCV.name


@pytest.mark.slow
@pytest.mark.usefixtures("tried")
def test_a_file_that_is_never_done_is_refused(
    tmp_path: Path, only: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(Endless)
    monkeypatch.setattr(engines, "TRIAL_S", 3)
    with pytest.raises(MaskfaceError, match="it took more than 3 s to read one picture"):
        Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS)))


@pytest.mark.usefixtures("tried")
def test_a_file_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Onnx(written(tmp_path, linear(MATRIX + 7, BIAS, GREY_DIMS)))

    def never(*_: object, **__: object) -> None:
        raise AssertionError("tried again")

    monkeypatch.setattr(subprocess, "run", never)
    again = Onnx(written(tmp_path, linear(MATRIX + 7, BIAS, GREY_DIMS), name="again"))
    assert again.predict_proba(crops(1)).shape == (1, 7)
    with pytest.raises(AssertionError, match="tried again"):
        Onnx(written(tmp_path, linear(MATRIX + 8, BIAS, GREY_DIMS)))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.sampled_from(["", *EMOTIONS]), min_size=4, max_size=4).filter(any),
    st.lists(st.floats(-30, 30, width=32), min_size=4, max_size=4),
)
def test_answers_are_probabilities_that_sum_to_1(meant: list[str], bias: list[float]) -> None:
    """Whatever labels mean: the same as a softmax over all, added up, dropped and divided."""
    card = (
        SMALL[: SMALL.index("[emotions]")]
        + "[emotions]\n"
        + "".join(
            f'{label} = "{emotion}"\n'
            for label, emotion in zip(("Happy", "Sad", "Contempt", "Laughing"), meant, strict=True)
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        model = linear(MATRIX * 0, np.array(bias, np.float32), GREY_DIMS)
        (answer,) = Onnx(written(Path(folder), model, card)).predict_proba(crops(1))
    shares = np.exp(np.array(bias) - max(bias))
    expected = np.array(
        [sum(s for s, m in zip(shares, meant, strict=True) if m == e) for e in EMOTIONS]
    )
    if expected.sum() > 1e-12 * shares.sum():
        np.testing.assert_allclose(answer, expected / expected.sum(), atol=1e-6)
    assert answer.min() >= 0
    assert answer.sum() == pytest.approx(1)


def test_whether_outputs_are_logits_is_seen_if_the_card_leaves_it_open(tmp_path: Path) -> None:
    faces = crops(4, side=8)
    logits = linear(MATRIX, BIAS, GREY_DIMS)
    told = Onnx(written(tmp_path, logits)).predict_proba(faces)
    card = SMALL.replace("logits = true", 'logits = "auto"')
    np.testing.assert_array_equal(Onnx(written(tmp_path, logits, card)).predict_proba(faces), told)


def test_valence_and_arousal_by_hand(tmp_path: Path) -> None:
    """The first label of the small network is taken for valence; the emotions go without it."""
    faces = crops(3, side=8)
    flat = np.stack([cv2.cvtColor(f.crop, cv2.COLOR_RGB2GRAY).ravel() / 255 for f in faces])
    labels = parse_card(SMALL, "small").output.labels
    rest = ", ".join(f'"{label}"' for label in labels[1:])
    card = re.sub(r"labels = \[.*?\]", f'labels = ["", {rest}]\nvalence = 0', SMALL, flags=re.S)
    card = re.sub(rf"(?m)^{labels[0]} = .*$", "", card)
    classifier = Onnx(written(tmp_path, linear(MATRIX, BIAS, GREY_DIMS), card))
    found = classifier.affect(faces)
    np.testing.assert_allclose(found[:, 0], flat @ MATRIX[:, 0] + BIAS[0], atol=1e-5)
    assert np.isnan(found[:, 1]).all()
    assert classifier.affect([]).shape == (0, 2)
    np.testing.assert_allclose(classifier.predict_proba(faces).sum(axis=1), 1)


TEMPLATE_POINTS = ((38.3, 51.7), (73.5, 51.5), (56.0, 71.7), (41.5, 92.4), (70.7, 92.2))
ALIGNED = Input(
    layout="NCHW", size=112, colour="rgb", align="eyes+nose+mouth", template=TEMPLATE_POINTS
)


@pytest.mark.parametrize("roll", [0.0, 25.0, 90.0, -160.0])
@pytest.mark.parametrize("scale", [5.0, 30.0])
@pytest.mark.parametrize("whole", [True, False])
def test_faces_are_aligned_by_five_points(roll: float, scale: float, whole: bool) -> None:
    """Dots on the five points come to lie where least squares puts them, right side on the left."""
    side = round(60 * scale)
    found = made_landmarks(roll=roll, scale=scale, centre=(side / 2, side / 2))
    five = np.array([found.points[list(i), :2].mean(axis=0) for i in FIVE_POINTS])
    picture = np.zeros((side, side, 3), np.uint8)
    places = []
    for point in five:
        centre = (round(float(point[0])), round(float(point[1])))
        dot = cv2.circle(picture.copy(), centre, round(scale / 3) + 1, (255, 255, 255), -1)
        image = np.asarray(dot, np.uint8)
        face = Face(face_crop(image, found), found, picture=image if whole else None)
        yy, xx = np.nonzero(picture_of(face, ALIGNED)[..., 0] > 127)
        places.append((xx.mean(), yy.mean()))
    template = np.array(TEMPLATE_POINTS)
    assert np.abs(np.array(places) - template).max() < 8  # an average head is not the template
    # Least squares: neither shift, turn nor scale of the points found would be nearer.
    z, w = (p @ np.array([1, 1j]) for p in (np.array(places), template))
    z, w = z - z.mean(), w - w.mean()
    assert np.vdot(z, w) / np.vdot(z, z) == pytest.approx(1, abs=0.03)
    np.testing.assert_allclose(np.mean(places, axis=0), template.mean(axis=0), atol=0.5)


def test_an_aligned_network_sees_beyond_the_crop() -> None:
    found = made_landmarks(scale=10.0, centre=(300.0, 300.0))
    rng = np.random.default_rng(0)
    picture = resize(rng.integers(0, 256, (60, 60, 3), dtype=np.uint8), 600, 600)
    cropped = Face(face_crop(picture, found), found)
    near, far = (
        picture_of(face, ALIGNED).astype(int)
        for face in (cropped, replace(cropped, picture=picture))
    )
    # The middle is the same, but for the grid of pixels on which it was shrunk.
    assert np.abs(near - far)[40:90, 30:80].max() <= 12
    assert np.abs(near - far)[:8].mean() > 10  # above the forehead, the border was repeated
