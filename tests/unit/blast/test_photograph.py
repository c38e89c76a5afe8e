"""Photographs: the picture stays pixel by pixel, what it tells of people goes, odd bytes are refused."""

import hashlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from uskat.blast.photograph import LARGEST_BYTES, PhotographError, PhotographKind, read_photograph

SECRETS = (b"Ivanov", b"SN-12345", b"kept secret")


def picture(width=160, height=96):
    rows = np.add.outer(np.arange(height) * 2, np.arange(width)) % 256
    return Image.fromarray(np.stack([rows, rows[::-1], 255 - rows], axis=-1).astype(np.uint8))


def jpeg(image=None, **options):
    exif = Image.Exif()
    exif[0x013B] = "Ivanov"  # Artist
    exif[0x010F] = "SN-12345"  # Make
    exif.get_ifd(0x8825).update({1: "N", 2: (54.0, 7.0, 50.0), 3: "E", 4: (87.0, 5.0, 14.0)})  # GPS
    buffer = io.BytesIO()
    (image or picture()).save(buffer, "JPEG", exif=exif, comment=b"kept secret", quality=90, **options)
    return buffer.getvalue()


def png(image=None):
    info = PngInfo()
    info.add_text("Author", "Ivanov")
    info.add_itxt("Comment", "kept secret")
    buffer = io.BytesIO()
    (image or picture()).save(buffer, "PNG", pnginfo=info, exif=Image.Exif())
    return buffer.getvalue()


def pixels(payload):
    return np.asarray(Image.open(io.BytesIO(payload)).convert("RGB"))


@pytest.mark.parametrize("payload", [jpeg(), jpeg(progressive=True), jpeg(restart_marker_rows=1), png(),
                                     jpeg(picture().convert("CMYK")), jpeg(picture().convert("L"))])  # fmt: skip
def test_the_picture_stays_and_everything_about_people_goes(payload):
    found = read_photograph(payload)
    assert (found.width_px, found.height_px) == (160, 96)
    np.testing.assert_array_equal(pixels(found.content), pixels(payload))
    assert not any(secret in found.content for secret in SECRETS)
    read = Image.open(io.BytesIO(found.content))
    assert not read.getexif()
    assert "comment" not in read.info
    assert "Author" not in read.info
    assert found.sha256 == hashlib.sha256(found.content).hexdigest()


def test_the_kind_is_what_the_bytes_are():
    assert read_photograph(jpeg()).kind is PhotographKind.JPEG
    assert read_photograph(png()).kind is PhotographKind.PNG


@pytest.mark.parametrize("payload", [jpeg(), png()])
def test_what_is_glued_behind_the_end_goes_too(payload):
    assert read_photograph(payload + b"<?php secret").content == read_photograph(payload).content


def test_a_stripped_photograph_is_stripped_no_further():
    once = read_photograph(jpeg())
    assert read_photograph(once.content) == once


@pytest.mark.parametrize("payload", [
    b"", b"GIF89a" + bytes(100), b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff\xd9",
    b"\xff\xd8", b"\x89PNG\r\n\x1a\n", jpeg()[:-40], png()[:-20], jpeg(picture(40, 40)), png(picture(13_000, 64)),
])  # fmt: skip
def test_other_kinds_sizes_and_broken_files_are_refused(payload):
    with pytest.raises(PhotographError):
        read_photograph(payload)


def test_a_large_file_is_refused_before_it_is_read():
    with pytest.raises(PhotographError, match="limit"):
        read_photograph(b"\xff\xd8" + bytes(LARGEST_BYTES))


@given(st.sampled_from([jpeg(), png()]), st.data())
def test_a_damaged_file_is_refused_or_read_but_never_breaks_the_reader(payload, data):
    place = data.draw(st.integers(0, len(payload) - 1))
    damaged = bytearray(payload)
    damaged[place] = data.draw(st.integers(0, 255))
    try:
        found = read_photograph(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]))
    except PhotographError:
        return
    assert found.width_px >= 64
