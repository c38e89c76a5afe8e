"""Where a duty, a service, a company is reached: entered and removed by admins, for their own territories."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import Cursor, Identifier, Limit
from services.api.reply import fresh_reply, json_reply, next_link
from services.api.schema import answers, body_schema, problem_answer
from services.storage.contact_store import (
    ContactRow,
    NoSuchOrganisation,
    NotInTerritory,
    NotOfAgency,
    add_contact,
    list_contacts,
    remove_contact,
)
from uskat.supervision.notice.norms import CITIZENS, ENTERPRISE, Channel
from uskat.supervision.notice.recipient import AddressError, checked_address

SECURED: dict[str, Any] = {"security": [{"token": []}]}
NEW_EXAMPLE = {
    "role": "duty", "territory": "novokuznetsky", "name": "Дежурный (демо)", "channel": "email",
    "address": "duty@demo.test",
}  # fmt: skip
EXAMPLE = NEW_EXAMPLE | {
    "id": 3, "organisation": None, "language": "ru", "created_at": "2026-11-21T08:00:00Z", "created_by": "admin",
    "person": None,
}  # fmt: skip
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
REMOVED: dict[int | str, dict[str, Any]] = {204: {"description": "Address and name are forgotten"}}
REMOVED |= {code: problem_answer(code) for code in (401, 403, 404, 422, 503)}
router = APIRouter(prefix=API, tags=["notices"])


class NewContact(msgspec.Struct, forbid_unknown_fields=True):
    """role: an audience of the norms of reaction. organisation: of role `enterprise`, its code. language: ru, en.

    person: login of whoever is reached there: called when a term runs out and the roster has them on duty.
    """

    role: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    name: Text
    channel: Channel
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
    territory: Text | None = None
    organisation: Text | None = None
    person: Text | None = None
    language: Annotated[str, msgspec.Meta(pattern="^(ru|en)$")] = "ru"


@router.get(
    "/contacts",
    summary="Who is reached where",
    responses=answers(
        Page[ContactRow], "By number", example={"items": [EXAMPLE], "next": None}, problems=(401, 403, 422)
    ),
    openapi_extra=SECURED,
)
async def get_contacts(
    request: Request, context: Shared, asking: Asking, limit: Limit = 200, cursor: Cursor = None
) -> Response:
    """An admin sees the contacts of the agency's territories, the key of the installation all."""
    question = ("contacts",)
    after = read_cursor(cursor, question, (int,))[0] if cursor else 0
    found = await context.database.ask(list_contacts, agency=asking.agency, after=after, limit=limit + 1)
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return fresh_reply(request, Page(items, following), max_age_s=0, headers=next_link(request, following))


@router.post(
    "/contacts",
    summary="Enter a contact",
    status_code=201,
    responses=answers(ContactRow, "The contact", example=EXAMPLE, problems=(401, 403, 413, 415, 422), status=201),
    openapi_extra=body_schema(NewContact, example=NEW_EXAMPLE) | SECURED,
)
async def post_contact(request: Request, context: Shared, asking: Asking) -> Response:
    """Without a territory it hears of all of them: only the key of the installation may enter such."""
    wanted = await read_struct(request, NewContact)
    if wanted.role == CITIZENS:
        raise InvalidRequest("residents subscribe by themselves")
    if (wanted.role == ENTERPRISE) != (wanted.organisation is not None):
        raise InvalidRequest(f"role {ENTERPRISE!r}, and no other, names its organisation")
    try:
        address = checked_address(wanted.channel, wanted.address)
        made = await context.database.change(
            add_contact, role=wanted.role, organisation=wanted.organisation, territory=wanted.territory,
            name=wanted.name, channel=wanted.channel.value, address=address, language=wanted.language,
            by=asking.name, agency=asking.agency, person=wanted.person,
        )  # fmt: skip
    except (AddressError, NoSuchOrganisation, NotInTerritory, NotOfAgency) as error:
        raise InvalidRequest(str(error)) from None
    return json_reply(made, status_code=201)


@router.delete(
    "/contacts/{contact_id}",
    summary="Remove a contact",
    status_code=204,
    responses=REMOVED,
    openapi_extra=SECURED,
)
async def delete_contact(context: Shared, asking: Asking, contact_id: Identifier) -> Response:
    """What still waits for it is not sent; what it was told stays in the log under its number."""
    if not await context.database.change(remove_contact, contact_id, agency=asking.agency, now=context.now()):
        raise NotFound(f"there is no contact {contact_id}")
    return Response(status_code=204)
