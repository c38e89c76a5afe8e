"""The bytes of binary COPY, read back field by field as PostgreSQL's documentation lays them out."""

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.storage.intake.pgcopy import (
    HEADER,
    OBSERVATION_COLUMNS,
    PG_EPOCH_US,
    RAW_COLUMNS,
    TRAILER,
    observation_rows,
    raw_row,
)

ROWS = st.lists(
    st.tuples(
        st.integers(1, 2**31 - 1), st.integers(0, 4 * 10**15), st.floats(), st.integers(-(2**15), 2**15 - 1),
        st.integers(0, 2**63 - 1),
    ),
    max_size=20,
)  # fmt: skip


def fields(payload):
    """Rows of a COPY stream without header and trailer: lists of bytes or None."""
    rows, place = [], 0
    while place < len(payload):
        (count,) = struct.unpack_from(">h", payload, place)
        place += 2
        row = []
        for _ in range(count):
            (length,) = struct.unpack_from(">i", payload, place)
            place += 4
            row.append(None if length < 0 else payload[place : place + length])
            place += max(length, 0)
        rows.append(row)
    return rows


@given(rows=ROWS)
def test_observations_read_back_bit_by_bit(rows):
    columns = [
        np.array([row[place] for row in rows], kind) for place, kind in enumerate(["i4", "i8", "f8", "i2", "i8"])
    ]
    payload = observation_rows(*columns)
    assert payload.startswith(HEADER)
    assert payload.endswith(TRAILER)
    found = fields(payload[len(HEADER) : -len(TRAILER)])
    assert found == [
        [struct.pack(">i", series), struct.pack(">q", time_us - PG_EPOCH_US), struct.pack(">d", value),
         struct.pack(">h", flag), struct.pack(">q", raw_id)]
        for series, time_us, value, flag, raw_id in rows
    ]  # fmt: skip
    assert all(len(row) == len(OBSERVATION_COLUMNS) for row in found)


@given(
    payload=st.binary(max_size=40), topic=st.text(st.characters(codec="utf-8"), max_size=10),
    device=st.none() | st.integers(1, 2**31 - 1),
    span=st.tuples(*[st.none() | st.integers(0, 2**62)] * 2, *[st.none() | st.integers(0, 4 * 10**15)] * 2),
)  # fmt: skip
def test_raw_messages_read_back_bit_by_bit(payload, topic, device, span):
    row = raw_row(
        stored_us=PG_EPOCH_US + 5, raw_id=7, device_id=device, topic=topic.encode(), payload=payload, chain_seq=3,
        prev_hash=b"p" * 32, digest=b"d" * 32, span=span, readings=9,
    )  # fmt: skip
    ((received, raw_id, device_id, name, body, chain, before, digest, *rest, readings),) = fields(row)
    assert (received, raw_id, chain) == (struct.pack(">q", 5), struct.pack(">q", 7), struct.pack(">q", 3))
    assert device_id == (None if device is None else struct.pack(">i", device))
    assert (name, body, before, digest) == (topic.encode(), payload, b"p" * 32, b"d" * 32)
    shifted = [*span[:2], *(None if moment is None else moment - PG_EPOCH_US for moment in span[2:])]
    assert rest == [None if value is None else struct.pack(">q", value) for value in shifted]
    assert readings == struct.pack(">i", 9)
    assert len(fields(row)[0]) == len(RAW_COLUMNS)
