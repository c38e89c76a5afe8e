"""Indicators of blasting of one local year: magnitude against 2020, frequency, punctuality, limits."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from msgspec import Struct

from services.api.access import API
from services.api.authentication import Asking, Principal
from services.api.context import Context, Shared
from services.api.query import Code, FormatName
from services.api.reply import MEDIA_TYPES, Format, fresh_reply, wanted_format
from services.api.schema import answers
from services.api.state_word import LOCAL
from services.api.table import csv_lines, download_name
from services.storage.catalogue_store import catalogue_blasts
from services.storage.fired_blasts import (
    fired_blasts,
    pit_places,
    receptor_peaks,
    receptor_stations,
    undeclared_events,
)
from uskat.blast.catalogue.event import CatalogueEvent
from uskat.blast.kpi.activity import FiredBlast
from uskat.blast.kpi.assignment import PitOwner, assign_events, pit_near
from uskat.blast.kpi.magnitude import MagnitudeBasis
from uskat.blast.kpi.punctuality import ReportDue
from uskat.blast.kpi.rules import kpi_rules
from uskat.blast.kpi.year import HEADER, YearFacts, YearOfBlasting, year_of_blasting
from uskat.blast.norm.pack import limit_norm
from uskat.blast.passport.rules import passport_rules

MAX_AGE_S = 600
REGION = "region"
YEARLY_NORM = "anzec"
"""The only yearly rule whose text says how many may exceed; the Russian acts have none (blasting/norms.md §1.5.4)."""
USUAL_TYPE = "ML"
router = APIRouter(prefix=API, tags=["blasting indicators"])

YEAR_OF_ENERGY = {"year": 2025, "n": 412, "unsized": 3, "arithmetic": 1.9, "energy": 2.2, "median": 1.9, "p95": 2.6}
SUBJECT_EXAMPLE = {
    "subject": REGION,
    "magnitude": {
        "network": "ASGSR", "magnitude_type": "ML", "threshold": 1.8, "base": YEAR_OF_ENERGY | {"year": 2020},
        "year": YEAR_OF_ENERGY, "completeness_estimate": {"2020": 1.7, "2025": 1.7},
        "reduction_percent": {"arithmetic": 2.1, "energy": 1.4}, "change_ml": {"arithmetic": -0.04, "energy": -0.03},
        "refusals": [], "warnings": [], "level": "memory", "level_ru": "не проверено по документу",
    },
    "months": [{
        "enterprise": "kedrovaya-pad-demo", "pit": "kedrovaya-pad", "month": "2025-06", "blasts": 9, "undeclared": 0,
        "charge_t": 25.0, "without_charge": 1,
    }],
    "reports": {"enterprise_share": 0.5, "report_share": 0.9, "enterprises": []},
    "limits": {"ppv_mm_s": {"records": 0, "record_share": None, "receptor_share": None, "not_measured": [],
                            "receptors": []}},
}  # fmt: skip


class BlastingKpi(Struct):
    """Indicators of a local year. subjects: the region first, then its enterprises.

    unassigned: blasts of the catalogue in this year near no pit, or near several without a declared blast. Undeclared
    blasts, found by instruments, carry the enterprise of the pit they are near for the agency only, since no person has
    confirmed them; for everybody else `enterprise` is empty. yearly_norm: of the share within limits.
    """

    year: int
    start: datetime
    end: datetime
    asked_at: datetime
    yearly_norm: str
    yearly_norm_title: str
    unassigned: int
    subjects: list[dict[str, Any]]


@router.get(
    "/kpi/blasting",
    summary="Indicators of blasting of a year, for the region and each enterprise",
    responses=answers(
        BlastingKpi,
        "Indicators, or why there is none",
        example={
            "year": 2025, "start": "2024-12-31T17:00:00Z", "end": "2025-12-31T17:00:00Z",
            "asked_at": "2026-02-01T03:00:00Z", "yearly_norm": "anzec",
            "yearly_norm_title": "ANZEC 1990 (Новый Южный Уэльс, Виктория)", "unassigned": 12,
            "subjects": [SUBJECT_EXAMPLE],
        },
        others={"text/csv": "one indicator a row, with n and the reasons where there is no value"},
    ),
)  # fmt: skip
async def get_blasting_kpi(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    year: Annotated[int | None, Query(ge=2000, le=2100, description="local year; else the current one")] = None,
    threshold: Annotated[float | None, Query(ge=-2, le=6, description="completeness: magnitudes from it count")] = None,
    network: Annotated[Code | None, Query(description="agency of the catalogue; else its commonest")] = None,
    magnitude_type: Annotated[Code, Query(description="as the catalogue writes it")] = USUAL_TYPE,
    enterprise: Annotated[Code | None, Query(description="only this enterprise, beside the region")] = None,
    format_name: FormatName = None,
) -> Response:
    """Mean magnitude against 2020 only where it is comparable: else the reasons stand in its place.

    Blasts per pit and month, share of reports and enterprises in time, share of records within the yearly rule.
    """
    form = wanted_format(request, format_name, (Format.JSON, Format.CSV))
    now = context.now().astimezone(UTC)
    asked = year if year is not None else now.astimezone(LOCAL).year
    span = datetime(asked, 1, 1, tzinfo=LOCAL).astimezone(UTC), datetime(asked + 1, 1, 1, tzinfo=LOCAL).astimezone(UTC)
    facts, unassigned = await _facts(context, span, asking=asking)
    events = facts[REGION].events
    basis = MagnitudeBasis(network or _commonest(events, magnitude_type), magnitude_type, threshold)
    wanted = [name for name in facts if name == REGION or enterprise in {None, name}]
    norm = limit_norm(YEARLY_NORM)

    def judge() -> list[YearOfBlasting]:
        return [
            year_of_blasting(
                name, facts[name], year=asked, span=span, basis=basis, yearly=norm.annual, rules=kpi_rules(),
                due_h=passport_rules().report_due_h.value, zone=LOCAL, now=now,
            )
            for name in wanted
        ]  # fmt: skip

    years = await asyncio.to_thread(judge)
    if form is Format.CSV:
        body = csv_lines([HEADER, *(row for one in years for row in one.rows())])
        return Response(body, 200, download_name("blasting", asked, ending="csv"), MEDIA_TYPES[form])
    found = BlastingKpi(asked, *span, now, norm.id, norm.title, unassigned, [one.to_json() for one in years])
    return fresh_reply(request, found, max_age_s=MAX_AGE_S)


async def _facts(
    context: Context, span: tuple[datetime, datetime], *, asking: Principal
) -> tuple[dict[str, YearFacts], int]:
    """Facts of the region and of every enterprise with a pit, and how many blasts of the year are nobody's.

    Undeclared blasts are laid to the enterprise whose pit is near, for whoever supervises its territory.
    """
    since, until = span
    ask = context.published.ask
    places = await ask(pit_places)
    pits = [PitOwner(one.code, one.enterprise, (one.longitude, one.latitude)) for one in places]
    named = {one.code for one in places if asking.runs_all or one.territory in asking.supervised}
    rows = await ask(fired_blasts, enterprise=None, since=datetime(2000, 1, 1, tzinfo=UTC), until=until)
    declared = [FiredBlast(row.enterprise, row.pit, row.fired_at, row.charge_kg) for row in rows]
    found = await ask(undeclared_events, since=since, until=until)
    hidden = [
        FiredBlast(near.enterprise if near else "", near.pit if near else "", one.at, None, declared=False)
        for one in found
        for near in [_pit_of(one.longitude, one.latitude, [pit for pit in pits if pit.pit in named])]
    ]
    events = await ask(catalogue_blasts)
    assigned = await asyncio.to_thread(assign_events, events, pits, fired=declared, rules=kpi_rules())
    fired = [*(blast for blast in declared if since <= blast.fired_at < until), *hidden]
    due = [ReportDue(row.enterprise, row.fired_at, row.reported_at) for row in rows]
    due += [ReportDue(blast.enterprise, blast.fired_at, None) for blast in hidden if blast.enterprise]
    protected = {receptor for curve in limit_norm(YEARLY_NORM).curves for receptor in curve.receptors}
    stations = await ask(receptor_stations, protected)
    facts = {REGION: YearFacts(events, fired, due, await _peaks(context, None, span), stations)}
    for name in sorted({pit.enterprise for pit in pits}):
        facts[name] = YearFacts(
            assigned.by_enterprise.get(name, ()),
            [blast for blast in fired if blast.enterprise == name],
            [one for one in due if one.enterprise == name],
            await _peaks(context, name, span),
            stations,
        )
    return facts, sum(since <= event.at < until for event in assigned.nobody)


def _pit_of(longitude: float | None, latitude: float | None, pits: Sequence[PitOwner]) -> PitOwner | None:
    if longitude is None or latitude is None:
        return None
    return pit_near((longitude, latitude), pits, rules=kpi_rules())


async def _peaks(context: Context, enterprise: str | None, span: tuple[datetime, datetime]) -> dict[str, Any]:
    return {
        rule.quantity: await context.published.ask(
            receptor_peaks, rule.quantity, enterprise=enterprise, since=span[0], until=span[1]
        )
        for rule in limit_norm(YEARLY_NORM).annual
    }


def _commonest(events: Sequence[CatalogueEvent], magnitude_type: str) -> str:
    """The agency that sized most blasts in that magnitude; empty when none did."""
    wanted = magnitude_type.casefold()
    counts = Counter(event.agency for event in events if (event.magnitude_type or "").casefold() == wanted)
    return max((name for name in counts if name), key=lambda name: (counts[name], name), default="")
