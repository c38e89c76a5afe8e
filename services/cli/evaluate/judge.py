"""What the product reported of one case against what truly happened. Pure: values in, a verdict out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.storage.alert_reading import AlertRow
    from simulators.interval_truth import TrueEpisode
    from uskat.water.network import Outlet

INTERVAL_S = 1200.0
TOLERANCE_S = 3 * INTERVAL_S
"""An alert so long before or behind a true episode still speaks of it: fronts are smooth, instruments noisy."""
POLLUTION = ("exceedance", "event")
"""Kinds that accuse somebody."""
PRIORITY = ("exceedance", "event", "fault", "natural", "flood", "silence", "clock")
"""Which of several alerts of one episode stands for what was reported; `source` speaks of another alert."""
COUNTED_INTERVALS = 2


@dataclass(frozen=True, slots=True)
class Reported:
    """One alert. Times are Unix seconds; end_s infinite while it lasts."""

    kind: str
    severity: str
    station: str
    parameter: str | None
    start_s: float
    end_s: float
    knowable_s: float
    withdrawn: bool
    title: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Miss:
    """Something that was reported wrongly or not at all."""

    what: str
    station: str
    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class SourceVerdict:
    """How a discharge was traced. rank: place of the true outlet among the outlets named, from 1; None: not among them.

    unknown_ahead: «an unknown source» was held more probable than the true outlet.
    """

    outlet: str
    told: bool
    reach_right: bool
    rank: int | None
    unknown_ahead: bool = False


@dataclass(slots=True)
class Verdict:
    """One case judged; counts are over its stations."""

    exceedances: int = 0
    exceedances_found: int = 0
    false_alerts: int = 0
    delays: list[float] = field(default_factory=list)
    delays_from_anomaly: list[float] = field(default_factory=list)
    sources: list[SourceVerdict] = field(default_factory=list)
    faults: dict[str, list[int]] = field(default_factory=dict)
    faults_as_violations: int = 0
    natural_as_pollution: int = 0
    withdrawn_pollution: int = 0
    confusion: list[tuple[str, str]] = field(default_factory=list)
    misses: list[Miss] = field(default_factory=list)


def reported(row: AlertRow) -> Reported:
    """An alert as it is judged."""
    return Reported(
        row.kind, row.severity, row.station, row.parameter, row.started_at.timestamp(),
        row.ended_at.timestamp() if row.ended_at else float("inf"), row.knowable_at.timestamp(),
        row.state == "withdrawn", row.title, row.detail or {},
    )  # fmt: skip


def judge(
    truth: Sequence[TrueEpisode],
    alerts: Sequence[Reported],
    *,
    stations: Mapping[str, int],
    outlets: Mapping[str, Outlet],
) -> Verdict:
    """Everything about one case. stations: river stations with their order downstream; outlets by code."""
    verdict = Verdict()
    standing = [alert for alert in alerts if not alert.withdrawn]
    verdict.withdrawn_pollution = sum(alert.withdrawn and alert.kind in POLLUTION for alert in alerts)
    _judge_exceedances(verdict, truth, standing)
    _judge_false(verdict, truth, [alert for alert in standing if alert.station in stations])
    _judge_discharges(verdict, truth, standing, stations=stations, outlets=outlets)
    _judge_faults(verdict, truth, standing)
    verdict.confusion += _confusion(truth, standing, stations)
    return verdict


def _judge_exceedances(verdict: Verdict, truth: Sequence[TrueEpisode], alerts: Sequence[Reported]) -> None:
    for episode in truth:
        counted = episode.end_s - episode.start_s >= COUNTED_INTERVALS * INTERVAL_S
        if episode.kind != "exceedance" or episode.blind or not counted:
            continue
        found = any(
            alert.kind == "exceedance" and alert.parameter == episode.parameter and meets(alert, episode, slack_s=0)
            for alert in alerts
        )
        verdict.exceedances += 1
        verdict.exceedances_found += found
        if not found:
            text = (
                f"{episode.parameter} above the norm for {(episode.end_s - episode.start_s) / INTERVAL_S:.0f} intervals"
            )
            more = "" if episode.clear else ", within the instrument's noise"
            verdict.misses.append(Miss("violation missed", episode.station, episode.start_s, text + more))


def _judge_false(verdict: Verdict, truth: Sequence[TrueEpisode], alerts: Sequence[Reported]) -> None:
    """Alerts that accuse where nothing was: false; and whether a fault or the weather deceived the product."""
    for alert in alerts:
        if alert.kind not in POLLUTION or any(_is_true(alert, episode) for episode in truth):
            continue
        verdict.false_alerts += 1
        behind = [
            episode for episode in truth if episode.kind in {"fault", "service", "natural"} and meets(alert, episode)
        ]
        verdict.faults_as_violations += any(episode.kind in {"fault", "service"} for episode in behind)
        verdict.natural_as_pollution += any(episode.kind == "natural" for episode in behind)
        why = ", ".join(sorted({f"{episode.kind} {episode.what}" for episode in behind})) or "nothing there"
        verdict.misses.append(Miss("false alert", alert.station, alert.start_s, f"{alert.kind}: {alert.title} ({why})"))


def _is_true(alert: Reported, episode: TrueEpisode) -> bool:
    if episode.kind == "pollution":
        return meets(alert, episode)
    same = alert.parameter is None or alert.parameter == episode.parameter
    return episode.kind == "exceedance" and same and meets(alert, episode)


def _judge_discharges(
    verdict: Verdict,
    truth: Sequence[TrueEpisode],
    alerts: Sequence[Reported],
    *,
    stations: Mapping[str, int],
    outlets: Mapping[str, Outlet],
) -> None:
    seen = [episode for episode in truth if episode.kind == "pollution" and episode.first_s is not None]
    for outlet in sorted({episode.outlet for episode in seen if episode.outlet}):
        below = sorted((e for e in seen if e.outlet == outlet), key=lambda e: (stations[e.station], e.start_s))
        first = below[0]
        known = [a.knowable_s for a in alerts if a.kind in POLLUTION and meets(a, first)]
        anomaly_s = first.first_s or first.start_s
        begun_s = first.exceeds_s if first.exceeds_s is not None else anomaly_s
        earliest = min(known, default=float("inf"))
        verdict.delays.append((earliest - begun_s) / INTERVAL_S)
        verdict.delays_from_anomaly.append((earliest - anomaly_s) / INTERVAL_S)
        if not known:
            verdict.misses.append(Miss("discharge missed", first.station, anomaly_s, f"{first.what} from {outlet}"))
        elif verdict.delays[-1] > 2:
            text = f"{first.what} from {outlet} known {verdict.delays[-1]:.0f} intervals after it began"
            verdict.misses.append(Miss("late", first.station, begun_s, text))
        source = source_verdict(outlets[outlet], below, alerts, stations=stations)
        verdict.sources.append(source)
        if not source.told or not source.reach_right or source.rank != 1 or source.unknown_ahead:
            verdict.misses.append(Miss("source", first.station, anomaly_s, _source_text(source)))


def _source_text(source: SourceVerdict) -> str:
    if not source.told:
        return f"{source.outlet}: no source was named"
    place = "not among the candidates" if source.rank is None else f"candidate {source.rank}"
    behind = ", behind an unknown source" if source.unknown_ahead else ""
    return f"{source.outlet}: reach {'right' if source.reach_right else 'wrong'}, {place}{behind}"


def source_verdict(
    outlet: Outlet, below: Sequence[TrueEpisode], alerts: Sequence[Reported], *, stations: Mapping[str, int]
) -> SourceVerdict:
    """The source that was named where the water is first seen: the most upstream alert that speaks of the discharge."""
    named = [a for a in alerts if a.kind == "source" and any(meets(a, episode) for episode in below)]
    if not named:
        return SourceVerdict(outlet.code, told=False, reach_right=False, rank=None)
    first = min(named, key=lambda a: (stations.get(a.station, 0), a.start_s))
    right = any(
        reach.get("river") == outlet.river
        and min(reach["from_km"], reach["to_km"]) <= outlet.km <= max(reach["from_km"], reach["to_km"])
        for reach in reaches_of(first.detail)
    )
    codes = [candidate.get("outlet") for candidate in first.detail.get("candidates", ())]
    if outlet.code not in codes:
        return SourceVerdict(outlet.code, told=True, reach_right=right, rank=None)
    ahead = codes[: codes.index(outlet.code)]
    rank = 1 + sum(code is not None for code in ahead)
    return SourceVerdict(outlet.code, told=True, reach_right=right, rank=rank, unknown_ahead=None in ahead)


def reaches_of(detail: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The pieces of river of a source finding: its `reaches`, or its one `reach`."""
    pieces = detail.get("reaches") or detail.get("reach") or []
    return [pieces] if isinstance(pieces, Mapping) else list(pieces)


