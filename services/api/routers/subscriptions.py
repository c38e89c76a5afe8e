"""Residents subscribe for programs: areas to choose from, asking. Confirming and leaving happen from the mailbox."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.body import read_struct
from services.api.context import Context, Shared
from services.api.errors import InvalidRequest
from services.api.paging import Page
from services.api.reply import fresh_reply, json_reply
from services.api.schema import answers, body_schema
from services.storage.subscription_store import AreaChoice, NoSuchArea, area_choices, ask_subscription
from uskat.supervision.notice.area import AreaKind
from uskat.supervision.notice.recipient import AddressError, mail_address

AREAS = {"items": [{"kind": "settlement", "code": "krasulino", "name": "Красулино (демо)"}], "next": None}
ASKED = {"next_step": "a mail was sent to the address: confirm within two days by its link"}
EXAMPLE = {"email": "resident@demo.test", "area_kind": "settlement", "area_code": "krasulino"}
router = APIRouter(prefix=API, tags=["notices"])


class NewSubscription(msgspec.Struct, forbid_unknown_fields=True):
    """area_code: of a settlement or pit; of a reach `<river>:<lower>-<upper>`, km from the mouth. language: ru, en."""

    email: Annotated[str, msgspec.Meta(min_length=3, max_length=254)]
    area_kind: AreaKind
    area_code: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
    language: Annotated[str, msgspec.Meta(pattern="^(ru|en)$")] = "ru"


class Asked(msgspec.Struct):
    """The same for every address, so that nobody learns who has subscribed."""

    next_step: str


@router.get(
    "/subscription-areas",
    summary="What one can subscribe to",
    responses=answers(Page[AreaChoice], "Rivers, settlements, pits", example=AREAS),
)
async def get_areas(request: Request, context: Shared) -> Response:
    """A river stands whole; ask for a part of it by other kilometres."""
    return fresh_reply(request, Page(await context.published.ask(area_choices), None), max_age_s=300)


@router.post(
    "/subscriptions",
    summary="Ask for alerts by mail",
    status_code=202,
    responses=answers(Asked, "A mail is on its way", example=ASKED, problems=(413, 415, 422, 429), status=202),
    openapi_extra=body_schema(NewSubscription, example=EXAMPLE),
)
async def post_subscription(request: Request, context: Shared) -> Response:
    """Nothing else is sent until the mail's link is confirmed; unconfirmed addresses are deleted after two days."""
    wanted = await read_struct(request, NewSubscription)
    await ask(request, context, wanted)
    return json_reply(Asked(ASKED["next_step"]), status_code=202)


async def ask(request: Request, context: Context, wanted: NewSubscription) -> None:
    """Keep what was asked for and mail the question. Raises InvalidRequest, TooManyRequests."""
    context.door.admit(request, "subscription", per_hour=context.settings.subscriptions_per_hour)
    try:
        address = mail_address(wanted.email)
        await context.published.change(
            ask_subscription, address, kind=wanted.area_kind, code=wanted.area_code, language=wanted.language,
            now=context.now(),
        )  # fmt: skip
    except (AddressError, NoSuchArea) as error:
        raise InvalidRequest(str(error)) from None
