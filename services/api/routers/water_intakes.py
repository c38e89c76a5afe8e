"""Where the river is drawn from: the agency's versioned list of water intakes."""

from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import InvalidRequest
from services.api.paging import Page
from services.api.query import Moment
from services.api.reply import json_reply
from services.api.schema import answers, body_schema
from services.storage.water_intake_store import IntakeRow, enter_intakes, list_intakes
from uskat.water.water_intake import IntakeError, Kilometre, Named, WaterIntake, WaterUse

router = APIRouter(prefix=API, tags=["water"])
TOKEN: dict[str, Any] = {"security": [{"token": []}]}
EXAMPLE = {
    "code": "wi-zarya-demo", "name": "Питьевой водозабор «Заря» (демо)", "river": "uskat", "km": 33.0,
    "use": "drinking", "valid_from": "2020-01-01", "valid_until": None, "source": "вымышлен для демонстрации",
    "demo": True,
}  # fmt: skip
ROW_EXAMPLE = EXAMPLE | {"entered_by": "ivanova", "entered_at": "2026-06-01T06:00:00Z"}


class NewIntake(msgspec.Struct, forbid_unknown_fields=True):
    """An intake at `km` of a river (from its mouth); valid_until: the last day of use; demo: invented, and says so."""

    code: Named
    name: Named
    river: Named
    km: Kilometre
    use: WaterUse
    valid_from: date
    source: Named
    valid_until: date | None = None
    demo: bool = False


class IntakeEntered(msgspec.Struct):
    """added false: the list said the same already."""

    added: bool


@router.get(
    "/water-intakes",
    summary="Where the river is drawn from",
    responses=answers(
        Page[IntakeRow], "By code", example={"items": [ROW_EXAMPLE], "next": None}, problems=(401, 403, 422)
    ),
    openapi_extra=TOKEN,
)
async def get_water_intakes(
    context: Shared,
    known_at: Annotated[Moment | None, Query(description="RFC 3339 with zone: the list as it was known then")] = None,
) -> Response:
    """Of several entries of one intake the newest is shown; by these intakes alerts above them are weighed."""
    return json_reply(Page(await context.database.ask(list_intakes, known_at=known_at)))


@router.post(
    "/water-intakes",
    summary="Enter a water intake, or what has changed about one",
    status_code=201,
    responses=answers(
        IntakeEntered, "Entered", example={"added": True}, problems=(401, 403, 413, 415, 422), status=201
    ),
    openapi_extra=body_schema(NewIntake, example=EXAMPLE) | TOKEN,
)
async def post_water_intake(request: Request, context: Shared, asking: Asking) -> Response:
    """A change or a correction is another entry of the same code: the newest speaks. One given up has a last day."""
    wanted = await read_struct(request, NewIntake)
    intake = WaterIntake(**msgspec.structs.asdict(wanted))
    try:
        added = await context.database.change(enter_intakes, [intake], by=asking.name)
    except IntakeError as error:
        raise InvalidRequest(str(error)) from error
    return json_reply(IntakeEntered(bool(added)), status_code=201)
