"""Clouds of blasts: ratings that people gave, with photographs whose metadata are left out."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from msgspec import Struct

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import check_content_type, read_body
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound, UnsupportedMediaType
from services.api.query import PathCode
from services.api.reply import json_reply
from services.api.routers.blast_restrictions import PRIVATE, SECURED
from services.api.routers.blasts import ensure_insider, seen_blast
from services.api.schema import answers
from services.api.value_body import ensure_storable, read_value, value_body
from services.storage.fume_store import (
    enter_fume,
    find_photograph,
    keep_photograph,
    list_fumes,
    reported_fume,
)
from uskat.blast.fume import FumeNorms, FumeObservation, fume_norms, is_incident
from uskat.blast.photograph import (
    LARGEST_BYTES,
    LARGEST_SIDE_PX,
    SMALLEST_SIDE_PX,
    PhotographError,
    PhotographKind,
    read_photograph,
)

KINDS = tuple(kind.value for kind in PhotographKind)
REPORT = "report"
router = APIRouter(prefix=API, tags=["blasting emissions"])

OBSERVATION = {
    "rating": "2B", "seconds_after": 40.0, "left_site": False, "observer": "Петров П. П.", "photo_sha256": None,
    "observed_at": "2026-06-10T06:35:00Z",
}  # fmt: skip
FUME_EXAMPLE = {
    "rating": "2B", "level": 2, "extent": "B", "look": "небольшое жёлто-оранжевое облако",
    "look_en": "minor yellow or orange gas", "left_site": False, "incident": False, "seconds_after": 40.0,
    "entered_at": "2026-06-10T08:00:00Z", "source": "report", "by": None, "observer": None, "photo": None,
    "norm_level": "memory",
}  # fmt: skip
PHOTO_EXAMPLE = {
    "sha256": "9f" * 32, "media_type": "image/jpeg", "width_px": 1920, "height_px": 1080, "bytes": 512_000,
}  # fmt: skip


class FumeAnswer(Struct):
    """A rating in words. source: report | apart. incident: from level 3 on, or it left the site: causes are analysed.

    by, observer, photo: for the enterprise and the agency only. norm_level: how far the wording is verified.
    """

    rating: str
    level: int
    extent: str | None
    look: str
    look_en: str
    left_site: bool
    incident: bool
    seconds_after: float | None
    entered_at: datetime
    source: str
    by: str | None
    observer: str | None
    photo: str | None
    norm_level: str


class FumeAnswers(Struct):
    """All ratings of a blast; worst: the highest level, null without one – nobody looked, which is not «no gas»."""

    enterprise: str
    blast_id: str
    worst: int | None
    items: list[FumeAnswer]


class PhotographAnswer(Struct):
    """What is kept: the picture without metadata, by the SHA-256 of it, which a rating names."""

    sha256: str
    media_type: str
    width_px: int
    height_px: int
    bytes: int


ANSWER_EXAMPLE = {"enterprise": "kedrovaya-pad-demo", "blast_id": "kp-2026-061", "worst": 2, "items": [FUME_EXAMPLE]}


@router.get(
    "/blasts/{enterprise}/{blast_id}/fume",
    summary="Ratings of a blast's cloud",
    responses=answers(FumeAnswers, "Of the report, and those given apart", example=ANSWER_EXAMPLE, problems=(404, 422)),
)
async def get_fume(context: Shared, asking: Asking, enterprise: PathCode, blast_id: PathCode) -> Response:
    """By the AEISG scale from 0 to 5C. Who looked, and the photograph, only for whom it concerns."""
    head = await seen_blast(context, asking, enterprise=enterprise, blast_id=blast_id)
    inside, norms = asking.looks_into(enterprise, head.territory), fume_norms()
    items = []
    told = await context.published.ask(reported_fume, enterprise=enterprise, code=blast_id)
    if told is not None:
        items.append(_answer(told[0], told[1], by=None, source=REPORT, inside=inside, norms=norms))
    items += [
        _answer(row.observation, row.entered_at, by=row.entered_by, source="apart", inside=inside, norms=norms)
        for row in await context.published.ask(list_fumes, enterprise=enterprise, code=blast_id)
    ]
    worst = max((item.level for item in items), default=None)
    return json_reply(FumeAnswers(enterprise, blast_id, worst, items), headers=PRIVATE)


@router.post(
    "/blasts/{enterprise}/{blast_id}/fume",
    summary="Rate the cloud of a blast",
    status_code=201,
    responses=answers(FumeAnswer, "Entered", example=FUME_EXAMPLE, problems=(401, 403, 404, 413, 415, 422), status=201),
    openapi_extra=value_body(FumeObservation, example=OBSERVATION),
)
async def post_fume(
    request: Request, context: Shared, asking: Asking, enterprise: PathCode, blast_id: PathCode
) -> Response:
    """By the enterprise or an inspector, of a blast that was fired; append-only. A photograph is brought before it."""
    ensure_insider(asking, enterprise)
    observation = await read_value(request, FumeObservation)
    ensure_storable(observation.observed_at)
    now = context.now()
    made = await context.database.change(
        enter_fume, observation, enterprise=enterprise, code=blast_id, by=asking.name, at=now
    )
    if made is None:
        await seen_blast(context, asking, enterprise=enterprise, blast_id=blast_id)
        raise InvalidRequest("the blast is not fired, or there is no such photograph: bring it first")
    found = _answer(observation.to_json(), now, by=asking.name, source="apart", inside=True, norms=fume_norms())
    return json_reply(found, status_code=201)


@router.post(
    "/photographs",
    summary="Bring a photograph of a cloud",
    status_code=201,
    responses=answers(
        PhotographAnswer, "Kept without its metadata", example=PHOTO_EXAMPLE, problems=(401, 403, 413, 415, 422),
        status=201,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in KINDS},
        },
        **SECURED,
    },
)  # fmt: skip
async def post_photograph(request: Request, context: Shared, asking: Asking) -> Response:
    """JPEG or PNG, told by its bytes; place, time, camera and everything else about people is left out for ever."""
    check_content_type(request, KINDS)
    payload = await read_body(request, LARGEST_BYTES)
    try:
        found = read_photograph(payload)
    except PhotographError as error:
        bounds = f"at most {LARGEST_BYTES} bytes, {SMALLEST_SIDE_PX} to {LARGEST_SIDE_PX} pixels a side"
        raise InvalidRequest(f"{error}; JPEG or PNG of {bounds}") from None
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found.kind.value != declared:
        raise UnsupportedMediaType(f"declared as {declared}, but it is {found.kind.value}")
    await context.database.change(keep_photograph, found, by=asking.name, at=context.now())
    told = PhotographAnswer(found.sha256, found.kind.value, found.width_px, found.height_px, len(found.content))
    return json_reply(told, status_code=201)


@router.get(
    "/photographs/{sha256}",
    summary="A photograph of a cloud",
    responses=answers(
        dict, "The picture as JPEG or PNG", others=dict.fromkeys(KINDS, "the picture"), problems=(401, 403, 404, 422)
    ),
    openapi_extra=SECURED,
)
async def get_photograph(context: Shared, asking: Asking, sha256: PathCode) -> Response:
    """For the agency, for whoever brought it, and for the enterprise whose blast it shows."""
    found = await context.database.ask(
        find_photograph, sha256, by=asking.name, enterprise=asking.enterprise, everything=asking.sees_everything
    )
    if found is None:
        raise NotFound("there is no such photograph, or it is not yours to see")
    headers = {**PRIVATE, "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
    return Response(found.content, 200, headers, media_type=found.media_type)


def _answer(
    body: dict[str, Any], entered_at: datetime, *, by: str | None, source: str, inside: bool, norms: FumeNorms
) -> FumeAnswer:
    observation = FumeObservation.model_validate(body)
    level = next(one for one in norms.levels if one.level_number == observation.level)
    return FumeAnswer(
        rating=observation.rating,
        level=observation.level,
        extent=observation.extent.value if observation.extent else None,
        look=level.look,
        look_en=level.look_en,
        left_site=observation.left_site,
        incident=is_incident(observation, norms),
        seconds_after=observation.seconds_after,
        entered_at=entered_at,
        source=source,
        by=by if inside else None,
        observer=observation.observer if inside else None,
        photo=observation.photo_sha256 if inside else None,
        norm_level=level.level.value,
    )
