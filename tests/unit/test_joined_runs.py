"""Where the parts of a run are joined: its identity, its notes and its results."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from maskface import MaskfaceError, __version__, run
from maskface.experiment import Experiment, RunFolder, make_plan
from maskface.experiment.checkpoints import ChunkResult


def test_the_identity_of_a_run_is_the_hash_of_what_decides_its_results() -> None:
    """Its options, without those that name pictures, and without an aspect that is not restored."""
    plan = make_plan(Experiment(limit=7, classifiers=("fer",), seed=3))
    settings = plan.experiment.model_dump(mode="json")
    for name in ("data", "dataset", "limit", "classifiers", "restore_aspect"):
        del settings[name]
    chosen = type(plan.dataset)(plan.dataset.name, plan.samples).index_hash
    what = [__version__, plan.dataset.name, chosen, settings, plan.fingerprints]
    expected = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]
    assert plan.run_id == expected


def test_results_among_the_pictures_are_refused(tmp_path: Path) -> None:
    (tmp_path / "anger").mkdir()
    (tmp_path / "anger" / "a.jpg").touch()
    with pytest.raises(MaskfaceError, match="every folder is an emotion"):
        run(Experiment(data=tmp_path, classifiers=("fer",)), tmp_path / "anger" / "new")
    assert [path.name for path in (tmp_path / "anger").iterdir()] == ["a.jpg"]


def test_the_note_of_a_picture_is_there_while_it_is_read(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.parts_path.mkdir()
    with folder.note_reading() as note:
        note("a longer name.jpg")
        note("b.jpg")
        (path,) = folder.parts_path.iterdir()
        assert path.read_text(encoding="utf-8") == "b.jpg"
    assert not list(folder.parts_path.iterdir())
    path.write_text("b.jpg", encoding="utf-8")  # left by a killed process
    (folder.parts_path / f"{path.name}0").touch()  # killed before it read anything
    assert folder.pop_in_flight() == {"b.jpg"}
    assert not list(folder.parts_path.iterdir())


def test_rows_and_features_of_several_pictures_keep_their_order() -> None:
    whole = ChunkResult()
    for number, names in enumerate((("hog",), ("points", "hog"), ())):
        row = {"image_id": number}
        whole.add(ChunkResult(
            trials=[row | {"of": "trials"}] * 2, unanswered=[row | {"of": "unanswered"}],
            features={name: [np.full(2, number, np.float32)] for name in names},
            attributes=[row | {"of": "attributes"}], detections=[row | {"of": "detections"}],
            pictures=[row | {"of": "pictures"}], image_ids=[f"{number}.jpg"],
        ))  # fmt: skip
    assert whole.image_ids == ["0.jpg", "1.jpg", "2.jpg"]
    for name in ("trials", "unanswered", "attributes", "detections", "pictures"):
        rows = getattr(whole, name)
        each = 2 if name == "trials" else 1
        assert [row["image_id"] for row in rows] == [k for k in range(3) for _ in range(each)]
        assert {row["of"] for row in rows} == {name}
    found = {name: [int(one[0]) for one in vectors] for name, vectors in whole.features.items()}
    assert found == {"hog": [0, 1], "points": [1]}
