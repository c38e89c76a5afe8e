"""Magnitudes of the regional catalogue against the charges an enterprise declared."""

import asyncio
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from msgspec import Struct

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.query import EARLIEST, LATEST, PathCode
from services.api.reply import json_reply
from services.api.routers.blasts import ensure_books_open
from services.api.schema import answers
from services.storage.charge_reading import fired_charges, sized_events
from uskat.blast.magnitude.enterprise import EnterpriseCharges, charges_by_enterprise, match_catalogue

PRIVATE = {"Cache-Control": "no-cache", "Vary": "Authorization"}
router = APIRouter(prefix=API, tags=["blasts"])

EXAMPLE = {
    "enterprise": "kedrovaya-pad-demo", "at": "2026-06-12T03:00:00Z", "network": "ASGSR", "magnitude_type": "ML",
    "law": None, "usable": False, "refused": ["взрывов с магнитудой 2, закон не строится"], "other_scale": 0,
    "blasts": [],
}  # fmt: skip


class ChargeLawAnswer(Struct):
    """The law ML = slope·log10 W + intercept of an enterprise, W in tonnes, and each blast judged by the others.

    law null: too few blasts; usable false: `refused` says why it must not be used, and no blast is judged. other_scale:
    blasts sized by another network or another magnitude type, which are left out.
    """

    enterprise: str
    at: datetime
    network: str
    magnitude_type: str
    law: dict[str, Any] | None
    usable: bool
    refused: list[str]
    other_scale: int
    blasts: list[dict[str, Any]]


@router.get(
    "/enterprises/{enterprise}/charge-law",
    summary="Do the magnitudes of an enterprise's blasts fit their declared charges?",
    responses=answers(
        ChargeLawAnswer, "Law, or why there is none, and the blasts", example=EXAMPLE, problems=(401, 403, 404, 422)
    ),
    openapi_extra={"security": [{"token": []}]},
)
async def get_charge_law(context: Shared, asking: Asking, enterprise: PathCode) -> Response:
    """A magnitude counts where nothing but one declared blast can be meant; each blast is judged by the others' law."""
    await ensure_books_open(context, asking, enterprise)
    mine = await context.database.ask(fired_charges, since=EARLIEST, until=LATEST, enterprise=enterprise)
    # blasts of the others are needed too: where two enterprises fire within a minute, a magnitude is nobody's
    fired = await context.published.ask(fired_charges, since=EARLIEST, until=LATEST)
    events = await context.published.ask(sized_events, since=EARLIEST, until=LATEST)
    seen = {one.blast_id for one in mine}

    def judge() -> list[EnterpriseCharges]:
        sized = match_catalogue(events, fired)
        return charges_by_enterprise([one for one in sized if one.blast.blast_id in seen])

    found = await asyncio.to_thread(judge)
    told = found[0] if found else EnterpriseCharges(enterprise, "", "", None, (), 0)
    return json_reply(ChargeLawAnswer(at=context.now(), **told.to_json()), headers=PRIVATE)
