"""Cases as an enterprise sees them: those that asked it to explain, only their public part, and its answer.

Row-level security shows cases to their agency only; what an enterprise may know is chosen by the questions used here.
"""

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking, Principal
from services.api.body import read_struct
from services.api.case_answer import ASKED_EXAMPLE, AskedCase, asked_answer
from services.api.context import Shared
from services.api.errors import NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import Cursor, Identifier, Limit, PathCode
from services.api.reply import json_reply, next_link
from services.api.routers.cases import LARGEST, PRIVATE, SECURED
from services.api.schema import answers, body_schema
from services.storage.case_history import asked_case, asked_cases
from services.storage.case_store import answer_case
from uskat.supervision.case.paper import Explain, Photographs, Said

router = APIRouter(prefix=API, tags=["cases"])


class NewExplanation(msgspec.Struct, forbid_unknown_fields=True):
    """What the enterprise says. photographs: by their SHA-256, brought before."""

    answer: Said
    photographs: Photographs = ()


@router.get(
    "/enterprises/{enterprise}/cases",
    summary="Cases that ask your enterprise",
    responses=answers(
        Page[AskedCase], "Newest first", example={"items": [ASKED_EXAMPLE], "next": None},
        problems=(401, 403, 404, 422),
    ),
    openapi_extra=SECURED,
)  # fmt: skip
async def get_asked_cases(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    enterprise: PathCode,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """A case appears here when an inspector asks the enterprise to explain, not before."""
    _ensure_own(asking, enterprise)
    question = ("asked-cases", enterprise)
    before = read_cursor(cursor, question, (int,))[0] if cursor else LARGEST
    found = await context.published.ask(asked_cases, enterprise=enterprise, before=before, limit=limit + 1)
    files, more = cut(found, limit)
    following = write_cursor(question, (files[-1].id,)) if more else None
    page = Page([asked_answer(file, enterprise) for file in files], following)
    return json_reply(page, headers=PRIVATE | next_link(request, following))


@router.get(
    "/enterprises/{enterprise}/cases/{case_id}",
    summary="A case that asks your enterprise",
    responses=answers(AskedCase, "Its public part", example=ASKED_EXAMPLE, problems=(401, 403, 404, 422)),
    openapi_extra=SECURED,
)
async def get_asked_case(context: Shared, asking: Asking, enterprise: PathCode, case_id: Identifier) -> Response:
    """Questions and measures of this enterprise only, and how far the case is."""
    _ensure_own(asking, enterprise)
    file = await context.published.ask(asked_case, case_id, enterprise=enterprise)
    return json_reply(asked_answer(file, enterprise), headers=PRIVATE)


@router.post(
    "/enterprises/{enterprise}/cases/{case_id}/explanation",
    summary="Explain",
    responses=answers(AskedCase, "Filed", example=ASKED_EXAMPLE, problems=(401, 403, 404, 409, 413, 415, 422)),
    openapi_extra=body_schema(NewExplanation, example={"answer": "Авария насоса, остановлен в 12:10"}) | SECURED,
)
async def post_explanation(
    request: Request, context: Shared, asking: Asking, enterprise: PathCode, case_id: Identifier
) -> Response:
    """Answers the oldest question that is open; after its term it is marked late. It cannot be changed afterwards."""
    _ensure_own(asking, enterprise)
    new = await read_struct(request, NewExplanation)
    paper = Explain(enterprise=enterprise, answer=new.answer, photographs=new.photographs)
    file = await context.published.change(answer_case, case_id, paper, by=asking.name, now=context.now())
    return json_reply(asked_answer(file, enterprise), headers=PRIVATE)


def _ensure_own(asking: Principal, enterprise: str) -> None:
    if asking.enterprise != enterprise:
        raise NotFound("there is no such enterprise, or it is not yours")
