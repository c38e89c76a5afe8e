"""Steps at service visits around a touched span, as findings of the fault detector.

A visit is seen in the data (service or calibration mode) or was entered by people. Its step depends on the day before
it and the three hours after it only, so a span concerns the visits from nine hours before it to a day after it.
"""

from collections.abc import Sequence
from datetime import datetime

from services.alerts.detection import StationContext
from services.storage.detector_reading import SeriesFacts
from services.storage.fault_reading import counted_means, served_intervals
from uskat.finding import Figure, Finding, Scope, number_ru
from uskat.water.fault import Fault, FaultEpisode
from uskat.water.fault_finding import FaultSubject, fault_finding, fault_key
from uskat.water.interval import INTERVAL, interval_start
from uskat.water.parameters import parameters
from uskat.water.quality.limits import test_set
from uskat.water.service_step import AHEAD, AROUND, BACK, DAY, LONGEST_SERVICE, ServiceStep, service_step, services_of


async def service_findings(
    context: StationContext, *, low: datetime, high: datetime
) -> tuple[list[Finding], list[Scope]]:
    """Findings of the visits that readings of [low, high] can tell of, complete where the scopes say."""
    judged = [one for one in context.station.series if one.parameter in test_set().drift.parameters]
    since, until = interval_start(low) - BACK, interval_start(high) + INTERVAL + AHEAD
    served = await served_intervals(
        context.connection, context.station.id, [one.id for one in judged],
        since=since - LONGEST_SERVICE, until=until + LONGEST_SERVICE,
    )  # fmt: skip
    known = {record.alert.key for record in context.alerts}
    subjects = {one.id: _subject(context, one) for one in judged}
    scopes = [
        Scope(key, since, until) for one in judged if (key := fault_key(Fault.FOULING, subjects[one.id])) in known
    ]
    if not any(served.values()):
        return [], scopes
    means = await counted_means(
        context.connection, [key for key, starts in served.items() if starts],
        since=since - DAY - AROUND, until=until + BACK,
    )  # fmt: skip
    findings = []
    for one in judged:
        for service in services_of(served.get(one.id, [])):
            if since <= service.start < until:
                step = service_step(one.parameter, means.get(one.id, {}), service=service)
                findings += [_finding(step, subjects[one.id])] if step is not None else []
    return findings, scopes


def _subject(context: StationContext, series: SeriesFacts) -> FaultSubject:
    codes: Sequence[str] = [device.code for device in context.station.devices if device.id == series.device_id]
    code = codes[0] if codes else str(series.device_id)
    return FaultSubject(series.device_id, code, series.published, series.id, parameters()[series.parameter])


def _finding(step: ServiceStep, subject: FaultSubject) -> Finding:
    service, unit = step.service, parameters()[subject.parameter.code].unit_ru if subject.parameter else ""
    episode = FaultEpisode(
        Fault.FOULING, service.start, service.end - INTERVAL, service.end - service.start + AROUND,
        service.start,        settled_at=service.end + AROUND,
    )  # fmt: skip
    reason = (
        f"После обслуживания показания изменились на {number_ru(step.step)} {unit} сверх обычного хода суток; "
        f"поправка нужна при {number_ru(step.criterion)} и больше."
    )
    correction = {"kind": "linear", "at_end": step.step, "back_to": "previous_service", "proposal": True}
    figures = {"step": Figure(step.step, unit), "criterion": Figure(step.criterion, unit)}
    return fault_finding(
        episode, subject, figures=figures, reasons=(reason,), detail={"correction": correction}, excluded=None
    )
