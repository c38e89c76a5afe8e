"""Fixed headers of miniSEED 2 records: whose samples and of which time each holds, without decoding one sample.

SEED 2.4 manual, ch. 8: fixed section of the data header (48 bytes), blockettes 100 (actual rate), 1000 (record length),
1001 (microseconds). Cutting a stored message between its records keeps every remaining byte as it was sent.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FIXED_BYTES = 48
RATE, DATA_ONLY, MICROSECONDS = 100, 1000, 1001
CORRECTED = 0x02
"""Activity flag: the time correction has been applied to the start already."""
_HEADER = re.compile(rb"[0-9 \0]{6}[DRQM]")
_TENTH_MS = timedelta(microseconds=100)


class RecordHeaderError(ValueError):
    """Bytes that are no miniSEED 2 record."""


@dataclass(frozen=True, slots=True)
class RecordSpan:
    """One record inside a payload. offset, length: bytes; quality: D, R, Q, M; start, end: first, last sample, UTC."""

    offset: int
    length: int
    nslc: str
    quality: str
    start: datetime
    end: datetime
    samples: int


def record_spans(payload: bytes) -> Iterator[RecordSpan]:
    """Every record of a payload, in its order; records without samples too. Raises RecordHeaderError."""
    offset = 0
    while offset < len(payload):
        span = _span(payload, offset)
        yield span
        offset += span.length


def _span(payload: bytes, offset: int) -> RecordSpan:
    if len(payload) - offset < FIXED_BYTES or _HEADER.match(payload, offset) is None:
        raise RecordHeaderError(f"no miniSEED header at byte {offset}")
    order = _byte_order(payload, offset)
    samples, factor, multiplier, flags, correction, place = struct.unpack_from(
        order + "Hhh B 3x i 2x H", payload, offset + 30
    )
    blockettes = dict(_blockettes(payload, offset, place=place, order=order))
    if DATA_ONLY not in blockettes:
        raise RecordHeaderError(f"no blockette 1000 at byte {offset}")
    length = 1 << payload[blockettes[DATA_ONLY] + 6]
    if not FIXED_BYTES < length <= len(payload) - offset:
        raise RecordHeaderError(f"{length} bytes of a record at byte {offset} are not there")
    rate = _rate_hz(factor, multiplier)
    if RATE in blockettes:
        (rate,) = struct.unpack_from(order + "f", payload, blockettes[RATE] + 4)
    start = _moment(payload, offset + 20, order)
    if not flags & CORRECTED:
        start += correction * _TENTH_MS
    if MICROSECONDS in blockettes:
        (micros,) = struct.unpack_from("b", payload, blockettes[MICROSECONDS] + 5)
        start += timedelta(microseconds=micros)
    try:
        end = start + timedelta(seconds=(samples - 1) / rate if samples > 1 and rate > 0 else 0)
    except OverflowError:
        raise RecordHeaderError(f"{samples} samples at {rate} Hz never end, at byte {offset}") from None
    nslc = ".".join(_text(payload, offset + first, size) for first, size in ((18, 2), (8, 5), (13, 2), (15, 3)))
    return RecordSpan(offset, length, nslc, chr(payload[offset + 6]), start, end, samples)


def _byte_order(payload: bytes, offset: int) -> str:
    """The order in which year and day of the year make sense, as every reader of SEED finds it out."""
    for order in ("<", ">"):
        year, day = struct.unpack_from(order + "HH", payload, offset + 20)
        if 1900 <= year <= 2100 and 1 <= day <= 366:
            return order
    raise RecordHeaderError(f"no possible date at byte {offset}")


def _blockettes(payload: bytes, offset: int, *, place: int, order: str) -> Iterator[tuple[int, int]]:
    """Type and position in the payload of each blockette; a chain that does not go forward ends."""
    while place >= FIXED_BYTES and offset + place + 8 <= len(payload):
        kind, following = struct.unpack_from(order + "HH", payload, offset + place)
        yield kind, offset + place
        if following <= place:
            return
        place = following


def _rate_hz(factor: int, multiplier: int) -> float:
    """SEED 2.4 ch. 8, fields 10 and 11: negative numbers are divisors."""
    if factor == 0 or multiplier == 0:
        return 0.0
    rate = float(factor) if factor > 0 else -1.0 / factor
    return rate * multiplier if multiplier > 0 else rate / -multiplier


def _moment(payload: bytes, place: int, order: str) -> datetime:
    year, day, hour, minute, second, tenth_ms = struct.unpack_from(order + "HHBBBxH", payload, place)
    midnight = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day - 1)
    return midnight + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=100 * tenth_ms)


def _text(payload: bytes, place: int, size: int) -> str:
    return payload[place : place + size].decode("ascii", "replace").strip("\0 ")
