"""Evaluation of one claimed station: rollups, every detector, alerts – in the transaction of the claim.

A detector that raises is rolled back alone: its failure is logged, counted, kept with the spans it owes, shown as an
alert of kind `internal` and tried again later; the others go on. An error of the connection or the server ends the
whole evaluation, and the journal rows are there again for the next worker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.alerts import metrics
from services.alerts.detection import LOOK_BACK, Detector, Evaluation, Span, StationContext
from services.alerts.memory import DetectorMemory, Failure, merged, read_memory
from services.storage.alerting import (
    AlertRecord,
    WrittenEvent,
    detector_states,
    keep_detector_states,
    network_alerts,
    stored_alerts,
    write_changes,
)
from services.storage.detector_reading import StationFacts
from services.storage.journal import Claim, isolated
from services.storage.reading import DatabaseAway
from services.storage.rollups import recompute_rollups
from uskat.finding import Figure, Finding, FindingKind, Severity
from uskat.supervision.reconcile import AlertState, finding_of, reconcile

INTERNAL = "internal"
ROLLUPS = "rollups"
WATER = "water"
RETRY = timedelta(minutes=1)
RETRY_LONGEST = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an evaluation did; events are told (log, metrics) only after COMMIT."""

    due_at: datetime | None
    events: tuple[WrittenEvent, ...]


