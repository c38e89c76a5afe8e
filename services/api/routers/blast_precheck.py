"""What a declared blast will do, before it is fired: a page for people, numbers for machines, zones for the map."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.api.access import API
from services.api.authentication import Asking
from services.api.blast_answer import PublicBlast, public_blast
from services.api.blast_document import document_body, read_document
from services.api.blast_example import PASSPORT_EXAMPLE
from services.api.context import Context, Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.query import FormatName, PathCode
from services.api.reply import MEDIA_TYPES, Format, json_reply, wanted_format
from services.api.routers.blasts import BLAST_EXAMPLE, ensure_insider, seen_blast
from services.api.schema import answers
from services.api.state_word import LOCAL, local_time
from services.storage.blast_circumstances import circumstances_of
from services.storage.blast_registry import pit_outline, receptor_sites
from services.storage.blast_store import read_blast
from services.storage.fired_blasts import pit_places
from services.storage.site_law_store import StoredLaw, newest_law
from uskat.blast.emission.puff import Wind
from uskat.blast.norm.curve import RECEPTOR_RU
from uskat.blast.passport.model import Passport
from uskat.blast.precheck.compose import Surrounded, ground_of, precheck
from uskat.blast.precheck.outlook import Precheck
from uskat.blast.precheck.words import Line, chance_ru, precheck_lines
from uskat.blast.precheck.zones import precheck_features
from uskat.blast.restriction.conflict import Circumstances
from uskat.blast.restriction.rules import restriction_rules
from uskat.blast.restriction.weather import Weather
from uskat.finding import number_ru

ASKED_WIND = "ветер, заданный в запросе"
PRIVATE = {"Cache-Control": "no-store", "Vary": "Accept, Authorization"}
router = APIRouter(prefix=API, tags=["blasts"])

WindFrom = Annotated[float | None, Query(ge=0, le=360, description="what if: where the wind comes from, degrees")]
WindSpeed = Annotated[float | None, Query(ge=0, le=60, description="what if: its speed, m/s")]

LINE_EXAMPLE = {
    "topic": "verdict", "text": "По расчёту в пределах у всех объектов.",
    "text_en": "Reckoned to keep the limits everywhere.",
}  # fmt: skip


class PageLine(msgspec.Struct):
    """One sentence or two of the page.

    topic: verdict, basis, vibration, charge, airblast, cloud, distances, emission, restriction.…, unchecked, paper.…,
    level.
    """

    topic: str
    text: str
    text_en: str


class PrecheckAnswer(msgspec.Struct):
    """A pre-check by what was known at `at`.

    outcome: stop (a restriction or an error of the passport), above (a limit may be exceeded), unknown (within, as far
    as is known), within. law_version: of the pit's law, null: the prior law speaks. result: every number, by receptor
    (nearest to its limit first), distances, emission, restrictions, what was not checked, what does not fit.
    """

    blast: PublicBlast
    at: datetime
    outcome: str
    law_version: int | None
    lines: list[PageLine]
    result: dict[str, Any]


class UnfiledPrecheck(msgspec.Struct):
    """The same of a passport that is not filed."""

    enterprise: str
    blast_id: str
    at: datetime
    outcome: str
    law_version: int | None
    lines: list[PageLine]
    result: dict[str, Any]


@router.get(
    "/blasts/{enterprise}/{blast_id}/precheck",
    summary="What a blast will do, before it is fired",
    responses=answers(
        PrecheckAnswer,
        "Numbers, and the same in plain words, Russian and English",
        example={
            "blast": BLAST_EXAMPLE, "at": "2026-06-09T03:00:00Z", "outcome": "within", "law_version": None,
            "lines": [LINE_EXAMPLE], "result": {},
        },
        others={"text/html": "one page", "application/geo+json": "zones, block, receptors with their results"},
        problems=(401, 403, 404, 422),
    ),
    openapi_extra={"security": [{"token": []}]},
)  # fmt: skip
async def get_precheck(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    enterprise: PathCode,
    blast_id: PathCode,
    wind_from: WindFrom = None,
    wind_speed: WindSpeed = None,
    format_name: FormatName = None,
) -> Response:
    """By the pit's own law, else by the prior one with wide bounds; by weather, warnings and other blasts known now.

    For the enterprise itself and the inspector. With `wind_from` and `wind_speed` that wind is taken instead.
    """
    form = wanted_format(request, format_name, (Format.JSON, Format.HTML, Format.GEOJSON))
    ensure_insider(asking, enterprise)
    wind = _asked_wind(wind_from, wind_speed)
    head = await seen_blast(context, asking, enterprise=enterprise, blast_id=blast_id)
    stored = await context.database.ask(read_blast, enterprise=enterprise, code=blast_id)
    passport = stored.declaration.passport
    found, law = await _judged(context, passport, wind)
    if form is Format.GEOJSON:
        return json_reply(precheck_features(found), media_type=MEDIA_TYPES[form], headers=PRIVATE)
    lines = precheck_lines(found)
    blast = public_blast(head, found.at)
    if form is Format.HTML:
        return HTMLResponse(_page(found, lines, blast), headers=PRIVATE)
    return json_reply(_answer(found, lines, blast=blast, law=law), headers=PRIVATE)


@router.post(
    "/blasts/precheck",
    summary="What a blast would do: a passport that is not filed",
    responses=answers(
        UnfiledPrecheck,
        "Numbers, and the same in plain words, Russian and English; nothing is stored",
        example={
            "enterprise": "kedrovaya-pad-demo", "blast_id": "kp-2026-061", "at": "2026-06-09T03:00:00Z",
            "outcome": "within", "law_version": None, "lines": [LINE_EXAMPLE], "result": {},
        },
        others={"application/geo+json": "zones, block, receptors with their results"},
        problems=(401, 403, 404, 413, 415, 422),
    ),
    openapi_extra=document_body(Passport, example=PASSPORT_EXAMPLE),
)  # fmt: skip
async def post_precheck(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    wind_from: WindFrom = None,
    wind_speed: WindSpeed = None,
    format_name: FormatName = None,
) -> Response:
    """JSON or the filled XLSX form, of an own pit. Judged as `GET …/precheck` judges a filed one, and forgotten."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    wind = _asked_wind(wind_from, wind_speed)
    passport = await read_document(request, Passport)
    ensure_insider(asking, passport.enterprise)
    places = await context.published.ask(pit_places)
    if not any((one.code, one.enterprise) == (passport.pit, passport.enterprise) for one in places):
        raise NotFound(f"{passport.enterprise} has no pit {passport.pit!r}")
    found, law = await _judged(context, passport, wind)
    if form is Format.GEOJSON:
        return json_reply(precheck_features(found), media_type=MEDIA_TYPES[form], headers=PRIVATE)
    answer = UnfiledPrecheck(
        enterprise=passport.enterprise, blast_id=passport.blast_id, **_common(found, precheck_lines(found), law)
    )
    return json_reply(answer, headers=PRIVATE)


