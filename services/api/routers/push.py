"""Web push: the public key, a browser's subscription, leaving. The page and its scripts are `subscription_pages`.

Consent is the browser's own question, which only a click on the page brings up; nothing else is known of the person.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import InvalidRequest
from services.api.reply import fresh_reply, json_reply
from services.api.schema import answers, body_schema, problem_answer
from services.storage.push_store import TooManyPlaces, forget_browser, subscribe_browser
from services.storage.subscription_store import NoSuchArea
from uskat.supervision.notice.area import AreaKind
from uskat.supervision.notice.push import PushError, checked_endpoint, push_point, push_secret

KEY = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"
ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/demo"
EXAMPLE = {
    "endpoint": ENDPOINT, "keys": {"p256dh": KEY, "auth": "tBHItJI5svbpez7KI4CCXg"}, "area_kind": "settlement",
    "area_code": "krasulino",
}  # fmt: skip
LEFT: dict[int | str, dict[str, Any]] = {204: {"description": "The endpoint and its keys are deleted"}}
LEFT |= {code: problem_answer(code) for code in (413, 415, 422, 503)}
router = APIRouter(prefix=API, tags=["notices"])
Endpoint = Annotated[str, msgspec.Meta(min_length=10, max_length=1000, pattern=r"^[\x21-\x7e]+$")]
KeyText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class PushKey(msgspec.Struct):
    """public_key: `applicationServerKey`, base64url; null: web push is not open here."""

    public_key: str | None


class PushKeys(msgspec.Struct, forbid_unknown_fields=True):
    """The browser's keys as `PushSubscription.toJSON()` has them."""

    p256dh: KeyText
    auth: KeyText


class NewPushSubscription(msgspec.Struct, forbid_unknown_fields=True):
    """What a browser's permission made, and the place; area_code as of a subscription by mail. language: ru, en."""

    endpoint: Endpoint
    keys: PushKeys
    area_kind: AreaKind
    area_code: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
    language: Annotated[str, msgspec.Meta(pattern="^(ru|en)$")] = "ru"


class PushPlace(msgspec.Struct):
    """leave: page that leaves this place; `POST /api/v1/push-subscriptions/leave` leaves all of them."""

    leave: str


class LeavingBrowser(msgspec.Struct, forbid_unknown_fields=True):
    """The browser that leaves."""

    endpoint: Endpoint


@router.get(
    "/push-key",
    summary="Public key for web push",
    responses=answers(PushKey, "The key", example={"public_key": KEY}),
)
async def get_push_key(request: Request, context: Shared) -> Response:
    """The private half is known to the notices process only."""
    return fresh_reply(request, PushKey(context.settings.push_public_key or None), max_age_s=300)


@router.post(
    "/push-subscriptions",
    summary="Send alerts to this browser",
    status_code=201,
    responses=answers(
        PushPlace, "Subscribed", example={"leave": "/subscription/leave?token=…"}, problems=(413, 415, 422, 429),
        status=201,
    ),
    openapi_extra=body_schema(NewPushSubscription, example=EXAMPLE),
)  # fmt: skip
async def post_push_subscription(request: Request, context: Shared) -> Response:
    """The browser asked its user; no mail confirms it. An endpoint that is gone is deleted when a message fails."""
    wanted = await read_struct(request, NewPushSubscription)
    settings = context.settings
    if not settings.push_public_key:
        raise InvalidRequest("web push is not open here")
    context.door.admit(request, "subscription", per_hour=settings.subscriptions_per_hour)
    try:
        endpoint = checked_endpoint(wanted.endpoint, settings.push_services.split())
        push_point(wanted.keys.p256dh)
        push_secret(wanted.keys.auth)
        token = await context.published.change(
            subscribe_browser, endpoint, keys=msgspec.to_builtins(wanted.keys), kind=wanted.area_kind,
            code=wanted.area_code, language=wanted.language, now=context.now(),
        )  # fmt: skip
    except (PushError, NoSuchArea, TooManyPlaces) as error:
        raise InvalidRequest(str(error)) from None
    return json_reply(PushPlace(f"/subscription/leave?token={token}"), status_code=201)


@router.post(
    "/push-subscriptions/leave",
    summary="Send this browser nothing more",
    status_code=204,
    responses=LEFT,
    openapi_extra=body_schema(LeavingBrowser, example={"endpoint": ENDPOINT}),
)
async def post_push_leave(request: Request, context: Shared) -> Response:
    """All places of the browser are deleted; again changes nothing, so nobody learns whether there was one."""
    leaving = await read_struct(request, LeavingBrowser)
    await context.published.change(forget_browser, leaving.endpoint, now=context.now())
    return Response(status_code=204)
