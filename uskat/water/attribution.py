"""Attribution of one pollution episode: reach of the source, candidates, when it was released, where it goes, how much.

A function of the records, the graph and the episodes of the stations: the same stored data give the same answer, in
whatever order they came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from uskat.water.attribution_candidate import Candidate, rank_outlets
from uskat.water.attribution_reach import Location, River, locate
from uskat.water.interval import INTERVAL, INTERVAL_S
from uskat.water.jobson import leading_edge_h
from uskat.water.network_items import RiverPoint
from uskat.water.parameters import parameters
from uskat.water.passing import GUARD, Excess, Passing, passing_of
from uskat.water.plume import Arrival, Release, forecast_plume, targets_below
from uskat.water.pollution_episode import PollutionEpisode
from uskat.water.river_flow import flow_at, station_point
from uskat.water.signature import Scoring, score_changes
from uskat.water.travel_time import travel_between

LOOKED_AT = timedelta(hours=24)
"""Of a long episode, its first day tells where it came from."""
AFTER = timedelta(hours=1)
OWN_FLOW_FACTOR = 1.2
"""Error factor of a mass where the station measures its own discharge (project assumption)."""
SHOWN_TRACERS = 4
NOT_FROM_RAIN = frozenset({"nh4", "no2", "no3", "oil", "phenol", "po4_p"})
"""Beyond a norm, these are let out by somebody even while it rains."""


@dataclass(frozen=True)
class ReleaseWindow:
    """When the release began. duration_h: how long the water ran high at the topmost station."""

    earliest_at: datetime
    probable_at: datetime
    latest_at: datetime
    duration_h: float


@dataclass(frozen=True)
class Mass:
    """What passed the station beyond its own level, in kg, with the error of the flow."""

    parameter: str
    kg: float
    low_kg: float
    high_kg: float


@dataclass(frozen=True)
class Attribution:
    """What can be said of an episode's source. carrier: the station that carries the finding of this plume.

    When the carrier is another station, candidates, forecast and mass are its business and empty here.
    """

    passing: Passing
    location: Location
    scoring: Scoring
    carrier: str
    carrier_since: datetime | None
    candidates: tuple[Candidate, ...] = ()
    release: ReleaseWindow | None = None
    arrivals: tuple[Arrival, ...] = ()
    masses: tuple[Mass, ...] = ()


def attribute(
    river: River,
    episode: PollutionEpisode,
    *,
    until: datetime,
    episodes: Mapping[str, Sequence[PollutionEpisode]],
) -> Attribution | None:
    """Attribution of an episode from what is stored up to `until`; episodes: of every station, by code.

    None when no tracer moved, or when rain or melt explains what did: then there is no source to name. Where a norm is
    exceeded of what rain does not bring, somebody let it out, whatever the weather does to the rest.
    """
    record = river.records.get(episode.station)
    if record is None:
        return None
    since = episode.started_at - GUARD
    end = min(episode.ended_at or until, episode.started_at + LOOKED_AT, until) + AFTER
    passing = passing_of(record, since, until=end)
    if not passing.tracers:
        return None
    location = locate(river, passing)
    scoring = score_changes(location.topmost.changes)
    if scoring.natural:
        if not any(sign.parameter in NOT_FROM_RAIN for sign in episode.signs):
            return None
        scoring = scoring.without_natural()
    carrier, carrier_since = _carrier(location, episode, episodes=episodes)
    if carrier != episode.station:
        return Attribution(passing, location, scoring, carrier, carrier_since)
    candidates = rank_outlets(river, location, scoring=scoring)
    return Attribution(
        passing,
        location,
        scoring,
        carrier,
        carrier_since,
        candidates=candidates,
        release=_release(river, location, candidates=candidates),
        arrivals=_arrivals(river, location),
        masses=_masses(river, location),
    )


def _carrier(
    location: Location, episode: PollutionEpisode, *, episodes: Mapping[str, Sequence[PollutionEpisode]]
) -> tuple[str, datetime | None]:
    """The topmost station of the chain where something was found at the time: one plume is one source."""
    for passing in reversed(location.chain[1:]):
        for other in episodes.get(passing.station, ()):
            if other.overlaps(passing.onset_at - GUARD, passing.until + GUARD):
                return other.station, other.started_at
    return episode.station, None


def _release(river: River, location: Location, *, candidates: Sequence[Candidate]) -> ReleaseWindow | None:
    """From the far end of the reach to the station itself, or by the way from the most probable outlet."""
    topmost = location.topmost
    onset, duration_h = topmost.onset_at, max(topmost.tracers[0].duration_h, INTERVAL_S / 3600)
    best = candidates[0] if candidates else None
    if best is not None and best.way is not None:
        earliest_h, probable_h, latest_h = best.way.latest_h, best.way.front_h, leading_edge_h(best.way.earliest_h)
    else:
        end = station_point(river.network, topmost.station)
        ways = [
            travel_between(
                river.network, RiverPoint(piece.river, piece.from_km), lower=end, state=river.state,
                calibrations=river.calibrations,
            )
            for piece in location.area.pieces
            if end is not None
        ]  # fmt: skip
        known = [way for way in ways if way is not None]
        if not known:
            return None
        earliest_h = max(way.latest_h for way in known)
        probable_h, latest_h = max(way.front_h for way in known) / 2, 0.0
    return ReleaseWindow(
        _before(onset, earliest_h), _before(onset, probable_h), _before(onset, latest_h), round(duration_h, 2)
    )


def _before(moment: datetime, hours: float) -> datetime:
    return moment - timedelta(minutes=round(hours * 60))


def _arrivals(river: River, location: Location) -> tuple[Arrival, ...]:
    topmost = location.topmost
    point = station_point(river.network, topmost.station)
    if point is None:
        return ()
    release = Release(point, topmost.onset_at, max(topmost.tracers[0].duration_h * 3600, INTERVAL_S))
    return forecast_plume(
        river.network,
        release,
        targets=targets_below(river.network, point),
        state=river.state,
        calibrations=river.calibrations,
    )


def shown_tracers(passing: Passing) -> tuple[Excess, ...]:
    """The clearest tracers of a passage, those that are told to people."""
    return passing.tracers[:SHOWN_TRACERS]


def _masses(river: River, location: Location) -> tuple[Mass, ...]:
    topmost = location.topmost
    point = station_point(river.network, topmost.station)
    record = river.records.get(topmost.station)
    if point is None or record is None:
        return ()
    assumed = flow_at(river.network, point, ratio=river.state.ratio).discharge_m3_s
    found = []
    for tracer in shown_tracers(topmost):
        if parameters()[tracer.parameter].unit != "mg/L":
            continue
        count = len(tracer.course)
        flow = np.full(count, assumed)
        factor = river.state.factor
        own = record.values.get("discharge")
        if own is not None and "discharge" not in record.broken:
            part = record.part("discharge", tracer.since, until=tracer.since + count * INTERVAL)
            flow = np.where(np.isfinite(part), part, assumed)
            factor = OWN_FLOW_FACTOR if np.isfinite(part).mean() > 0.5 else factor
        course = np.nan_to_num(tracer.course)
        course = np.where(course > tracer.scale, course, 0.0)
        kg = float((course * flow).sum()) * INTERVAL_S / 1000.0
        error = factor * (1 + 1 / tracer.significance)
        found.append(Mass(tracer.parameter, kg, kg / error, kg * error))
    return tuple(found)
