"""Order does not matter (DESIGN §2.5): any permutation, duplication and splitting gives the same series and alerts.

What may depend on order, and nothing else: which of two *different* values for one moment of one series is the first
(the other is kept as a version, so the set of both is the same), raw_id and everything that tells when something
became known (`known_at`, `updated_at`, alert events, withdrawn alerts of an interim view). Silence is about receipt, not
about the water: a silence that was felt keeps the beginning it was felt with, so it is compared only when nobody looked
before everything had come.
"""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.alerts.worker import Evaluator
from services.storage.engine import libpq_url, make_engine
from services.storage.intake import Incoming, Intake
from tests.integration.alerts_world import T0, make_world
from uskat.wire.water import Mode, WaterPacket, encode_water

NOW = T0 + timedelta(days=3)
DEVICE = "U-01-dev"
EMPTIED = (
    "raw_message", "chain_head", "observation", "observation_conflict", "interval_20min", "rollup", "journal", "ledger",
    "rejected", "ingest_lane", "alert_event", "alert", "detector_state", "notification_log",
)  # fmt: skip
FINAL = {
    "observation": "SELECT series_id, time, value, flag FROM observation ORDER BY 1, 2",
    "interval": "SELECT * FROM interval_20min ORDER BY series_id, start",
    "rollup": "SELECT * FROM rollup ORDER BY series_id, resolution, start",
    "alert": "SELECT key, series_id, kind, severity, state, started_at, ended_at, settled_at, knowable_at, title, figures,"
    " reasons, norm FROM alert WHERE state <> 'withdrawn' ORDER BY key, started_at",
    "ledger": "SELECT station_id, sum(stored) AS stored, sum(received) - sum(duplicate) AS once FROM ledger GROUP BY 1",
}
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking: an example costs half a second here, and a seed cannot be made smaller."""
LENGTHS = st.lists(
    st.tuples(st.sampled_from([0.2, 0.45, 0.7, 5.5]), st.sampled_from([20, 20, 16, 15, 14, 3])), min_size=2, max_size=7
)


@dataclass
class Bench:
    """A database with one river station, and a loop to drive it from hypothesis."""

    loop: asyncio.AbstractEventLoop
    url: str

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)


@pytest.fixture
def bench(database: str) -> Iterator[Bench]:
    loop = asyncio.new_event_loop()
    world = loop.run_until_complete(make_world(database))
    loop.run_until_complete(world.sql.close())
    yield Bench(loop, database)
    loop.close()


def packets_of(shape: list[tuple[float, int]], dice: random.Random) -> list[WaterPacket]:
    """One packet a minute for every 20-minute interval of the shape (mean of nh4, readings that arrive)."""
    packets = []
    for interval, (level, count) in enumerate(shape):
        for minute in sorted(dice.sample(range(20), count)):
            values = {"nh4": round(level + dice.randrange(-20, 20) / 1000, 3), "ph": dice.choice([7.1, 7.105, 14.5])}
            mode = Mode.SERVICE if dice.random() < 0.03 else Mode.NORMAL
            seal = "OPEN" if dice.random() < 0.05 else None
            quality = {"ph": 3} if dice.random() < 0.05 else None
            moment = T0 + timedelta(hours=30, minutes=20 * interval + minute)
            packets.append(WaterPacket(t=moment, v=values, mode=mode, seal=seal, q=quality, seq=len(packets)))
    return packets


def message(packets: list[WaterPacket]) -> Incoming:
    return Incoming(f"uskat/v1/{DEVICE}/water", encode_water(packets), int(NOW.timestamp() * 1e6))


async def emptied(url: str) -> None:
    connection = await asyncpg.connect(libpq_url(url))
    await connection.execute(f"TRUNCATE {', '.join(EMPTIED)} CASCADE")
    await connection.execute("DELETE FROM station_work")
    await connection.execute("INSERT INTO station_work (station_id) SELECT id FROM station")
    await connection.close()


async def final(url: str, names: tuple[str, ...] = tuple(FINAL)) -> dict[str, list[tuple[Any, ...]]]:
    connection = await asyncpg.connect(libpq_url(url))
    found = {name: [tuple(row) for row in await connection.fetch(FINAL[name])] for name in names}
    await connection.close()
    return found


async def played(url: str, batches: list[list[Incoming]], *, evaluate_after: set[int]) -> dict[str, Any]:
    """Store the batches from an empty database, judge after some of them and at the end; what is there then."""
    await emptied(url)
    engine = make_engine(url, pool_size=2)
    evaluator = Evaluator(engine, clock=lambda: NOW)
    intake = await Intake.open(url, worker="order", clock=lambda: NOW)
    for number, batch in enumerate(batches):
        await intake.store(batch)
        if number in evaluate_after:
            await evaluator.evaluate_waiting()
    await evaluator.evaluate_waiting()
    await intake.close()
    await engine.dispose()
    return await final(url)


def disturbed(packets: list[WaterPacket], dice: random.Random) -> list[list[Incoming]]:
    """The packets in any order, some twice or three times, joined and split at random."""
    many = packets + dice.choices(packets, k=dice.randrange(len(packets) + 1))
    dice.shuffle(many)
    messages: list[Incoming] = []
    while many:
        size = dice.choice((1, 1, 2, 7, 30))
        messages.append(message(many[:size]))
        del many[:size]
    batches: list[list[Incoming]] = []
    while messages:
        size = dice.choice((1, 3, 20, 200))
        batches.append(messages[:size])
        del messages[:size]
    return batches


def about_water(alerts: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for row in alerts if row[2] != "silence"]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=QUICK)
@given(shape=LENGTHS, seed=st.integers(0, 2**32))
def test_permuted_repeated_and_split_packets_give_the_same_series_and_alerts(
    bench: Bench, shape: list[tuple[float, int]], seed: int
) -> None:
    dice = random.Random(seed)
    packets = packets_of(shape, dice)
    reference = bench.run(played(bench.url, [[message(packets)]], evaluate_after=set()))
    batches = disturbed(packets, dice)
    often = dice.choice((0, 0.15))
    looks = {number for number in range(len(batches) - 1) if dice.random() < often}
    other = bench.run(played(bench.url, batches, evaluate_after=looks))
    if looks:
        other["alert"], reference["alert"] = about_water(other["alert"]), about_water(reference["alert"])
    assert len(reference["observation"]) == 2 * len(packets)
    for name, rows in reference.items():
        assert other[name] == rows, name


def test_the_property_reaches_alerts_and_rollups(bench: Bench) -> None:
    packets = packets_of([(0.2, 20), (5.5, 20), (5.5, 16), (0.2, 20)], random.Random(1))
    seen = bench.run(played(bench.url, [[message(packets)]], evaluate_after=set()))
    assert any("exceedance" in row[0] for row in seen["alert"])
    assert len(seen["rollup"]) >= 4


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=QUICK)
@given(
    readings=st.lists(st.tuples(st.integers(0, 6), st.sampled_from([7.0, 7.5, 7.51, 15.0])), min_size=1, max_size=30),
    seed=st.integers(0, 2**32),
)
def test_contradicting_values_are_all_kept_whatever_comes_first(
    bench: Bench, readings: list[tuple[int, float]], seed: int
) -> None:
    async def versions(batches: list[list[Incoming]]) -> tuple[set[Any], list[Any], Any]:
        await emptied(bench.url)
        intake = await Intake.open(bench.url, worker="order", clock=lambda: datetime.now(UTC))
        outcomes = [outcome for batch in batches for outcome in await intake.store(batch)]
        await intake.close()
        connection = await asyncpg.connect(libpq_url(bench.url))
        first = await connection.fetch("SELECT series_id, time, value FROM observation")
        rest = await connection.fetch("SELECT series_id, time, value FROM observation_conflict")
        intervals = await connection.fetchval("SELECT sum(n) FROM interval_20min")
        await connection.close()
        counts = [sum(getattr(one, name) for one in outcomes) for name in ("stored", "conflict", "received")]
        assert len(first) == counts[0] == intervals
        assert len(rest) == counts[1]
        return {tuple(row) for row in [*first, *rest]}, counts, {tuple(row)[:2] for row in first}

    packets = [WaterPacket(t=T0 + timedelta(minutes=at), v={"ph": value}) for at, value in readings]
    dice = random.Random(seed)
    shuffled = dice.sample(packets, len(packets))
    cut = dice.randrange(len(packets) + 1)
    halves = [[message(part)] for part in (shuffled[:cut], shuffled[cut:]) if part]
    straight = bench.run(versions([[message(packets)]]))
    other = bench.run(versions(halves))
    assert straight == other
    assert len(straight[0]) == len(set(readings))


def test_total_squares_is_exact_where_floating_point_is_not(bench: Bench) -> None:
    """A naive sum of squares of doubles differs between two orders of these values."""
    dice = random.Random(3)
    packets = [
        WaterPacket(t=T0 + timedelta(seconds=20 * number), v={"nh4": dice.randrange(1, 10**6) / 10**4})
        for number in range(60)
    ]
    values = [packet.v["nh4"] ** 2 for packet in packets]
    assert sum(values) != sum(sorted(values))
    scrambled = dice.sample(packets, len(packets))
    first = bench.run(played(bench.url, [[message(packets)]], evaluate_after=set()))
    second = bench.run(played(bench.url, [[message([packet])] for packet in scrambled], evaluate_after=set()))
    assert first["interval"] == second["interval"]
