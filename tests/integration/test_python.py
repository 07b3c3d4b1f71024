"""What a notebook does with the package: objects, data frames, models of one's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import maskface as mf
from maskface.classifiers import as_classifier, get_classifier
from maskface.datasets import Dataset
from maskface.experiment import make_plan
from maskface.gallery import example_faces

N = 3


class Model:
    """A model of the user's own, with a weight."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def predict_proba(self, images: Any) -> Any:
        assert all(image.shape[2] == 3 and image.dtype == np.uint8 for image in images)
        scores = np.array([[1, 1, 1, self.weight * image.mean(), 1, 1, 1] for image in images])
        return scores / scores.sum(axis=1, keepdims=True)


def evenly(images: Any) -> Any:
    return np.full((len(images), 7), 1 / 7)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    samples = mf.load_dataset("example").samples[:N]
    return pd.DataFrame(
        {
            "path": [str(sample.path) for sample in samples],
            "emotion": [sample.label for sample in samples],
            "subject": [sample.subject_id for sample in samples],
            "age": [20.0, np.nan, 31.5],
        }
    )


@pytest.fixture(scope="module")
def runs(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> list[mf.Run]:
    """The same experiment with one worker and with two."""
    folder = tmp_path_factory.mktemp("runs")
    experiment = mf.Experiment(
        data=frame,
        occluders=[mf.SurgicalMask(), "ffp2"],
        classifiers=["faceapi", Model(2.0), evenly],
    )
    return [
        mf.run(experiment, folder / str(jobs), jobs=jobs, chunk=1, progress=False)
        for jobs in (1, 2)
    ]


def test_objects_and_data_frames(runs: list[mf.Run]) -> None:
    alone, two = (run.trials for run in runs)
    assert set(alone["condition"]) == {"none", "surgical", "ffp2"}
    assert set(alone["classifier"]) == {"faceapi", "Model", "evenly"}
    assert set(alone["dataset"]) == {"dataframe"}
    assert (alone["status"] == "ok").all()
    assert len(alone) == N * 3 * 3
    pd.testing.assert_frame_equal(alone, two)
    ages = runs[0].attributes.query("attribute == 'age'")["value"]
    assert ages.tolist() == ["20", "31.5"]


def test_losses_are_tidy(runs: list[mf.Run]) -> None:
    losses = mf.load_run(runs[0].folder.path).losses
    assert list(losses.columns) == [
        "classifier", "condition", "emotion", "n", "plain", "masked", "loss", "ci_low",
        "ci_high", "p_value", "p_adjusted",
    ]  # fmt: skip
    keys = ["classifier", "condition", "emotion"]
    assert not losses.duplicated(keys).any()
    total = losses[losses["emotion"] == "all"]
    assert len(total) == 3 * 2
    assert (total["n"] == N).all()
    np.testing.assert_allclose(losses["loss"], losses["plain"] - losses["masked"], atol=2e-6)


def test_a_run_shows_itself(runs: list[mf.Run]) -> None:
    run = runs[0]
    assert repr(run) == f"Run({str(run.folder.path)!r})"
    page = run._repr_html_()
    assert "<pre>classifier" in page
    assert page.count('src="data:image/png;base64,') == 1
    assert "Cautions" in page
    assert run.manifest["run_id"] in page


@pytest.mark.parametrize(
    ("kind", "chosen"),
    [
        ("loss", {}),
        ("loss", {"condition": "ffp2"}),
        ("grid", {"classifier": "Model"}),
        ("classifiers", {}),
        ("confusions", {"classifier": "faceapi", "condition": "surgical"}),
    ],
)
def test_figures(runs: list[mf.Run], tmp_path: Path, kind: str, chosen: dict[str, str]) -> None:
    figure = runs[0].plot(kind, **chosen)
    assert len(figure.axes) >= (2 if kind == "loss" and not chosen else 1)
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_unknown_figures_are_refused(runs: list[mf.Run]) -> None:
    with pytest.raises(mf.MaskfaceError, match=r"no figure named 'los'. Did you mean 'loss'"):
        runs[0].plot("los")


def test_objects_and_names_are_the_same_run() -> None:
    named = mf.Experiment(
        occluders=("surgical:colour=white", "tears+surgical", "none"),
        classifiers=("faceapi", "hog:train=masked"),
        limit=10,
    )
    made = mf.Experiment(
        occluders=[
            mf.SurgicalMask(colour="white"), mf.Stack((mf.Tears(), mf.SurgicalMask())),
            mf.Unoccluded(),
        ],
        classifiers=[get_classifier("faceapi"), as_classifier("hog:train=masked")],
        data=mf.load_dataset("example"),
        limit=10,
    )  # fmt: skip
    assert made.occluders == named.occluders == ("surgical:colour=white", "tears+surgical")
    assert made.classifiers == named.classifiers
    assert make_plan(made).run_id == make_plan(named).run_id


def test_a_models_identity_enters_the_run() -> None:
    class Named(Model):
        name = "mine"

    class Marked(Model):
        fingerprint = "v1"

    def run_id(model: Any) -> str:
        return make_plan(mf.Experiment(classifiers=[model], limit=2)).run_id

    assert run_id(Model(1.0)) == run_id(Model(1.0))
    assert len({run_id(Model(1.0)), run_id(Model(2.0)), run_id(Named(1.0)), run_id(evenly)}) == 4
    assert run_id(Marked(1.0)) == run_id(Marked(2.0))
    assert as_classifier(Named(1.0)).name == "mine"


def test_closures_differ_by_what_they_hold() -> None:
    def weighted(weight: float) -> Any:
        def read(images: Any) -> Any:
            return np.full((len(images), 7), weight / 7)

        return read

    first, again, other = (as_classifier(weighted(w)).fingerprint for w in (1.0, 1.0, 0.5))
    assert first == again != other


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"occluders": [3]}, "Expected an occluder or its name, got 3"),
        ({"classifiers": [3]}, "Expected a classifier, got 3"),
        ({"classifiers": []}, "Name at least one classifier of blendshapes"),
        ({"data": 3}, "Expected a data set, got 3.*DataFrame"),
        ({"data": pd.DataFrame({"file": ["x"]})}, "columns file, .*Missing: path, emotion"),
        ({"data": pd.DataFrame({"path": ["x"], "emotion": ["odd"]})}, r"'odd' \(row 0\)"),
        ({"data": pd.DataFrame({"path": [None], "emotion": ["sad"]})}, "no path in row 0"),
        (
            {"data": pd.DataFrame({"path": ["x", "x"], "emotion": ["sad", "sad"]})},
            "pictures more than once, for example 'x'",
        ),
        ({"data": pd.DataFrame({"path": [], "emotion": []})}, "holds no pictures"),
        ({"data": "x", "dataset": "foldr"}, "no dataset reader named 'foldr'. Did you mean"),
        ({"limit": 0}, r"limit: .* \(got 0\)"),
        ({"colour": "red"}, "colour: Extra inputs"),
    ],
)
def test_what_an_experiment_refuses(values: dict[str, Any], said: str) -> None:
    with pytest.raises(mf.MaskfaceError, match=said):
        mf.Experiment(**values)