def _asked_wind(wind_from: float | None, wind_speed: float | None) -> Wind | None:
    if wind_from is None and wind_speed is None:
        return None
    if wind_from is None or wind_speed is None:
        raise InvalidRequest("a wind needs both wind_from and wind_speed")
    return Wind(from_deg=wind_from, speed_m_s=wind_speed)


async def _judged(context: Context, passport: Passport, wind: Wind | None) -> tuple[Precheck, StoredLaw | None]:
    """By what is known now; with a wind asked for, that one blows through the whole window."""
    law = await context.database.ask(newest_law, passport.pit)
    circumstances = await _circumstances(context, passport)
    if wind is not None:
        circumstances = _with_wind(circumstances, passport, wind)
    around = Surrounded(
        await context.database.ask(receptor_sites),
        ground_of(law.law, law.ppv_records) if law is not None else ground_of(None),
        await context.database.ask(pit_outline, passport.pit),
    )
    found = await asyncio.to_thread(precheck, passport, around, circumstances=circumstances, now=context.now())
    return found, law


async def _circumstances(context: Context, passport: Passport) -> Circumstances:
    return await context.database.ask(
        circumstances_of,
        passport,
        start=passport.window.planned_from,
        end=passport.window.planned_to,
        known_at=context.now(),
        zone=LOCAL,
        rules=restriction_rules(),
    )


def _with_wind(circumstances: Circumstances, passport: Passport, wind: Wind) -> Circumstances:
    """The same with one wind through the whole window."""
    window = passport.window
    middle = window.planned_from + (window.planned_to - window.planned_from) / 2
    records = [
        Weather(at=moment, source=ASKED_WIND, wind=wind) for moment in (window.planned_from, middle, window.planned_to)
    ]
    return replace(circumstances, weather=records)


def _answer(found: Precheck, lines: list[Line], *, blast: PublicBlast, law: StoredLaw | None) -> PrecheckAnswer:
    return PrecheckAnswer(blast=blast, **_common(found, lines, law))


def _common(found: Precheck, lines: list[Line], law: StoredLaw | None) -> dict[str, Any]:
    return {
        "at": found.at,
        "outcome": found.outcome.value,
        "law_version": law.version if law is not None and found.basis == "site" else None,
        "lines": [PageLine(line.topic, line.text, line.text_en) for line in lines],
        "result": found.to_json(),
    }


_environment = Environment(loader=PackageLoader("services.api"), autoescape=True, undefined=StrictUndefined)
_environment.filters |= {"local": local_time, "number": number_ru, "chance": chance_ru}


def _page(found: Precheck, lines: list[Line], blast: PublicBlast) -> str:
    return _environment.get_template("precheck.html").render(
        blast=blast,
        passport=found.passport,
        at=found.at,
        verdict=lines[0],
        lines=lines[1:],
        receptors=found.receptors,
        receptor_words=RECEPTOR_RU,
    )
