"""Our own COPY encoding stores the very bits that asyncpg's encoding stores."""

import random
from datetime import UTC, datetime, timedelta

import asyncpg
import numpy as np

from services.storage.intake.pgcopy import (
    HEADER,
    OBSERVATION_COLUMNS,
    RAW_COLUMNS,
    TRAILER,
    observation_rows,
    one_chunk,
    raw_row,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time_us: int | None) -> datetime | None:
    return None if time_us is None else EPOCH + timedelta(microseconds=time_us)


async def dump(connection: asyncpg.Connection, table: str, columns: tuple[str, ...]) -> bytes:
    pieces: list[bytes] = []

    async def take(piece: bytes) -> None:
        pieces.append(piece)

    query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY raw_id"
    await connection.copy_from_query(query, output=take, format="binary")
    return b"".join(pieces)


async def test_observations_are_stored_as_asyncpg_would_store_them(database: str) -> None:
    dice = random.Random(1)
    values = [0.0, -0.0, 5e-324, 1.7976931348623157e308, float("inf"), float("nan"), 0.1, -273.15]
    times = [1, 946_684_800_000_000, 1_779_000_000_123_456, *(dice.randrange(4 * 10**15) for _ in range(5))]
    rows = [
        (9, moment(t), v, f, n)
        for n, (t, v, f) in enumerate(zip(times, values, [1, 4, 20, 36, -1, 3, 1, 1], strict=True))
    ]
    connection = await asyncpg.connect(database)
    try:
        await connection.copy_records_to_table("observation", records=rows, columns=OBSERVATION_COLUMNS)
        theirs = await dump(connection, "observation", OBSERVATION_COLUMNS)
        await connection.execute("TRUNCATE observation")
        payload = observation_rows(
            np.full(8, 9, np.int32), np.array(times, np.int64), np.array(values), np.array([r[3] for r in rows], np.int16),
            np.arange(8, dtype=np.int64),
        )  # fmt: skip
        await connection.copy_to_table(
            "observation", source=one_chunk(payload), columns=OBSERVATION_COLUMNS, format="binary"
        )
        assert await dump(connection, "observation", OBSERVATION_COLUMNS) == theirs == payload
    finally:
        await connection.close()


async def test_raw_messages_are_stored_as_asyncpg_would_store_them(database: str) -> None:
    now_us = 1_779_000_000_000_001
    cases = [
        (None, "uskat/v1/ТОМЬ/water", b"", (None, None, None, None), 0),
        (7, "uskat/v1/U-1/water", bytes(range(256)) * 300, (1, 2**63 - 1, now_us - 5, now_us), 2**31 - 1),
    ]
    connection = await asyncpg.connect(database)
    try:
        records = [
            (moment(now_us + n), n, device, topic, payload, n + 1, bytes(32), b"h" * 32, span[0], span[1], moment(span[2]),
             moment(span[3]), readings)
            for n, (device, topic, payload, span, readings) in enumerate(cases)
        ]  # fmt: skip
        await connection.copy_records_to_table("raw_message", records=records, columns=RAW_COLUMNS)
        theirs = await dump(connection, "raw_message", RAW_COLUMNS)
        await connection.execute("TRUNCATE raw_message")
        rows = [
            raw_row(
                stored_us=now_us + n, raw_id=n, device_id=device, topic=topic.encode(), payload=payload, chain_seq=n + 1,
                prev_hash=bytes(32), digest=b"h" * 32, span=span, readings=readings,
            )
            for n, (device, topic, payload, span, readings) in enumerate(cases)
        ]  # fmt: skip
        payload = b"".join([HEADER, *rows, TRAILER])
        await connection.copy_to_table("raw_message", source=one_chunk(payload), columns=RAW_COLUMNS, format="binary")
        assert await dump(connection, "raw_message", RAW_COLUMNS) == theirs == payload
    finally:
        await connection.close()
