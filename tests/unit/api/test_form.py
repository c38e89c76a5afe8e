"""Forms of a browser: what was sent comes out, whatever the bytes; what is broken is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.errors import InvalidRequest
from services.api.form import MOST_PARTS, parse_multipart

BOUNDARY = b"----WebKitFormBoundaryqZ8"


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    tail = f'; filename="{filename}"\r\nContent-Type: image/jpeg' if filename is not None else ""
    return f'--{BOUNDARY.decode()}\r\nContent-Disposition: form-data; name="{name}"{tail}\r\n\r\n'.encode() + content


def body(*parts: bytes) -> bytes:
    return b"".join(one + b"\r\n" for one in parts) + b"--" + BOUNDARY + b"--\r\n"


@given(st.binary(max_size=200).filter(lambda content: BOUNDARY not in content), st.text(max_size=50))
def test_what_is_sent_comes_out(content, words):
    form = parse_multipart(body(part("words", words.encode()), part("photo", content, "IMG 1.jpg")), BOUNDARY)
    assert form.text("words") == (words.strip() or None)
    assert form.files.get("photo") == (content or None)


# Bytes alone are hardly ever a form; pieces of forms in any order often are, and often nearly.
PIECES = st.sampled_from(
    [b"--" + BOUNDARY, b"--", b"\r\n", b"\r\n\r\n", part("a", b" 1 "), part("photo", b"\xff", "x")]
)


@given(st.lists(PIECES | st.binary(max_size=40), max_size=12).map(b"".join))
def test_any_bytes_are_a_form_or_refused(payload):
    for sent in (payload, body(payload), body(part("a", b"1")) + payload):
        try:
            form = parse_multipart(sent, BOUNDARY)
        except InvalidRequest:
            continue
        assert len(form.fields) + len(form.files) <= MOST_PARTS
        assert all(value and value == value.strip() for value in form.fields.values())
        assert all(content and content in sent for content in form.files.values())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        body(part("a", b"1"))[:-6],
        body(b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data\r\n\r\nx"),
        body(*[part("a", b"1")] * (MOST_PARTS + 1)),
        body(part("a", b"\xff\xfe")),
    ],
)
def test_a_broken_form_is_refused(payload):
    with pytest.raises(InvalidRequest):
        parse_multipart(payload, BOUNDARY)


def test_a_file_name_that_looks_like_a_name_is_not_one():
    sent = b'--%s\r\nContent-Disposition: form-data; filename="x"; name="photo"\r\n\r\nabc' % BOUNDARY
    assert parse_multipart(body(sent), BOUNDARY).files == {"photo": b"abc"}
