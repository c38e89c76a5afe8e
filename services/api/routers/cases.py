"""Cases of an agency: the queue, opening, the whole file, every step people take, photographs."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking, Principal
from services.api.body import read_struct
from services.api.case_answer import (
    CASE_EXAMPLE,
    NEW_EXAMPLE,
    QUEUE_EXAMPLE,
    STEP_EXAMPLE,
    CaseAnswer,
    case_answer,
)
from services.api.context import Shared
from services.api.errors import Forbidden, NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import Code, Cursor, Identifier, Limit, PathCode
from services.api.reply import fresh_reply, json_reply, next_link
from services.api.schema import answers, body_schema
from services.api.version import version_of, version_tag
from services.storage.case_ground import Desk
from services.storage.case_history import CaseFile, read_case
from services.storage.case_reading import CaseEntry, case_photograph, list_cases
from services.storage.case_store import NewCase, file_paper, join_case, open_case
from uskat.blast.photograph import PhotographKind
from uskat.supervision.case.paper import AlertId, PersonPaper
from uskat.supervision.case.state import Stage

LARGEST = 2**31 - 1
SECURED: dict[str, Any] = {"security": [{"token": []}]}
PRIVATE = {"Cache-Control": "private, no-store"}
KINDS = tuple(kind.value for kind in PhotographKind)
CHANGE_PROBLEMS = (401, 403, 404, 409, 412, 413, 415, 422, 428)
router = APIRouter(prefix=API, tags=["cases"])


class NewGrounds(msgspec.Struct, forbid_unknown_fields=True):
    """More alerts or complaints of the same matter."""

    alerts: tuple[AlertId, ...] = ()
    complaints: tuple[AlertId, ...] = ()


def desk_of(asking: Principal) -> Desk:
    """The desk of whoever asks. Raises Forbidden for somebody of no agency."""
    if asking.agency is None:
        raise Forbidden("cases belong to agencies, and you are of none")
    return Desk(asking.agency, asking.territories)


@router.get(
    "/cases",
    summary="Cases of your agency",
    responses=answers(
        Page[CaseEntry], "Newest first", example={"items": [QUEUE_EXAMPLE], "next": None}, problems=(401, 403, 422)
    ),
    openapi_extra=SECURED,
)
async def get_cases(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    stage: Annotated[list[Stage] | None, Query(description="may repeat; all but `closed` when left out")] = None,
    territory: Annotated[Code | None, Query(description="code of a territory")] = None,
    assignee: Annotated[Code | None, Query(description="login of whoever has it")] = None,
    alert: Annotated[int | None, Query(ge=1, le=2**62, description="that speak of this alert")] = None,
    overdue: Annotated[bool, Query(description="only those a term of which has run out")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """With the term that ends next. Nothing of another agency, or of a territory that is not yours, is ever listed."""
    stages = sorted(stage or [one for one in Stage if one is not Stage.CLOSED])
    question = ("cases", *stages, territory, assignee, alert, overdue)
    before = read_cursor(cursor, question, (int,))[0] if cursor else LARGEST
    found = await context.database.ask(
        list_cases, desk_of(asking), stages=stages, territory=territory, assignee=assignee, alert=alert,
        overdue_at=context.now() if overdue else None, before=before, limit=limit + 1,
    )  # fmt: skip
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return fresh_reply(request, Page(items, following), max_age_s=0, headers=next_link(request, following))


@router.post(
    "/cases",
    summary="Open a case",
    status_code=201,
    responses=answers(CaseAnswer, "Opened", example=CASE_EXAMPLE, problems=(401, 403, 409, 413, 415, 422), status=201),
    openapi_extra=body_schema(NewCase, example=NEW_EXAMPLE) | SECURED,
)
async def post_case(request: Request, context: Shared, asking: Asking) -> Response:
    """From alerts, complaints or a planned check; it goes to whoever is on duty. Its alerts leave their queue."""
    new = await read_struct(request, NewCase)
    file = await context.database.change(open_case, desk_of(asking), new, by=asking.name, now=context.now())
    return _reply(file, status_code=201)


@router.get(
    "/cases/{case_id}",
    summary="A case with everything that was done",
    responses=answers(CaseAnswer, "The file", example=CASE_EXAMPLE, problems=(401, 403, 404, 422)),
    openapi_extra=SECURED,
)
async def get_case(context: Shared, asking: Asking, case_id: Identifier) -> Response:
    """Append-only: who, when, what, in which words; and the state that it leads to."""
    return _reply(await context.database.change(read_case, desk_of(asking), case_id, by=asking.name))


@router.post(
    "/cases/{case_id}/steps",
    summary="File a paper: visit, sample, results, verdict, measure, closing …",
    responses=answers(CaseAnswer, "The step is taken", example=CASE_EXAMPLE, problems=CHANGE_PROBLEMS),
    openapi_extra=body_schema(PersonPaper, example=STEP_EXAMPLE) | SECURED,
)
async def post_case_step(request: Request, context: Shared, asking: Asking, case_id: Identifier) -> Response:
    """With `If-Match`. `action` names the paper. A verdict is given to the alerts too, and the public reads its words.

    What the case does not allow now is refused (409) with a sentence in Russian, and nothing is changed.
    """
    version = version_of(request)
    paper: PersonPaper = await read_struct(request, PersonPaper)  # type: ignore[arg-type]
    file = await context.database.change(
        file_paper, desk_of(asking), case_id, paper, by=asking.name, now=context.now(), version=version
    )
    return _reply(file)


@router.post(
    "/cases/{case_id}/grounds",
    summary="Add alerts or complaints to a case",
    responses=answers(CaseAnswer, "Added", example=CASE_EXAMPLE, problems=CHANGE_PROBLEMS),
    openapi_extra=body_schema(NewGrounds, example={"alerts": [6], "complaints": []}) | SECURED,
)
async def post_case_grounds(request: Request, context: Shared, asking: Asking, case_id: Identifier) -> Response:
    """Of the same matter, with `If-Match`. An alert is in one open case of an agency at a time."""
    version = version_of(request)
    new = await read_struct(request, NewGrounds)
    file = await context.database.change(
        join_case, desk_of(asking), case_id, alerts=new.alerts, complaints=new.complaints, by=asking.name,
        now=context.now(), version=version,
    )  # fmt: skip
    return _reply(file)


@router.get(
    "/cases/{case_id}/photographs/{sha256}",
    summary="A photograph of a case",
    responses=answers(
        dict, "The picture as JPEG or PNG", others=dict.fromkeys(KINDS, "the picture"), problems=(401, 403, 404, 422)
    ),
    openapi_extra=SECURED,
)
async def get_case_photograph(context: Shared, asking: Asking, case_id: Identifier, sha256: PathCode) -> Response:
    """For the agency of the case. It is brought by `POST /photographs` before the paper that names it."""
    found = await context.database.ask(case_photograph, desk_of(asking), case_id=case_id, sha256=sha256)
    if found is None:
        raise NotFound("there is no such photograph, or it is not yours to see")
    headers = {**PRIVATE, "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
    return Response(found.content, 200, headers, media_type=found.media_type)


def _reply(file: CaseFile, *, status_code: int = 200) -> Response:
    headers = {"ETag": version_tag(file.version), **PRIVATE}
    return json_reply(case_answer(file), headers=headers, status_code=status_code)
