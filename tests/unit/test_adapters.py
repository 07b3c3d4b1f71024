"""Classifiers of other packages: small stand-ins for them, and the real ones where installed."""

from __future__ import annotations

import sys
import types
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskface.classifiers import CLASSIFIERS, Classifier, get_classifier
from maskface.classifiers.adapters.packages import digest, in_order
from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS, Face, FaceLandmarks, Pose

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
LANDMARKS = FaceLandmarks(
    np.zeros((478, 3), np.float32), np.zeros(52, np.float32), Pose(0.0, 0.0, 0.0)
)
SOURCE = "https://example.org/emotion_weights.onnx"


def faces(count: int) -> list[Face]:
    rng = np.random.default_rng(2)
    crops = rng.integers(0, 256, (count, 20, 20, 3), dtype=np.uint8)
    crops.flags.writeable = False
    return [Face(crop, LANDMARKS) for crop in crops]


def module(monkeypatch: pytest.MonkeyPatch, name: str, **parts: Any) -> types.ModuleType:
    """Put a made module where an import finds it."""
    made = types.ModuleType(name)
    made.__spec__ = types.SimpleNamespace(name=name)  # type: ignore[assignment]
    made.__path__ = []
    for key, value in parts.items():
        setattr(made, key, value)
    monkeypatch.setitem(sys.modules, name, made)
    return made


@pytest.fixture
def deepface(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """A DeepFace that answers 1 to 7 in an odd order; the list is what it was asked."""
    calls: list[Any] = []

    def analyze(img_path: Any, **options: Any) -> list[dict[str, Any]]:
        calls.append((img_path, options))
        shares = {label: float(FER2013.index(label) + 1) for label in reversed(FER2013)}
        return [{"emotion": shares}]

    def build_model(**asked: str) -> None:
        calls.append(asked)
        (tmp_path / ".deepface/weights").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".deepface/weights/emotion_weights.onnx").write_bytes(b"weights")

    client = type("EmotionClient", (), {"__module__": "deepface_fake_model"})
    module(monkeypatch, "deepface_fake_model", WEIGHTS_URL=[SOURCE, "https://example.org/b"])
    module(monkeypatch, "deepface", __version__="0")
    module(monkeypatch, "deepface.DeepFace", analyze=analyze)
    module(monkeypatch, "deepface.modules")
    module(
        monkeypatch,
        "deepface.modules.modeling",
        get_model_class=lambda task, model_name: client,
        build_model=build_model,
    )
    module(monkeypatch, "deepface.commons")
    module(monkeypatch, "deepface.commons.folder_utils", get_deepface_home=lambda: str(tmp_path))
    module(monkeypatch, "deepface.commons.backend_utils", get_backend_engine=lambda: "onnx")
    return calls


@pytest.mark.parametrize(("name", "module_name"), [("deepface", "deepface"), ("pyfeat", "feat")])
def test_a_missing_package_is_named_with_the_line_to_type(name: str, module_name: str) -> None:
    if find_spec(module_name):
        pytest.skip("it is installed")
    with pytest.raises(MaskfaceError, match="pip install '") as caught:
        get_classifier(name)
    assert module_name not in sys.modules
    assert "not installed" in str(caught.value)


def test_deepface_leaves_the_opencv_that_mediapipe_needs() -> None:
    from maskface.classifiers.adapters import deepface as _deepface

    steps = [step.strip() for step in _deepface.INSTALL.split(";")]
    assert steps[1].startswith("pip uninstall -y")
    assert "opencv-contrib-python-headless" in steps[1].split()
    assert steps[2] == "pip install --force-reinstall --no-deps opencv-contrib-python"


def test_listing_classifiers_imports_no_package() -> None:
    assert {"deepface", "pyfeat"} <= set(CLASSIFIERS.names())
    assert CLASSIFIERS.get("deepface").__doc__
    assert "deepface" not in sys.modules
    assert "feat" not in sys.modules


def test_labels_are_taken_by_name() -> None:
    shares = {label: float(FER2013.index(label)) for label in reversed(FER2013)}
    by_hand = np.array([0, 1, 2, 3, 4, 5, 6]) / 21  # FER2013's order happens to be the house's
    np.testing.assert_allclose(in_order(shares), by_hand)
    np.testing.assert_allclose(in_order(dict(zip(EMOTIONS, range(7), strict=True))), by_hand)
    with pytest.raises(MaskfaceError, match="contempt"):
        in_order(shares | {"contempt": 1.0})


def test_digest_depends_on_bytes_and_settings(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"1")
    first = digest(file, "1.0")
    assert digest(file, "1.0") == first
    assert digest(file, "1.1") != first
    file.write_bytes(b"2")
    assert digest(file, "1.0") != first


def test_deepface_refuses_to_download(deepface: list[Any], tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match="deepface:download=true") as caught:
        get_classifier("deepface")
    assert SOURCE in str(caught.value)
    assert str(tmp_path / ".deepface/weights/emotion_weights.onnx") in str(caught.value)
    assert deepface == []


