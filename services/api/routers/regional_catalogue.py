"""Events of the regional seismic catalogue as they were imported, and the files they came in."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.context import Shared
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import EARLIEST, INT32, LATEST, Code, Cursor, End, FormatName, Limit, Start
from services.api.reply import MEDIA_TYPES, Format, feature, features, fresh_reply, next_link, point, wanted_format
from services.api.schema import answers
from services.storage.catalogue_store import CatalogueRow, ImportRow, list_catalogue, list_imports

MAX_AGE_S = 300
router = APIRouter(prefix=API, tags=["regional catalogue"])

EXAMPLE = {
    "id": 17, "event_id": "as20200512053107", "version": 1, "at": "2020-05-12T05:31:07Z", "latitude": 54.13,
    "longitude": 87.08, "depth_km": 0.0, "magnitude": 2.1, "magnitude_type": "ML", "type": "mining explosion",
    "certainty": "suspected", "agency": "ASGSR", "uncertainty_km": None,
}  # fmt: skip
IMPORT_EXAMPLE = {
    "id": 1, "name": "catalogue-2020.xml", "sha256": "9f" * 32, "added": 389, "revised": 0, "known": 0,
    "refused": [{"place": 12, "fault": "no_place", "detail": "no origin with a place"}],
    "imported_at": "2026-05-02T03:10:00Z",
}  # fmt: skip


@router.get(
    "/regional-catalogue",
    summary="Seismic events of the regional catalogue",
    responses=answers(
        Page[CatalogueRow],
        "A page, the last entered first",
        example={"items": [EXAMPLE], "next": None},
        others={"application/geo+json": "one point an event"},
    ),
)
async def get_catalogue(
    *,
    request: Request,
    context: Shared,
    start: Start = None,
    end: End = None,
    type_name: Annotated[Code | None, Query(alias="type", description="of QuakeML 1.2: mining explosion …")] = None,
    magnitude: Annotated[float | None, Query(ge=-5, le=10, description="at least this magnitude")] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
    format_name: FormatName = None,
) -> Response:
    """Of [start, end). An event that the network told otherwise later has a higher version; the newest is shown."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    question = ("catalogue", str(start), str(end), type_name, str(magnitude))
    before = read_cursor(cursor, question, (int,))[0] if cursor else INT32
    found = await context.database.ask(
        list_catalogue, since=start or EARLIEST, until=end or LATEST, type_name=type_name, least_magnitude=magnitude,
        before=min(before, INT32), limit=limit + 1,
    )  # fmt: skip
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    headers = next_link(request, following)
    if form is Format.GEOJSON:
        points = [feature(point(item.longitude, item.latitude), item, identifier=item.event_id) for item in items]
        body = features(points, next=following)
        return fresh_reply(request, body, max_age_s=MAX_AGE_S, media_type=MEDIA_TYPES[form], headers=headers)
    return fresh_reply(request, Page(items, following), max_age_s=MAX_AGE_S, headers=headers)


@router.get(
    "/regional-catalogue/imports",
    summary="Files of the regional catalogue",
    responses=answers(
        Page[ImportRow], "The newest first", example={"items": [IMPORT_EXAMPLE], "next": None}, problems=()
    ),
)
async def get_imports(request: Request, context: Shared) -> Response:
    """The last hundred: how many events each added, told otherwise, knew already, and which entries were refused."""
    return fresh_reply(request, Page(await context.database.ask(list_imports)), max_age_s=MAX_AGE_S)
