"""What is measured and with what: parameters, instruments, series."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.errors import NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import Code, Cursor, Identifier, Limit, StationFilter
from services.api.reply import fresh_reply, next_link
from services.api.schema import answers
from services.storage.series_reading import (
    Instrument,
    Parameter,
    SeriesView,
    list_instruments,
    list_parameters,
    list_series,
)

REGISTRY_AGE_S = 60
router = APIRouter(prefix=API, tags=["catalogue"])

PARAMETER_EXAMPLE = {
    "code": "nh4", "name_ru": "Аммоний-ион", "name_en": "Ammonium ion", "unit": "mg/L", "unit_ru": "мг/дм³",
    "basis": "NH4", "gross_min": 0.0, "gross_max": 200.0, "decimals": 6,
}  # fmt: skip
SERIES_EXAMPLE = {
    "id": 17, "station": "KU-1", "station_name": "Ускат, верховье", "device": "KU-1", "parameter": "nh4",
    "name_ru": "Аммоний-ион", "name_en": "Ammonium ion", "unit": "mg/L", "unit_ru": "мг/дм³", "basis": "NH4",
    "expected_interval_s": 60, "instrument": None, "published": True,
}  # fmt: skip


@router.get(
    "/parameters",
    summary="The vocabulary of parameters with units",
    responses=answers(Page[Parameter], "Every parameter", example={"items": [PARAMETER_EXAMPLE], "next": None}),
)
async def get_parameters(request: Request, context: Shared) -> Response:
    """Codes as they are written on the wire, units, the chemical species a number speaks of, physical range."""
    found = await context.database.ask(list_parameters)
    return fresh_reply(request, Page(found), max_age_s=REGISTRY_AGE_S)


@router.get(
    "/instruments",
    summary="Instruments, by code",
    responses=answers(Page[Instrument], "Instruments of published stations"),
)
async def get_instruments(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    station: StationFilter = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Response:
    """Type, serial number, and the time it stood at its station."""
    question = ("instruments", station)
    after = read_cursor(cursor, question, (str,))[0] if cursor else None
    found = await context.database.ask(
        list_instruments, station=station, everything=asking.sees_everything, after=after, limit=limit + 1
    )
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].code,)) if more else None
    return fresh_reply(request, Page(items, following), max_age_s=REGISTRY_AGE_S, headers=next_link(request, following))


@router.get(
    "/series",
    summary="Series: one parameter measured by one device",
    responses=answers(Page[SeriesView], "Series by id", example={"items": [SERIES_EXAMPLE], "next": None}),
)
async def get_series(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    station: StationFilter = None,
    parameter: Annotated[Code | None, Query(description="code of a parameter")] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Response:
    """The id of a series never changes; observations are read under it."""
    question = ("series", station, parameter)
    after = read_cursor(cursor, question, (int,))[0] if cursor else 0
    found = await context.database.ask(
        list_series,
        station=station,
        parameter=parameter,
        everything=asking.sees_everything,
        after=after,
        limit=limit + 1,
    )
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return fresh_reply(request, Page(items, following), max_age_s=REGISTRY_AGE_S, headers=next_link(request, following))


@router.get(
    "/series/{series_id}",
    summary="One series",
    responses=answers(SeriesView, "The series", example=SERIES_EXAMPLE, problems=(404, 422)),
)
async def get_one_series(request: Request, context: Shared, asking: Asking, series_id: Identifier) -> Response:
    """Parameter, unit, device, station and expected interval."""
    head = await context.directory.head(series_id, everything=asking.sees_everything)
    if head is None:
        raise NotFound(f"there is no published series {series_id}")
    return fresh_reply(request, head.view, max_age_s=REGISTRY_AGE_S)
