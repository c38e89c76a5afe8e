"""Indicators of supervision: figures for everybody, what is behind them for whoever supervises the territory."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Context, Shared
from services.api.drawing import Image, image_reply
from services.api.errors import NotFound
from services.api.query import FormatName
from services.api.reply import MEDIA_TYPES, Format, fresh_reply, wanted_format
from services.api.routers.cases import PRIVATE, SECURED, desk_of
from services.api.schema import answers, problem_answer
from services.api.table import csv_lines, download_name
from services.storage.case_ground import Desk
from services.storage.catalogue_store import catalogue_blasts
from services.storage.fired_blasts import fired_blasts
from services.storage.kpi_reading import alert_facts, case_facts, station_months
from services.storage.reading import Database
from uskat.blast.kpi.magnitude import MagnitudeBasis, magnitude_kpi
from uskat.blast.kpi.punctuality import ReportDue
from uskat.blast.kpi.rules import kpi_rules
from uskat.blast.passport.rules import passport_rules
from uskat.supervision.kpi.chart import month_chart
from uskat.supervision.kpi.facts import Facts
from uskat.supervision.kpi.figure import Behind, Cell, Indicator
from uskat.supervision.kpi.supervision import supervision_kpi
from uskat.water.availability import Month, month_of

MAX_AGE_S = 60
USUAL_TYPE = "ML"
HEADER = ("indicator", "period", "value", "unit", "n", "counted")
router = APIRouter(prefix=API, tags=["supervision indicators"])

Year = Annotated[int | None, Query(ge=2000, le=2100, description="local year; else the current one")]
Code = Annotated[str, Path(max_length=50, pattern=r"^[a-z_]+$", description="code of an indicator")]
MonthCode = Annotated[
    str | None, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="«2026-06»; the whole year when left out")
]


class IndicatorYear(msgspec.Struct):
    """An indicator: how the source words it, by which formula, its target by year, the year and its twelve months.

    A figure has value (null: nothing to reckon it from), n, counted, and what belongs to it (median, interval, split).
    """

    code: str
    title: str
    title_en: str
    unit: str
    formula: str
    source: str
    behind: str
    target: dict[str, float]
    year: dict[str, Any]
    months: dict[str, dict[str, Any]]


class SupervisionKpi(msgspec.Struct):
    """Indicators of a local year. magnitude: mean of the region's blasts against 2020, or why there is none."""

    year: int
    start: datetime
    end: datetime
    asked_at: datetime
    indicators: list[IndicatorYear]
    magnitude: dict[str, Any]


class BehindFigure(msgspec.Struct):
    """What a figure of a period was reckoned from, as far as the asker may see it. n: of the figure itself.

    An item with `counted` true has what a share asks for; of a mean all count. Stations: a row a month of the period.
    """

    indicator: str
    period: str
    value: float | None
    n: int
    kind: str
    items: list[dict[str, Any]]


CELL_EXAMPLE = {"value": 0.75, "n": 4, "counted": 3, "origins": {"instrument": 3, "check": 0, "complaint": 1}}
INDICATOR_EXAMPLE = {
    "code": "self_detected_share", "title": "Доля нарушений, выявленных самостоятельно",
    "title_en": "Found by the agencies themselves",
    "unit": "доля", "formula": "раньше жалобы / все", "source": "Стратегия (2021)", "behind": "cases",
    "target": {"2024": 1.0}, "year": CELL_EXAMPLE, "months": {"2026-06": CELL_EXAMPLE},
}  # fmt: skip
KPI_EXAMPLE = {
    "year": 2026, "start": "2025-12-31T17:00:00Z", "end": "2026-12-31T17:00:00Z", "asked_at": "2026-11-25T03:00:00Z",
    "indicators": [INDICATOR_EXAMPLE], "magnitude": {"refusals": ["Порог полноты не задан."]},
}  # fmt: skip
BEHIND_EXAMPLE = {
    "indicator": "self_detected_share", "period": "2026-06", "value": 0.75, "n": 4, "kind": "cases",
    "items": [{
        "id": 7, "title": "Аммоний ниже выпуска", "origin": "instrument", "verdict": "confirmed", "counted": True,
    }],
}  # fmt: skip


@router.get(
    "/kpi/supervision",
    summary="Indicators of supervision of a year, month by month",
    responses=answers(SupervisionKpi, "Indicators", example=KPI_EXAMPLE, others={"text/csv": "one figure a row"}),
)
async def get_supervision_kpi(
    *,
    request: Request,
    context: Shared,
    year: Year = None,
    threshold: Annotated[float | None, Query(ge=-2, le=6, description="completeness: magnitudes from it count")] = None,
    format_name: FormatName = None,
) -> Response:
    """As the strategy words them, with precision and recall, availability and reaction times beside them.

    A verdict of later changes the month that it is about. Where nothing is known the value is null, never zero.
    """
    form = wanted_format(request, format_name, (Format.JSON, Format.CSV))
    months = _months(context, year)
    asked = int(months[0].code[:4])
    indicators = await _indicators(context, context.published, months)
    if form is Format.CSV:
        rows = [row for one in indicators for row in _rows(one, asked)]
        return Response(csv_lines([HEADER, *rows]), 200, download_name("supervision", asked, ending="csv"),
                        MEDIA_TYPES[form])  # fmt: skip
    magnitude = await _magnitude(context, asked, threshold=threshold)
    told = [_told(one) for one in indicators]
    found = SupervisionKpi(asked, months[0].start, months[-1].end, context.now().astimezone(UTC), told, magnitude)
    return fresh_reply(request, found, max_age_s=MAX_AGE_S)


