"""Blasts that nobody declared, or that were not fired as declared: the network judged around what has changed.

It runs at the hub alone; its alerts are told under the station that recorded the event first, and are updated or
withdrawn as late records and declarations change the judgement.
"""

from services.alerts.detection import Evaluation, StationContext
from services.alerts.network import judge_network
from services.storage.network_hub import hub_station
from uskat.blast.event.finding import DETECTOR, UNDECLARED, Told, event_findings
from uskat.finding import Finding, Scope

__all__ = ["DETECTOR", "evaluate"]


async def evaluate(context: StationContext) -> Evaluation:
    """Events around the touched span, and what of them a person must be told."""
    if context.span is None or context.station.id != await hub_station(context.connection):
        return Evaluation(memory=context.memory)
    judged = await judge_network(context.connection, low=context.span.low, high=context.span.high, now=context.now)
    if judged is None:
        return Evaluation(memory=context.memory)
    findings: list[Finding] = []
    for row in judged.rows:
        code, _ = min(row.event.records, key=lambda record: (record[1], record[0]))
        told = Told(row.station_id, row.device_id, row.ends_at, judged.instruments[code].published)
        findings += event_findings(row.event, told, blast_id=row.blast_id)
    keys = {UNDECLARED} | {record.alert.key for record in context.alerts}
    return Evaluation(
        findings=findings,
        scopes=[Scope(key, judged.since, judged.until) for key in sorted(keys)],
        memory=context.memory,
    )
