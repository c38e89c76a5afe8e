"""Request bodies, read no further than their limit."""

from typing import TypeVar

import msgspec
from fastapi import Request

from services.api.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType

T = TypeVar("T")
JSON_TYPES = ("application/json",)
SMALL_BODY = 64 * 1024


def check_content_type(request: Request, accepted: tuple[str, ...]) -> None:
    """Raise UnsupportedMediaType unless the body is declared as one of `accepted`."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared not in accepted:
        raise UnsupportedMediaType(f"Content-Type {declared[:80]!r}; send one of: {', '.join(accepted)}")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("compressed bodies are not read here")


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body of at most `limit` bytes. Raises PayloadTooLarge as soon as it is known to be longer."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise PayloadTooLarge(f"{declared[:20]} bytes; the limit is {limit}")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise PayloadTooLarge(f"more than {limit} bytes")
        parts.append(part)
    return b"".join(parts)


async def read_struct(request: Request, kind: type[T]) -> T:
    """A small JSON body as a struct. Raises InvalidRequest naming what is wrong."""
    check_content_type(request, JSON_TYPES)
    try:
        return msgspec.json.decode(await read_body(request, SMALL_BODY), type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequest("the body does not fit", errors=[{"in": "body", "message": str(error)[:200]}]) from None
