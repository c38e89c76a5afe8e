"""Figures as answers: drawn one at a time in a thread of their own, because the plotting library is not thread-safe.

The library is loaded with the first figure: a process that draws none neither waits for it nor keeps it.
"""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from services.api.errors import Overloaded

MOST_WAITING = 20
MAX_AGE_S = 3600
_draughtsman = ThreadPoolExecutor(max_workers=1, thread_name_prefix="figures")
_waiting = [0]


class Image(StrEnum):
    """How a figure may be written."""

    PNG = "png"
    SVG = "svg"


MEDIA_TYPE = {Image.PNG: "image/png", Image.SVG: "image/svg+xml"}
IMAGES = {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPE.values()}
ImageName = Annotated[Image, Query(alias="format", description="png or svg")]


async def drawn(draw: Callable[[], bytes]) -> bytes:
    """What `draw` returns, after the figures asked for before. Raises Overloaded when too many wait."""
    if _waiting[0] >= MOST_WAITING:
        raise Overloaded("too many figures are being drawn; ask again in a moment")
    _waiting[0] += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_draughtsman, draw)
    finally:
        _waiting[0] -= 1


def image_reply(request: Request, body: bytes, image: Image, *, max_age_s: int = MAX_AGE_S) -> Response:
    """A cacheable figure with an entity tag; 304 when the reader has it already."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    scope = "private" if "authorization" in request.headers else "public"
    headers = {"ETag": tag, "Cache-Control": f"{scope}, max-age={max_age_s}", "Vary": "Authorization"}
    if tag in [part.strip() for part in request.headers.get("if-none-match", "").split(",")]:
        return Response(None, 304, headers)
    return Response(body, 200, headers, MEDIA_TYPE[image])
