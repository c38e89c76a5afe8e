"""Source of each pollution episode of a station, done again whenever anything it rests on changed.

It rests on the station's own alerts and means, on those of the stations above in the window that travel time leaves,
and on discharges measured along its way. So a station whose readings changed tells the others on its way that have an
episode there (journal rows of kind `upstream`), and a station whose source findings come or go tells those below that
may refer to them. Rows of kind `upstream` never make rows upwards, and rows downwards only when a source finding came
or went, so it ends; once the journal is empty every finding is that of the stored data, whatever their order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.alerts.detection import Evaluation, Span, StationContext
from services.alerts.river_search import UPSTREAM, RiverSearch, find_alerts, search_river
from services.storage.network_reading import read_network
from services.storage.river_reading import RiverAlert, tell_stations
from uskat.finding import Finding, Scope
from uskat.supervision.reconcile import AlertState
from uskat.water.attribution import LOOKED_AT, attribute
from uskat.water.attribution_finding import DETECTOR, source_finding, source_key
from uskat.water.interval import INTERVAL, interval_start
from uskat.water.network_graph import Network
from uskat.water.pollution_episode import PollutionEpisode
from uskat.water.river_graph import stations_above, stations_following

BEHIND = LOOKED_AT + timedelta(hours=6)
"""Readings so long after an episode's start still speak of it."""
AHEAD = timedelta(days=6)
"""Readings so long before an episode's start do: travel, its margin and a day of baseline."""
LEVELS = 6
OWN_KINDS = frozenset({"water", "visit"})


@dataclass(frozen=True)
class Surroundings:
    """A station on the graph: the stations above, and those that its water comes to."""

    network: Network
    above: tuple[str, ...]
    below: tuple[str, ...]

    @property
    def related(self) -> tuple[str, ...]:
        """Everybody on the way of this water."""
        return (*self.above, *self.below)


async def evaluate(context: StationContext) -> Evaluation:
    """Source findings of the episodes that begin around the touched span."""
    if context.span is None or context.station.kind != "river":
        return Evaluation(memory=context.memory)
    waiting, complete = _unfinished(context.span, context.now)
    if not complete:
        return waiting
    network = await read_network(context.connection, now=context.now)
    code = context.station.code
    station = network.station_of.get(code)
    if station is None or station.river is None:
        return waiting
    around = Surroundings(
        network, stations_above(network, code, levels=LEVELS), stations_following(network, code, levels=LEVELS)
    )
    low, high = context.span.low - BEHIND, context.span.high + AHEAD
    alerts = await find_alerts(context.connection, code, others=around.related, since=low, until=high)
    own = [episode for episode in alerts.episodes.get(code, ()) if low <= episode.started_at < high]
    findings = []
    for episode in own:
        search = await search_river(context, network, episode, above=around.above, below=around.below, alerts=alerts)
        finding = _finding(context, search, episode)
        findings += [finding] if finding is not None else []
    await _tell(context, around, findings, episodes=alerts.episodes)
    return replace(waiting, findings=findings, scopes=[Scope(source_key(context.station.id), low, high)])


def _unfinished(span: Span, now: datetime) -> tuple[Evaluation, bool]:
    """When to look again at the interval that is not over yet, and whether the span holds any that is."""
    until = interval_start(now)
    waiting = Evaluation(due_at=until + INTERVAL, unjudged_from=until) if span.high >= until else Evaluation()
    return waiting, interval_start(span.low) < until


def _finding(context: StationContext, search: RiverSearch, episode: PollutionEpisode) -> Finding | None:
    found = attribute(search.river, episode, until=context.now, episodes=search.alerts.episodes)
    if found is None:
        return None
    upstream = None if found.carrier == episode.station else _source_alert(
        search.alerts.sources.get(found.carrier, ()), found.carrier_since or episode.started_at
    )  # fmt: skip
    return source_finding(
        search.river,
        episode,
        found=found,
        station_id=context.station.id,
        upstream_alert=upstream.id if upstream else None,
    )


def _source_alert(alerts: Sequence[RiverAlert], moment: datetime) -> RiverAlert | None:
    return next((alert for alert in alerts if alert.started_at == moment), None)


async def _tell(
    context: StationContext,
    around: Surroundings,
    findings: Sequence[Finding],
    *,
    episodes: Mapping[str, Sequence[PollutionEpisode]],
) -> None:
    """Have others on the way judged again: those whose episodes rest on what changed here."""
    span = context.span
    if span is None:
        return
    told: dict[datetime, set[str]] = {}
    only_told = bool(context.journal) and not any(row.kind in OWN_KINDS for row in context.journal)
    if not only_told:
        for code in around.related:
            reach = AHEAD if code in around.below else BEHIND
            for episode in episodes.get(code, ()):
                if span.low - BEHIND <= episode.started_at <= span.high + reach:
                    told.setdefault(episode.started_at, set()).add(code)
    moved = _starts_moved(context, findings)
    for code in around.below if moved else ():
        for episode in episodes.get(code, ()):
            if min(moved) - BEHIND <= episode.started_at <= max(moved) + AHEAD:
                told.setdefault(episode.started_at, set()).add(code)
    for moment, codes in sorted(told.items()):
        await tell_stations(context.connection, sorted(codes), kind=UPSTREAM, low=moment, high=moment)


def _starts_moved(context: StationContext, findings: Sequence[Finding]) -> set[datetime]:
    """Starts of source findings that came or went with this evaluation, within its scope."""
    if context.span is None:
        return set()
    low, high = context.span.low - BEHIND, context.span.high + AHEAD
    stored = {
        record.alert.started_at
        for record in context.alerts
        if record.detector == DETECTOR
        and record.alert.state is not AlertState.WITHDRAWN
        and low <= record.alert.started_at < high
    }
    return stored ^ {finding.started_at for finding in findings}
