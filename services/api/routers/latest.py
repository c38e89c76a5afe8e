"""Newest values."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.errors import NotFound
from services.api.paging import Page
from services.api.query import Identifier, StationFilter
from services.api.reply import fresh_reply
from services.api.schema import answers
from services.storage.series_reading import LatestValue, latest_readings

MAX_AGE_S = 2
router = APIRouter(prefix=API, tags=["observations"])

EXAMPLE = {
    "series": 17, "station": "KU-1", "parameter": "nh4", "unit": "mg/L", "time": "2026-11-21T09:20:00Z",
    "value": 0.31, "flag": 1, "decided": False,
}  # fmt: skip


@router.get(
    "/latest",
    summary="Newest value of every series",
    responses=answers(Page[LatestValue], "One value a series", example={"items": [EXAMPLE], "next": None}),
)
async def get_latest(request: Request, context: Shared, asking: Asking, station: StationFilter = None) -> Response:
    """All series, or those of one station, in one answer; a series that never sent anything is not in it.

    Use the entity tag: an answer that did not change costs no transfer.
    """
    found = await context.directory.latest(station=station, everything=asking.sees_everything)
    return fresh_reply(request, Page(found), max_age_s=MAX_AGE_S)


@router.get(
    "/series/{series_id}/latest",
    summary="Newest value of one series",
    responses=answers(LatestValue, "The value", example=EXAMPLE, problems=(404, 422)),
)
async def get_latest_of_series(request: Request, context: Shared, asking: Asking, series_id: Identifier) -> Response:
    """404 when the series is unknown or has sent nothing yet."""
    head = await context.directory.head(series_id, everything=asking.sees_everything)
    rows = await context.database.ask(latest_readings, [series_id]) if head is not None else []
    if head is None or not rows:
        raise NotFound(f"there is no published series {series_id} with readings")
    view = head.view
    latest = LatestValue(view.id, view.station, view.parameter, view.unit, *rows[0][1:])
    return fresh_reply(request, latest, max_age_s=MAX_AGE_S)
