"""Stored alerts against what the detectors see now: opened, updated, returned, reopened, withdrawn – never deleted.

The result depends on the findings and the stored alerts only, so evaluating the same data again changes nothing, and
late data that move, merge or split an episode move, merge or split its alert.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from uskat.finding import Figure, Finding, FindingKind, Scope, Severity


class AlertState(StrEnum):
    """What the machine says of an alert now; human verdicts are kept elsewhere (DESIGN §7)."""

    ACTIVE = "active"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class AlertEvent(StrEnum):
    """A change of an alert."""

    OPENED = "opened"
    UPDATED = "updated"
    RETURNED = "returned"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert as stored. content: what `content_of` makes of a finding."""

    id: int
    key: str
    state: AlertState
    started_at: datetime
    ended_at: datetime | None
    settled_at: datetime | None
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlertChange:
    """What must be written. alert_id None: a new alert. finding None: the alert is withdrawn. why: in Russian."""

    alert_id: int | None
    finding: Finding | None
    state: AlertState
    events: tuple[AlertEvent, ...]
    why: str = ""


def content_of(finding: Finding) -> dict[str, Any]:
    """Everything of a finding that an alert shows, as JSON values; equal content means nothing to update."""
    return {
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "knowable_at": finding.knowable_at.isoformat(),
        "title": finding.title,
        "title_en": finding.title_en,
        "figures": {name: figure.to_json() for name, figure in finding.figures.items()},
        "reasons": list(finding.reasons),
        "norm": dict(finding.norm) if finding.norm is not None else None,
        "detail": dict(finding.detail),
        "published": finding.published,
    }


def finding_of(alert: StoredAlert, *, detector: str, series_id: int | None, device_id: int | None) -> Finding:
    """The finding that a stored alert was made of, for detectors that only close what they opened."""
    content = alert.content
    return Finding(
        detector=detector,
        kind=FindingKind(content["kind"]),
        severity=Severity(content["severity"]),
        key=alert.key,
        started_at=alert.started_at,
        knowable_at=datetime.fromisoformat(content["knowable_at"]),
        ended_at=alert.ended_at,
        settled_at=alert.settled_at,
        title=content["title"],
        title_en=content["title_en"],
        series_id=series_id,
        device_id=device_id,
        figures={name: Figure(figure["value"], figure["unit"]) for name, figure in content["figures"].items()},
        reasons=tuple(content["reasons"]),
        norm=content["norm"],
        detail=content["detail"],
        published=content["published"],
    )


def reconcile(
    stored: Iterable[StoredAlert], findings: Sequence[Finding], *, scopes: Sequence[Scope]
) -> list[AlertChange]:
    """Changes that bring the stored alerts to the findings.

    A finding belongs to the stored alert of its key and start, else to the earliest alert (lowest id) not withdrawn
    whose period overlaps its own, else it is new. A stored alert inside a scope without a finding is withdrawn.
    """
    by_key: dict[str, list[StoredAlert]] = {}
    for alert in sorted(stored, key=lambda alert: alert.id):
        by_key.setdefault(alert.key, []).append(alert)
    changes: list[AlertChange] = []
    for key in sorted({finding.key for finding in findings} | {scope.key for scope in scopes}):
        own = sorted((finding for finding in findings if finding.key == key), key=lambda finding: finding.started_at)
        alerts = by_key.get(key, [])
        matches = _match(alerts, own)
        changes += [change for finding in own if (change := _change(matches.get(finding.started_at), finding))]
        taken = {alert.id for alert in matches.values()}
        for alert in alerts:
            in_scope = any(scope.key == key and scope.covers(alert.started_at) for scope in scopes)
            if alert.id not in taken and alert.state is not AlertState.WITHDRAWN and in_scope:
                changes.append(_withdrawal(alert, own, matches=matches))
    return changes


def _match(alerts: Sequence[StoredAlert], findings: Sequence[Finding]) -> dict[datetime, StoredAlert]:
    """Stored alert by start of the finding it belongs to."""
    by_start = {alert.started_at: alert for alert in alerts}
    matches = {f.started_at: by_start[f.started_at] for f in findings if f.started_at in by_start}
    taken = {alert.id for alert in matches.values()}
    for finding in findings:
        if finding.started_at in matches:
            continue
        for alert in alerts:
            free = alert.id not in taken and alert.state is not AlertState.WITHDRAWN
            if free and _overlap(alert, finding):
                matches[finding.started_at] = alert
                taken.add(alert.id)
                break
    return matches


def _overlap(alert: StoredAlert, finding: Finding) -> bool:
    begins_before = finding.ended_at is None or alert.started_at < finding.ended_at
    ends_after = alert.ended_at is None or finding.started_at < alert.ended_at
    return begins_before and ends_after


def _change(alert: StoredAlert | None, finding: Finding) -> AlertChange | None:
    target = AlertState.ACTIVE if finding.ended_at is None else AlertState.RETURNED
    over = (AlertEvent.RETURNED,) if target is AlertState.RETURNED else ()
    if alert is None:
        return AlertChange(None, finding, target, (AlertEvent.OPENED, *over))
    if alert.state is AlertState.WITHDRAWN:
        return AlertChange(alert.id, finding, target, (AlertEvent.REOPENED, *over))
    if alert.state is not target:
        event = AlertEvent.RETURNED if target is AlertState.RETURNED else AlertEvent.REOPENED
        return AlertChange(alert.id, finding, target, (event,))
    periods = (alert.started_at, alert.ended_at, alert.settled_at)
    if periods == (finding.started_at, finding.ended_at, finding.settled_at) and alert.content == content_of(finding):
        return None
    return AlertChange(alert.id, finding, target, (AlertEvent.UPDATED,))


def _withdrawal(
    alert: StoredAlert, findings: Sequence[Finding], *, matches: Mapping[datetime, StoredAlert]
) -> AlertChange:
    heir = next((matches.get(f.started_at) for f in findings if _overlap(alert, f)), None)
    if heir is not None:
        why = f"Поступили новые данные: эпизод объединён с сигналом № {heir.id}."
    else:
        why = "Поступили новые данные: с ними этого эпизода нет."
    return AlertChange(alert.id, None, AlertState.WITHDRAWN, (AlertEvent.WITHDRAWN,), why)