@router.get(
    "/kpi/supervision/{indicator}/figure",
    summary="A year of an indicator drawn, month by month",
    responses={
        200: {"description": "SVG", "content": {"image/svg+xml": {"schema": {"type": "string"}}}},
        404: problem_answer(404), 422: problem_answer(422),
    },
)  # fmt: skip
async def get_kpi_figure(request: Request, context: Shared, indicator: Code, year: Year = None) -> Response:
    """Twelve bars with their numbers; a month without a figure is a gap."""
    months = _months(context, year)
    found = _one(await _indicators(context, context.published, months), indicator)
    picture = month_chart(found, year=int(months[0].code[:4])).encode()
    return image_reply(request, picture, Image.SVG, max_age_s=MAX_AGE_S)


@router.get(
    "/kpi/supervision/{indicator}/behind",
    summary="Cases, alerts or stations behind a figure",
    responses=answers(BehindFigure, "What it was reckoned from", example=BEHIND_EXAMPLE, problems=(401, 403, 404, 422)),
    openapi_extra=SECURED,
)
async def get_behind(
    context: Shared, asking: Asking, indicator: Code, year: Year = None, month: MonthCode = None
) -> Response:
    """Cases of your own agency and alerts of its territories; `n` of the figure counts the others too."""
    desk = desk_of(asking)
    months = _months(context, int(month[:4]) if month else year)
    public = _one(await _indicators(context, context.published, months), indicator)
    whole = public.months[month] if month else public.year
    facts = await _facts(context, context.database, months)
    codes = frozenset([month] if month else [one.code for one in months])
    items = await asyncio.to_thread(_items, facts, public.wording.behind, whole, desk=desk, months=codes)
    found = BehindFigure(
        indicator, month or months[0].code[:4], whole.value, whole.n, public.wording.behind.value, items
    )
    return Response(msgspec.json.encode(found), 200, PRIVATE, "application/json")


def _items(facts: Facts, kind: Behind, cell: Cell, *, desk: Desk, months: frozenset[str]) -> list[dict[str, Any]]:
    named, having = set(cell.behind), set(cell.behind[: cell.counted])
    if kind is Behind.CASES:
        cases = [one for one in facts.cases if one.id in named and one.agency == desk.agency]
        seen = [one for one in cases if one.territory is None or desk.covers(one.territory)]
        return [asdict(one) | {"origin": one.origin.value, "counted": one.id in having} for one in seen]
    if kind is Behind.ALERTS:
        alerts = [one for one in facts.alerts if one.id in named]
        told = [one for one in alerts if one.territory is None or desk.covers(one.territory)]
        return [asdict(one) | {"counted": one.id in having} for one in told]
    if kind is Behind.STATIONS:
        own = [one for one in facts.stations if one.station in named and one.expected and one.month in months]
        return [asdict(one) | {"share": one.valid / one.expected} for one in own]
    return [{"enterprise": name, "counted": name in having} for name in sorted(map(str, named))]


def _months(context: Context, year: int | None) -> list[Month]:
    asked = year if year is not None else int(month_of(context.now()).code[:4])
    return [month_of(datetime(asked, number, 15, tzinfo=UTC)) for number in range(1, 13)]


async def _facts(context: Context, database: Database, months: list[Month]) -> Facts:
    since, until = months[0].start, months[-1].end
    fired = await database.ask(fired_blasts, enterprise=None, since=since, until=until)
    return Facts(
        await database.ask(case_facts, since=since, until=until),
        await database.ask(alert_facts, since=since, until=until),
        await database.ask(station_months, months, now=context.now()),
        [ReportDue(row.enterprise, row.fired_at, row.reported_at) for row in fired],
    )


async def _indicators(context: Context, database: Database, months: list[Month]) -> tuple[Indicator, ...]:
    facts = await _facts(context, database, months)
    due_h = passport_rules().report_due_h.value
    return await asyncio.to_thread(supervision_kpi, facts, months, now=context.now(), due_h=due_h)


async def _magnitude(context: Context, year: int, *, threshold: float | None) -> dict[str, Any]:
    events = await context.published.ask(catalogue_blasts)
    agencies = sorted({event.agency for event in events if event.agency})
    network = max(agencies, key=lambda name: sum(event.agency == name for event in events), default="")
    basis = MagnitudeBasis(network, USUAL_TYPE, threshold)
    return (await asyncio.to_thread(magnitude_kpi, events, year, basis=basis, rules=kpi_rules())).to_json()


def _one(indicators: tuple[Indicator, ...], code: str) -> Indicator:
    found = next((one for one in indicators if one.wording.code == code), None)
    if found is None:
        raise NotFound(f"there is no indicator {code}")
    return found


def _told(one: Indicator) -> IndicatorYear:
    words = one.wording
    return IndicatorYear(
        words.code, words.title, words.title_en, words.unit, words.formula, words.source, words.behind.value,
        {str(year): value for year, value in words.target.items()}, one.year.to_json(),
        {code: cell.to_json() for code, cell in one.months.items()},
    )  # fmt: skip


def _rows(one: Indicator, year: int) -> list[tuple[str | float | int | None, ...]]:
    cells = {str(year): one.year, **one.months}
    return [
        (one.wording.code, period, cell.value, one.wording.unit, cell.n, cell.counted) for period, cell in cells.items()
    ]
