"""Records of ФГИС «Аршин» into the register: matched with instruments by serial number and number of the type."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.verification_store import RegisteredInstrument, enter_verification, registered_instruments
from uskat.supervision.evidence.arshin import ArshinAnswer, ArshinRecord

SOURCE = "arshin"


class ImportOutcome(Struct):
    """What became of an answer. known: said already; unmatched: papers of no instrument of ours, or of several."""

    added: int
    known: int
    unmatched: list[str]
    refused: list[str]


async def import_answer(connection: AsyncConnection, answer: ArshinAnswer, *, by: str) -> ImportOutcome:
    """Keep the records of an answer in the caller's transaction."""
    instruments = await registered_instruments(connection)
    outcome = ImportOutcome(0, 0, [], [f"item {one.place}: {one.why}" for one in answer.refused])
    for found in answer.records:
        matching = _matching(instruments, found)
        if len(matching) != 1:
            outcome.unmatched.append(found.record.docnum)
            continue
        added = await enter_verification(
            connection, matching[0].code, found.record, source=SOURCE, vri_id=found.vri_id, raw=found.raw, by=by
        )
        outcome.added += added
        outcome.known += not added
    return outcome


def _matching(instruments: Sequence[RegisteredInstrument], found: ArshinRecord) -> list[RegisteredInstrument]:
    """Instruments of that serial number; a type number that the registry names must be the record's."""
    record = found.record
    return [
        one for one in instruments
        if one.serial_number is not None and one.serial_number.strip() == record.mi_number
        and (not one.mit_number or one.mit_number == record.mit_number)
    ]  # fmt: skip
