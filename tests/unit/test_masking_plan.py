"""Which file becomes which."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskface.errors import MaskfaceError
from maskface.masking.plan import plan_jobs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two pictures, a video and other files; the working folder is above them."""
    for name in ("faces/a.jpg", "faces/deep/b.PNG", "faces/deep/clip.mp4", "faces/note.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def planned(*sources: str, out: str = "out", alpha: bool = False) -> dict[str, str]:
    return {job.name: job.target.as_posix() for job in plan_jobs(sources, Path(out), alpha=alpha)}


TREE = {
    "a.jpg": "out/a.jpg",
    "deep/b.PNG": "out/deep/b.PNG",
    "deep/clip.mp4": "out/deep/clip.mp4",
}


@pytest.mark.usefixtures("folder")
class TestPlan:
    @pytest.mark.parametrize("source", ["faces", "faces/", "./faces", "faces/**/*", "faces/**/*.*"])
    def test_a_folder_and_a_pattern_keep_the_tree(self, source: str) -> None:
        assert planned(source) == TREE

    def test_an_absolute_pattern_is_named_from_its_fixed_part(self, folder: Path) -> None:
        assert planned(f"{folder}/faces/**/*.mp4") == {"deep/clip.mp4": "out/deep/clip.mp4"}

    def test_several_sources_and_one_twice(self) -> None:
        assert planned("faces/a.jpg", "faces") == TREE

    def test_a_file_goes_into_a_folder_or_gets_a_name(self) -> None:
        assert planned("faces/a.jpg") == {"a.jpg": "out/a.jpg"}
        assert planned("faces/a.jpg", out="x.png") == {"a.jpg": "x.png"}
        assert planned("faces/deep/clip.mp4", out="x.mkv") == {"clip.mp4": "x.mkv"}

    def test_alpha_is_for_pictures(self) -> None:
        alphas = {job.name: job.alpha for job in plan_jobs(["faces"], Path("out"), alpha=True)}
        assert alphas == {
            "a.jpg": Path("out/a.alpha.png"),
            "deep/b.PNG": Path("out/deep/b.alpha.png"),
            "deep/clip.mp4": None,
        }

    def test_results_below_the_pictures_are_no_pictures(self, folder: Path) -> None:
        (folder / "faces" / "out").mkdir()
        (folder / "faces" / "out" / "a.jpg").touch()
        jobs = plan_jobs(["faces"], Path("faces/out"), begun=True)
        assert {job.name for job in jobs} == set(TREE)

    @pytest.mark.parametrize("source", ["faces", "faces/**/*"])
    def test_no_picture_is_left_out_because_results_would_lie_beside_it(self, source: str) -> None:
        with pytest.raises(MaskfaceError, match=r"faces/deep lies below .* Choose another folder"):
            planned(source, out="faces/deep")

    @pytest.mark.parametrize(
        ("sources", "out", "words"),
        [
            (["nowhere"], "out", "no file or folder 'nowhere'"),
            (["faces/*.gif"], "out", "holds no pictures or videos"),
            (["faces"], "faces", "would overwrite the original"),
            (["faces/a.jpg"], "faces/a.jpg", "would overwrite the original"),
            (["faces"], "out.png", "names one file"),
            (["nowhere.jpg"], "out.png", "no file or folder 'nowhere.jpg'"),
            (["faces/a.jpg"], "out.gif", r"out\.gif names a kind .* not written.*\.png"),
            (["faces/a.jpg"], "out.HEIC", r"out\.HEIC names a kind .* not written.*\.png"),
            (["faces/a.jpg"], "faces/note.txt", r"note\.txt is a file\. Give a folder"),
            (["faces/a.jpg"], "out.mp4", "is a picture, so"),
            (["faces/deep/clip.mp4"], "out.png", "is a video, so"),
            (["faces/a.jpg", "more/a.jpg"], "out", "would be written to one file"),
        ],
    )
    def test_mistakes(self, sources: list[str], out: str, words: str, folder: Path) -> None:
        (folder / "more").mkdir()
        (folder / "more" / "a.jpg").touch()
        with pytest.raises(MaskfaceError, match=words):
            plan_jobs(sources, Path(out))

    def test_two_alphas_in_one_file_are_refused(self, folder: Path) -> None:
        (folder / "faces" / "a.png").touch()
        assert len(planned("faces")) == 4
        with pytest.raises(MaskfaceError, match=r"one file, out/a\.alpha\.png\. Rename one"):
            planned("faces", alpha=True)

    @pytest.mark.parametrize("source", ["more", "more/*"])
    def test_kinds_that_are_only_read_become_png(self, source: str, folder: Path) -> None:
        (folder / "more").mkdir()
        for name in ("a.gif", "b.PPM", "c.pgm", "d.pnm", "e.bmp"):
            (folder / "more" / name).touch()
        assert planned(source, alpha=True) == {
            "a.gif": "out/a.png",
            "b.PPM": "out/b.png",
            "c.pgm": "out/c.png",
            "d.pnm": "out/d.png",
            "e.bmp": "out/e.bmp",
        }

    @pytest.mark.parametrize("source", ["more", "more/*"])
    def test_kinds_that_cannot_be_read_are_in_nobodys_way(self, source: str, folder: Path) -> None:
        (folder / "more").mkdir()
        for name in ("i.jp2", "i.jpg", "i.jxl"):
            (folder / "more" / name).touch()
        targets = {job.name: job.targets for job in plan_jobs([source], Path("out"), alpha=True)}
        assert targets == {
            "i.jp2": (),
            "i.jpg": (Path("out/i.jpg"), Path("out/i.alpha.png")),
            "i.jxl": (),
        }

    def test_the_two_that_become_one_file_are_named(self, folder: Path) -> None:
        (folder / "more").mkdir()
        for name in ("a.gif", "b.gif", "c.png", "b.png", "b.gif.png"):
            (folder / "more" / name).touch()
        words = r"more/b\.gif and more/b\.gif\.png .*, out/b\.gif\.png\."
        with pytest.raises(MaskfaceError, match=words):
            planned("more")

    def test_pngs_of_gifs_do_not_lie_among_the_gifs(self, folder: Path) -> None:
        (folder / "more").mkdir()
        (folder / "more" / "a.gif").touch()
        with pytest.raises(MaskfaceError, match="lie among them"):
            planned("more", out="more")
        assert planned("more/a.gif", out="more/a.png") == {"a.gif": "more/a.png"}

    def test_what_is_looked_for_is_told(self) -> None:
        with pytest.raises(
            MaskfaceError,
            match=r"\.webp, .*\.jpe, .*\.gif, \.heic, \.heif, \.pgm, \.pnm, \.ppm, \.avi, .*\.wmv",
        ):
            planned("faces/*.txt")

    def test_converted_files_of_one_name_keep_their_old_ending(self, folder: Path) -> None:
        for name in ("a.jfif", "c.flv", "c.wmv", "d.gif", "e.ppm", "e.gif"):
            (folder / "faces" / name).touch()
        jobs = planned("faces")
        assert {name: Path(target).name for name, target in jobs.items() if "/" not in name} == {
            "a.jpg": "a.jpg", "a.jfif": "a.jfif.jpg", "c.flv": "c.flv.mp4", "c.wmv": "c.wmv.mp4",
            "d.gif": "d.png", "e.ppm": "e.ppm.png", "e.gif": "e.gif.png",
        }  # fmt: skip

    @pytest.mark.parametrize("source", ["faces", "faces/**/*"])
    def test_links_out_of_the_folder_are_refused(self, folder: Path, source: str) -> None:
        (folder / "faces" / "in.jpg").symlink_to("a.jpg")
        (folder / "faces" / "round.jpg").symlink_to("round.jpg")
        assert "in.jpg" in planned(source)
        (folder / "secret.jpg").touch()
        (folder / "faces" / "link.jpg").symlink_to(folder / "secret.jpg")
        with pytest.raises(MaskfaceError, match=r"1 pictures .* links out of it.*to .*secret"):
            planned(source)
        assert planned("faces/link.jpg") == {"link.jpg": "out/link.jpg"}
