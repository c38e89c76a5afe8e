"""Silence of channels and devices: about the present, so it looks at the newest readings and the clock only."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.alerts.detection import Evaluation, StationContext
from services.storage.alerting import AlertRecord
from services.storage.detector_reading import DeviceFacts, first_reading_after, last_readings
from uskat.finding import Finding
from uskat.supervision.reconcile import AlertState, finding_of
from uskat.water.parameters import parameters
from uskat.water.silence import (
    DELIVERY_PAUSE,
    JUST_AFTER,
    Channel,
    Delivery,
    SilenceEnd,
    delivery_after,
    ended_silence,
    judge_silence,
    silence_finding,
)


async def evaluate(context: StationContext) -> Evaluation:
    """Open silences of the station now, and the end of those that are over.

    While a logger that was away delivers its buffer no new silence is told: what seems missing is on its way.
    """
    devices = {device.id: device for device in context.station.devices if device.enabled}
    channels = await _channels(context, devices)
    verdict = judge_silence(channels, context.now)
    active = {record.alert.key: record for record in context.alerts if record.alert.state is AlertState.ACTIVE}
    delivery = _delivery(context)
    delivering = delivery is not None and delivery.goes_on(context.now)
    stale = {silence.device_id for silence in verdict.silences if silence.channel is None} if delivering else set()
    findings = [
        silence_finding(silence, device=devices[silence.device_id].code)
        for silence in verdict.silences
        if silence.key in active or silence.device_id not in stale
    ]
    felt = _felt_since(context, findings, active)
    for key, record in active.items():
        if key not in felt:
            since = context.memory.get("felt_since", {}).get(key)
            felt_since = datetime.fromisoformat(since) if since else record.alert.started_at
            findings.append(await _ended(context, record, channels, felt_since=felt_since))
    memory: dict[str, Any] = {"felt_since": {key: since.isoformat() for key, since in felt.items()}} if felt else {}
    looks = [verdict.next_look] if verdict.next_look else []
    if delivery is not None and delivering:
        memory["delivery"] = [delivery.since.isoformat(), delivery.last.isoformat()]
        if len(findings) < len(verdict.silences):
            looks.append(delivery.last + DELIVERY_PAUSE + JUST_AFTER)
    return Evaluation(findings=findings, due_at=min(looks, default=None), memory=memory)


async def _channels(context: StationContext, devices: Mapping[int, DeviceFacts]) -> list[Channel]:
    series = [entry for entry in context.station.series if entry.device_id in devices]
    last = await last_readings(context.connection, [entry.id for entry in series])
    names = parameters()
    return [
        Channel(
            series_id=entry.id,
            device_id=entry.device_id,
            name=names[entry.parameter].name_ru,
            name_en=names[entry.parameter].name_en,
            expected_interval_s=entry.expected_interval_s,
            created_at=devices[entry.device_id].created_at,
            last=last.get(entry.id),
            published=entry.published,
        )
        for entry in series
    ]


def _delivery(context: StationContext) -> Delivery | None:
    """The delivery of readings that goes on, by what was committed since the last look."""
    kept = context.memory.get("delivery")
    before = Delivery(*map(datetime.fromisoformat, kept)) if kept else None
    arrived = any(span.kind == "water" for span in context.journal)
    return delivery_after(before, now=context.now) if arrived else before


def _felt_since(
    context: StationContext, silences: Iterable[Finding], active: Mapping[str, AlertRecord]
) -> dict[str, datetime]:
    """Where each open silence seemed to begin when it was first noticed."""
    known = context.memory.get("felt_since", {})
    return {
        silence.key: datetime.fromisoformat(known[silence.key])
        if silence.key in known and silence.key in active
        else silence.started_at
        for silence in silences
    }


async def _ended(
    context: StationContext, record: AlertRecord, channels: Iterable[Channel], *, felt_since: datetime
) -> Finding:
    own = _channels_of(record, {channel.series_id: channel for channel in channels})
    first = await first_reading_after(context.connection, own, after=record.alert.started_at)
    reason = "Показания снова поступают." if own else "Прибор или канал отключён в реестре."
    opened = finding_of(record.alert, detector=record.detector, series_id=record.series_id, device_id=record.device_id)
    learned_at = max(context.now, record.alert.started_at)
    return ended_silence(opened, SilenceEnd(first, learned_at, min(felt_since, learned_at), reason))


def _channels_of(record: AlertRecord, channels: Mapping[int, Channel]) -> list[int]:
    if record.series_id is not None:
        return [record.series_id] if record.series_id in channels else []
    return [channel.series_id for channel in channels.values() if channel.device_id == record.device_id]
