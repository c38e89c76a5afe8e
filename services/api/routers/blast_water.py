"""The river after a blast: water alerts that may belong to it, as context."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from msgspec import Struct

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.nitrogen_answer import rises_after
from services.api.query import PathCode
from services.api.reply import json_reply
from services.api.routers.blast_restrictions import PRIVATE, SECURED
from services.api.routers.blasts import ensure_insider
from services.api.schema import answers
from services.storage.blast_store import read_blast
from uskat.supervision.nitrogen import NO_CHARGE

router = APIRouter(prefix=API, tags=["blasts"])

CONTEXT_EXAMPLE = {
    "blast": "kp-2026-061", "enterprise": "kedrovaya-pad-demo", "fired_at": "2026-06-10T06:34:00+00:00",
    "charge_kg": 2777.0, "alert": 41, "station": "TA-2", "parameters": ["nh4"],
    "started_at": "2026-06-11T12:00:00+00:00", "hours": 29.43, "way": "outlet",
    "way_name": "Выпуск карьерных вод № 1, Кедровая Падь (демо)", "river_km": 8.5, "travel_h": [4.1, 9.8],
    "reasons": ["Взрыв kp-2026-061, 2,78 т ВВ – за 29,4 ч до начала роста (Аммоний-ион).", NO_CHARGE],
    "reasons_en": ["Blast kp-2026-061, 2.78 t of explosives, 29.4 h before the rise began (Ammonium)."],
    "level": "memory", "level_ru": "не проверено по документу",
}  # fmt: skip


class WaterAfter(Struct):
    """Alerts in which nitrogen rose below the pit 6 h to 10 d after the firing; `note`: what that means and does not.

    items: [{alert, station, parameters, hours, way, river_km, travel_h, reasons, level}]; empty before it is fired.
    """

    enterprise: str
    blast_id: str
    note: str
    items: list[dict[str, Any]]


@router.get(
    "/blasts/{enterprise}/{blast_id}/water",
    summary="Nitrogen in the river after a blast, as context",
    responses=answers(
        WaterAfter,
        "Alerts that fit in time and way of the water",
        example={
            "enterprise": "kedrovaya-pad-demo", "blast_id": "kp-2026-061", "note": NO_CHARGE,
            "items": [CONTEXT_EXAMPLE],
        },
        problems=(401, 403, 404, 422),
    ),
    openapi_extra=SECURED,
)  # fmt: skip
async def get_water(context: Shared, asking: Asking, enterprise: PathCode, blast_id: PathCode) -> Response:
    """No finding and no charge: sewage and fertiliser carry the same nitrogen. The alert shows the blast likewise."""
    ensure_insider(asking, enterprise)
    stored = await context.database.ask(read_blast, enterprise=enterprise, code=blast_id)
    items = await rises_after(context, asking, stored.declaration)
    return json_reply(WaterAfter(enterprise, blast_id, NO_CHARGE, items), headers=PRIVATE)