def test_names_that_are_taken_are_refused() -> None:
    class Fake(Model):
        name = "fer"

    with pytest.raises(mf.MaskfaceError, match="called 'fer', as another one is already"):
        mf.Experiment(classifiers=[Fake(1.0)])
    with pytest.raises(mf.MaskfaceError, match="would both be called 'Model'"):
        mf.Experiment(classifiers=[Model(1.0), Model(2.0)])


def test_a_model_without_an_identity_is_refused() -> None:
    code = (
        "import maskface as mf\n"
        "class Model:\n"
        "    def predict_proba(self, images): return []\n"
        "try:\n"
        "    mf.Experiment(classifiers=[Model()])\n"
        "except mf.MaskfaceError as error:\n"
        "    print(error)\n"
    )
    if sys.version_info >= (3, 13):
        pytest.skip("Python has the source of what is typed at its prompt")
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "Classifier 'Model' has no fingerprint" in said.stdout
    assert "Give it an attribute fingerprint" in said.stdout


def test_what_cannot_be_sent_to_workers_is_refused(tmp_path: Path) -> None:
    class Locked(Model):
        fingerprint = "v1"

        def __init__(self) -> None:
            super().__init__(1.0)
            self.generator = (number for number in range(3))

    experiment = mf.Experiment(classifiers=[Locked()], limit=2)
    with pytest.raises(mf.MaskfaceError, match=r"cannot be sent to worker processes.*jobs=1"):
        mf.run(experiment, tmp_path / "two", jobs=2, progress=False)
    assert (mf.run(experiment, tmp_path / "one", progress=False).trials["status"] == "ok").all()


