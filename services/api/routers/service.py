"""For whoever runs the service: health, figures, the table of problems."""

from fastapi import APIRouter
from fastapi.responses import Response
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST

from services.api.access import API
from services.api.context import Shared
from services.api.paging import Page
from services.api.problem import PROBLEMS, TYPE_PREFIX
from services.api.reply import json_reply
from services.api.schema import answers, problem_answer
from services.storage.readiness import Readiness, readiness
from services.storage.reading import DatabaseAway, QueryTooLong

router = APIRouter(tags=["service"])
NO_STORE = {"Cache-Control": "no-store"}


class Live(Struct):
    """The process answers."""

    status: str = "ok"


class Ready(Struct, kw_only=True):
    """Whether the process can do its work, and if not, why."""

    status: str
    reason: str | None = None
    database: Readiness | None = None


class ProblemKind(Struct):
    """One kind of error answer."""

    type: str
    title: str
    status: int


@router.get("/health/live", summary="Is the process alive", responses={200: answers(Live, "It is")[200]})
async def get_live() -> Response:
    """Does not touch the database."""
    return json_reply(Live(), headers=NO_STORE)


@router.get(
    "/health/ready",
    summary="Can the process do its work",
    responses={200: answers(Ready, "It can")[200], 503: answers(Ready, "It cannot", status=503)[503]},
)
async def get_ready(context: Shared) -> Response:
    """Database reachable, migrated to the newest revision; lag of evaluation and silence of ingest for information."""
    try:
        found = await context.database.ask(readiness)
    except (DatabaseAway, QueryTooLong):
        return json_reply(Ready(status="unavailable", reason="database"), status_code=503, headers=NO_STORE)
    if found.revision != found.head:
        body = Ready(status="unavailable", reason="migrations", database=found)
        return json_reply(body, status_code=503, headers=NO_STORE)
    return json_reply(Ready(status="ok", database=found), headers=NO_STORE)


@router.get(
    "/metrics",
    summary="Prometheus figures of this process",
    responses={200: {"description": "Exposition format", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_metrics(context: Shared) -> Response:
    """Requests by route and status, durations, event streams, connection pool, HTTP intake."""
    return Response(context.metrics.text(), headers=NO_STORE | {"Content-Type": CONTENT_TYPE_LATEST})


@router.get(
    f"{API}/problems",
    summary="Every kind of error answer",
    responses={200: answers(Page[ProblemKind], "By status")[200], 422: problem_answer(422)},
)
async def get_problems() -> Response:
    """The `type` of an error answer points here."""
    found = {
        kind.name: ProblemKind(TYPE_PREFIX + kind.name, kind.title, int(kind.status)) for kind in PROBLEMS.values()
    }
    return json_reply(Page(sorted(found.values(), key=lambda item: (item.status, item.type))))
