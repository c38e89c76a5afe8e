"""FDSN web services: dataselect, station, event, at the paths that every seismological client knows."""

from collections.abc import AsyncIterator, Callable

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from services.api.authentication import Asking
from services.api.body import read_body
from services.api.context import Shared
from services.api.errors import InvalidRequest, PayloadTooLarge
from services.api.fdsn.events import AGENCY, AUTHORITY, CATALOGUE, asked_events, described, event_name
from services.api.fdsn.parameters import DATASELECT, EVENT, MINISEED, SERVICES, STATION, TEXT, XML, Service
from services.api.fdsn.pieces import asked_records, pieces
from services.api.fdsn.question import Question, read_bulk, read_query
from services.api.fdsn.refusal import nothing_found
from services.api.fdsn.stations import asked_channels, channels_of
from services.api.fdsn.wadl import wadl
from services.storage.fdsn_reading import list_published_events, list_seismographs
from uskat.blast.catalogue.quakeml_writing import write_quakeml, write_text
from uskat.blast.record.station_document import station_text, station_xml

MOST_EVENTS = 20_000
BULK_BYTES = 256 * 1024
MAX_AGE_S = 60
router = APIRouter(include_in_schema=False)


@router.get("/fdsnws/dataselect/1/query")
async def get_dataselect(request: Request, context: Shared, asking: Asking) -> Response:
    """miniSEED of the records asked for, cut between its records."""
    question = read_query(DATASELECT, request.query_params.multi_items())
    return await _dataselect(question, context, asking)


@router.post("/fdsnws/dataselect/1/query")
async def post_dataselect(request: Request, context: Shared, asking: Asking) -> Response:
    """The same for a list of channels and spans."""
    return await _dataselect(read_bulk(DATASELECT, await read_body(request, BULK_BYTES)), context, asking)


async def _dataselect(question: Question, context: Shared, asking: Asking) -> Response:
    heads = await asked_records(context.database, question, everything=asking.sees_everything)
    parts = pieces(context.database, question, heads)
    first = await anext(parts, None)
    if first is None:
        return nothing_found(question)
    headers = _caching(asking) | {"Content-Disposition": 'attachment; filename="fdsnws-dataselect.mseed"'}
    return StreamingResponse(_chained(first, parts), media_type=MINISEED, headers=headers)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part


@router.get("/fdsnws/station/1/query")
async def get_station(request: Request, context: Shared, asking: Asking) -> Response:
    """StationXML or text of the seismographs in the registry."""
    return await _station(read_query(STATION, request.query_params.multi_items()), context, asking)


@router.post("/fdsnws/station/1/query")
async def post_station(request: Request, context: Shared, asking: Asking) -> Response:
    """The same for a list of channels and spans."""
    return await _station(read_bulk(STATION, await read_body(request, BULK_BYTES)), context, asking)


async def _station(question: Question, context: Shared, asking: Asking) -> Response:
    level, text = question["level"], question["format"] == "text"
    if text and level == "response":
        raise InvalidRequest("format=text knows the levels network, station, channel")
    rows = await context.database.ask(list_seismographs, everything=asking.sees_everything)
    now = context.now()
    channels = asked_channels(question, channels_of(rows), now=now)
    if not channels:
        return nothing_found(question)
    write = station_text if text else station_xml
    # lxml and obspy take their time over a large network: not in the loop that serves everybody
    body = await run_in_threadpool(lambda: write(channels, level=level, created=now))
    return Response(body, media_type=TEXT if text else XML, headers=_caching(asking))


@router.get("/fdsnws/event/1/query")
async def get_event(request: Request, context: Shared, asking: Asking) -> Response:
    """QuakeML or text of judged events and declared blasts."""
    question = read_query(EVENT, request.query_params.multi_items())
    rows = await context.published.ask(
        list_published_events,
        start=question.start,
        end=question.end,
        name=None if question["eventid"] is None else event_name(question["eventid"]),
        limit=MOST_EVENTS + 1,
        everything=asking.runs_all,
        supervised=asking.supervised,
    )
    if len(rows) > MOST_EVENTS:
        raise PayloadTooLarge(f"more than {MOST_EVENTS} events; ask for a shorter span")
    found = asked_events(
        question, [described(row, reasons=asking.runs_all or row.territory in asking.supervised) for row in rows]
    )
    if not found:
        return nothing_found(question)
    if question["format"] == "text":
        return Response(
            write_text(found, catalogue=CATALOGUE, agency=AGENCY), media_type=TEXT, headers=_caching(asking)
        )
    now = context.now()
    catalogue_id = f"{AUTHORITY}catalogue/{CATALOGUE}"
    body = await run_in_threadpool(lambda: write_quakeml(found, catalogue_id=catalogue_id, created=now, agency=AGENCY))
    return Response(body, media_type=XML, headers=_caching(asking))


@router.get("/fdsnws/event/1/catalogs")
async def get_catalogs() -> Response:
    """The one catalogue."""
    return Response(f"<Catalogs><Catalog>{CATALOGUE}</Catalog></Catalogs>", media_type=XML)


@router.get("/fdsnws/event/1/contributors")
async def get_contributors() -> Response:
    """The one contributor."""
    return Response(f"<Contributors><Contributor>{AGENCY}</Contributor></Contributors>", media_type=XML)


def _version_of(service: Service) -> Callable[[], object]:
    async def version() -> Response:
        return PlainTextResponse(service.version + "\n")

    return version


def _wadl_of(service: Service) -> Callable[..., object]:
    async def application(request: Request) -> Response:
        base = f"{request.base_url}fdsnws/{service.name}/1/"
        return Response(wadl(service, base=base), media_type=XML)

    return application


for _service in SERVICES:
    router.get(f"/fdsnws/{_service.name}/1/version")(_version_of(_service))
    router.get(f"/fdsnws/{_service.name}/1/application.wadl")(_wadl_of(_service))


def _caching(asking: Asking) -> dict[str, str]:
    scope = "private" if asking.sees_everything else "public"
    return {"Cache-Control": f"{scope}, max-age={MAX_AGE_S}", "Vary": "Authorization"}
