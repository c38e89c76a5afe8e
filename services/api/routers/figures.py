"""Figures of the blasting room as PNG and SVG."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.drawing import IMAGES, Image, ImageName, drawn, image_reply
from services.api.errors import NotFound
from services.api.query import PLAIN_TEXT, LongIdentifier
from services.api.record_figure import RecordFigure, curves_of, draw_record
from services.api.schema import problem_answer
from services.storage.seismic_reading import record_to_draw
from uskat.blast.norm.curve import Receptor

router = APIRouter(prefix=API, tags=["figures"])

FIGURE = {200: {"description": "The figure", "content": IMAGES}} | {
    status: problem_answer(status) for status in (404, 422, 503)
}
Norms = Annotated[
    str | None,
    Query(max_length=100, pattern=PLAIN_TEXT, description="ids of norms, at most 4, instead of the station's"),
]
Stands = Annotated[Receptor | None, Query(description="what stands there, instead of what the registry says")]


@router.get("/seismic/records/{record_id}/figure", summary="A record drawn: traces, peaks and limits, spectrum",
            responses=FIGURE)  # fmt: skip
async def get_record_figure(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    record_id: LongIdentifier,
    kind: RecordFigure = RecordFigure.WAVEFORM,
    image: ImageName = Image.PNG,
    norm: Norms = None,
    receptor: Stands = None,
) -> Response:
    """Against the norm that judges at its station; where it says nothing, or nothing is known, the default limit."""
    record = await context.database.ask(record_to_draw, record_id, everything=asking.sees_everything)
    if record is None:
        raise NotFound(f"there is no published record {record_id}")
    curves = curves_of(record, norms=norm, receptor=receptor)
    body = await drawn(lambda: draw_record(record, kind, curves=curves, image=image))
    return image_reply(request, body, image)
