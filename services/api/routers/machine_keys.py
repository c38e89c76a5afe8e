"""Machine keys, issued and revoked by admins; passwords of devices at the broker, by metrologists and admins."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import Cursor, Identifier, Limit, PathCode
from services.api.reply import json_reply, next_link
from services.api.schema import answers, body_schema
from services.storage.device_credential_store import DeviceRow, list_credentials, revoke_password, rotate_password
from services.storage.machine_key_store import KeyRow, issue_key, list_keys, revoke_key
from uskat.wire.status import AwareTime

router = APIRouter(prefix=API, tags=["machine keys"])
SECURED: dict[str, Any] = {"security": [{"token": []}]}
NO_STORE = {"Cache-Control": "no-store"}
NAMED = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
LARGEST = 2**31 - 1

KEY_EXAMPLE = {
    "id": 7, "name": "журнал лаборатории", "scopes": ["inspector"], "device": None, "organisation": "inspection-demo",
    "created_at": "2026-06-02T12:00:30Z", "expires_at": "2026-12-01T00:00:00Z", "revoked_at": None,
    "issued_by": "sidorova", "revoked_by": None,
}  # fmt: skip
DEVICE_EXAMPLE = {"code": "U-43", "station": "U-43", "kind": "logger", "has_password": True}


class NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """A key. organisation: whom it acts for; device: of scope ingest, the only one it may send as."""

    name: NAMED
    scopes: list[NAMED]
    organisation: NAMED
    expires_at: AwareTime
    device: NAMED | None = None


class IssuedKey(msgspec.Struct):
    """A key and its token, shown only this once."""

    key: KeyRow
    token: str


class NewPassword(msgspec.Struct):
    """A device and its password at the broker, shown only this once."""

    device: str
    password: str


@router.get(
    "/machine-keys",
    summary="Machine keys that I manage",
    responses=answers(
        Page[KeyRow], "Newest first", example={"items": [KEY_EXAMPLE], "next": None}, problems=(401, 403, 422)
    ),
    openapi_extra=SECURED,
)
async def get_keys(
    request: Request, context: Shared, asking: Asking, *, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Of the own agency and of enterprises in its territories; never their tokens."""
    before = read_cursor(cursor, ("machine-keys",), (int,))[0] if cursor else LARGEST
    found = await context.database.ask(list_keys, who=asking, before=min(before, LARGEST), limit=limit + 1)
    items, more = cut(found, limit)
    following = write_cursor(("machine-keys",), (items[-1].id,)) if more else None
    return json_reply(Page(items, following), headers=NO_STORE | next_link(request, following))


@router.post(
    "/machine-keys",
    summary="Issue a machine key",
    status_code=201,
    responses=answers(
        IssuedKey, "The token is shown once", example={"key": KEY_EXAMPLE, "token": "b1…"},
        problems=(401, 403, 404, 413, 415, 422), status=201,
    ),
    openapi_extra=body_schema(
        NewKey,
        example={"name": "журнал лаборатории", "scopes": ["inspector"], "organisation": "inspection-demo",
                 "expires_at": "2026-12-01T00:00:00Z"},
    ) | SECURED,
)  # fmt: skip
async def post_key(request: Request, context: Shared, asking: Asking) -> Response:
    """Scopes ingest (of one device), enterprise, inspector, metrologist; it ends within a year."""
    wanted = await read_struct(request, NewKey)
    key, token = await context.database.change(
        issue_key, who=asking, name=wanted.name, scopes=wanted.scopes, organisation=wanted.organisation,
        device=wanted.device, expires_at=wanted.expires_at, at=context.now(),
    )  # fmt: skip
    return json_reply(IssuedKey(key, token), headers=NO_STORE, status_code=201)


@router.delete(
    "/machine-keys/{key_id}",
    summary="Revoke a machine key",
    responses=answers(KeyRow, "It is refused from now on", example=KEY_EXAMPLE, problems=(401, 403, 404, 422)),
    openapi_extra=SECURED,
)
async def delete_key(context: Shared, asking: Asking, key_id: Identifier) -> Response:
    """It stays in the list with who revoked it and when."""
    return json_reply(await context.database.change(revoke_key, key_id, who=asking, at=context.now()), headers=NO_STORE)


@router.get(
    "/device-credentials",
    summary="Devices of my territories and whether they have a password",
    responses=answers(
        Page[DeviceRow], "By code", example={"items": [DEVICE_EXAMPLE], "next": None}, problems=(401, 403, 422)
    ),
    openapi_extra=SECURED,
)
async def get_credentials(
    request: Request, context: Shared, asking: Asking, *, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """By code."""
    after = read_cursor(cursor, ("device-credentials",), (str,))[0] if cursor else ""
    found = await context.database.ask(list_credentials, who=asking, after=after, limit=limit + 1)
    items, more = cut(found, limit)
    following = write_cursor(("device-credentials",), (items[-1].code,)) if more else None
    return json_reply(Page(items, following), headers=NO_STORE | next_link(request, following))


@router.post(
    "/device-credentials/{device}",
    summary="Give a device a new password",
    status_code=201,
    responses=answers(
        NewPassword, "Shown once", example={"device": "U-43", "password": "Xy…"}, problems=(401, 403, 404, 422),
        status=201,
    ),
    openapi_extra=SECURED,
)  # fmt: skip
async def post_credential(context: Shared, asking: Asking, device: PathCode) -> Response:
    """The broker takes it over within seconds; from then on the old one is refused."""
    password = await context.database.change(rotate_password, device, who=asking)
    return json_reply(NewPassword(device, password), headers=NO_STORE, status_code=201)


@router.delete(
    "/device-credentials/{device}",
    summary="Let a device in no more",
    responses=answers(
        DeviceRow, "It has no password", example=DEVICE_EXAMPLE | {"has_password": False},
        problems=(401, 403, 404, 422),
    ),
    openapi_extra=SECURED,
)  # fmt: skip
async def delete_credential(context: Shared, asking: Asking, device: PathCode) -> Response:
    """What it has sent stays; a new password lets it in again."""
    return json_reply(await context.database.change(revoke_password, device, who=asking), headers=NO_STORE)
