"""Pits, receptors and laws of sites; forms and schemas of the papers of a blast."""

import asyncio
import io
from datetime import datetime
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.blast_document import XLSX
from services.api.context import Shared
from services.api.errors import NotFound
from services.api.paging import Page
from services.api.query import FormatName, PathCode
from services.api.reply import MEDIA_TYPES, Format, feature, features, fresh_reply, wanted_format
from services.api.schema import answers, problem_answer
from services.api.table import download_name
from services.api.workbook import write_template
from services.storage.blast_registry import PitView, ReceptorView, list_pits, list_receptors
from services.storage.site_law_store import newest_law
from uskat.blast.passport.form import form_of
from uskat.blast.passport.schema import DocumentKind, document_schema

MAX_AGE_S = 300
router = APIRouter(prefix=API, tags=["blasts"])

RING = [[87.0945, 54.1315], [87.0912, 54.134], [87.0864, 54.1347], [87.0945, 54.1315]]
PIT_EXAMPLE = {
    "code": "kedrovaya-pad", "name": "Карьер Кедровая Падь (демо)", "enterprise": "kedrovaya-pad-demo",
    "enterprise_name": "Разрез Кедровая Падь (демо)", "longitude": 87.0876, "latitude": 54.1307, "demo": True,
    "outline": {"type": "Polygon", "coordinates": [RING]},
}  # fmt: skip
RECEPTOR_EXAMPLE = {
    "code": "talda-school-demo", "name": "Школа у Большой Талды (демо)", "kind": "school", "receptor": "school",
    "longitude": 87.0631, "latitude": 54.1649, "demo": True, "ground": "soil_wet", "source": "проект, вымышлено",
    "geometry": {"type": "Point", "coordinates": [87.0631, 54.1649]},
}  # fmt: skip


class SiteLawNow(msgspec.Struct):
    """The newest law of a pit. version null: none was fitted, the prior law speaks.

    usable: the records carry it; if not, the fit says why and the prior law speaks too. fit: the law, what else was
    tried, records that do not fit it. n: records.
    """

    pit: str
    version: int | None
    fitted_at: datetime | None
    usable: bool
    n: int
    fit: dict[str, Any] | None


@router.get(
    "/pits",
    summary="Open pits with their outlines",
    responses=answers(
        Page[PitView], "Every pit, by code", example={"items": [PIT_EXAMPLE], "next": None},
        others={"application/geo+json": "one polygon a pit"},
    ),
)  # fmt: skip
async def get_pits(request: Request, context: Shared, format_name: FormatName = None) -> Response:
    """Where blasts are fired, and whose it is."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    found = await context.database.ask(list_pits)
    if form is Format.GEOJSON:
        content: Any = features([feature(one.outline, _without(one, "outline")) for one in found])
    else:
        content = Page(found)
    return fresh_reply(request, content, max_age_s=MAX_AGE_S, media_type=MEDIA_TYPES[form])


@router.get(
    "/receptors",
    summary="What a blast may hurt: settlements, schools, buildings, pipelines",
    responses=answers(
        Page[ReceptorView], "Every receptor, by code", example={"items": [RECEPTOR_EXAMPLE], "next": None},
        others={"application/geo+json": "one feature a receptor"},
    ),
)  # fmt: skip
async def get_receptors(request: Request, context: Shared, format_name: FormatName = None) -> Response:
    """Each with its class in the limits of vibration."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    found = await context.database.ask(list_receptors)
    if form is Format.GEOJSON:
        content: Any = features([feature(one.geometry, _without(one, "geometry")) for one in found])
    else:
        content = Page(found)
    return fresh_reply(request, content, max_age_s=MAX_AGE_S, media_type=MEDIA_TYPES[form])


@router.get(
    "/pits/{pit}/law",
    summary="How vibration falls off with distance at a pit",
    responses=answers(
        SiteLawNow, "The newest law",
        example={"pit": "kedrovaya-pad", "version": None, "fitted_at": None, "usable": False, "n": 0, "fit": None},
        problems=(404, 422),
    ),
)  # fmt: skip
async def get_law(request: Request, context: Shared, pit: PathCode) -> Response:
    """Fitted from the pit's own records (`uskat admin fit-site-laws`)."""
    if pit not in {one.code for one in await context.database.ask(list_pits)}:
        raise NotFound(f"there is no pit {pit!r}")
    law = await context.database.ask(newest_law, pit)
    if law is None:
        return fresh_reply(request, SiteLawNow(pit, None, None, usable=False, n=0, fit=None), max_age_s=MAX_AGE_S)
    told = SiteLawNow(pit, law.version, law.fitted_at, usable=law.usable, n=law.n, fit=law.fit)
    return fresh_reply(request, told, max_age_s=MAX_AGE_S)


@router.get(
    "/blast-forms/{paper}",
    summary="Empty XLSX form of a passport or report",
    responses={
        200: {"description": "To fill and send back", "content": {XLSX: {"schema": {"type": "string"}}}},
        422: problem_answer(422),
    },
)
async def get_form(paper: DocumentKind) -> Response:
    """Required cells are yellow, choices are lists, units and explanations stand beside; times are local."""
    content = io.BytesIO()
    await asyncio.to_thread(write_template, form_of(paper), content)
    return Response(content.getvalue(), media_type=XLSX, headers=download_name("uskat", paper.value, ending="xlsx"))


@router.get(
    "/blast-schemas/{paper}",
    summary="JSON Schema of a passport or report",
    responses=answers(dict[str, Any], "JSON Schema 2020-12; `unit` tells the unit of a number"),
)
async def get_schema(request: Request, paper: DocumentKind) -> Response:
    """Generated from the very model that reads what is sent."""
    return fresh_reply(request, document_schema(paper), max_age_s=MAX_AGE_S, media_type="application/json")


def _without(item: Any, name: str) -> dict[str, Any]:
    return {key: value for key, value in msgspec.to_builtins(item).items() if key != name}
