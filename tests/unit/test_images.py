"""Reading, writing and cropping pictures."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from maskface import images
from maskface.errors import ImageError, MaskfaceError
from maskface.images import Limits, decode
from maskface.images.decode import pillow_limit
from tests.fixtures.bombs import BOMBS, EXPECTED

MEASURE = """
import resource, sys
from pathlib import Path
from maskface.images import read_image
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
try:
    told = read_image(Path(sys.argv[1])).shape
except Exception as error:
    told = error if type(error).__name__ == "ImageError" else repr(error)
print(peak() - before, told)
"""

# Left half red, right half blue: shows orientation and channel order at once.
TWO_HALVES = np.zeros((40, 60, 3), np.uint8)
TWO_HALVES[:, :30] = (200, 10, 20)
TWO_HALVES[:, 30:] = (10, 20, 200)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_keep_every_pixel(kind: str) -> None:
    data = encoded(Image.fromarray(TWO_HALVES), kind)
    np.testing.assert_array_equal(images.decode_image(data), TWO_HALVES)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_formats_keep_colour_and_place(kind: str) -> None:
    image = images.decode_image(encoded(Image.fromarray(TWO_HALVES), kind, quality=95))
    difference = np.abs(image.astype(int) - TWO_HALVES)
    assert difference[:, :26].max() < 12
    assert difference[:, 34:].max() < 12


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_is_repeated_in_three_channels(bits: int) -> None:
    ramp = np.linspace(0, 255, 64).round().astype(np.uint8)
    grey = np.tile(ramp, (32, 1))
    stored = grey.astype(np.uint16) * 257 if bits == 16 else grey
    ok, data = cv2.imencode(".png", stored)
    assert ok
    image = images.decode_image(data.tobytes())
    np.testing.assert_array_equal(image, np.repeat(grey[..., None], 3, axis=2))


def test_16_bit_colour_keeps_the_high_byte() -> None:
    ok, data = cv2.imencode(".png", TWO_HALVES[..., ::-1].astype(np.uint16) * 257)
    assert ok
    np.testing.assert_array_equal(images.decode_image(data.tobytes()), TWO_HALVES)


def test_transparency_is_laid_over_white() -> None:
    rgba = np.dstack([TWO_HALVES, np.full((40, 60), 255, np.uint8)])
    rgba[:, :30, 3] = 0
    rgba[0, 40, 3] = 128
    image = images.decode_image(encoded(Image.fromarray(rgba), "PNG"))
    assert (image[:, :30] == 255).all()
    np.testing.assert_array_equal(image[5, 45], TWO_HALVES[5, 45])
    half = (TWO_HALVES[0, 40] * (128 / 255) + 255 * (127 / 255)).round()
    assert np.abs(image[0, 40] - half).max() <= 1


def test_cmyk_becomes_rgb() -> None:
    data = encoded(Image.fromarray(TWO_HALVES).convert("CMYK"), "JPEG", quality=95)
    image = images.decode_image(data)
    assert image.shape == TWO_HALVES.shape
    assert np.abs(image[:, :26].astype(int) - TWO_HALVES[:, :26]).max() < 12


def test_exif_orientation_is_honoured() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that the picture must be turned clockwise
    data = encoded(Image.fromarray(TWO_HALVES), "PNG", exif=exif)
    image = images.decode_image(data)
    np.testing.assert_array_equal(image, np.rot90(TWO_HALVES, k=-1))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_truncated_files_are_refused(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ImageError):
        images.decode_image(data[: int(len(data) * share)])


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match="picture"):
        images.decode_image(data)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_picture_or_an_image_error(data: bytes) -> None:
    try:
        image = images.decode_image(data)
    except ImageError:
        return
    assert image.dtype == np.uint8
    assert image.shape[2] == 3


def test_one_pixel_is_refused_with_its_size() -> None:
    with pytest.raises(ImageError, match="1 x 1 px"):
        images.decode_image(encoded(Image.new("RGB", (1, 1)), "PNG"))


def test_the_limits_are_parameters(tmp_path: Path) -> None:
    data = encoded(Image.fromarray(TWO_HALVES), "PNG")
    (tmp_path / "a.png").write_bytes(data)
    few = Limits(max_pixels=60 * 40 - 1)
    with pytest.raises(ImageError, match=r"60 x 40 px; 2,400 pixels .* --max-pixels 2400 "):
        images.read_image(tmp_path / "a.png", few)
    with pytest.raises(ImageError, match=rf"{len(data):,} bytes; .* --max-bytes {len(data)} "):
        images.read_image(tmp_path / "a.png", Limits(max_bytes=len(data) - 1))
    with pytest.raises(ImageError, match="at least 41 px"):
        images.decode_image(data, Limits(min_side=41))
    exact = Limits(60 * 40, len(data), 40)
    np.testing.assert_array_equal(images.read_image(tmp_path / "a.png", exact), TWO_HALVES)


def test_more_than_pillow_allows_can_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Image.fromarray(TWO_HALVES), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ImageError, match="2,400 pixels are too many"):
        images.decode_image(data, Limits(max_pixels=1500))
    np.testing.assert_array_equal(images.decode_image(data), TWO_HALVES)
    assert Image.MAX_IMAGE_PIXELS == 1000


def test_threads_do_not_take_the_lifted_limit_for_pillows_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    inside, done, seen = threading.Event(), threading.Event(), list[int | None]()

    def second() -> None:
        with pillow_limit(Limits()):
            inside.set()
            done.wait(10)
            seen.append(Image.MAX_IMAGE_PIXELS)

    thread = threading.Thread(target=second)
    with pillow_limit(Limits()):
        thread.start()
        inside.wait(0.3)
    done.set()
    thread.join(10)
    assert seen == [None]
    assert Image.MAX_IMAGE_PIXELS == 1000


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs_are_refused_or_read_in_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[name]())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    megabytes, _, told = done.stdout.partition(" ")
    assert float(megabytes) < 40 + 3 * path.stat().st_size / 2**20
    assert EXPECTED.get(name, "1,600,000,000 pixels are too many") in told


def test_jpeg_of_thousands_of_scans_is_refused() -> None:
    whole = encoded(Image.new("L", (64, 64), 120), "JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    many = whole[:-2] + last * 1000 + whole[-2:]
    with pytest.raises(ImageError, match="more than 100 scans"):
        images.decode_image(many)
    # What stands behind the picture, as in the films of telephones, is not part of it.
    assert images.decode_image(whole + b"\xff\xda\x00\x02" * 1000).shape == (64, 64, 3)


@pytest.mark.slow
def test_much_that_programs_write_beside_the_pixels_is_read() -> None:
    whole = encoded(Image.fromarray(TWO_HALVES), "JPEG", icc_profile=bytes(1_000_000))
    segment = b"\xff\xe1\xff\xff" + b"http://ns.adobe.com/xmp/extension/\0".ljust(65_533, b"x")
    long = whole[:2] + segment * 150 + whole[2:]  # 10 MB, such as the depths of a scene
    np.testing.assert_array_equal(images.decode_image(long), images.decode_image(whole))
    layers = TiffImagePlugin.ImageFileDirectory_v2()
    layers[37724] = bytes(50_000_000)
    layers.tagtype[37724] = 7
    one_row = encoded(Image.fromarray(TWO_HALVES), "TIFF", tiffinfo=layers, strip_size=1)
    np.testing.assert_array_equal(images.decode_image(one_row), TWO_HALVES)
    odd = b"P6\n60 40\n51\n" + (TWO_HALVES // 5).tobytes()
    np.testing.assert_array_equal(images.decode_image(odd), TWO_HALVES // 5 * 5)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_tiff_directories_are_looked_at_in_all_layouts(order: str, *, big: bool) -> None:
    place, size = ("Q", "Q") if big else ("I", "H")
    head = {"<": b"II", ">": b"MM"}[order] + (b"\x2b\0" if big else b"\x2a\0")
    head += struct.pack(order + ("HHQ" if big else "I"), *((8, 0, 16) if big else (8,)))
    entry = struct.pack(order + "HH" + place, 273, 4, 1_000_000)
    data = head + struct.pack(order + size, 1) + entry.ljust(20 if big else 12, b"\0") + bytes(8)
    with pytest.raises(ImageError, match="more than 200,000 strips"):
        images.decode_image(data)


@pytest.mark.parametrize("kind", ["ICO", "TGA", "PCX", "SGI", "EPS"])
def test_other_formats_than_those_named_are_not_even_tried(kind: str) -> None:
    with pytest.raises(ImageError, match="not a picture"):
        images.decode_image(encoded(Image.fromarray(TWO_HALVES), kind))


def test_first_frame_of_a_gif_is_read() -> None:
    other = Image.fromarray(TWO_HALVES[:, ::-1].copy())
    data = encoded(Image.fromarray(TWO_HALVES), "GIF", save_all=True, append_images=[other])
    assert np.abs(images.decode_image(data).astype(int) - TWO_HALVES).max() < 12


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
def test_what_is_no_regular_file_does_not_hang(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    make(tmp_path / "a.jpg")
    with pytest.raises(ImageError, match=r"cannot read the file: it is a (pipe|folder)"):
        images.read_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", ["a\0.jpg", "a" * 300 + ".jpg", "loop.jpg"])
def test_names_that_cannot_be_opened_are_told(name: str, tmp_path: Path) -> None:
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    with pytest.raises(ImageError, match=r"cannot read the file: ."):
        images.read_image(tmp_path / name)


def test_16_bit_grey_is_rounded_as_by_division() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    ok, data = cv2.imencode(".png", values)
    assert ok
    expected = np.floor(values.astype(np.float64) / 257 + 0.5)
    image = images.decode_image(data.tobytes())
    np.testing.assert_array_equal(image[..., 0], expected)
    assert not image.flags.writeable


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No such file"):
        images.read_image(tmp_path / "none.png")


def test_write_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "picture.png"
    images.write_image(path, TWO_HALVES)
    np.testing.assert_array_equal(images.read_image(path), TWO_HALVES)
    assert [p.name for p in path.parent.iterdir()] == ["picture.png"]


def test_unknown_suffix_is_refused_with_the_allowed_ones(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"\.docx.*\.png"):
        images.write_image(tmp_path / "a.docx", TWO_HALVES)


def test_writing_where_a_file_stands_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ImageError, match="cannot write"):
        images.write_image(tmp_path / "file" / "a.png", TWO_HALVES)


def test_find_images_is_sorted_and_leaves_hidden_files_out(tmp_path: Path) -> None:
    for name in ("b/2.PNG", "a/1.jpg", "a/.hidden.jpg", ".git/3.jpg", "notes.txt", "c.HEIC"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = [path.relative_to(tmp_path).as_posix() for path in images.find_images(tmp_path)]
    assert found == ["a/1.jpg", "b/2.PNG", "c.HEIC"]


@pytest.mark.parametrize(
    ("brand", "words"),
    [
        (b"heic", 'a HEIC .* read: type pip install "maskface.heif.", or save it as JPEG or PNG'),
        (b"mif1", "a HEIC picture"),
        (b"avif", "an AVIF picture, which cannot be read"),
        (b"crx ", "a raw camera picture, which cannot be read: save it as JPEG"),
        (b"isom", "a video, not a picture: save frames"),
        (b"qt  ", "a video"),
    ],
)
def test_what_phones_write_is_told_by_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brand: bytes, words: str
) -> None:
    monkeypatch.setattr(decode, "_phone_formats", lambda: ["BMP"])
    path = tmp_path / "IMG_0001.jpg"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(100))
    with pytest.raises(ImageError, match=f"^{words}"):
        images.read_image(path)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_pictures_of_telephones_are_read_upright(tmp_path: Path, kind: str) -> None:
    """The file has 160 x 96 px and is shown upright, white at the left."""
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    pixels = np.zeros((96, 160, 3), np.uint8)
    pixels[64:] = 255
    path = tmp_path / "IMG_0001.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to the right
    Image.fromarray(pixels).save(path, format=kind, quality=90, exif=exif.tobytes())
    upright = np.rot90(pixels, -1)
    assert np.abs(images.read_image(path).astype(int) - upright).mean() < 3
    with pytest.raises(ImageError, match="15,360 pixels are too many"):
        images.read_image(path, images.Limits(max_pixels=15_000))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ImageError, match=r"^(broken picture file|an? .* picture, which cannot be)"):
        images.read_image(path)


def test_heic_without_its_package_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    decode._phone_formats.cache_clear()
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(
        ImageError, match=r'type pip install "maskface\[heif\]", or save it as JPEG'
    ):
        images.read_image(tmp_path / "a.heic")
    decode._phone_formats.cache_clear()


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").touch()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert [p.name for p in images.find_images(tmp_path)] == ["1.jpg"]


def test_folder_that_vanishes_or_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    listed = os.scandir

    def scandir(path: str) -> Any:
        if str(path).endswith("a"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(MaskfaceError, match=r"Cannot list the folder .*a: Permission denied"):
        list(images.find_images(tmp_path))
    with pytest.raises(MaskfaceError, match=r"Cannot list the folder .*gone: No such file"):
        list(images.find_images(tmp_path / "gone"))


def test_a_path_may_be_a_text(tmp_path: Path) -> None:
    images.write_image(tmp_path / "a.png", TWO_HALVES)
    np.testing.assert_array_equal(images.read_image(str(tmp_path / "a.png")), TWO_HALVES)


RAMP = np.linspace(0, 1, 64 * 64).reshape(64, 64)


def stored(values: NDArray[Any], kind: str = "TIFF") -> bytes:
    if values.ndim == 2 and kind != "PPM":
        return encoded(Image.fromarray(values), kind)
    if kind == "PPM":
        head = b"P6" if values.ndim == 3 else b"P5"
        return head + b" 64 64 65535\n" + values.astype(">u2").tobytes()
    return bytes(cv2.imencode(f".{kind.lower()}", values)[1].tobytes())


def colours(values: NDArray[Any]) -> NDArray[Any]:
    return np.repeat(values[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (stored((255 * RAMP).astype(np.uint16), "PNG"), "values reach 255 of 65,535"),
        (stored((4095 * RAMP).astype(np.uint16)), "values reach 4,095 of 65,535"),
        (stored((255 * RAMP).astype(np.uint16), "PPM"), "values reach 255 of 65,535"),
        (stored(colours((255 * RAMP).astype(np.uint16)), "PNG"), "at most 255 of 65,535"),
        (stored(colours((255 * RAMP).astype(np.uint16)), "TIFF"), "at most 255 of 65,535"),
        (stored(colours((4095 * RAMP).astype(np.uint16)), "PPM"), "at most 4,351 of 65,535"),
        (stored((65536 * RAMP).astype(np.int32)), "from 0 to 65,536, beyond 16 bits"),
        (stored((65535 * RAMP - 9).astype(np.int32)), "from -9 to 65,526, beyond 16 bits"),
        (stored((0.1 * RAMP).astype(np.float32)), "from 0 to 0.1; those"),
        (stored((9999 * RAMP).astype(np.float32)), "from 0 to 9999; those"),
        (stored((RAMP - 0.5).astype(np.float32)), "from -0.5 to 0.5; those"),
        (stored(np.where(RAMP > 0.9, np.nan, RAMP).astype(np.float32)), "from nan to nan; those"),
    ],
)
def test_deep_pictures_that_would_be_read_as_black_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=f"{words}.* Save it with 8 bits a channel"):
        images.decode_image(data)


@pytest.mark.parametrize(
    "data",
    [
        stored((65535 * RAMP).astype(np.uint16), "PNG"),
        stored((65535 * RAMP).astype(np.int32)),
        stored((65535 * RAMP).astype(np.uint16), "PPM"),
        stored(colours((65535 * RAMP).astype(np.uint16)), "TIFF"),
        stored(RAMP.astype(np.float32)),
        stored((255 * RAMP).astype(np.float32)),
        b"P5 64 64 4095\n" + (4095 * RAMP).astype(">u2").tobytes(),
    ],
)
def test_deep_pictures_are_scaled_to_8_bits(data: bytes) -> None:
    found = images.decode_image(data)
    np.testing.assert_allclose(found, colours(255 * RAMP), atol=1)
    assert not found.flags.writeable


def test_a_dark_picture_of_8_bits_is_read_as_it_is() -> None:
    dark = (20 * RAMP).astype(np.uint8)
    np.testing.assert_array_equal(images.decode_image(stored(dark, "PNG")), colours(dark))
