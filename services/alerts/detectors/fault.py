"""Instrument faults: episodes of failed quality tests around the touched span.

Before the span the stored alerts are right: what was open there goes on. Behind the span nothing changes once no fault
is open and the longest memory of a rule has passed; else the intervals are read to their end.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.alerts.detection import Evaluation, StationContext
from services.alerts.detectors.drift import DAY, local_day
from services.alerts.service_steps import service_findings
from services.storage.alerting import AlertRecord
from services.storage.detector_reading import FAR_FUTURE, DeviceFacts, SeriesFacts
from services.storage.drift_store import Days, quality_days
from services.storage.fault_reading import FlaggedInterval, flagged_intervals, no_test_failed
from uskat.finding import Finding, Scope
from uskat.supervision.reconcile import AlertState
from uskat.water.fault import (
    COLD_C,
    DEVICE_RULES,
    LONGEST_MEMORY,
    SERIES_RULES,
    TOUCHED_BY_ICE,
    Fault,
    FaultEpisode,
    FaultRule,
    JudgedInterval,
    fold_fault,
)
from uskat.water.fault_finding import FaultSubject, drift_words, fault_finding, fault_key
from uskat.water.interval import INTERVAL, interval_start
from uskat.water.parameters import parameters
from uskat.water.quality.flag import Flag

BEHIND = LONGEST_MEMORY
Rows = Mapping[int, Sequence[FlaggedInterval]]


@dataclass(frozen=True, slots=True)
class Found:
    """Episodes of one rule and subject, and the stored alert that was open where the folding began.

    proven: the last interval of that alert before the span was among those read; after a gap in the data it may not be.
    """

    rule: FaultRule
    subject: FaultSubject
    episodes: Sequence[FaultEpisode]
    covering: AlertRecord | None
    proven: bool = True

    @property
    def key(self) -> str:
        """Key of its alerts."""
        return fault_key(self.rule.fault, self.subject)

    def scope(self, low: datetime, end: datetime | None) -> Scope:
        """Where the episodes are complete: a fault of several intervals begins before the one that made it certain."""
        before = self.rule.within if self.rule.hits > 1 else timedelta(0)
        since = self.covering.alert.started_at if self.covering else low - before
        return Scope(self.key, since, None if end is None else end - before)


async def evaluate(context: StationContext) -> Evaluation:
    """Faults of every series and device of the station."""
    if context.span is None or not context.station.series:
        return Evaluation(memory=context.memory)
    low = interval_start(context.span.low)
    until = interval_start(context.span.high) + INTERVAL + LONGEST_MEMORY
    since, end = low - LONGEST_MEMORY, until
    ids = [one.id for one in context.station.series]
    if not context.alerts and await no_test_failed(context.connection, ids, since=since, until=until):
        steps, _ = await service_findings(context, low=context.span.low, high=context.span.high)
        return Evaluation(findings=steps)
    rows = await flagged_intervals(context.connection, ids, since=since, until=until)
    found = list(_fold_all(context, rows, low=low))
    unproven = [one.covering.alert.started_at for one in found if one.covering and not one.proven]
    goes_on = _goes_on(found, context.alerts, until=until)
    if unproven or goes_on:
        since, end = min([since, *unproven]), FAR_FUTURE if goes_on else until
        rows = await flagged_intervals(context.connection, ids, since=since, until=end)
        found = list(_fold_all(context, rows, low=low))
    departures = await _departures(context, found)
    steps, step_scopes = await service_findings(context, low=context.span.low, high=context.span.high)
    return Evaluation(
        findings=[*(finding for one in found for finding in _findings(one, departures)), *steps],
        scopes=[
            *step_scopes,
            *(one.scope(low, None if end == FAR_FUTURE else end) for one in found),
        ],
        intervals=sum(map(len, rows.values())),
    )


def _covers(record: AlertRecord, moment: datetime) -> bool:
    alert = record.alert
    reaches = alert.settled_at is None or alert.settled_at > moment
    return alert.state is not AlertState.WITHDRAWN and alert.started_at < moment and reaches


def _goes_on(found: Sequence[Found], alerts: Sequence[AlertRecord], *, until: datetime) -> bool:
    """True when a fault is, or was believed to be, open where the first reading stopped."""
    open_now = any(episode.settled_at is None for one in found for episode in one.episodes)
    return open_now or any(_covers(record, until) for record in alerts)


def _fold_all(context: StationContext, rows: Rows, *, low: datetime) -> Iterator[Found]:
    devices = {device.id: device for device in context.station.devices}
    cold = _cold_starts(context.station.series, rows)
    by_device: dict[int, list[SeriesFacts]] = defaultdict(list)
    alerts: dict[str, list[AlertRecord]] = defaultdict(list)
    for record in context.alerts:
        alerts[record.alert.key].append(record)
    for series in context.station.series:
        by_device[series.device_id].append(series)
        subject = _subject_of_series(series, devices)
        icy = cold if series.parameter in TOUCHED_BY_ICE else frozenset()
        yield from _fold(SERIES_RULES, subject, rows.get(series.id, ()), cold=icy, alerts=alerts, low=low)
    for device_id, own in by_device.items():
        subject = FaultSubject(device_id, _code(devices, device_id), any(one.published for one in own))
        if not any(_fails(rows.get(one.id, ())) for one in own) and not any(
            fault_key(rule.fault, subject) in alerts for rule in DEVICE_RULES
        ):
            continue
        merged = _merged([rows.get(one.id, ()) for one in own if one.parameter not in {"airtemp", "precip"}])
        yield from _fold(DEVICE_RULES[:1], subject, merged, cold=frozenset(), alerts=alerts, low=low)
        touched = _merged([rows.get(one.id, ()) for one in own if one.parameter in TOUCHED_BY_ICE])
        yield from _fold(DEVICE_RULES[1:], subject, touched, cold=cold, alerts=alerts, low=low)


def _subject_of_series(series: SeriesFacts, devices: Mapping[int, DeviceFacts]) -> FaultSubject:
    return FaultSubject(
        series.device_id, _code(devices, series.device_id), series.published, series.id, parameters()[series.parameter]
    )


def _code(devices: Mapping[int, DeviceFacts], device_id: int) -> str:
    return devices[device_id].code if device_id in devices else str(device_id)


def _cold_starts(series: Sequence[SeriesFacts], rows: Rows) -> frozenset[datetime]:
    """Intervals in which a thermometer of the station stood near freezing."""
    thermometers = [one.id for one in series if one.parameter == "temp"]
    return frozenset(
        row.start for key in thermometers for row in rows.get(key, ()) if row.mean is not None and row.mean <= COLD_C
    )


def _merged(columns: Sequence[Sequence[FlaggedInterval]]) -> list[FlaggedInterval]:
    """Intervals of several series as those of one: the worst flag that any of them has."""
    flags: dict[datetime, list[list[int]]] = defaultdict(list)
    for column in columns:
        for row in column:
            flags[row.start].append([_RANK[int(flag)] for flag in row.flags.split(",")])
    return [
        FlaggedInterval(start, ",".join(str(_UNRANK[max(ranks)]) for ranks in zip(*own, strict=True)), None, None, None)
        for start, own in sorted(flags.items())
    ]


_RANK = {9: 0, 2: 0, 1: 1, 3: 2, 4: 3}
_UNRANK = (2, 1, 3, 4)


def _fold(
    rules: Sequence[FaultRule],
    subject: FaultSubject,
    rows: Sequence[FlaggedInterval],
    *,
    cold: frozenset[datetime],
    alerts: Mapping[str, Sequence[AlertRecord]],
    low: datetime,
) -> Iterator[Found]:
    """Nothing for rules that neither see a failed test nor have an alert: usually that is one look at the flags."""
    failed = _fails(rows)
    judged: list[JudgedInterval] | None = None
    for rule in rules:
        own = alerts.get(fault_key(rule.fault, subject), ())
        if not failed and not own:
            continue
        if judged is None:
            judged = [
                JudgedInterval(row.start, tuple(map(int, row.flags.split(","))), row.low, row.high, row.start in cold)
                for row in rows
            ]
        covering = next((one for one in own if _covers(one, low) and _certain_at(one, rule) < low), None)
        start = _resumed(covering, rule) if covering is not None else None
        proven = covering is None or any(rule.hit(one) for one in judged if one.start < low)
        yield Found(rule, subject, fold_fault(judged, rule, low=low, start=start), covering, proven)


def _fails(rows: Sequence[FlaggedInterval]) -> bool:
    """True when some test failed, or the last one, `neighbour`, is suspect."""
    return any("4" in row.flags or row.flags.endswith("3") for row in rows)


def _resumed(record: AlertRecord, rule: FaultRule) -> FaultEpisode:
    """The open episode of a stored alert; its last interval is found again in what is read before the span."""
    alert = record.alert
    value = alert.content["figures"].get("value")
    return FaultEpisode(
        rule.fault, alert.started_at, alert.started_at, rule.proof, _certain_at(record, rule),
        value["value"] if value else None,
    )  # fmt: skip


def _certain_at(record: AlertRecord, rule: FaultRule) -> datetime:
    """Start of the interval that made a stored fault certain."""
    if rule.hits == 1:
        return record.alert.started_at
    return datetime.fromisoformat(record.alert.content["knowable_at"]) - INTERVAL


async def _departures(context: StationContext, found: Sequence[Found]) -> Days:
    """What is known of the days on which a drift was last seen."""
    drifts = [(one, episode) for one in found for episode in one.episodes if episode.fault is Fault.DRIFT]
    if not drifts:
        return {}
    days = [local_day(episode.last) for _, episode in drifts]
    ids = [one.subject.series_id for one, _ in drifts if one.subject.series_id is not None]
    return await quality_days(context.connection, ids, since=min(days), until=max(days) + DAY)


def _findings(found: Found, departures: Days) -> Iterator[Finding]:
    subject = found.subject
    for episode in found.episodes:
        day = departures.get((subject.series_id or 0, local_day(episode.last)))
        if day is None or not day.detail or subject.parameter is None:
            yield fault_finding(episode, subject)
            continue
        figures, reasons, detail = drift_words(day.detail, subject.parameter)
        yield fault_finding(
            episode, subject, figures=figures, reasons=reasons, detail=detail, excluded=day.level == Flag.FAIL
        )
