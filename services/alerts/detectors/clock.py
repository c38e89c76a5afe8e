"""Wrong clocks of devices, from what was received lately and what is still open."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from services.alerts.detection import Evaluation, StationContext
from services.storage.clock_reading import ClockRow, backward_jumps, clock_offsets, clock_rejects
from uskat.finding import Finding
from uskat.supervision.clock import BACK_LIMIT_S, OFFSET_LIMIT_S, QUIET, ClockCause, ClockFault, judge_clock
from uskat.supervision.reconcile import AlertState

BEFORE_COMMIT = timedelta(minutes=10)
"""So far back the message before a newly received one is looked for."""
JUMPS_KEPT = 100


async def evaluate(context: StationContext) -> Evaluation:
    """Episodes of a wrong clock for every device of the station that gave new evidence or has one open."""
    codes = {device.id: device.code for device in context.station.devices}
    open_since = [r.alert.started_at for r in context.alerts if r.alert.state is AlertState.ACTIVE]
    committed = min((span.committed_at for span in context.journal), default=None)
    jumps: list[ClockRow] = []
    if committed is not None:
        jumps = await backward_jumps(
            context.connection, list(codes), since=committed - BEFORE_COMMIT, limit_s=BACK_LIMIT_S
        )
    told = any(span.kind in {"reject", "status"} for span in context.journal)
    if not (jumps or told or open_since):
        return Evaluation(memory=context.memory)
    since = min([*open_since, *([committed - BEFORE_COMMIT] if committed else [context.now])])
    kept = _joined(context.memory, jumps, since=min(since, context.now - QUIET))
    rows = [*kept, *await clock_rejects(context.connection, list(codes), since=since)]
    rows += await clock_offsets(context.connection, list(codes), since=since, limit_s=OFFSET_LIMIT_S)
    findings, looks = _judge(rows, context.now, codes=codes)
    memory = {"jumps": [[row.device_id, row.first.isoformat(), row.size_s] for row in kept]} if kept else {}
    return Evaluation(findings=findings, due_at=min(looks, default=None), memory=memory)


def _joined(memory: Any, jumps: Iterable[ClockRow], *, since: datetime) -> list[ClockRow]:
    """Jumps remembered and new, each once, by the moment of receipt."""
    known = {(row.device_id, row.first): row for row in jumps}
    for device_id, moment, size in memory.get("jumps", ()):
        at = datetime.fromisoformat(moment)
        if at >= since:
            known.setdefault((device_id, at), ClockRow(device_id, "back", at, at, 1, size))
    return sorted(known.values(), key=lambda row: (row.first, row.device_id))[-JUMPS_KEPT:]


def _judge(rows: Iterable[ClockRow], now: datetime, *, codes: dict[int, str]) -> tuple[list[Finding], list[datetime]]:
    by_device: dict[int, list[ClockFault]] = defaultdict(list)
    for row in rows:
        fault = ClockFault(ClockCause(row.cause), row.first, row.last, row.count, row.size_s)
        by_device[row.device_id].append(fault)
    findings: list[Finding] = []
    looks: list[datetime] = []
    for device_id, faults in by_device.items():
        verdict = judge_clock(faults, now, device_id=device_id, device=codes[device_id])
        findings += verdict.findings
        looks += [verdict.next_look] if verdict.next_look else []
    return findings, looks
