"""What a declared blast will do, before it is fired: a page for people, numbers for machines, zones for the map."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.blast_answer import PublicBlast, public_blast
from services.api.blast_document import document_body, read_document
from services.api.blast_example import PASSPORT_EXAMPLE
from services.api.context import Shared
from services.api.precheck_page import NOT_FILED, PRIVATE, Heading, precheck_page
from services.api.precheck_reckoning import asked_wind, own_pit, reckoned
from services.api.query import FormatName, PathCode
from services.api.reply import MEDIA_TYPES, Format, json_reply, wanted_format
from services.api.routers.blasts import BLAST_EXAMPLE, ensure_insider, seen_blast
from services.api.schema import answers
from services.storage.blast_store import read_blast
from services.storage.site_law_store import StoredLaw
from uskat.blast.passport.model import Passport
from uskat.blast.precheck.outlook import Precheck
from uskat.blast.precheck.words import Line, precheck_lines
from uskat.blast.precheck.zones import precheck_features

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
    wind = asked_wind(wind_from, wind_speed)
    head = await seen_blast(context, asking, enterprise=enterprise, blast_id=blast_id)
    stored = await context.database.ask(read_blast, enterprise=enterprise, code=blast_id)
    passport = stored.declaration.passport
    found, law = await reckoned(context, passport, wind)
    if form is Format.GEOJSON:
        return json_reply(precheck_features(found), media_type=MEDIA_TYPES[form], headers=PRIVATE)
    lines = precheck_lines(found)
    blast = public_blast(head, found.at)
    if form is Format.HTML:
        return precheck_page(found, lines, Heading(blast.enterprise_name, blast.pit_name, blast.state.word))
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
        others={"text/html": "one page", "application/geo+json": "zones, block, receptors with their results"},
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
    form = wanted_format(request, format_name, (Format.JSON, Format.HTML, Format.GEOJSON))
    wind = asked_wind(wind_from, wind_speed)
    passport = await read_document(request, Passport)
    pit = await own_pit(context, asking, passport)
    found, law = await reckoned(context, passport, wind)
    if form is Format.GEOJSON:
        return json_reply(precheck_features(found), media_type=MEDIA_TYPES[form], headers=PRIVATE)
    lines = precheck_lines(found)
    if form is Format.HTML:
        return precheck_page(found, lines, Heading(pit.enterprise_name, pit.name, NOT_FILED))
    answer = UnfiledPrecheck(enterprise=passport.enterprise, blast_id=passport.blast_id, **_common(found, lines, law))
    return json_reply(answer, headers=PRIVATE)


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
