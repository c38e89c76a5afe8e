"""Forms as a browser sends them without a script: urlencoded, or `multipart/form-data` (RFC 7578).

Read no further than the limit; a field that comes twice counts once, the last. No file name is looked at.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from fastapi import Request

from services.api.body import check_content_type, read_body
from services.api.errors import InvalidRequest

FORM_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded")
MOST_PARTS = 40
_BOUNDARY = re.compile(r'boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_NAME = re.compile(rb'(?:^|[;\s])name="([^"\r\n]{1,100})"', re.IGNORECASE)
_FILE = re.compile(rb";\s*filename\*?=", re.IGNORECASE)


@dataclass(slots=True)
class Form:
    """Text fields (trimmed) and files; an empty field or file is not there."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """A text field; None where it was left empty."""
        return self.fields.get(name)

    def put(self, name: str, value: str) -> None:
        """Keep a text field, unless it is empty."""
        if value.strip():
            self.fields[name] = value.strip()


async def read_form(request: Request, limit: int) -> Form:
    """The form of a request. Raises UnsupportedMediaType, PayloadTooLarge, InvalidRequest."""
    check_content_type(request, FORM_TYPES)
    declared = request.headers.get("content-type", "")
    payload = await read_body(request, limit)
    if not declared.lower().startswith("multipart/"):
        return _urlencoded(payload)
    named = _BOUNDARY.search(declared)
    if named is None:
        raise InvalidRequest("multipart/form-data without a boundary")
    return parse_multipart(payload, (named[1] or named[2]).encode("latin-1", "replace"))


def parse_multipart(payload: bytes, boundary: bytes) -> Form:
    """Fields and files of a multipart body. Raises InvalidRequest for one that is cut off or has too many parts."""
    pieces = (b"\r\n" + payload).split(b"\r\n--" + boundary, MOST_PARTS + 2)
    if len(pieces) > MOST_PARTS + 2:
        raise InvalidRequest(f"more than {MOST_PARTS} parts")
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise InvalidRequest("the form is cut off")
    form = Form()
    for piece in pieces[1:-1]:
        head, gap, content = piece.partition(b"\r\n\r\n")
        disposition = next(
            (line for line in head.split(b"\r\n") if line.lower().startswith(b"content-disposition:")), b""
        )
        named = _NAME.search(disposition)
        if not gap or named is None:
            raise InvalidRequest("a part of the form has no name")
        name = named[1].decode("utf-8", "replace")
        if _FILE.search(disposition):
            if content:
                form.files[name] = content
        else:
            form.put(name, _text(content))
    return form


def _urlencoded(payload: bytes) -> Form:
    form = Form()
    try:
        pairs = parse_qsl(_text(payload), keep_blank_values=False, max_num_fields=MOST_PARTS)
    except ValueError:
        raise InvalidRequest(f"more than {MOST_PARTS} fields") from None
    for name, value in pairs:
        form.put(name, value)
    return form


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("the form is not UTF-8") from None
