"""The intake on real databases: what goes in comes out once, and the books balance."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import func, select, text

from services.storage import tables as t
from services.storage.audit import audit_books, audit_chains
from services.storage.engine import make_engine, unit_of_work
from services.storage.intake import Incoming, Intake
from uskat.wire.errors import RejectReason
from uskat.wire.water import WaterPacket, encode_water

START = datetime(2026, 6, 1, tzinfo=UTC)


def message(packet: WaterPacket | list[WaterPacket] | bytes, device: str = "U-43", kind: str = "water") -> Incoming:
    payload = packet if isinstance(packet, bytes) else encode_water(packet)
    received = START + timedelta(days=2)
    return Incoming(f"uskat/v1/{device}/{kind}", payload, int(received.timestamp() * 1e6))


def packet(minute: int, *, seq: int | None = None, **values: float) -> WaterPacket:
    return WaterPacket(t=START + timedelta(minutes=minute), v=values or {"ph": 7.5, "temp": 11.25}, seq=seq)


@pytest.fixture
def filled(network_database: str) -> str:
    return network_database


@pytest.fixture
async def intake(filled: str) -> AsyncIterator[Intake]:
    opened = await Intake.open(filled, worker="test")
    yield opened
    await opened.close()


async def rows(url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def test_a_reading_is_stored_with_its_raw_message_interval_journal_and_ledger(
    intake: Intake, filled: str
) -> None:
    [outcome] = await intake.store([message(packet(0, seq=7))])
    assert (outcome.received, outcome.stored, outcome.seqs) == (2, 2, [7])
    observations = await rows(filled, "SELECT value, flag, raw_id FROM observation ORDER BY value")
    assert [(row["value"], row["flag"]) for row in observations] == [(7.5, 1), (11.25, 1)]
    assert {row["raw_id"] for row in observations} == {outcome.raw_id}
    [raw] = await rows(filled, "SELECT * FROM raw_message")
    assert (raw["raw_id"], raw["payload"], raw["seq_first"], raw["readings"]) == (
        outcome.raw_id, message(packet(0, seq=7)).payload, 7, 2,
    )  # fmt: skip
    intervals = await rows(filled, "SELECT n, n_valid, total, minimum FROM interval_20min ORDER BY minimum")
    assert [tuple(row) for row in intervals] == [(1, 1, 7_500_000, 7.5), (1, 1, 11_250_000, 11.25)]
    [entry] = await rows(filled, "SELECT kind, time_min, time_max, entries FROM journal")
    assert tuple(entry) == ("water", START, START, 2)
    [book] = await rows(filled, "SELECT messages, received, stored, duplicate, conflict, rejected FROM ledger")
    assert tuple(book) == (1, 2, 2, 0, 0, 0)


async def test_the_same_message_again_is_a_duplicate_and_changes_nothing(intake: Intake, filled: str) -> None:
    await intake.store([message(packet(0)), message(packet(1))])
    before = await rows(filled, "SELECT * FROM interval_20min ORDER BY series_id")
    outcomes = await intake.store([message(packet(1)), message(packet(2)), message(packet(2))])
    assert [(o.stored, o.duplicate) for o in outcomes] == [(0, 2), (2, 0), (0, 2)]
    assert [row["n"] for row in before] == [2, 2]
    assert [row["n"] for row in await rows(filled, "SELECT n FROM interval_20min")] == [3, 3]
    assert (await rows(filled, "SELECT count(*) AS n FROM observation"))[0]["n"] == 6


async def test_another_value_for_the_same_moment_is_kept_as_a_conflict_and_the_first_stays(
    intake: Intake, filled: str
) -> None:
    await intake.store([message(packet(0, ph=7.0))])
    outcomes = await intake.store([message(packet(0, ph=9.0)), message(packet(0, ph=9.0)), message(packet(0, ph=8.0))])
    assert [(o.stored, o.duplicate, o.conflict) for o in outcomes] == [(0, 0, 1), (0, 1, 0), (0, 0, 1)]
    assert [row["value"] for row in await rows(filled, "SELECT value FROM observation")] == [7.0]
    kept = await rows(filled, "SELECT value FROM observation_conflict ORDER BY value")
    assert [row["value"] for row in kept] == [8.0, 9.0]
    assert (await rows(filled, "SELECT n FROM interval_20min"))[0]["n"] == 1


async def test_bad_parts_are_refused_with_a_reason_and_take_no_good_reading_with_them(
    intake: Intake, filled: str
) -> None:
    future = WaterPacket(t=START + timedelta(days=9), v={"ph": 7.0}, seq=3)
    ancient = WaterPacket(t=datetime(1970, 1, 1, tzinfo=UTC), v={"ph": 7.0, "temp": 1.0})
    stranger = WaterPacket(t=START, v={"ph": 7.0}, device="U-36")
    outcomes = await intake.store(
        [
            message(b'{"t":"2026-06-01T00:05:00Z","v":{"ph":7.1,"temp":"warm","magic":1}}'),
            message(future), message(ancient), message(stranger), message(b"\x00\x01"), message(packet(0), "nobody"),
            Incoming("other/topic", b"{}", 0), message(packet(0), kind="ack"), message(packet(3)),
        ]
    )  # fmt: skip
    assert [(o.stored, o.rejected) for o in outcomes] == [
        (1, 2), (0, 1), (0, 2), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (2, 0),
    ]  # fmt: skip
    refused = await rows(filled, "SELECT reason, readings, seq FROM rejected ORDER BY raw_id, parameter")
    assert [(row["reason"], row["readings"]) for row in refused] == [
        (RejectReason.UNKNOWN_PARAMETER, 1), (RejectReason.BAD_VALUE, 1), (RejectReason.CLOCK_FUTURE, 1),
        (RejectReason.CLOCK_PAST, 2), (RejectReason.IDENTITY_MISMATCH, 1), (RejectReason.UNDECODABLE, 1),
        (RejectReason.UNKNOWN_DEVICE, 1), (RejectReason.BAD_TOPIC, 1), (RejectReason.BAD_TOPIC, 1),
    ]  # fmt: skip
    unbalanced = await rows(filled, "SELECT * FROM ledger WHERE received <> stored + duplicate + conflict + rejected")
    assert unbalanced == []
    assert (await rows(filled, "SELECT count(*) AS n FROM raw_message"))[0]["n"] == 9


async def test_values_outside_the_physical_range_are_flagged_and_do_not_enter_the_mean(
    intake: Intake, filled: str
) -> None:
    await intake.store([message(packet(0, ph=7.0)), message(packet(1, ph=15.0)), message(packet(2, ph=1e308))])
    assert [row["flag"] for row in await rows(filled, "SELECT flag FROM observation ORDER BY time")] == [1, 4, 4]
    [interval] = await rows(filled, "SELECT n, n_valid, total FROM interval_20min")
    assert tuple(interval) == (3, 1, 7_000_000)


async def test_two_writers_at_once_store_every_reading_once(filled: str) -> None:
    first, second = await Intake.open(filled, worker="a"), await Intake.open(filled, worker="b")
    await first.store([message(packet(0))])
    await second.store([message(packet(0)), message(packet(1))])
    await first.store([message(packet(1)), message(packet(2))])
    lanes = await rows(filled, "SELECT DISTINCT raw_id & 4095 AS lane FROM raw_message ORDER BY 1")
    assert [row["lane"] for row in lanes] == [0, 1]
    [count] = await rows(filled, "SELECT count(*) AS n, count(DISTINCT (series_id, time)) AS keys FROM observation")
    assert (count["n"], count["keys"]) == (6, 6)
    await first.close()
    await second.close()


async def test_the_hash_chain_goes_on_after_a_restart(filled: str) -> None:
    for minute in range(3):
        intake = await Intake.open(filled, worker="test")
        await intake.store([message(packet(minute))])
        await intake.close()
    chain = await rows(filled, "SELECT chain_seq, prev_hash, hash FROM raw_message ORDER BY raw_id")
    assert [row["chain_seq"] for row in chain] == [1, 2, 3]
    assert [row["prev_hash"] for row in chain] == [bytes(32), chain[0]["hash"], chain[1]["hash"]]


async def test_migrated_tables_equal_the_declared_ones(embedded_database: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = make_engine(embedded_database)
    async with engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), t.metadata)
        )
        assert await connection.scalar(select(func.count()).select_from(t.observation)) == 0
    await engine.dispose()
    assert [change for change in differences if "alembic_version" not in str(change)] == []


async def test_the_audit_finds_a_changed_byte_and_a_missing_reading(intake: Intake, filled: str) -> None:
    await intake.store([message(packet(minute)) for minute in range(5)])
    await intake.store([message(packet(2)), message(packet(3, ph=1.0)), message(b"junk")])
    engine = make_engine(filled)
    async with engine.connect() as connection:
        assert await audit_books(connection) == []
        states = [state async for state in audit_chains(connection)]
        assert [(state.links, state.fault) for state in states] == [(8, None)]
    async with unit_of_work(engine) as connection:
        await connection.execute(text("UPDATE raw_message SET payload = 'x' WHERE chain_seq = 3"))
        await connection.execute(text("DELETE FROM observation WHERE value = 11.25 AND time = '2026-06-01T00:00:00Z'"))
    async with engine.connect() as connection:
        assert [(d.what, d.ledger, d.tables) for d in await audit_books(connection)] == [("stored", 10, 9)]
        [state] = [state async for state in audit_chains(connection)]
        assert state.fault is not None
        assert state.links == 2
    await engine.dispose()


async def test_other_bytes_for_the_same_record_are_a_conflict_and_both_are_kept(intake: Intake, filled: str) -> None:
    from uskat.wire.status import HistogramPeak, encode_histogram

    def peaks(value: float) -> Incoming:
        body = encode_histogram(HistogramPeak(t=START, length_s=60, peak={"V": value}))
        return message(body, "SEIS-TALDA-1", "histogram")

    outcomes = await intake.store([peaks(1.0), peaks(1.0), peaks(2.0)])
    assert [(o.stored, o.duplicate, o.conflict) for o in outcomes] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    kept = await rows(filled, "SELECT first FROM histogram_interval ORDER BY raw_id")
    assert [row["first"] for row in kept] == [True, False]


async def test_an_interval_deleted_behind_the_writers_back_is_made_again(intake: Intake, filled: str) -> None:
    await intake.store([message(packet(0, ph=7.0))])
    connection = await asyncpg.connect(filled)
    await connection.execute("DELETE FROM interval_20min")
    await connection.close()
    [outcome] = await intake.store([message(packet(1, ph=7.5))])
    assert outcome.stored == 1
    [interval] = await rows(filled, "SELECT n, total FROM interval_20min")
    assert tuple(interval) == (1, 7_500_000)


async def test_a_unit_that_a_sender_states_is_converted_and_one_that_does_not_convert_is_refused(
    intake: Intake, filled: str
) -> None:
    payload = (
        b'[{"bn":"U-43:","bt":1780272000,"n":"nh4","u":"mg/L N","v":0.4},{"n":"temp","u":"K","v":283.15},'
        b'{"n":"ph","u":"mV","v":7},{"n":"unheard","u":"mg/L","v":1}]'
    )
    [outcome] = await intake.store([message(payload, kind="senml")])
    found = await rows(
        filled,
        "SELECT p.code, o.value FROM observation o JOIN series s ON s.id = o.series_id"
        " JOIN parameter p ON p.id = s.parameter_id ORDER BY p.code",
    )
    assert {row["code"]: pytest.approx(row["value"]) for row in found} == {"nh4": 0.4 * 1.2878, "temp": 10.0}
    assert sorted(refusal.reason for refusal in outcome.refusals) == [
        RejectReason.UNKNOWN_PARAMETER, RejectReason.WRONG_UNIT,
    ]  # fmt: skip
    [raw] = await rows(filled, "SELECT payload FROM raw_message")
    assert raw["payload"] == payload
