"""What a citizen files: bounds, the code, the photograph."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from uskat.supervision.complaint import picture
from uskat.supervision.complaint.filing import (
    CODE_BYTES,
    Filing,
    FilingError,
    Topic,
    check_filing,
    coarse,
    code_digest,
    follow_up_code,
)
from uskat.supervision.complaint.picture import PictureError, clean_picture
from uskat.supervision.complaint.policy import ComplaintPolicyError, complaint_policy, parse_complaint_policy

NOW = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)
MONTH = timedelta(days=30)
FILING = Filing(Topic.WATER, NOW - timedelta(hours=1), " Вода чёрная и пахнет ", settlement="uskat", contact=" ")


def test_a_filing_is_trimmed_and_an_empty_contact_is_none():
    found = check_filing(FILING, now=NOW, oldest=MONTH)
    assert (found.words, found.contact) == ("Вода чёрная и пахнет", None)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("words", {"words": "да"}),
        ("words", {"words": "я" * 4001}),
        ("words", {"words": "вода\x00чёрная"}),
        ("contact", {"contact": "8" * 201}),
        ("place", {"settlement": None}),
        ("place", {"point": (87.0, 53.9)}),
        ("place", {"settlement": None, "point": (187.0, 53.9)}),
        ("happened_at", {"happened_at": NOW + timedelta(hours=1)}),
        ("happened_at", {"happened_at": NOW - timedelta(days=31)}),
    ],
)
def test_what_cannot_be_taken_in_is_refused_by_field(part, change):
    with pytest.raises(FilingError) as refused:
        check_filing(replace(FILING, **change), now=NOW, oldest=MONTH)
    assert refused.value.part == part


@given(st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES))
def test_a_code_is_known_however_a_person_writes_it(random):
    code = follow_up_code(random)
    digest = code_digest(code)
    assert digest is not None
    sloppy = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert code_digest(sloppy) == digest


@given(st.text(max_size=40))
def test_what_is_no_code_is_none_and_never_an_error(text):
    assert code_digest(text) is None or len(code_digest(text) or b"") == 32


def test_codes_of_other_bytes_are_other_codes():
    codes = {follow_up_code(bytes([place]) * CODE_BYTES) for place in range(256)}
    assert len(codes) == 256


def test_what_stays_is_a_kilometre_wide():
    assert coarse((87.12345, 53.98765)) == (87.12, 53.99)


def test_personal_data_end_with_the_term_and_earlier_after_closing():
    policy = complaint_policy()
    assert policy.keep_until(NOW, None) == NOW + policy.keep
    assert policy.keep_until(NOW, NOW + timedelta(days=1)) == NOW + timedelta(days=1) + policy.keep_closed
    with pytest.raises(ComplaintPolicyError, match="missing"):
        parse_complaint_policy({"id": "x"})


def photograph(size=(300, 200), kind="JPEG", **saved) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (10, 120, 200)).save(out, kind, **saved)
    return out.getvalue()


def test_nothing_but_the_picture_is_left():
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x0112] = "SECRET place", "SECRET owner", 6  # lies on its side
    exif.get_ifd(0x8825)[2] = (53.0, 59.0, 1.0)
    dirty = photograph(exif=exif, comment=b"SECRET comment") + b"SECRET tail"
    assert dirty.count(b"SECRET") == 4
    clean = clean_picture(dirty)
    assert b"SECRET" not in clean.content
    with Image.open(io.BytesIO(clean.content)) as found:
        assert not dict(found.getexif())
        assert found.size == (clean.width_px, clean.height_px) == (200, 300)  # turned upright


def test_a_large_photograph_is_made_smaller_and_a_transparent_png_becomes_a_jpeg():
    clean = clean_picture(photograph((5000, 100), "PNG"))
    assert (clean.width_px, clean.content[:3]) == (2400, b"\xff\xd8\xff")
    out = io.BytesIO()
    Image.new("LA", (100, 100)).save(out, "PNG")
    assert clean_picture(out.getvalue()).media_type == "image/jpeg"


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"GIF89a" + bytes(100), b"\xff\xd8\xff" + bytes(100), photograph()[:400], photograph((20, 20)),
        b"<svg/>", photograph((100, 100), "BMP"),
    ],
)  # fmt: skip
def test_what_is_no_photograph_is_refused(payload):
    with pytest.raises(PictureError):
        clean_picture(payload)


def test_a_bomb_is_refused_before_a_pixel_is_decoded(monkeypatch):
    bomb = bytearray(photograph((64, 64), "PNG"))
    bomb[16:24] = (60000).to_bytes(4, "big") * 2  # IHDR says 3.6 gigapixels
    import zlib

    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    monkeypatch.setattr(picture, "_encoded", lambda _found: pytest.fail("decoded"))
    with pytest.raises(PictureError):
        clean_picture(bytes(bomb))


def test_a_file_beyond_the_limit_is_not_opened(monkeypatch):
    monkeypatch.setattr(picture, "LARGEST_BYTES", 100)
    with pytest.raises(PictureError, match="МБ"):
        clean_picture(photograph())
