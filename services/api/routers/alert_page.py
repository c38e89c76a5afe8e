"""A public alert as a page for residents: where mails, notifications and CAP messages lead."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from services.api.citizen_page import citizen_page
from services.api.context import Shared
from services.api.state_word import alert_word
from services.storage.alert_reading import find_alert

AlertNumber = Annotated[int, Path(ge=1, le=2**62)]
router = APIRouter(include_in_schema=False)


@router.get("/alerts/{alert_id}")
async def get_alert_page(context: Shared, alert_id: AlertNumber) -> Response:
    """What, where, since when, how sure; the same public words as everywhere. 404 where there is none to show."""
    row = await context.published.ask(find_alert, alert_id)
    if row is None:
        return citizen_page("alert.html", status_code=404, alert=None, word="", over=False)
    over = row.state != "active" or row.ended_at is not None or row.verdict in {"rejected", "resolved"}
    return citizen_page("alert.html", alert=row, word=alert_word(row), over=over)
