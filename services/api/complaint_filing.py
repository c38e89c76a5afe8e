"""From what a citizen sent to a stored complaint and its code: one way for the form and for programs."""

import asyncio
import secrets

from services.api.context import Context
from services.api.errors import InvalidRequest
from services.storage.complaint_store import Settlement, file_complaint, settlements, territory_at
from uskat.blast.geometry import Point
from uskat.supervision.complaint.filing import (
    CODE_BYTES,
    Filing,
    FilingError,
    check_filing,
    code_digest,
    follow_up_code,
)
from uskat.supervision.complaint.picture import CleanPicture, PictureError, clean_picture
from uskat.supervision.complaint.policy import complaint_policy


async def receive(context: Context, filing: Filing, photograph: bytes | None) -> str:
    """Check, keep, and return the code to follow it by. Raises InvalidRequest naming the field, in Russian."""
    policy, now = complaint_policy(), context.now()
    try:
        filing = check_filing(filing, now=now, oldest=policy.oldest)
    except FilingError as error:
        raise _refused(error.part, str(error)) from None
    known = await context.database.ask(settlements)
    place, territory = _place(filing, known, within_km=policy.territory_within_km)
    picture = await _picture(photograph)
    code = follow_up_code(secrets.token_bytes(CODE_BYTES))
    digest = code_digest(code)
    if digest is None:
        raise AssertionError("a code that was just made is one")
    await context.database.change(
        file_complaint, filing, place=place, territory=territory, code_hash=digest, picture=picture, policy=policy,
        now=now,
    )  # fmt: skip
    return code


def _place(filing: Filing, known: list[Settlement], *, within_km: float) -> tuple[Point, str]:
    if filing.point is not None:
        point = filing.point
    else:
        named = {one.code: one for one in known}.get(filing.settlement or "")
        if named is None:
            raise _refused("place", "Такого посёлка в списке нет.")
        point = (named.longitude, named.latitude)
        if named.territory is not None:
            return point, named.territory
    territory = territory_at(known, point, within_km=within_km)
    if territory is None:
        raise _refused("place", "Это место вне территорий, за которыми здесь следит инспекция.")
    return point, territory


async def _picture(photograph: bytes | None) -> CleanPicture | None:
    if photograph is None:
        return None
    try:
        return await asyncio.to_thread(clean_picture, photograph)  # decoding takes the processor for a while
    except PictureError as error:
        raise _refused("photograph", str(error)) from None


def _refused(part: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, errors=[{"in": part, "message": message}])
