"""PostgreSQL binary COPY built from arrays: one buffer, no per-row encoding."""

import struct
from collections.abc import AsyncIterator

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
PG_EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970: PostgreSQL's zero of time."""

OBSERVATION_COLUMNS = ("series_id", "time", "value", "flag", "raw_id")
_OBSERVATION = np.dtype(
    [
        ("fields", ">i2"),
        ("l1", ">i4"), ("series_id", ">i4"),
        ("l2", ">i4"), ("time", ">i8"),
        ("l3", ">i4"), ("value", ">f8"),
        ("l4", ">i4"), ("flag", ">i2"),
        ("l5", ">i4"), ("raw_id", ">i8"),
    ]
)  # fmt: skip


def observation_rows(
    series_id: NDArray[np.int32],
    time_us: NDArray[np.int64],
    value: NDArray[np.float64],
    flag: NDArray[np.int16],
    raw_id: NDArray[np.int64],
) -> bytes:
    """COPY payload of `observation`; all arrays of shape (n,), time in microseconds since 1970."""
    rows = np.empty(len(series_id), _OBSERVATION)
    rows["fields"] = len(OBSERVATION_COLUMNS)
    rows["l1"], rows["l2"], rows["l3"], rows["l4"], rows["l5"] = 4, 8, 8, 2, 8
    rows["series_id"] = series_id
    rows["time"] = time_us - PG_EPOCH_US
    rows["value"] = value
    rows["flag"] = flag
    rows["raw_id"] = raw_id
    return HEADER + rows.tobytes() + TRAILER


RAW_COLUMNS = (
    "received_at", "raw_id", "device_id", "topic", "payload", "chain_seq", "prev_hash", "hash",
    "seq_first", "seq_last", "t_first", "t_last", "readings",
)  # fmt: skip
_RAW_HEAD = struct.Struct(">hiqiq")
_NULL = struct.pack(">i", -1)
_INT4 = struct.Struct(">ii")
_INT8 = struct.Struct(">iq")
_LENGTH = struct.Struct(">i")


def _int8(value: int | None) -> bytes:
    return _NULL if value is None else _INT8.pack(8, value)


def _time(value: int | None) -> bytes:
    return _NULL if value is None else _INT8.pack(8, value - PG_EPOCH_US)


def _bytes(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


def raw_row(
    *,
    stored_us: int,
    raw_id: int,
    device_id: int | None,
    topic: bytes,
    payload: bytes,
    chain_seq: int,
    prev_hash: bytes,
    digest: bytes,
    span: tuple[int | None, int | None, int | None, int | None],
    readings: int,
) -> bytes:
    """One row of `raw_message`; `span` = (seq_first, seq_last, t_first, t_last), times in microseconds since 1970."""
    seq_first, seq_last, t_first, t_last = span
    return b"".join(
        (
            _RAW_HEAD.pack(len(RAW_COLUMNS), 8, stored_us - PG_EPOCH_US, 8, raw_id),
            _NULL if device_id is None else _INT4.pack(4, device_id),
            _bytes(topic),
            _bytes(payload),
            _INT8.pack(8, chain_seq),
            _bytes(prev_hash),
            _bytes(digest),
            _int8(seq_first),
            _int8(seq_last),
            _time(t_first),
            _time(t_last),
            _INT4.pack(4, readings),
        )
    )


async def one_chunk(payload: bytes) -> AsyncIterator[bytes]:
    """COPY source of a single buffer (an async source keeps asyncpg from using a thread)."""
    yield payload