def test_deepface_downloads_if_asked(deepface: list[Any]) -> None:
    classifier = get_classifier("deepface:download=true")
    assert deepface == [{"task": "facial_attribute", "model_name": "Emotion"}]
    assert classifier.name == "deepface"
    assert classifier.fingerprint == get_classifier("deepface").fingerprint


def test_deepface_reads_crops_as_bgr_and_looks_for_no_face(deepface: list[Any]) -> None:
    classifier = get_classifier("deepface:download=true")
    assert isinstance(classifier, Classifier)
    assert classifier.needs == {"crop"}
    del deepface[:]
    shown = faces(2)
    answers = classifier.predict_proba(shown)
    np.testing.assert_allclose(answers, np.tile(np.arange(1, 8) / 28, (2, 1)))
    assert classifier.predict_proba([]).shape == (0, 7)
    for (given, options), face in zip(deepface, shown, strict=True):
        np.testing.assert_array_equal(given[..., 0], face.crop[..., 2])
        np.testing.assert_array_equal(given[..., 1], face.crop[..., 1])
        assert options["detector_backend"] == "skip"
        assert options["actions"] == ["emotion"]
        assert not options["align"]


def test_a_broken_deepface_is_told(deepface: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepface.DeepFace", None)
    with pytest.raises(MaskfaceError, match=r"cannot import deepface\.DeepFace"):
        get_classifier("deepface")


@pytest.fixture
def pyfeat(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """A Py-Feat without weights; the list is what its hub was asked."""
    calls: list[Any] = []

    def download(*asked: Any, **options: Any) -> str:
        calls.append((asked, options))
        raise RuntimeError("no network in tests")

    module(monkeypatch, "feat")
    module(monkeypatch, "feat.utils")
    module(monkeypatch, "feat.utils.io", get_resource_path=lambda: str(tmp_path))
    module(
        monkeypatch,
        "huggingface_hub",
        try_to_load_from_cache=lambda *_, **__: object(),  # known not to exist
        hf_hub_download=download,
    )
    return calls


def test_pyfeat_refuses_to_download(pyfeat: list[Any], tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match="pyfeat:download=true") as caught:
        get_classifier("pyfeat")
    assert str(tmp_path / "ResMaskNet_Z_resmasking_dropout1_rot30.pth") in str(caught.value)
    assert pyfeat == []


def test_pyfeat_asks_its_hub_if_it_may(pyfeat: list[Any], tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no network"):
        get_classifier("pyfeat:download=true")
    asked = ("py-feat/resmasknet", "ResMaskNet_Z_resmasking_dropout1_rot30.pth")
    assert pyfeat == [(asked, {"cache_dir": tmp_path})]


def test_real_deepface_answers_as_its_own_client(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a made graph in the place of its weights, and its client called by hand."""
    pytest.importorskip("deepface.commons.onnx_utils")
    onnx = pytest.importorskip("onnx")
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    monkeypatch.setenv("DEEPFACE_BACKEND_ENGINE", "onnx")
    from deepface.modules import modeling, preprocessing

    weights = np.random.default_rng(0).normal(scale=0.1, size=(48 * 48, 7)).astype(np.float32)
    tensor, kind = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Flatten", ["x"], ["f"]),
            onnx.helper.make_node("MatMul", ["f", "w"], ["m"]),
            onnx.helper.make_node("Softmax", ["m"], ["y"], axis=1),
        ],
        "made",
        [tensor("x", kind, ["n", 48, 48, 1])],
        [tensor("y", kind, ["n", 7])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    place = tmp_path / ".deepface/weights/facial_expression_model_weights.onnx"
    place.parent.mkdir(parents=True)
    onnx.save(model, str(place))

    shown = faces(3)
    answers = get_classifier("deepface").predict_proba(shown)
    client = modeling.build_model(task="facial_attribute", model_name="Emotion")
    for face, answer in zip(shown, answers, strict=True):
        pixels = preprocessing.resize_image(face.crop[..., ::-1] / 255, (224, 224))
        np.testing.assert_allclose(answer, client.predict(pixels), atol=1e-6)


def test_real_pyfeat_reads_what_its_detector_would_cut_out() -> None:
    """The network's input, against Py-Feat's own way from a picture to it."""
    torch = pytest.importorskip("torch")
    operations = pytest.importorskip("feat.utils.image_operations")
    from maskface.classifiers.adapters.pyfeat import _prepared

    face = faces(1)[0]
    half, shrunk = 10.0, 10 / 1.1
    box = torch.tensor([[half - shrunk, half - shrunk, half + shrunk, half + shrunk]])
    picture = torch.from_numpy(face.crop.transpose(2, 0, 1).copy())
    unit = operations.convert_image_to_tensor(picture, img_type="float32") / 255
    by_feat, _ = operations.extract_face_from_bbox_torch(unit, box, expand_bbox=1.1, face_size=224)
    np.testing.assert_allclose(_prepared(face).numpy(), by_feat.numpy(), atol=1e-4)
