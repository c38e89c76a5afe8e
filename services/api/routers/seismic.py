"""Seismic records, their waveforms, and peaks of the histogram mode."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import EARLIEST, Code, Cursor, End, Limit, LongIdentifier, Start, StationFilter
from services.api.reply import MEDIA_TYPES, Format, fresh_reply, json_reply, next_link
from services.api.schema import answers
from services.api.table import download_name
from services.api.waveform import Waveform, traces_of, waveform_csv
from services.storage.observation_reading import EPOCH
from services.storage.seismic_reading import (
    HistogramRow,
    SeismicRecord,
    find_record,
    list_histograms,
    list_records,
    record_payload,
)

MAX_AGE_S = 5
MINISEED = "application/vnd.fdsn.mseed"
HISTOGRAM_DAYS = 1
MICROSECOND = timedelta(microseconds=1)
router = APIRouter(prefix=API + "/seismic", tags=["seismic"])

DeviceFilter = Annotated[Code | None, Query(description="code of a device")]

RECORD_EXAMPLE = {
    "id": 3, "station": "SEIS-TALDA-1", "device": "SEIS-TALDA-1", "start": "2026-11-21T07:00:00Z",
    "end": "2026-11-21T07:00:08Z", "channels": ["XX.TALDA..GHE", "XX.TALDA..GHN", "XX.TALDA..GHZ"], "rate_hz": 1024.0,
    "samples": 24576, "bytes": 49152, "digest": "9f0c…", "raw_id": 7352847823456231424,
    "measures": {"pvs_mm_s": 3.1},
}  # fmt: skip


class WaveformFormat(StrEnum):
    """mseed: the very bytes that were received; csv and json: counts and physical units."""

    MSEED = "mseed"
    CSV = "csv"
    JSON = "json"


@router.get(
    "/records",
    summary="Triggered records, newest first",
    responses=answers(Page[SeismicRecord], "A page of records", example={"items": [RECORD_EXAMPLE], "next": None}),
)
async def get_records(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    station: StationFilter = None,
    device: DeviceFilter = None,
    start: Start = None,
    end: End = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Records that start in [start, end), by the order of their receipt."""
    question = ("records", station, device, str(start), str(end))
    before = read_cursor(cursor, question, (int,))[0] if cursor else None
    found = await context.database.ask(
        list_records,
        station=station,
        device=device,
        start=start,
        end=end,
        before=before,
        limit=limit + 1,
        everything=asking.sees_everything,
    )
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return fresh_reply(request, Page(items, following), max_age_s=MAX_AGE_S, headers=next_link(request, following))


@router.get(
    "/records/{record_id}",
    summary="One record with its measures",
    responses=answers(SeismicRecord, "The record", example=RECORD_EXAMPLE, problems=(404, 422)),
)
async def get_record(request: Request, context: Shared, asking: Asking, record_id: LongIdentifier) -> Response:
    """PPV per component, true vector sum, frequency, airblast, clipping."""
    found = await context.database.ask(find_record, record_id, everything=asking.sees_everything)
    if found is None:
        raise NotFound(f"there is no published record {record_id}")
    return fresh_reply(request, found, max_age_s=MAX_AGE_S)


@router.get(
    "/records/{record_id}/waveform",
    summary="Samples of a record",
    responses=answers(
        Waveform,
        "The samples",
        others={MINISEED: "the bytes as received", "text/csv": "one line a sample: counts, value, unit"},
        problems=(404, 422),
    ),
)
async def get_waveform(
    context: Shared,
    asking: Asking,
    record_id: LongIdentifier,
    form: Annotated[WaveformFormat, Query(alias="format")] = WaveformFormat.MSEED,
) -> Response:
    """miniSEED comes byte for byte as received; CSV and JSON add physical units by the registry's calibration."""
    found = await context.database.ask(record_payload, record_id, everything=asking.sees_everything)
    if found is None:
        raise NotFound(f"there is no published record {record_id}")
    payload, calibration = found
    headers = {"Cache-Control": "public, max-age=86400"} | download_name("record", record_id, ending=form.value)
    if form is WaveformFormat.MSEED:
        return Response(payload, media_type=MINISEED, headers=headers)
    if form is WaveformFormat.CSV:
        return StreamingResponse(
            waveform_csv(payload, calibration), media_type=MEDIA_TYPES[Format.CSV], headers=headers
        )
    return json_reply(Waveform(record_id, await run_in_threadpool(traces_of, payload, calibration)))


@router.get(
    "/histograms",
    summary="Peaks per interval (histogram mode)",
    responses=answers(Page[HistogramRow], "A page, ascending in time"),
)
async def get_histograms(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    station: StationFilter = None,
    device: DeviceFilter = None,
    start: Start = None,
    end: End = None,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Response:
    """Intervals that start in [start, end); without `start`, the last day before `end`."""
    question = ("histograms", station, device, str(start), str(end))
    end = end or context.now() + MICROSECOND
    start = start or max(EARLIEST, end - timedelta(days=HISTOGRAM_DAYS))
    after = (EARLIEST, 0)
    if cursor is not None:
        micros, device_id, until = read_cursor(cursor, question, (int, int, int))
        after, end = (_moment(micros), _device_id(device_id)), _moment(until)
        start = min(start, after[0])
    found = await context.database.ask(
        list_histograms,
        station=station,
        device=device,
        start=start,
        end=end,
        after=after,
        limit=limit + 1,
        everything=asking.sees_everything,
    )
    items, more = cut(found, limit)
    following = None
    if more:
        last = items[-1]
        position = ((last.start - EPOCH) // MICROSECOND, last.device_id, (end - EPOCH) // MICROSECOND)
        following = write_cursor(question, position)
    return fresh_reply(request, Page(items, following), max_age_s=MAX_AGE_S, headers=next_link(request, following))


def _moment(micros: int) -> datetime:
    try:
        return EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise InvalidRequest("cursor is not one of ours; begin without it") from None


def _device_id(number: int) -> int:
    if not 0 <= number < 2**31:
        raise InvalidRequest("cursor is not one of ours; begin without it")
    return number
