"""Public alerts for other systems: a CAP 1.2 message of each, and an Atom feed that leads to them."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.context import Context, Shared
from services.api.errors import NotFound
from services.api.query import Identifier
from services.api.schema import problem_answer
from services.api.state_word import alert_word
from services.storage.alert_reading import AlertRow, find_alert
from services.storage.cap_reading import CapFacts, cap_facts, recent_alerts
from services.storage.river_present import river_present
from services.storage.station_reading import list_stations
from uskat.finding import FindingKind, Severity, number_en
from uskat.supervision.cap.area import alert_area
from uskat.supervision.cap.atom import MEDIA_TYPE as ATOM_TYPE
from uskat.supervision.cap.atom import FeedEntry, atom_feed
from uskat.supervision.cap.document import MEDIA_TYPE as CAP_TYPE
from uskat.supervision.cap.document import cap_document
from uskat.supervision.cap.history import messages
from uskat.supervision.cap.message import Area, CapAlert, CapEvent
from uskat.supervision.handling.weight import settlements_reached

MAX_AGE_S = 30
LISTED = 100
KEPT = timedelta(days=14)
"""How long the feed shows an alert after its last change."""
NEAR = timedelta(hours=24)
"""Settlements that the water comes to within a day are drawn."""
FEED = "/feeds/alerts.atom"
router = APIRouter(tags=["alerts"])


def _xml(media_type: str, text: str, *problems: int) -> dict[int | str, dict[str, Any]]:
    good = {"description": text, "content": {media_type: {"schema": {"type": "string"}}}}
    return {200: good, **{status: problem_answer(status) for status in problems}}


@router.get(
    f"{API}/alerts/{{alert_id}}/cap",
    summary="A public alert as a CAP 1.2 message",
    responses=_xml(CAP_TYPE, "The newest message of the alert", 404, 422),
)
async def get_cap(request: Request, context: Shared, alert_id: Identifier) -> Response:
    """Russian and English; every change is a message of its own number that refers to all earlier ones.

    A withdrawn or rejected alert is a `Cancel`. The machine asks for nothing but to watch.
    """
    row = await context.published.ask(find_alert, alert_id)
    facts = (await context.published.ask(cap_facts, [alert_id])).get(alert_id) if row is not None else None
    events = messages(facts.entries) if facts is not None else []
    if row is None or facts is None or not events:
        raise NotFound(f"there is no published alert {alert_id}")
    area = await _area(context, row)
    return _reply(request, cap_document(_alert(context, row, facts, events=events, area=area)), CAP_TYPE)


@router.get(
    FEED,
    summary="Atom feed of public alerts",
    responses=_xml(ATOM_TYPE, "Alerts that changed lately, each with its CAP message"),
)
async def get_feed(request: Request, context: Shared) -> Response:
    """The last hundred that the machine or people changed within fourteen days, the newest change first."""
    now = context.now()
    ids = await context.published.ask(recent_alerts, since=now - KEPT, limit=LISTED)
    facts = await context.published.ask(cap_facts, ids)
    rows = [row for number in ids if (row := await context.published.ask(find_alert, number)) is not None]
    entries = [entry for row in rows if (entry := _entry(context, row, facts)) is not None]
    body = atom_feed(entries, sender=_sender(context), address=_base(context) + FEED, now=now)
    return _reply(request, body, ATOM_TYPE)


def _entry(context: Context, row: AlertRow, facts: Mapping[int, CapFacts]) -> FeedEntry | None:
    events = messages(facts[row.id].entries) if row.id in facts else []
    if not events:
        return None
    title = f"{row.title} – {row.station_name}"
    cap = f"{_base(context)}{API}/alerts/{row.id}/cap"
    return FeedEntry(
        row.id, title, alert_word(row), row.kind, events[0].at, events[-1].at, cap, _web(context, row)
    )  # fmt: skip


def _alert(context: Context, row: AlertRow, facts: CapFacts, *, events: list[CapEvent], area: Area) -> CapAlert:
    figures = {
        name: f"{number_en(figure['value'])} {figure['unit']}".strip()
        for name, figure in dict(row.figures).items()
        if isinstance(figure, dict) and "value" in figure and "unit" in figure
    }
    return CapAlert(
        id=row.id, sender=_sender(context), kind=FindingKind(row.kind), severity=Severity(row.severity),
        title=row.title, title_en=facts.title_en, reasons=[str(reason) for reason in row.reasons], figures=figures,
        started_at=row.started_at, ended_at=row.ended_at, confirmed=row.verdict in {"confirmed", "resolved"},
        demo=facts.demo, word=alert_word(row), web=_web(context, row), area=area, events=events,
        place=row.station_name, report=f"{_base(context)}/complaints",
    )  # fmt: skip


async def _area(context: Context, row: AlertRow) -> Area:
    present = await context.published.ask(river_present, context.now())
    below = settlements_reached(present.network, row.station, state=present.state, calibrations=present.calibrations)
    near = [one for one in below if one.earliest <= NEAR]
    at = (row.longitude, row.latitude)
    published = {one.code for one in await context.published.ask(list_stations)}
    return alert_area(
        present.network, row.station, name=row.station_name, at=at, reached=near, published=published
    )  # fmt: skip


def _base(context: Context) -> str:
    return context.settings.public_url.rstrip("/")


def _sender(context: Context) -> str:
    return urlsplit(context.settings.public_url).hostname or "uskat"


def _web(context: Context, row: AlertRow) -> str:
    return f"{_base(context)}/alerts/{row.id}"


def _reply(request: Request, body: bytes, media_type: str) -> Response:
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={MAX_AGE_S}"}
    if tag in [part.strip() for part in request.headers.get("if-none-match", "").split(",")]:
        return Response(None, 304, headers)
    return Response(body, 200, headers, f"{media_type}; charset=utf-8")
