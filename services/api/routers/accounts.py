"""Accounts of people, by admins: their own agency's, and those of enterprises in its territories."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import InvalidRequest
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import Code, Cursor, Limit, PathCode
from services.api.reply import json_reply, next_link
from services.api.schema import answers, body_schema
from services.storage.account_store import (
    AccountRow,
    change_roles,
    create_account,
    invite_again,
    list_accounts,
    managed_account,
    set_disabled,
)
from services.storage.audit_reading import AuditRow, list_audit
from services.storage.credential import new_secret, token_hash
from uskat.supervision.access.password import LoginError, checked_login
from uskat.supervision.access.policy import access_policy

router = APIRouter(prefix=API, tags=["accounts"])
SECURED: dict[str, Any] = {"security": [{"token": []}]}
NO_STORE = {"Cache-Control": "no-store"}
NAMED = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
CHANGE = (401, 403, 404, 409, 422)
BODY = (*CHANGE, 413, 415)
LARGEST = 2**62

ACCOUNT_EXAMPLE = {
    "id": 4, "login": "petrova", "name": "Петрова А. И. (демо)", "organisation": "inspection-demo",
    "roles": ["inspector"], "has_password": True, "has_second_factor": True, "has_openid": False,
    "invited_until": None, "disabled_at": None, "created_at": "2026-06-02T12:00:30Z", "created_by": "sidorova",
}  # fmt: skip
INVITED_EXAMPLE = {"account": ACCOUNT_EXAMPLE | {"has_password": False}, "invitation": "3f…"}
AUDIT_EXAMPLE = {
    "id": 91, "at": "2026-06-02T12:00:30Z", "who": "sidorova", "organisation": "inspection-demo",
    "action": "account.create", "kind": "account", "object_id": "petrova", "detail": {"roles": ["inspector"]},
}  # fmt: skip


class NewAccount(msgspec.Struct, forbid_unknown_fields=True):
    """A person. organisation: code; roles: inspector, metrologist, admin of an agency, enterprise of an enterprise."""

    login: Annotated[str, msgspec.Meta(max_length=100)]
    name: NAMED
    organisation: NAMED
    roles: list[NAMED]


class NewRoles(msgspec.Struct, forbid_unknown_fields=True):
    """All roles from now on."""

    roles: list[NAMED]


class Invited(msgspec.Struct):
    """An account and the invitation for its owner, shown only this once."""

    account: AccountRow
    invitation: str


@router.get(
    "/accounts",
    summary="Accounts that I manage",
    responses=answers(
        Page[AccountRow], "By login", example={"items": [ACCOUNT_EXAMPLE], "next": None}, problems=(401, 403, 422)
    ),
    openapi_extra=SECURED,
)
async def get_accounts(
    request: Request, context: Shared, asking: Asking, *, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Of the own agency, and of enterprises with a station, outlet or pit in its territories."""
    after = read_cursor(cursor, ("accounts",), (str,))[0] if cursor else ""
    found = await context.database.ask(list_accounts, who=asking, after=after, limit=limit + 1)
    items, more = cut(found, limit)
    following = write_cursor(("accounts",), (items[-1].login,)) if more else None
    return json_reply(Page(items, following), headers=NO_STORE | next_link(request, following))


@router.post(
    "/accounts",
    summary="Make an account and invite its owner",
    status_code=201,
    responses=answers(Invited, "The invitation is shown once", example=INVITED_EXAMPLE, problems=BODY, status=201),
    openapi_extra=body_schema(
        NewAccount,
        example={"login": "petrova", "name": "Петрова А. И. (демо)", "organisation": "inspection-demo",
                 "roles": ["inspector"]},
    ) | SECURED,
)  # fmt: skip
async def post_account(request: Request, context: Shared, asking: Asking) -> Response:
    """Nobody can use it before the invitation is redeemed, within three days."""
    wanted = await read_struct(request, NewAccount)
    try:
        login = checked_login(wanted.login)
    except LoginError as error:
        raise InvalidRequest(str(error)) from None
    invitation, now = new_secret(), context.now()
    account = await context.database.change(
        create_account, who=asking, login=login, name=wanted.name.strip(), organisation=wanted.organisation,
        roles=wanted.roles, invitation=token_hash(invitation), until=now + access_policy().invitation, at=now,
    )  # fmt: skip
    return json_reply(Invited(account, invitation), headers=NO_STORE, status_code=201)


