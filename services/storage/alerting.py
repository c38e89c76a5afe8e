"""Alerts as the machine writes them: what is stored, what changes, the append-only events, and detectors' memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from uskat.finding import Finding
from uskat.supervision.reconcile import AlertChange, AlertState, StoredAlert, content_of

ALERT_CHANNEL = "uskat_alert"
PUBLIC = "public"
OPERATOR = "operator"

_ALERT = """SELECT id, detector, key, state, started_at, ended_at, settled_at, kind, severity, knowable_at, title,
        title_en, figures::text, reasons::text, norm::text, detail::text, published, series_id, device_id
    FROM alert WHERE {0}"""
_ALERTS = _ALERT + " AND (state = 'active' OR settled_at > :since OR started_at >= :since) ORDER BY id"
_STORED = text(_ALERTS.format("station_id = :station"))
_OF_NETWORK = text(_ALERTS.format("detector = :detector"))
_BY_ID = text(_ALERT.format("id = ANY(:ids)") + " ORDER BY id")
# Two evaluations of one station never run at once, so the conflict arm only meets an alert that was withdrawn long ago.
_INSERT = text(
    """INSERT INTO alert (key, station_id, device_id, series_id, detector, kind, severity, state, started_at, ended_at,
        settled_at, knowable_at, known_at, updated_at, title, title_en, figures, reasons, norm, detail, published)
    VALUES (:key, :station, :device, :series, :detector, :kind, :severity, :state, :started_at, :ended_at, :settled_at,
        :knowable_at, :now, :now, :title, :title_en, CAST(:figures AS jsonb), CAST(:reasons AS jsonb),
        CAST(:norm AS jsonb), CAST(:detail AS jsonb), :published)
    ON CONFLICT (key, started_at) DO UPDATE SET state = excluded.state, kind = excluded.kind,
        station_id = excluded.station_id, device_id = excluded.device_id,
        severity = excluded.severity, ended_at = excluded.ended_at, settled_at = excluded.settled_at,
        knowable_at = excluded.knowable_at, updated_at = excluded.updated_at, title = excluded.title,
        title_en = excluded.title_en, figures = excluded.figures, reasons = excluded.reasons, norm = excluded.norm,
        detail = excluded.detail, published = excluded.published
    RETURNING id"""
)
_UPDATE = text(
    """UPDATE alert SET state = :state, kind = :kind, severity = :severity, started_at = :started_at,
        ended_at = :ended_at, settled_at = :settled_at, knowable_at = :knowable_at, updated_at = :now, title = :title,
        title_en = :title_en, figures = CAST(:figures AS jsonb), reasons = CAST(:reasons AS jsonb),
        norm = CAST(:norm AS jsonb), detail = CAST(:detail AS jsonb), published = :published,
        station_id = :station, device_id = coalesce(CAST(:device AS integer), device_id)
    WHERE id = :id"""
)
_WITHDRAW = text("""UPDATE alert SET state = 'withdrawn', updated_at = :now WHERE id = :id
    RETURNING published, detector, key, kind, severity""")
_EVENT = text(  # with its row of the outbox of notices (ADR 0013)
    """WITH entry AS (
        INSERT INTO alert_event (alert_id, event, at, body) VALUES (:alert, :event, :at, CAST(:body AS jsonb))
        RETURNING id, alert_id
    ), outbox AS (INSERT INTO notice_pending (alert_id, alert_event_id) SELECT alert_id, id FROM entry)
    SELECT id FROM entry"""
)
_NOTE = text(
    """INSERT INTO notification_log (alert_event_id, channel, recipient, at, status)
    SELECT :event, channel, recipient, :at, 'sent'
    FROM unnest(CAST(:channels AS text[]), CAST(:recipients AS text[])) AS n(channel, recipient)"""
)
_NOTIFY = text(f"SELECT pg_notify('{ALERT_CHANNEL}', :event)")
_STATES = text("SELECT detector, state::text FROM detector_state WHERE station_id = :station")
_KEEP = text(
    """INSERT INTO detector_state (station_id, detector, state, updated_at)
    SELECT :station, k.detector, k.state::jsonb, :now
    FROM unnest(CAST(:detectors AS text[]), CAST(:states AS text[])) AS k(detector, state)
    ON CONFLICT (station_id, detector) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at"""
)


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """A stored alert with the names that a detector needs to speak of it again."""

    detector: str
    alert: StoredAlert
    series_id: int | None
    device_id: int | None


@dataclass(frozen=True, slots=True)
class WrittenEvent:
    """An event as written: for the log."""

    event_id: int
    alert_id: int
    event: str
    detector: str
    key: str
    kind: str
    severity: str


async def stored_alerts(connection: AsyncConnection, station_id: int, *, since: datetime) -> list[AlertRecord]:
    """Alerts of a station that are active, or whose beginning or certain end lies after a moment, by id."""
    rows = await connection.execute(_STORED, {"station": station_id, "since": since})
    return [_record(row) for row in rows]


async def network_alerts(connection: AsyncConnection, detector: str, *, since: datetime) -> list[AlertRecord]:
    """The same of one detector over all stations: of a whole network it speaks under the station that fits."""
    rows = await connection.execute(_OF_NETWORK, {"detector": detector, "since": since})
    return [_record(row) for row in rows]


async def numbered_alerts(connection: AsyncConnection, ids: Sequence[int]) -> list[AlertRecord]:
    """Alerts by their numbers, those that are there, in order."""
    return [_record(row) for row in await connection.execute(_BY_ID, {"ids": list(ids)})]


def _record(row: Any) -> AlertRecord:
    content = {
        "kind": row.kind,
        "severity": row.severity,
        "knowable_at": row.knowable_at.isoformat(),
        "title": row.title,
        "title_en": row.title_en,
        "figures": msgspec.json.decode(row.figures),
        "reasons": msgspec.json.decode(row.reasons),
        "norm": msgspec.json.decode(row.norm) if row.norm is not None else None,
        "detail": msgspec.json.decode(row.detail),
        "published": row.published,
    }
    alert = StoredAlert(row.id, row.key, AlertState(row.state), row.started_at, row.ended_at, row.settled_at, content)
    return AlertRecord(row.detector, alert, row.series_id, row.device_id)


async def write_changes(
    connection: AsyncConnection, changes: Sequence[AlertChange], *, station_id: int, now: datetime
) -> list[WrittenEvent]:
    """Write alerts, their events and the notification log, and notify listeners at COMMIT; returns the events."""
    written: list[WrittenEvent] = []
    for change in changes:
        if change.finding is None:
            written += await _withdraw(connection, change, now=now)
            continue
        told_at = change.finding.station_id if change.finding.station_id is not None else station_id
        bound = _columns(change.finding) | {"station": told_at, "state": change.state.value, "now": now}
        if change.alert_id is None:
            alert_id = int(await connection.scalar(_INSERT, bound))
        else:
            alert_id = change.alert_id
            await connection.execute(_UPDATE, bound | {"id": alert_id})
        body = content_of(change.finding) | {
            "state": change.state.value,
            "started_at": change.finding.started_at.isoformat(),
            "ended_at": change.finding.ended_at.isoformat() if change.finding.ended_at else None,
        }
        for event in change.events:
            identifier = await _write_event(
                connection, alert_id, event.value, body=body, published=change.finding.published, now=now
            )
            written.append(
                WrittenEvent(
                    identifier, alert_id, event.value, change.finding.detector, change.finding.key,
                    change.finding.kind.value, change.finding.severity.value,
                )
            )  # fmt: skip
    return written


async def _withdraw(connection: AsyncConnection, change: AlertChange, *, now: datetime) -> list[WrittenEvent]:
    row = (await connection.execute(_WITHDRAW, {"id": change.alert_id, "now": now})).one()
    alert_id = change.alert_id or 0
    body = {"state": AlertState.WITHDRAWN.value, "why": change.why}
    identifier = await _write_event(connection, alert_id, "withdrawn", body=body, published=row.published, now=now)
    return [WrittenEvent(identifier, alert_id, "withdrawn", row.detector, row.key, row.kind, row.severity)]


async def _write_event(
    connection: AsyncConnection, alert_id: int, event: str, *, body: Mapping[str, Any], published: bool, now: datetime
) -> int:
    bound = {"alert": alert_id, "event": event, "at": now, "body": _json(body)}
    identifier = int(await connection.scalar(_EVENT, bound))
    channels = [("log", OPERATOR), *([("sse", PUBLIC)] if published else [])]
    note = {
        "event": identifier,
        "at": now,
        "channels": [c for c, _ in channels],
        "recipients": [r for _, r in channels],
    }
    await connection.execute(_NOTE, note)
    await connection.execute(_NOTIFY, {"event": str(identifier)})
    return identifier


def _columns(finding: Finding) -> dict[str, Any]:
    content = content_of(finding)
    return content | {
        "key": finding.key,
        "detector": finding.detector,
        "device": finding.device_id,
        "series": finding.series_id,
        "started_at": finding.started_at,
        "ended_at": finding.ended_at,
        "settled_at": finding.settled_at,
        "knowable_at": finding.knowable_at,
        "figures": _json(content["figures"]),
        "reasons": _json(content["reasons"]),
        "norm": _json(content["norm"]) if content["norm"] is not None else None,
        "detail": _json(content["detail"]),
    }


async def detector_states(connection: AsyncConnection, station_id: int) -> dict[str, dict[str, Any]]:
    """What each detector keeps about a station between evaluations."""
    rows = await connection.execute(_STATES, {"station": station_id})
    return {detector: msgspec.json.decode(state) for detector, state in rows}


async def keep_detector_states(
    connection: AsyncConnection, station_id: int, states: Mapping[str, Mapping[str, Any]], *, now: datetime
) -> None:
    """Replace what the named detectors keep about a station."""
    bound = {"station": station_id, "detectors": list(states), "states": list(map(_json, states.values())), "now": now}
    await connection.execute(_KEEP, bound)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
