"""When the water of a plume was where: the windows that the findings of a case leave, and a sample's place in them.

At the alert's own station the window is the episode itself. Below, it is the forecast of the source's finding (Jobson;
docs/algorithms/travel-time.md): from the front to a tenth of the peak, widened by the bounds of the peak. At the
outlets that are candidates it is the window of the release. Between two places of one river, ends are interpolated.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from uskat.supervision.case.paper import Judge, LabSample, WindowWord
from uskat.supervision.reconcile import AlertState
from uskat.water.network_graph import Network
from uskat.water.network_items import RiverPoint
from uskat.water.river_flow import station_point

NEAR_KM = 0.5
"""So near to a place with a window, a sample counts as taken there (project assumption)."""


@dataclass(frozen=True, slots=True)
class SeenAlert:
    """What is used of an alert. detail: of its finding; ended_at None while it lasts."""

    id: int
    state: AlertState
    station: str
    started_at: datetime
    ended_at: datetime | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """Water of the plume at a place over [since, until]; until None: still."""

    alert: int
    place: str
    point: RiverPoint | None
    since: datetime
    until: datetime | None

    def holds(self, moment: datetime) -> bool:
        """True when the plume was there at that moment."""
        return self.since <= moment and (self.until is None or moment <= self.until)


def judge_sample(sample: LabSample, alerts: Iterable[SeenAlert], *, network: Network) -> Judge:
    """The word on a sample: inside one window is enough; outside when there are windows at its place but none holds.

    Withdrawn alerts leave no window. unknown: nothing is known of the plume at that place.
    """
    there = [
        window
        for alert in alerts
        if alert.state is not AlertState.WITHDRAWN
        for window in _at_place(sample, list(_windows(alert, network)), network)
    ]
    if not there:
        return Judge(number=sample.number, word=WindowWord.UNKNOWN)
    inside = [window for window in there if window.holds(sample.taken_at)]
    told = min(inside or there, key=lambda window: (_away(window, sample.taken_at), window.alert))
    word = WindowWord.INSIDE if inside else WindowWord.OUTSIDE
    return Judge(number=sample.number, word=word, alert=told.alert, since=told.since, until=told.until)


def _away(window: Window, moment: datetime) -> timedelta:
    if moment < window.since:
        return window.since - moment
    return timedelta(0) if window.until is None else max(moment - window.until, timedelta(0))


def _windows(alert: SeenAlert, network: Network) -> Iterator[Window]:
    yield Window(alert.id, alert.station, _point(network, alert.station), alert.started_at, alert.ended_at)
    for arrival in alert.detail.get("forecast") or ():
        front, peak = _moment(arrival["front_at"]), _moment(arrival["peak_at"])
        since = front + (_moment(arrival["earliest_at"]) - peak)
        until = _moment(arrival["over_at"]) + (_moment(arrival["latest_at"]) - peak)
        yield Window(alert.id, arrival["code"], RiverPoint(arrival["river"], arrival["km"]), since, until)
    release = alert.detail.get("release_window")
    for candidate in alert.detail.get("candidates") or ():
        outlet = candidate["outlet"]
        if release is not None and outlet is not None:
            until = _moment(release["latest_at"]) + timedelta(hours=release["duration_h"])
            yield Window(alert.id, outlet, _point(network, outlet), _moment(release["earliest_at"]), until)


def _at_place(sample: LabSample, windows: list[Window], network: Network) -> list[Window]:
    if sample.place is not None and any(window.place == sample.place for window in windows):
        return [window for window in windows if window.place == sample.place]
    point = _point(network, sample.place) if sample.place is not None else None
    if point is None and sample.river is not None and sample.km is not None:
        point = RiverPoint(sample.river, sample.km)
    if point is None:
        return []
    known = [(one.point, one) for one in windows if one.point is not None and one.point.river == point.river]
    near = [window for place, window in known if abs(place.km - point.km) <= NEAR_KM]
    return near or _between(point, sorted(known, key=lambda pair: pair[0].km))


def _between(point: RiverPoint, known: list[tuple[RiverPoint, Window]]) -> list[Window]:
    """The window between the two neighbours of a point; nothing beyond the first and the last."""
    for (lower, below), (upper, above) in pairwise(known):
        if lower.km <= point.km <= upper.km and upper.km > lower.km:
            share = (point.km - lower.km) / (upper.km - lower.km)
            since = below.since + share * (above.since - below.since)
            ends = below.until, above.until
            until = None if ends[0] is None or ends[1] is None else ends[0] + share * (ends[1] - ends[0])
            return [Window(above.alert, f"{point.river}:{point.km}", point, since, until)]
    return []


def _point(network: Network, code: str) -> RiverPoint | None:
    outlet = next((one for one in network.outlets if one.code == code), None)
    return station_point(network, code) or (RiverPoint(outlet.river, outlet.km) if outlet else None)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
