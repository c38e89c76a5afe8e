"""Alerts with their figures, reasons, norm and history."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.errors import NotFound
from services.api.nitrogen_answer import blasts_before
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import Code, Cursor, FormatName, Identifier, Limit, Moment, StationFilter
from services.api.reply import MEDIA_TYPES, Format, feature, features, fresh_reply, next_link, point, wanted_format
from services.api.schema import answers
from services.storage.alert_reading import AlertChange, AlertRow, alert_history, find_alert, list_alerts

MAX_AGE_S = 2
router = APIRouter(prefix=API, tags=["alerts"])

EXAMPLE = {
    "id": 5, "kind": "exceedance", "severity": "violation", "state": "active", "detector": "exceedance",
    "station": "KU-2", "station_name": "Ускат ниже выпуска", "latitude": 54.1, "longitude": 87.0, "device": "KU-2",
    "series": 23, "parameter": "nh4", "started_at": "2026-11-21T08:20:00Z", "ended_at": None,
    "knowable_at": "2026-11-21T08:40:00Z", "known_at": "2026-11-21T08:40:01Z", "updated_at": "2026-11-21T09:00:01Z",
    "title": "Аммоний-ион выше норматива", "figures": {"peak": {"value": 1.4, "unit": "мг/дм³"}},
    "reasons": ["Среднее за 20 минут выше норматива."], "norm": {"pack": "fishery-552-2016", "verified": False},
}  # fmt: skip


class AlertDetail(AlertRow, kw_only=True):
    """An alert and every change of it, oldest first.

    blasts: where nitrogen rose, the blasts that may belong to it, as context and no charge; only for the agency, and
    its own ones for an enterprise; null for everybody else.
    """

    events: list[AlertChange]
    blasts: list[dict[str, Any]] | None = None


@router.get(
    "/alerts",
    summary="Alerts, newest first",
    responses=answers(
        Page[AlertRow],
        "A page of alerts",
        example={"items": [EXAMPLE], "next": None},
        others={"application/geo+json": "one point an alert, at its station"},
    ),
)
async def get_alerts(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    station: StationFilter = None,
    kind: Annotated[Code | None, Query(description="exceedance, silence, vibration, clock …")] = None,
    state: Annotated[Code | None, Query(description="active, returned, withdrawn")] = None,
    since: Annotated[Moment | None, Query(description="changed at or after this moment")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    format_name: FormatName = None,
) -> Response:
    """A mistaken alert is `withdrawn` with its reason and stays in the list; nothing is deleted."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    question = ("alerts", station, kind, state, str(since))
    before = read_cursor(cursor, question, (int,))[0] if cursor else None
    found = await context.database.ask(
        list_alerts,
        station=station,
        kind=kind,
        state=state,
        since=since,
        before=before,
        limit=limit + 1,
        everything=asking.sees_everything,
    )
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    headers = next_link(request, following)
    if form is Format.GEOJSON:
        points = [feature(point(item.longitude, item.latitude), item, identifier=item.id) for item in items]
        body = features(points, next=following)
        return fresh_reply(request, body, max_age_s=MAX_AGE_S, media_type=MEDIA_TYPES[form], headers=headers)
    return fresh_reply(request, Page(items, following), max_age_s=MAX_AGE_S, headers=headers)


@router.get(
    "/alerts/{alert_id}",
    summary="One alert with its history",
    responses=answers(AlertDetail, "The alert", example=EXAMPLE | {"events": [], "blasts": None}, problems=(404, 422)),
)
async def get_alert(request: Request, context: Shared, asking: Asking, alert_id: Identifier) -> Response:
    """When it happened, when it could have been known, when it was known; each change with the figures of then."""
    row = await context.database.ask(find_alert, alert_id, everything=asking.sees_everything)
    if row is None:
        raise NotFound(f"there is no published alert {alert_id}")
    events = await context.database.ask(alert_history, alert_id)
    known = {name: getattr(row, name) for name in AlertRow.__struct_fields__}
    blasts = await blasts_before(context, asking, row)
    return fresh_reply(request, AlertDetail(**known, events=events, blasts=blasts), max_age_s=MAX_AGE_S)