@router.get(
    "/accounts/{login}",
    summary="One account",
    responses=answers(AccountRow, "The account", example=ACCOUNT_EXAMPLE, problems=(401, 403, 404, 422)),
    openapi_extra=SECURED,
)
async def get_account(context: Shared, asking: Asking, login: PathCode) -> Response:
    """Accounts of others are not there (404)."""
    return json_reply(await context.database.ask(managed_account, login, who=asking), headers=NO_STORE)


@router.put(
    "/accounts/{login}/roles",
    summary="Give other roles",
    responses=answers(AccountRow, "The account", example=ACCOUNT_EXAMPLE, problems=BODY),
    openapi_extra=body_schema(NewRoles, example={"roles": ["inspector", "metrologist"]}) | SECURED,
)
async def put_roles(request: Request, context: Shared, asking: Asking, login: PathCode) -> Response:
    """Its sign-ins end, so that the new roles count at once. Not of the own account."""
    wanted = await read_struct(request, NewRoles)
    changed = await context.database.change(change_roles, login, who=asking, roles=wanted.roles, at=context.now())
    return json_reply(changed, headers=NO_STORE)


@router.post(
    "/accounts/{login}/invitation",
    summary="Take password and second factor away and invite anew",
    status_code=201,
    responses=answers(Invited, "The invitation is shown once", example=INVITED_EXAMPLE, problems=CHANGE, status=201),
    openapi_extra=SECURED,
)
async def post_invitation(context: Shared, asking: Asking, login: PathCode) -> Response:
    """For a lost telephone or a forgotten password. All sign-ins of the account end."""
    invitation, now = new_secret(), context.now()
    until = now + access_policy().invitation
    account = await context.database.change(
        invite_again, login, who=asking, invitation=token_hash(invitation), until=until, at=now
    )
    return json_reply(Invited(account, invitation), headers=NO_STORE, status_code=201)


@router.post(
    "/accounts/{login}/disabling",
    summary="Switch an account off",
    responses=answers(AccountRow, "The account", example=ACCOUNT_EXAMPLE, problems=CHANGE),
    openapi_extra=SECURED,
)
async def post_disabling(context: Shared, asking: Asking, login: PathCode) -> Response:
    """Its sign-ins end with this answer. Nothing of what it did is removed."""
    changed = await context.database.change(set_disabled, login, who=asking, disabled=True, at=context.now())
    return json_reply(changed, headers=NO_STORE)


@router.post(
    "/accounts/{login}/enabling",
    summary="Switch an account on again",
    responses=answers(AccountRow, "The account", example=ACCOUNT_EXAMPLE, problems=CHANGE),
    openapi_extra=SECURED,
)
async def post_enabling(context: Shared, asking: Asking, login: PathCode) -> Response:
    """Password and second factor are what they were."""
    changed = await context.database.change(set_disabled, login, who=asking, disabled=False, at=context.now())
    return json_reply(changed, headers=NO_STORE)


@router.get(
    "/audit-log",
    summary="Who did what to which thing",
    responses=answers(
        Page[AuditRow], "Newest first", example={"items": [AUDIT_EXAMPLE], "next": None}, problems=(401, 403, 422)
    ),
    openapi_extra=SECURED,
)
async def get_audit_log(
    request: Request,
    context: Shared,
    asking: Asking,
    *,
    kind: Annotated[Code | None, Query(description="of the thing")] = None,
    object_id: Annotated[Code | None, Query(description="of the thing; with kind")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """What people and keys of the own agency did; append-only."""
    question = ("audit-log", kind, object_id)
    before = read_cursor(cursor, question, (int,))[0] if cursor else LARGEST
    found = await context.database.ask(
        list_audit, organisation=asking.agency or "", kind=kind, object_id=object_id, before=before, limit=limit + 1
    )
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return json_reply(Page(items, following), headers=NO_STORE | next_link(request, following))
