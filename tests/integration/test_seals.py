"""Closed days: what was stored is what was signed, whatever is changed is found, and the public sees the roots."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from services.alerts.sealing import seal_until
from services.storage.engine import libpq_url, make_engine, unit_of_work
from services.storage.intake import Incoming, Intake
from services.storage.intake.identity import Link, next_link
from services.storage.seal_store import check_day, days_to_seal, seal_due_days, sealed_days
from uskat.supervision.evidence.seal import raw_ids_of, statement_of
from uskat.wire.water import WaterPacket, encode_water

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DAY = date(2026, 6, 1)
MIDNIGHT = datetime(2026, 6, 1, tzinfo=UTC)
DEVICES = ("U-43", "U-36")
CHANGES = 1_000
EVERY = {"first": date.min, "last": date.max, "limit": 100}


def packet(device: str, moment: datetime) -> Incoming:
    body = encode_water(WaterPacket(t=moment, v={"ph": 7.5}))
    return Incoming(f"uskat/v1/{device}/water", body, round(moment.timestamp() * 1e6))


async def store(url: str, moments: list[datetime], *, unknown: bool = False) -> None:
    clock = iter(moments)
    now = {"at": moments[0]}
    intake = await Intake.open(url, worker="test", clock=lambda: now["at"])
    for moment in clock:
        now["at"] = moment
        messages = [packet(device, moment) for device in DEVICES]
        await intake.store([*messages, packet("nobody", moment)] if unknown else messages)
    await intake.close()


@pytest.fixture
async def engine(embedded_network_database: str) -> AsyncIterator[Any]:
    made = make_engine(embedded_network_database)
    yield made
    await made.dispose()


@pytest.fixture
async def either(network_database: str) -> AsyncIterator[Any]:
    """On TimescaleDB and on plain PostgreSQL: the lock and the ranges meet a hypertable on one of them."""
    made = make_engine(network_database)
    yield made
    await made.dispose()


async def faults_of(connection: Any, *, key: Any = KEY) -> list[str]:
    days = await sealed_days(connection, **EVERY)
    return [fault for day in reversed(days) for fault in await check_day(connection, day, trusted=key.public_key())]


async def test_days_are_closed_in_order_and_the_empty_one_between_too(either: Any, network_database: str) -> None:
    engine = either
    await store(network_database, [MIDNIGHT + timedelta(hours=h) for h in (1, 2, 50)], unknown=True)
    noon = MIDNIGHT + timedelta(days=2, hours=12)
    async with unit_of_work(engine) as connection:
        assert await days_to_seal(connection, now=MIDNIGHT + timedelta(days=1, minutes=59), limit=9) == []
    done = await seal_due_days(engine, KEY, now=noon)
    assert done == [(DAY, []), (DAY + timedelta(days=1), [])]
    assert await seal_due_days(engine, KEY, now=noon) == []
    async with unit_of_work(engine) as connection:
        second, first = await sealed_days(connection, **EVERY)
        assert (first.messages, second.messages, second.fault) == (6, 0, None)
        assert statement_of(first.statement).previous is None
        assert statement_of(second.statement).previous == statement_of(first.statement).digest()
        assert await faults_of(connection) == []
        other = Ed25519PrivateKey.from_private_bytes(bytes(32))
        assert any("signature" in fault for fault in await faults_of(connection, key=other))


async def test_a_late_message_belongs_to_the_day_on_which_it_was_stored(
    engine: Any, embedded_network_database: str
) -> None:
    await store(embedded_network_database, [MIDNIGHT + timedelta(hours=1)])
    await seal_due_days(engine, KEY, now=MIDNIGHT + timedelta(hours=26))
    intake = await Intake.open(embedded_network_database, worker="test", clock=lambda: MIDNIGHT + timedelta(hours=27))
    await intake.store([packet("U-43", MIDNIGHT + timedelta(hours=2))])  # measured on the closed day
    await intake.close()
    await seal_due_days(engine, KEY, now=MIDNIGHT + timedelta(hours=50))
    async with unit_of_work(engine) as connection:
        assert [day.messages for day in await sealed_days(connection, **EVERY)] == [1, 2]
        assert await faults_of(connection) == []


async def test_the_alerts_process_closes_what_is_due(engine: Any, embedded_network_database: str) -> None:
    import asyncio

    await store(embedded_network_database, [MIDNIGHT + timedelta(hours=1)])
    stop = asyncio.Event()
    task = asyncio.create_task(seal_until(stop, engine, key=KEY, clock=lambda: MIDNIGHT + timedelta(hours=26)))
    async with asyncio.timeout(30):
        while True:
            async with unit_of_work(engine) as connection:
                if await sealed_days(connection, **EVERY):
                    break
            await asyncio.sleep(0.02)
    stop.set()
    await task


class Tamperer:
    """Changes of the stored chain and of closed days, drawn by a seed; each says what must be named."""

    def __init__(self, rows: list[asyncpg.Record], seed: int) -> None:
        self.rows, self.draw = rows, random.Random(seed)
        self.kinds = [
            self.byte, self.byte, self.byte, self.delete, self.swap, self.insert, self.renumber, self.rewrite,
            self.cut, self.moment, self.owner, self.seal,
        ]  # fmt: skip

    def one(self) -> tuple[list[tuple[str, list[Any]]], str]:
        """Statements with values, and words that the report must hold."""
        return self.draw.choice(self.kinds)()

    def byte(self) -> tuple[list[tuple[str, list[Any]]], str]:
        row = self.draw.choice(self.rows)
        column = self.draw.choice(["payload", "hash", "prev_hash", "topic"])
        value = bytearray(row[column].encode() if column == "topic" else row[column])
        at = self.draw.randrange(len(value))
        value[at] ^= self.draw.randrange(1, 32)
        if column == "topic":
            value[at] = value[at] & 0x7F or 0x41
            changed: Any = value.decode()
            if changed == row["topic"]:
                changed += "x"
        else:
            changed = bytes(value)
        return [(f"UPDATE raw_message SET {column} = $1 WHERE raw_id = $2", [changed, row["raw_id"]])], str(
            row["raw_id"]
        )

    def delete(self) -> tuple[list[tuple[str, list[Any]]], str]:
        row = self.draw.choice(self.rows)
        return [("DELETE FROM raw_message WHERE raw_id = $1", [row["raw_id"]])], str(DAY)

    def swap(self) -> tuple[list[tuple[str, list[Any]]], str]:
        one, other = self.draw.sample(self.rows, 2)
        change = "UPDATE raw_message SET payload = $1, topic = $2 WHERE raw_id = $3"
        return [
            (change, [other["payload"], other["topic"], one["raw_id"]]),
            (change, [one["payload"], one["topic"], other["raw_id"]]),
        ], str(one["raw_id"])

    def insert(self) -> tuple[list[tuple[str, list[Any]]], str]:
        row = self.draw.choice(self.rows)
        raw_id = row["raw_id"] + 4096 * self.draw.randrange(1, 900)
        link, before = next_link(
            Link(row["chain_seq"], row["hash"]), raw_id=raw_id, topic=row["topic"], payload=row["payload"]
        )
        return [(
            ("INSERT INTO raw_message (received_at, raw_id, device_id, topic, payload, chain_seq, prev_hash, hash,"
            " readings) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)"),
            [MIDNIGHT + timedelta(microseconds=raw_id // 4096 - round(MIDNIGHT.timestamp() * 1e6)), raw_id,
             row["device_id"], row["topic"], row["payload"], link.chain_seq, before, link.digest],
        )], str(DAY)  # fmt: skip

    def renumber(self) -> tuple[list[tuple[str, list[Any]]], str]:
        row = self.draw.choice(self.rows)
        return [("UPDATE raw_message SET chain_seq = chain_seq + 1 WHERE raw_id = $1", [row["raw_id"]])], str(
            row["raw_id"]
        )

    def rewrite(self) -> tuple[list[tuple[str, list[Any]]], str]:
        """The chain computed anew from a changed message on, head and all: it fits itself, the root does not fit it."""
        device = self.draw.choice(self.rows)["device_id"]
        own = [row for row in self.rows if row["device_id"] == device]
        begin = self.draw.randrange(len(own))
        last = Link(own[begin - 1]["chain_seq"], own[begin - 1]["hash"]) if begin else None
        changes: list[tuple[str, list[Any]]] = []
        for row in own[begin:]:
            payload = row["payload"] if changes else row["payload"] + b" "
            last, before = next_link(last, raw_id=row["raw_id"], topic=row["topic"], payload=payload)
            changes.append((
                "UPDATE raw_message SET payload = $1, prev_hash = $2, hash = $3 WHERE raw_id = $4",
                [payload, before, last.digest, row["raw_id"]],
            ))  # fmt: skip
        assert last is not None
        head = "UPDATE chain_head SET hash = $1 WHERE device_id = $2"
        return [*changes, (head, [last.digest, device])], f"day {DAY}"

    def cut(self) -> tuple[list[tuple[str, list[Any]]], str]:
        """The newest link cut off together with its head, which no chain can show."""
        device = self.draw.choice(self.rows)["device_id"]
        own = [row for row in self.rows if row["device_id"] == device]
        return [
            ("DELETE FROM raw_message WHERE raw_id = $1", [own[-1]["raw_id"]]),
            ("UPDATE chain_head SET chain_seq = $1, hash = $2 WHERE device_id = $3",
             [own[-2]["chain_seq"], own[-2]["hash"], device]),
        ], f"day {DAY}"  # fmt: skip

    def moment(self) -> tuple[list[tuple[str, list[Any]]], str]:
        row = self.draw.choice(self.rows)
        shift = timedelta(seconds=self.draw.choice([-1, 1, 3600]))
        return [
            ("UPDATE raw_message SET received_at = received_at + $1 WHERE raw_id = $2", [shift, row["raw_id"]])
        ], str(row["raw_id"])

    def owner(self) -> tuple[list[tuple[str, list[Any]]], str]:
        row = self.draw.choice(self.rows)
        other = self.draw.choice([None, *{one["device_id"] for one in self.rows} - {row["device_id"]}])
        own = [one for one in self.rows if one["device_id"] == row["device_id"]]
        # a first link fits in front of another chain too; what is seen then is the gap that it leaves
        in_front = all(row["raw_id"] < one["raw_id"] for one in self.rows if one["device_id"] == other)
        named = own[1] if row["chain_seq"] == 1 and in_front else row
        change = "UPDATE raw_message SET device_id = $1 WHERE raw_id = $2"
        return [(change, [other, row["raw_id"]])], str(named["raw_id"])

    def seal(self) -> tuple[list[tuple[str, list[Any]]], str]:
        column, value = self.draw.choice(
            [("messages", 7), ("root", bytes(32)), ("statement", "{}"), ("signature", bytes(64)), ("key_id", "0" * 16)]
        )
        return [(f"UPDATE sealed_day SET {column} = $1", [value])], f"day {DAY}"


async def test_every_change_of_the_stored_chain_is_found_and_located(
    engine: Any, embedded_network_database: str
) -> None:
    await store(embedded_network_database, [MIDNIGHT + timedelta(hours=1, minutes=minute) for minute in range(6)])
    await seal_due_days(engine, KEY, now=MIDNIGHT + timedelta(hours=26))
    low, high = raw_ids_of(DAY)
    sql = await asyncpg.connect(libpq_url(embedded_network_database))
    rows = await sql.fetch("SELECT * FROM raw_message ORDER BY raw_id")
    await sql.close()
    assert all(low <= row["raw_id"] < high for row in rows)
    tamperer, missed = Tamperer(rows, seed=20261125), []
    async with engine.connect() as connection:
        assert await faults_of(connection) == []
        await connection.rollback()
        for number in range(CHANGES):
            changes, place = tamperer.one()
            for statement, values in changes:
                await connection.exec_driver_sql(statement, tuple(values))
            faults = await faults_of(connection)
            await connection.rollback()
            if not any(place in fault for fault in faults):
                missed.append((number, changes[0][0], place, faults))
        assert missed == []
        assert await faults_of(connection) == []
        assert await connection.scalar(text("SELECT count(*) FROM raw_message")) == len(rows)
