"""Packs of evidence for whoever supervises: one signed file about an alert."""

import asyncio

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Context, Shared
from services.api.errors import Conflict, NotFound
from services.api.query import Identifier
from services.api.schema import problem_answer
from services.storage.evidence_making import made_pack
from services.storage.evidence_pack import keep_pack, may_pack, pack_material
from uskat.supervision.evidence.seal import private_key

MEDIA_TYPE = "application/zip"
router = APIRouter(prefix=API, tags=["evidence"])


@router.post(
    "/alerts/{alert_id}/evidence-pack",
    summary="Make a pack of evidence about an alert",
    response_class=Response,
    responses={
        200: {
            "description": "The pack: a ZIP with act, data, raw bytes, proofs and signature",
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
        **{status: problem_answer(status) for status in (401, 403, 404, 409, 422, 503)},
    },
    openapi_extra={"security": [{"token": []}]},
)
async def post_evidence_pack(context: Shared, asking: Asking, alert_id: Identifier) -> Response:
    """As things stand now; each pack is noted with who made it. `uskat evidence verify` checks it offline."""
    if not await context.guarded.ask(may_pack, alert_id):
        raise NotFound(f"there is no alert {alert_id}")
    key = _key(context)
    material = await context.published.ask(pack_material, alert_id)
    if material is None:
        raise NotFound(f"there is no alert {alert_id}")
    now = context.now()
    made = await asyncio.to_thread(made_pack, material, key, made_at=now, made_by=asking.name)
    await context.database.change(
        keep_pack, alert_id, digest=made.manifest_sha256, size=len(made.data), by=asking.name, at=now
    )
    headers = {
        "Content-Disposition": f'attachment; filename="uskat-alert-{alert_id}.zip"', "Cache-Control": "no-store",
        "X-Manifest-SHA256": made.manifest_sha256.hex(),
    }  # fmt: skip
    return Response(made.data, 200, headers, MEDIA_TYPE)


def _key(context: Context) -> Ed25519PrivateKey:
    file = context.settings.evidence_key_file
    if file is None:
        raise Conflict("this installation has no evidence key: packs are made by `uskat evidence pack`")
    return private_key(file.read_bytes())
