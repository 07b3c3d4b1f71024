"""Complete results that are damaged: each damage must be restored or refused.

A run, a folder of masked pictures and a study of human observers are copied and damaged, one file
at a time: cut, zeroed, exchanged for another file, deleted, a row taken out, a byte changed, or an
older copy (of another seed or set) put back. Then `maskface doctor` must name the damage, or the
same command with `--resume` must give the original bytes again.

    nice python -m benchmarks.damage
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.fuzz_files import MAP, observers_trials
from maskface import Experiment, MaskfaceError, run
from maskface.datasets import load_dataset
from maskface.doctor import check_folder
from maskface.humans import read_study, summarize_humans, write_study
from maskface.masking import mask_files

Damage = Callable[[Path, Path, np.random.Generator], None]
"""Damages a file; an older copy of it is given, too."""


def cut(path: Path, _: Path, rng: np.random.Generator) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(rng.integers(len(data)))])


def zeroed(path: Path, _: Path, __: np.random.Generator) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def exchanged(path: Path, _: Path, __: np.random.Generator) -> None:
    other = next(p for p in sorted(path.parent.iterdir()) if p != path and p.is_file())
    shutil.copy(other, path)


def deleted(path: Path, _: Path, __: np.random.Generator) -> None:
    path.unlink()


def row_gone(path: Path, _: Path, rng: np.random.Generator) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[int(rng.integers(1, len(lines)))]
    path.write_bytes(b"".join(lines))


def byte_changed(path: Path, _: Path, rng: np.random.Generator) -> None:
    data = bytearray(path.read_bytes())
    data[int(rng.integers(len(data)))] ^= 1 + int(rng.integers(255))
    path.write_bytes(data)


def older(path: Path, before: Path, _: np.random.Generator) -> None:
    shutil.copy(before, path)


DAMAGES: Final[tuple[Damage, ...]] = (
    cut, zeroed, exchanged, deleted, row_gone, byte_changed, older,
)  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, without the reports, figures and records that hold times."""
    left_out = {"manifest.json", "study.json", "report.html"}
    return {
        path.name: path.read_bytes() for path in folder.iterdir()
        if path.name not in left_out and not path.name.startswith("loss_")
    }  # fmt: skip


def make_run(out: Path, faces: Path, seed: int) -> None:
    """Run, or resume, an experiment."""
    del faces
    experiment = Experiment(occluders="surgical", limit=7, classifiers=("fer",), seed=seed)
    run(experiment, out, resume=True, progress=False)


def make_masks(out: Path, faces: Path, seed: int) -> None:
    """Mask some pictures, or resume that."""
    mask_files(faces, out, seed=seed, resume=True)


def make_study(out: Path, faces: Path, seed: int) -> None:
    """Read a study; its folder must be new."""
    table = faces.parent / f"observers{seed}.csv"
    observers_trials().iloc[28 * seed :].to_csv(table, index=False)
    (faces.parent / "map.toml").write_text(MAP)
    study = read_study([table], faces.parent / "map.toml")
    write_study(study, summarize_humans(study.counted), out, seed=0)


def outcome(make: Callable[[Path, Path, int], None], out: Path, faces: Path, whole: Path) -> str:
    """Return what becomes of a damaged folder."""
    try:
        doctor = "named" if not all(check.ok for check in check_folder(out)) else "-"
    except MaskfaceError:
        doctor = "named"
    try:
        make(out, faces, 0)
        resumed = "restored" if contents(out) == contents(whole) else "differs"
    except MaskfaceError:
        resumed = "refused"
    silent = resumed == "differs" or (doctor == "-" and resumed == "refused")
    return f"doctor: {doctor:5}  --resume: {resumed:8}{'  SILENT' if silent else ''}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--damages", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        faces = root / "faces"
        faces.mkdir()
        for sample in load_dataset("example").samples[:4]:
            shutil.copy(sample.path, faces)
        kinds = {"run": make_run, "masks": make_masks, "study": make_study}
        cases = []
        for kind, make in kinds.items():
            for name, seed in (("whole", 0), ("older", 1)):
                make(root / name / kind, faces, seed)
            records = [root / "whole" / kind / name for name in ("manifest.json", "study.json")]
            files = [*contents(root / "whole" / kind), *(p.name for p in records if p.exists())]
            cases += [
                (kind, name, damage) for name in files for damage in DAMAGES
                if damage is not row_gone or name.endswith(".csv")
            ]  # fmt: skip
        rng.shuffle(cases)
        for kind, name, damage in cases[: asked.damages]:
            out, whole = root / "damaged", root / "whole" / kind
            shutil.copytree(whole, out)
            damage(out / name, root / "older" / kind / name, rng)
            if (out / name).exists() and (out / name).read_bytes() == (whole / name).read_bytes():
                found = "no damage"
            else:
                found = outcome(kinds[kind], out, faces, whole)
            rows.append({"folder": kind, "file": name, "damage": damage.__name__, "outcome": found})
            print(*rows[-1].values(), sep="\t", flush=True)
            shutil.rmtree(out)
    silent = sum("SILENT" in row["outcome"] for row in rows)
    print(pd.DataFrame(rows).groupby(["folder", "outcome"]).size().to_string())
    print(f"{len(rows)} damages, {silent} silent.")
    sys.exit(silent > 0)


if __name__ == "__main__":
    main()
