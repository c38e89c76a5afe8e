"""Everything that attributing an episode asks of the database, read in one go: alerts, flow, records of stations above.

Faulty series are left out of both: an exceedance under a fault is no sign, a broken instrument is no witness.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from services.alerts.detection import StationContext
from services.storage.calibration_store import read_calibrations
from services.storage.river_reading import RiverAlert, StationWindow, alerts_on_river, station_records
from uskat.finding import FindingKind
from uskat.water.attribution import AFTER, LOOKED_AT
from uskat.water.attribution_reach import FARTHEST_H, River
from uskat.water.interval import INTERVAL, interval_start
from uskat.water.network_graph import Network
from uskat.water.passing import BASELINE, GUARD, HISTORY, StationRecord
from uskat.water.pollution_episode import JOIN, PollutionEpisode, Sign, join_signs
from uskat.water.river_flow import RiverState, river_state, station_point
from uskat.water.travel_time import travel_between

UPSTREAM = "upstream"
DETECTORS = ("exceedance", "event", "fault", "attribution")
SIGNS = frozenset({FindingKind.EXCEEDANCE, FindingKind.EVENT})
PROPERTIES = frozenset({"temp", "level", "discharge", "precip", "airtemp"})
"""Exceedances of these say nothing about a source."""
ROUNDS = 8
SLACK = timedelta(hours=6)
FLOW_BEFORE, FLOW_AFTER = timedelta(hours=24), timedelta(hours=3)
NEARBY = timedelta(hours=6)


@dataclass(frozen=True)
class RiverAlerts:
    """By station: pollution episodes, faults, source findings."""

    episodes: Mapping[str, tuple[PollutionEpisode, ...]]
    faults: Mapping[str, tuple[RiverAlert, ...]]
    sources: Mapping[str, tuple[RiverAlert, ...]]


@dataclass(frozen=True)
class RiverSearch:
    """What is known around one episode."""

    river: River
    alerts: RiverAlerts


async def find_alerts(
    connection: Any, code: str, *, others: Sequence[str], since: datetime, until: datetime
) -> RiverAlerts:
    """Alerts of a station and of others on its way that overlap [since, until), every episode from its very start."""
    asked, found = since - JOIN, list[RiverAlert]()
    for _ in range(ROUNDS):
        found = await alerts_on_river(connection, [code, *others], detectors=DETECTORS, since=asked, until=until)
        first = min((alert.started_at for alert in found if alert.kind in SIGNS), default=until)
        if first - JOIN >= asked:
            break
        asked = first - JOIN
    by_station: dict[str, list[RiverAlert]] = defaultdict(list)
    for alert in found:
        by_station[alert.station].append(alert)
    faults = {name: tuple(a for a in own if a.kind == FindingKind.FAULT) for name, own in by_station.items()}
    return RiverAlerts(
        {name: join_signs(name, _signs(own, faults[name])) for name, own in by_station.items()},
        faults,
        {name: tuple(a for a in own if a.kind == FindingKind.SOURCE) for name, own in by_station.items()},
    )


def _signs(alerts: Sequence[RiverAlert], faults: Sequence[RiverAlert]) -> Iterator[Sign]:
    for alert in alerts:
        if alert.kind not in SIGNS or alert.parameter in PROPERTIES:
            continue
        if any(fault.parameter in {None, alert.parameter} and _overlap(alert, fault) for fault in faults):
            continue
        yield Sign(alert.id, alert.parameter, alert.started_at, alert.ended_at, alert.settled_at, alert.knowable_at)


def _overlap(one: RiverAlert, other: RiverAlert) -> bool:
    begins = other.ended_at is None or one.started_at < other.ended_at
    return begins and (one.ended_at is None or other.started_at < one.ended_at)


async def search_river(
    context: StationContext,
    network: Network,
    episode: PollutionEpisode,
    *,
    above: Sequence[str],
    below: Sequence[str],
    alerts: RiverAlerts,
) -> RiverSearch:
    """Flow of the time, calibrations, and the records of the station and of those above in their windows."""
    connection = context.connection
    start = interval_start(episode.started_at)
    state = await _state(connection, network, episode.station, others=[*above, *below], start=start)
    calibrations = await read_calibrations(connection)
    river = River(network, state, {}, calibrations)
    windows = [*_windows(river, episode.station, above=above, start=start)]
    records = await station_records(connection, windows, broken=_broken(network, windows, alerts))
    return RiverSearch(River(network, state, records, calibrations), alerts)


async def _state(connection: Any, network: Network, code: str, *, others: Sequence[str], start: datetime) -> RiverState:
    """Flow by the discharges measured on the same way of water in the day before, temperature by the station's own."""
    windows = [StationWindow(name, start - FLOW_BEFORE, start + FLOW_AFTER) for name in (code, *others)]
    records = await station_records(connection, windows, parameters=("discharge", "temp"))
    discharges = [
        (name, value)
        for name, record in sorted(records.items())
        if (value := _median(record, "discharge", since=record.since)) is not None
    ]
    own = records.get(code)
    temperature = _median(own, "temp", since=start - NEARBY) if own is not None else None
    return river_state(network, start, discharges=discharges, water_temperature_c=temperature)


def _median(record: StationRecord, parameter: str, *, since: datetime) -> float | None:
    course = record.values.get(parameter)
    if course is None:
        return None
    known = course[record.place(since) :]
    known = known[np.isfinite(known)]
    return float(np.median(known)) if len(known) else None


def _windows(river: River, code: str, *, above: Sequence[str], start: datetime) -> Iterator[StationWindow]:
    """What of each record is asked: its own around the episode, those above so much earlier as the water takes."""
    since, until = start - GUARD - BASELINE - HISTORY - INTERVAL, start + LOOKED_AT + AFTER + INTERVAL
    yield StationWindow(code, since, until)
    lower = station_point(river.network, code)
    for name in above:
        upper = station_point(river.network, name)
        if upper is None or lower is None:
            continue
        way = travel_between(river.network, upper, lower=lower, state=river.state, calibrations=river.calibrations)
        if way is None or way.probable_h > FARTHEST_H:
            continue
        earliest = interval_start(since - timedelta(hours=way.latest_h) - SLACK)
        yield StationWindow(name, earliest, interval_start(until - timedelta(hours=way.earliest_h) + SLACK))


def _broken(network: Network, windows: Sequence[StationWindow], alerts: RiverAlerts) -> dict[str, frozenset[str]]:
    """Parameters under a fault in the window of each station; all of them when the whole station is."""
    measured: dict[str, set[str]] = defaultdict(set)
    for device in network.devices:
        measured[device.station].update(device.parameters)
    found: dict[str, frozenset[str]] = {}
    for window in windows:
        faulty: set[str] = set()
        for fault in alerts.faults.get(window.station, ()):
            if fault.started_at < window.until and (fault.ended_at is None or fault.ended_at > window.since):
                faulty |= {fault.parameter} if fault.parameter is not None else measured[window.station]
        found[window.station] = frozenset(faulty)
    return found
