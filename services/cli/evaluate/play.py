"""One case through the product: readings in through the intake, judged by the alerts evaluator, alerts out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from services.alerts.worker import Evaluator
from services.storage.alert_reading import AlertRow, list_alerts
from services.storage.engine import make_engine, reading
from services.storage.intake import Incoming, Intake
from simulators.case import DAY_S, Case, evaluation_network
from simulators.feed import Parcel, parcels
from simulators.interval_truth import TrueEpisode, truth_of
from uskat.wire.topic import MessageKind, topic_of
from uskat.wire.water import encode_water

if TYPE_CHECKING:
    from uskat.water.network import Network

SETTLE = timedelta(minutes=1)
"""The evaluator looks a last time so long after the last reading."""
ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How a case is fed. every_s: cadence of instruments. look_s: how often data come and are judged; None: once."""

    every_s: int = 600
    look_s: float | None = DAY_S


@dataclass(frozen=True, slots=True)
class Played:
    """What truly happened in a case and what the product reported."""

    case: Case
    truth: list[TrueEpisode]
    alerts: list[AlertRow]
    packets: int
    seconds: float


class SimulatedClock:
    """The product's idea of now."""

    def __init__(self, now_s: float) -> None:
        self.now = datetime.fromtimestamp(now_s, UTC)

    def __call__(self) -> datetime:
        """The simulated moment."""
        return self.now


def play(url: str, case: Case, pace: Pace) -> Played:
    """Play one case on a fresh database that knows the evaluation network; blocking, for a process of its own."""
    import asyncio

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    began = time.perf_counter()
    network = evaluation_network(pace.every_s)
    sent = parcels(case.world(network), from_s=case.from_s, until_s=case.until_s, every_s=pace.look_s or DAY_S)
    alerts = asyncio.run(feed(url, sent, case, look_each_time=pace.look_s is not None))
    packets = sum(len(parcel.packets) for parcel in sent)
    return Played(case, truth_of(case, network), alerts, packets, time.perf_counter() - began)


async def feed(url: str, sent: Sequence[Parcel], case: Case, *, look_each_time: bool) -> list[AlertRow]:
    """Store the parcels in order of arrival, evaluate as time goes by, and read the alerts back."""
    clock = SimulatedClock(case.from_s)
    engine = make_engine(url, pool_size=2, application="uskat-evaluate")
    evaluator = Evaluator(engine, clock=clock, facts_kept_s=3600)
    intake = await Intake.open(url, worker="evaluate", clock=clock)
    try:
        for arrives_s, group in groupby(sent, key=lambda parcel: parcel.arrives_s):
            clock.now = datetime.fromtimestamp(arrives_s, UTC)
            await intake.store([_incoming(parcel) for parcel in group])
            if look_each_time:
                await evaluator.evaluate_waiting()
        clock.now = max(clock.now, datetime.fromtimestamp(case.until_s, UTC)) + SETTLE
        await evaluator.evaluate_waiting()
        async with reading(engine) as connection:
            return await list_alerts(
                connection, station=None, kind=None, state=None, since=None, before=None, limit=ALL, everything=True
            )
    finally:
        await intake.close()
        await engine.dispose()


def _incoming(parcel: Parcel) -> Incoming:
    topic = topic_of(parcel.device, MessageKind.WATER)
    return Incoming(topic, encode_water(list(parcel.packets)), int(parcel.arrives_s * 1e6))


def stations_in_order(network: Network) -> dict[str, int]:
    """River stations by how much of the network lies above them: a station comes after those upstream of it."""
    above = {station.code: 0 for station in network.stations if station.kind == "river"}
    for code in above:
        station = network.station_of[code]
        while station.downstream is not None:
            above[station.downstream] += 1
            station = network.station_of[station.downstream]
    return above