def _judge_faults(verdict: Verdict, truth: Sequence[TrueEpisode], alerts: Sequence[Reported]) -> None:
    for episode in truth:
        if episode.kind != "fault":
            continue
        maintenance = ("clock",) if episode.what.startswith("clock") else ("fault",)
        found = any(
            alert.kind in maintenance
            and (alert.parameter is None or episode.parameter is None or alert.parameter == episode.parameter)
            and meets(alert, episode, slack_s=24 * 3600)
            for alert in alerts
        )
        tally = verdict.faults.setdefault(episode.what, [0, 0])
        tally[0] += 1
        tally[1] += found
        if not found:
            text = f"{episode.what} of {episode.parameter or 'the station'} not found"
            verdict.misses.append(Miss("fault missed", episode.station, episode.start_s, text))


def _confusion(
    truth: Sequence[TrueEpisode], alerts: Sequence[Reported], stations: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    """(true class, reported class) of every true episode, and of every station where nothing was."""
    busy = set()
    for episode in truth:
        busy.add(episode.station)
        if episode.kind == "exceedance":
            continue
        faint = episode.kind == "pollution" and episode.first_s is None
        what = f"{episode.kind}: {'too faint to see' if faint else episode.what}"
        yield what, _loudest(alerts, lambda alert, one=episode: meets(alert, one))  # type: ignore[misc]
    for station in stations:
        if station not in busy:
            yield "nothing", _loudest(alerts, lambda alert, code=station: alert.station == code)  # type: ignore[misc]


def _loudest(alerts: Sequence[Reported], speaks: Callable[[Reported], bool]) -> str:
    kinds = {alert.kind for alert in alerts if speaks(alert)}
    return next((kind for kind in PRIORITY if kind in kinds), "nothing")


def meets(alert: Reported, episode: TrueEpisode, *, slack_s: float = TOLERANCE_S) -> bool:
    """True when an alert at the episode's station overlaps it, give or take."""
    overlaps = alert.start_s < episode.end_s + slack_s and alert.end_s > episode.start_s - slack_s
    return alert.station == episode.station and overlaps
