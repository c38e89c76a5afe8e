"""Figures of the blasting room as PNG and SVG."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.drawing import IMAGES, Image, ImageName, drawn, image_reply
from services.api.errors import NotFound
from services.api.query import PLAIN_TEXT, LongIdentifier, PathCode
from services.api.record_figure import RecordFigure, curves_of, draw_record
from services.api.routers.blasts import ensure_insider
from services.api.schema import problem_answer
from services.storage.blast_registry import list_pits, receptor_sites
from services.storage.blast_store import read_blast
from services.storage.seismic_reading import record_to_draw
from services.storage.site_law_store import StoredLaw, newest_law
from uskat.blast.norm.curve import Receptor
from uskat.blast.passport.model import Passport
from uskat.blast.precheck.compose import Surrounded, ground_of

LAW_AGE_S = 300
router = APIRouter(prefix=API, tags=["figures"])

FIGURE = {200: {"description": "The figure", "content": IMAGES}} | {
    status: problem_answer(status) for status in (404, 422, 503)
}
Norms = Annotated[
    str | None,
    Query(max_length=100, pattern=PLAIN_TEXT, description="ids of norms, at most 4, instead of the station's"),
]
LimitLine = Annotated[float | None, Query(gt=0, le=1000, description="a line at so many mm/s")]
Stands = Annotated[Receptor | None, Query(description="what stands there, instead of what the registry says")]


@router.get("/seismic/records/{record_id}/figure", summary="A record drawn: traces, peaks and limits, spectrum",
            responses=FIGURE)  # fmt: skip
async def get_record_figure(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    record_id: LongIdentifier,
    kind: RecordFigure = RecordFigure.WAVEFORM,
    image: ImageName = Image.PNG,
    norm: Norms = None,
    receptor: Stands = None,
) -> Response:
    """Against the norm that judges at its station; where it says nothing, or nothing is known, the default limit."""
    record = await context.database.ask(record_to_draw, record_id, everything=asking.sees_everything)
    if record is None:
        raise NotFound(f"there is no published record {record_id}")
    curves = curves_of(record, norms=norm, receptor=receptor)
    body = await drawn(lambda: draw_record(record, kind, curves=curves, image=image))
    return image_reply(request, body, image)


@router.get("/pits/{pit}/law/figure", summary="The law of a pit over the records it was fitted to", responses=FIGURE)
async def get_law_figure(
    request: Request, context: Shared, pit: PathCode, image: ImageName = Image.PNG, limit: LimitLine = None
) -> Response:
    """Log–log, with the bounds that 95 % of blasts keep; a law that was refused is drawn with the reasons."""
    names = {one.code: one.name for one in await context.database.ask(list_pits)}
    law = await context.database.ask(newest_law, pit) if pit in names else None
    if law is None:
        raise NotFound(f"there is no pit {pit!r}, or no law was fitted to it")
    body = await drawn(lambda: _draw_law(law, title=names[pit], limit_mm_s=limit, image=image))
    return image_reply(request, body, image, max_age_s=LAW_AGE_S)


def _draw_law(law: StoredLaw, *, title: str, limit_mm_s: float | None, image: Image) -> bytes:
    from uskat.blast.figure import law_figure  # noqa: PLC0415 - loads the plotting library

    odd = {int(outlier["index"]) for outlier in law.fit["outliers"]}
    words = f"{title}: затухание колебаний, версия {law.version} от {law.fitted_at:%d.%m.%Y}"
    return law_figure(law.ppv_records, law.law, odd=odd, limit_mm_s=limit_mm_s, title=words, image=image.value)


@router.get(
    "/blasts/{enterprise}/{blast_id}/figure",
    summary="Map of what a declared blast will do around it",
    responses=FIGURE | {status: problem_answer(status) for status in (401, 403)},
    openapi_extra={"security": [{"token": []}]},
)
async def get_blast_figure(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    enterprise: PathCode,
    blast_id: PathCode,
    image: ImageName = Image.PNG,
) -> Response:
    """Contours of predicted velocity and every receptor with its limit, by the numbers of the pre-check.

    For the enterprise itself and the inspector.
    """
    ensure_insider(asking, enterprise)
    stored = await context.database.ask(read_blast, enterprise=enterprise, code=blast_id)
    passport = stored.declaration.passport
    law = await context.database.ask(newest_law, passport.pit)
    ground = ground_of(law.law, law.ppv_records) if law is not None else ground_of(None)
    around = Surrounded(await context.database.ask(receptor_sites), ground)
    body = await drawn(lambda: _draw_blast(passport, around, image))
    return image_reply(request, body, image, max_age_s=0)  # the next version of the passport shows at once


def _draw_blast(passport: Passport, around: Surrounded, image: Image) -> bytes:
    from uskat.blast.figure import blast_figure  # noqa: PLC0415 - loads the plotting library

    return blast_figure(passport, around, image=image.value)