def test_a_cell_can_be_run_again(tmp_path: Path) -> None:
    experiment = mf.Experiment(classifiers=[evenly], limit=2)
    first = mf.run(experiment, tmp_path / "run", progress=False)
    written = first.folder.trials_path.stat().st_mtime_ns
    again = mf.run(experiment, tmp_path / "run", progress=False)
    assert again.folder.trials_path.stat().st_mtime_ns == written
    with pytest.raises(mf.MaskfaceError, match=r"this run, complete. Add resume=True"):
        mf.run(experiment, tmp_path / "run", resume=False, progress=False)
    other = mf.Experiment(classifiers=[evenly], limit=3)
    with pytest.raises(mf.MaskfaceError, match=r"another experiment.*another folder with out"):
        mf.run(other, tmp_path / "run", progress=False)


def test_the_folder_may_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    experiment = mf.Experiment(classifiers=[evenly], limit=2)
    first = mf.run(experiment, progress=False)
    assert first.folder.path.name == first.manifest["run_id"]
    if sys.platform == "linux":
        assert first.folder.path.parent == tmp_path / "maskface" / "runs"
        again = mf.run(experiment, progress=False)
        assert again.folder.path == first.folder.path


def test_masks() -> None:
    path = example_faces()[0]
    image = mf.read_image(str(path))
    masked = mf.mask(image, "surgical:colour=white")
    assert masked.image.shape == image.shape
    assert masked.mask.any()
    assert 0.3 < masked.coverage < 0.8
    for other in (mf.mask(path, mf.SurgicalMask(colour="white")), mf.mask(str(path), "surgical")):
        assert other.coverage == pytest.approx(masked.coverage, abs=0.02)
    np.testing.assert_array_equal(
        mf.mask(path, mf.SurgicalMask(colour="white")).image, masked.image
    )


def test_the_largest_face_is_masked() -> None:
    image = mf.read_image(example_faces()[0])
    both = np.hstack([image, np.full((len(image), 20, 3), 255, np.uint8), image])
    small = mf.mask(image, "surgical")
    with pytest.warns(UserWarning, match=r"2 faces in the image; the largest is masked"):
        masked = mf.mask(both, "surgical")
    assert masked.mask.sum() == pytest.approx(small.mask.sum(), rel=0.05)
    with pytest.raises(mf.MaskfaceError, match=r"No face found in the image. Give a picture"):
        mf.mask(np.full((200, 200, 3), 128, np.uint8), "surgical")


def test_faces_are_read_by_models_of_ones_own() -> None:
    found = mf.read_faces(example_faces()[0], classifiers=["fer", Model(1.0), evenly])
    assert set(found["classifier"]) == {"fer", "Model", "evenly"}
    assert (found["status"] == "ok").all()


def test_a_data_set_as_an_object(tmp_path: Path) -> None:
    whole = mf.load_dataset("example")
    some = Dataset("some", whole.samples[:2])
    run = mf.run(mf.Experiment(data=some, classifiers=[evenly]), tmp_path, progress=False)
    assert set(run.trials["dataset"]) == {"some"}
    assert run.manifest["experiment"]["data"] == "some"
