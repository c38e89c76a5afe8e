"""A photograph of a blast's cloud: what it is, how large, and the same picture without what it tells of people.

JPEG (ITU-T T.81, JFIF) and PNG (ISO/IEC 15948) are read by their own structure, never by their name or declared type,
and copied segment by segment: place, time, camera, owner, thumbnails, comments and whatever is glued behind the end are
left out, the picture itself is not touched. Orientation is metadata too: a picture may lie on its side afterwards.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

LARGEST_BYTES = 8 * 2**20
LARGEST_SIDE_PX = 12_000
SMALLEST_SIDE_PX = 64
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
PNG_START = b"\x89PNG\r\n\x1a\n"
SCAN, APP0, ADOBE, COMMENT = 0xDA, 0xE0, 0xEE, 0xFE
APPLICATION = range(0xE0, 0xF0)
FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
RESTARTS = range(0xD0, 0xD8)
JFIF_BYTES = 14
ADOBE_BYTES = 12
KEPT_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD"})


class PhotographError(ValueError):
    """Bytes that are no photograph we keep; the text says why."""


class PhotographKind(StrEnum):
    """Kinds that are kept, by media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph without metadata. sha256: of `content`, by which a fume observation names it."""

    kind: PhotographKind
    width_px: int
    height_px: int
    content: bytes
    sha256: str


def read_photograph(payload: bytes) -> Photograph:
    """The photograph without its metadata; raises PhotographError for another kind, size or broken structure."""
    if len(payload) > LARGEST_BYTES:
        raise PhotographError(f"{len(payload)} bytes; the limit is {LARGEST_BYTES}")
    if payload.startswith(JPEG_START):
        kind, (content, width, height) = PhotographKind.JPEG, _jpeg(payload)
    elif payload.startswith(PNG_START):
        kind, (content, width, height) = PhotographKind.PNG, _png(payload)
    else:
        raise PhotographError("neither JPEG nor PNG")
    if min(width, height) < SMALLEST_SIDE_PX or max(width, height) > LARGEST_SIDE_PX:
        raise PhotographError(f"{width} × {height}; a side has {SMALLEST_SIDE_PX} to {LARGEST_SIDE_PX} pixels")
    return Photograph(kind, width, height, content, hashlib.sha256(content).hexdigest())


def _jpeg(payload: bytes) -> tuple[bytes, int, int]:
    kept, size = [JPEG_START], (0, 0)
    scans = 0
    for marker, body, coded in _segments(payload):
        if marker in FRAMES:
            if len(body) < 5:
                raise PhotographError("JPEG: a frame without a size")
            size = struct.unpack(">HH", body[1:5])
        without = _without_metadata(marker, body)
        if without is None:
            continue
        scans += marker == SCAN
        kept.append(struct.pack(">BBH", 0xFF, marker, len(without) + 2) + without + coded)
    if not scans:
        raise PhotographError("JPEG: no picture inside")
    height, width = size
    return b"".join([*kept, JPEG_END]), width, height


def _without_metadata(marker: int, body: bytes) -> bytes | None:
    """The body of a segment without its thumbnail; None for a segment that holds metadata only."""
    if marker == APP0 and body.startswith(b"JFIF\0"):
        return body[: JFIF_BYTES - 2] + b"\0\0"
    if marker == ADOBE and body.startswith(b"Adobe"):
        return body[:ADOBE_BYTES]
    return None if marker in APPLICATION or marker == COMMENT else body


def _segments(payload: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Marker, body and the coded data behind it (of a scan), up to the end of the image."""
    place = len(JPEG_START)
    while True:
        while payload[place : place + 2] == b"\xff\xff":  # fill bytes
            place += 1
        head = payload[place : place + 2]
        if head == JPEG_END:
            return
        if len(head) < 2 or head[0] != 0xFF or head[1] in {0x00, 0x01, *RESTARTS}:
            raise PhotographError("JPEG: cut off or broken")
        length = int.from_bytes(payload[place + 2 : place + 4], "big")
        body = payload[place + 4 : place + 2 + length]
        if length < 2 or len(body) != length - 2:
            raise PhotographError("JPEG: cut off or broken")
        place += 2 + length
        end = _end_of_scan(payload, place) if head[1] == SCAN else place
        yield head[1], body, payload[place:end]
        place = end


def _end_of_scan(payload: bytes, place: int) -> int:
    """Where the next marker behind coded data stands; stuffed zeros and restarts belong to the data."""
    while True:
        place = payload.find(b"\xff", place)
        if place < 0 or place + 1 >= len(payload):
            raise PhotographError("JPEG: cut off or broken")
        if payload[place + 1] != 0x00 and payload[place + 1] not in RESTARTS:
            return place
        place += 2


def _png(payload: bytes) -> tuple[bytes, int, int]:
    place, kept, size, data = len(PNG_START), [PNG_START], (0, 0), 0
    while True:
        head = payload[place : place + 8]
        if len(head) < 8:
            raise PhotographError("PNG: cut off or broken")
        length, name = struct.unpack(">I4s", head)
        chunk = payload[place : place + 12 + length]
        whole = len(chunk) == 12 + length and (name != b"IHDR" or length == 13)
        if not whole or (place == len(PNG_START)) != (name == b"IHDR"):
            raise PhotographError("PNG: cut off or broken")
        if name == b"IHDR":
            size = struct.unpack(">II", chunk[8:16])
        data += name == b"IDAT"
        if name in KEPT_CHUNKS:
            kept.append(chunk)
        elif not name[0] & 0x20:
            raise PhotographError(f"PNG: unknown critical chunk {name!r}")
        place += len(chunk)
        if name == b"IEND":
            break
    if not data:
        raise PhotographError("PNG: no picture inside")
    return b"".join(kept), *size