@dataclass(slots=True)
class StationEvaluation:
    """The work on one station inside one transaction."""

    connection: Any
    facts: StationFacts
    claim: Claim
    now: datetime
    registry: Sequence[Detector]
    events: list[WrittenEvent] = field(default_factory=list)
    _changed: list[Span] = field(default_factory=list)
    _stored: tuple[datetime, list[AlertRecord]] | None = None

    async def run(self) -> Outcome:
        """Do everything; raises only what must undo the whole transaction.

        Usually nothing fails, so all steps first run under one savepoint; if one raises, all run again, each alone.
        """
        states = await detector_states(self.connection, self.facts.id)
        try:
            async with isolated(self.connection):
                return await self._steps(states, alone=False)
        except (DatabaseAway, OSError):
            raise
        except Exception:  # noqa: BLE001 - told by the second run, which knows whose it is
            self.events.clear()
            self._changed.clear()
            self._stored = None
        return await self._steps(states, alone=True)

    async def _steps(self, states: Mapping[str, Mapping[str, Any]], *, alone: bool) -> Outcome:
        dues: list[datetime] = []
        changed: dict[str, Mapping[str, Any]] = {}
        for step in (_ROLLUP_STEP, *self.registry):
            after = memory = read_memory(states.get(step.name))
            if self._concerns(step, memory):
                after = await (self._attempt if alone else self._do)(step, memory)
                state = after.to_json()
                if state != states.get(step.name):
                    changed[step.name] = state
            dues += [after.due_at] if after.due_at else []
        if changed:
            await keep_detector_states(self.connection, self.facts.id, changed, now=self.now)
        return Outcome(min(dues, default=None), tuple(self.events))

    def _concerns(self, step: Detector, memory: DetectorMemory) -> bool:
        told = any(span.kind in step.kinds for span in self.claim.spans) or (self._changed and WATER in step.kinds)
        return bool(told) or self.claim.first or (memory.due_at is not None and memory.due_at <= self.now)

    def _spans(self, step: Detector, memory: DetectorMemory) -> Sequence[Span]:
        spans = [Span(span.low, span.high) for span in self.claim.spans if span.kind in step.kinds]
        if WATER in step.kinds:
            spans += self._changed
        if memory.failure is not None:
            spans += memory.failure.spans
        if memory.unjudged_from is not None:
            spans.append(Span(memory.unjudged_from, max(memory.unjudged_from, self.now)))
        return merged(spans)

    async def _do(self, step: Detector, memory: DetectorMemory) -> DetectorMemory:
        spans = self._spans(step, memory)
        if memory.failure is not None and memory.due_at is not None and self.now < memory.due_at:
            return replace(memory, failure=replace(memory.failure, spans=tuple(spans)))
        after = await self._judge(step, memory, spans)
        if memory.failure is not None:
            await self._tell_recovery(step)
        return after

    async def _attempt(self, step: Detector, memory: DetectorMemory) -> DetectorMemory:
        before, changed = len(self.events), len(self._changed)
        try:
            async with isolated(self.connection):
                return await self._do(step, memory)
        except (DatabaseAway, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a detector raises must not stop the others
            del self.events[before:]
            del self._changed[changed:]
            self._stored = None
            return await self._failed(step, memory, self._spans(step, memory), error=error)

    async def _judge(self, step: Detector, memory: DetectorMemory, spans: Sequence[Span]) -> DetectorMemory:
        kept = memory
        for span in spans if step.each_span else [None]:
            alerts = await self._alerts(step, span)
            context = StationContext(self.connection, self.facts, self.now, span, self.claim.spans, alerts, kept.memory)
            found = await step.evaluate(context)
            metrics.INTERVALS.inc(found.intervals)
            await self._write(found, alerts)
            self._changed += [found.changed] if found.changed else []
            kept = DetectorMemory(found.due_at, found.unjudged_from, found.memory)
        return replace(kept, due_at=None, failure=None) if step.each_span and not spans else kept

    async def _alerts(self, step: Detector, span: Span | None) -> list[AlertRecord]:
        if step.name == ROLLUPS:
            return []
        since = (span.low if span else self.now) - step.look_back
        if step.network:
            return await network_alerts(self.connection, step.name, since=since)
        records = await self._stored_since(since)
        return [record for record in records if record.detector == step.name]

    async def _stored_since(self, since: datetime) -> list[AlertRecord]:
        """Stored alerts, read once for all detectors and again after each change."""
        if self._stored is None or self._stored[0] > since:
            back = max((step.look_back for step in self.registry), default=LOOK_BACK)
            earliest = min([since, *(span.low - back for span in self.claim.spans)])
            self._stored = earliest, await stored_alerts(self.connection, self.facts.id, since=earliest)
        return self._stored[1]

    async def _write(self, found: Evaluation, alerts: Sequence[AlertRecord]) -> None:
        changes = reconcile([record.alert for record in alerts], found.findings, scopes=found.scopes)
        if changes:
            self._stored = None
            self.events += await write_changes(self.connection, changes, station_id=self.facts.id, now=self.now)

    async def _failed(
        self, step: Detector, memory: DetectorMemory, spans: Sequence[Span], *, error: Exception
    ) -> DetectorMemory:
        earlier = memory.failure
        if earlier is None or earlier.error != type(error).__name__:
            log.error("detector.failed", detector=step.name, station=self.facts.code, exc_info=error)
        metrics.FAILURES.labels(step.name).inc()
        failure = Failure(
            since=earlier.since if earlier else self.now,
            count=earlier.count + 1 if earlier else 1,
            error=type(error).__name__,
            spans=tuple(spans),
        )
        await self._tell_failure(step, failure)
        pause = min(RETRY * 2 ** min(failure.count - 1, 10), RETRY_LONGEST)
        return replace(memory, failure=failure, due_at=self.now + pause)

    async def _tell_failure(self, step: Detector, failure: Failure) -> None:
        finding = Finding(
            detector=INTERNAL,
            kind=FindingKind.INTERNAL,
            severity=Severity.MAINTENANCE,
            key=self._internal_key(step),
            started_at=failure.since,
            knowable_at=failure.since,
            ended_at=None,
            title=f"Проверка «{step.name}» не выполняется: {failure.error}",
            title_en=f"Check {step.name} fails: {failure.error}",
            figures={"attempts": Figure(float(failure.count), "шт.")},
            reasons=("Ошибка программы; подробности в журнале службы. Пропущенное будет проверено заново.",),
            published=False,
        )
        await self._write(Evaluation(findings=[finding]), await self._internal(step))

    async def _tell_recovery(self, step: Detector) -> None:
        alerts = [record for record in await self._internal(step) if record.alert.state is AlertState.ACTIVE]
        closed = [
            replace(
                finding_of(record.alert, detector=INTERNAL, series_id=None, device_id=None),
                ended_at=max(self.now, record.alert.started_at),
                settled_at=max(self.now, record.alert.started_at),
            )
            for record in alerts
        ]
        await self._write(Evaluation(findings=closed), alerts)

    async def _internal(self, step: Detector) -> list[AlertRecord]:
        key = self._internal_key(step)
        return [record for record in await self._stored_since(self.now) if record.alert.key == key]

    def _internal_key(self, step: Detector) -> str:
        return f"{INTERNAL}:{step.name}:{self.facts.id}"


async def _rollups(context: StationContext) -> Evaluation:
    if context.span is not None:
        await recompute_rollups(context.connection, context.station.id, [(context.span.low, context.span.high)])
    return Evaluation()


_ROLLUP_STEP = Detector(ROLLUPS, frozenset({"water"}), _rollups, each_span=True)
