"""Declared blasts as they are changed: every step is kept, nobody overwrites what another has just done.

BlastTaken       the enterprise has a blast of that number already
NoSuchBlast      there is none of that number, or the enterprise does not have that pit
BlastChanged     somebody changed it since it was read: read again
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage import tables as t
from services.storage.blast_reading import BlastHead, find_blast
from services.storage.blast_tables import blast, blast_report, blast_revision, pit
from services.storage.network_hub import tell_network
from services.storage.reading import json_value
from uskat.blast.geometry import centre
from uskat.blast.passport.lifecycle import BlastStatus, Change, Declaration

Step = Callable[[Declaration], Declaration]
Judge = Callable[[Declaration], Sequence[dict[str, Any]]]
STEP_COLUMNS = (
    "at",
    "by",
    "action",
    "before",
    "after",
    "reason",
    "note",
    "fired_at",
    "irregular",
    "fields",
    "passport",
)


class BlastTaken(Exception):
    """The enterprise has a blast of that number already."""


class NoSuchBlast(Exception):
    """There is no such blast, or no such pit of the enterprise."""


class BlastChanged(Exception):
    """The version that the caller saw is not the newest; nothing was changed."""


@dataclass(frozen=True, slots=True)
class StepTaken:
    """What a step did: the blast as everybody sees it, its declaration, and what the judge said."""

    head: BlastHead
    declaration: Declaration
    discrepancies: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class StoredBlast:
    """A declaration with its version: the number of its newest revision."""

    identifier: int
    version: int
    declaration: Declaration


async def file_blast(connection: AsyncConnection, declaration: Declaration) -> StepTaken:
    """Write a new declaration with all its steps.

    Raises NoSuchBlast for a pit that is not the enterprise's, BlastTaken.
    """
    passport = declaration.passport
    found = await _pit_of(connection, enterprise=passport.enterprise, code=passport.pit)
    first = declaration.history[0].at
    row = _row(declaration) | {"organisation_id": found.organisation_id, "pit_id": found.id, "declared_at": first}
    statement = insert(blast).values(row | {"code": passport.blast_id}).on_conflict_do_nothing()
    identifier = (await connection.execute(statement.returning(blast.c.id))).scalar()
    if identifier is None:
        raise BlastTaken(f"{passport.enterprise} has filed a blast {passport.blast_id} already")
    await _append(connection, identifier, declaration, since=0, discrepancies=())
    return await _taken(connection, declaration, ())


async def change_blast(
    connection: AsyncConnection,
    step: Step,
    *,
    enterprise: str,
    code: str,
    version: int,
    judge: Judge | None = None,
) -> StepTaken:
    """Take one step from `version`; what `judge` says of the blast after it is kept with a report.

    The row is locked until the transaction ends, so of two who saw the same version one takes the step and the other
    is told. Raises NoSuchBlast, BlastChanged, and whatever the step or the judge raises: nothing is written then.
    """
    stored = await read_blast(connection, enterprise=enterprise, code=code, lock=True)
    if stored.version != version:
        raise BlastChanged(f"the newest version is {stored.version}, not {version}")
    after = step(stored.declaration)
    said = judge(after) if judge is not None else ()
    row = _row(after)
    if after.passport.pit != stored.declaration.passport.pit:
        row["pit_id"] = (await _pit_of(connection, enterprise=enterprise, code=after.passport.pit)).id
    await connection.execute(update(blast).where(blast.c.id == stored.identifier).values(row))
    await _append(connection, stored.identifier, after, since=stored.version, discrepancies=said)
    return await _taken(connection, after, said)


async def read_blast(connection: AsyncConnection, *, enterprise: str, code: str, lock: bool = False) -> StoredBlast:
    """A blast with its whole history; lock: until the end of the transaction. Raises NoSuchBlast."""
    query = (
        select(blast.c.id, blast.c.version)
        .join(t.organisation, t.organisation.c.id == blast.c.organisation_id)
        .where(t.organisation.c.code == enterprise, blast.c.code == code)
    )
    found = (await connection.execute(query.with_for_update(of=blast) if lock else query)).first()
    if found is None:
        raise NoSuchBlast(f"{enterprise} has no blast {code}")
    return StoredBlast(found.id, found.version, await _declaration(connection, found.id, found.version))


async def _taken(connection: AsyncConnection, declaration: Declaration, said: Sequence[dict[str, Any]]) -> StepTaken:
    key = declaration.passport
    head = await find_blast(connection, enterprise=key.enterprise, code=key.blast_id, own=None, everything=True)
    if head is None:
        raise NoSuchBlast(f"{key.enterprise} has no blast {key.blast_id}")
    return StepTaken(head, declaration, said)


async def _declaration(connection: AsyncConnection, identifier: int, version: int) -> Declaration:
    """The history up to `version`: what is written meanwhile belongs to another reading."""
    query = (
        select(*(blast_revision.c[name] for name in STEP_COLUMNS), blast_report.c.report)
        .outerjoin(
            blast_report,
            (blast_report.c.blast_id == blast_revision.c.blast_id) & (blast_report.c.number == blast_revision.c.number),
        )
        .where(blast_revision.c.blast_id == identifier, blast_revision.c.number <= version)
        .order_by(blast_revision.c.number)
    )
    history = tuple(_step_of(row) for row in await connection.execute(query))
    fired = [change.fired_at for change in history if change.fired_at is not None]
    reports = [change.report for change in history if change.report is not None]
    return Declaration(
        passport=next(change.passport for change in reversed(history) if change.passport is not None),
        status=history[-1].after,
        fired_at=fired[-1] if fired else None,
        report=reports[-1] if reports else None,
        history=history,
    )


def _step_of(row: Any) -> Change:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public way to a mapping
    for name in ("fields", "passport", "report"):
        values[name] = json_value(values[name])
    return Change.model_validate(values)


async def _pit_of(connection: AsyncConnection, *, enterprise: str, code: str) -> Any:
    query = (
        select(pit.c.id, pit.c.organisation_id)
        .join(t.organisation, t.organisation.c.id == pit.c.organisation_id)
        .where(t.organisation.c.code == enterprise, pit.c.code == code)
    )
    found = (await connection.execute(query)).first()
    if found is None:
        raise NoSuchBlast(f"{enterprise} has no pit {code}")
    return found


def _row(declaration: Declaration) -> dict[str, Any]:
    """Columns that follow from the state."""
    passport, report = declaration.passport, declaration.report
    longitude, latitude = centre(passport.ring)
    amounts = report or passport
    published = declaration.published_at if declaration.status is not BlastStatus.PLANNED else None
    return {
        "status": declaration.status.value,
        "version": len(declaration.history),
        "passport": passport.to_json(),
        "planned_from": passport.window.planned_from,
        "planned_to": passport.window.planned_to,
        "published_at": published,
        "fired_at": declaration.fired_at,
        "reported_at": declaration.reported_at,
        "longitude": longitude,
        "latitude": latitude,
        "total_charge_kg": amounts.total_charge_kg,
        "max_charge_per_delay_kg": amounts.max_charge_per_delay_kg,
        "updated_at": declaration.history[-1].at,
    }


async def _append(
    connection: AsyncConnection,
    identifier: int,
    declaration: Declaration,
    *,
    since: int,
    discrepancies: Sequence[dict[str, Any]],
) -> None:
    for number, change in enumerate(declaration.history[since:], since + 1):
        values = {
            name: getattr(change, name) for name in STEP_COLUMNS if name not in {"fields", "passport"}
        } | {
            "fields": [field.to_json() for field in change.fields],
            "passport": change.passport.to_json() if change.passport is not None else None,
        }  # fmt: skip
        await connection.execute(insert(blast_revision).values(blast_id=identifier, number=number, **values))
        if change.report is not None:
            report = change.report
            row = {
                "report": report.to_json(), "discrepancies": list(discrepancies), "fired_at": report.fired_at,
                "filed_at": change.at, "misfired_holes": report.misfired_holes,
                "fume_level": int(report.fume.rating[0]) if report.fume is not None else None,
            }  # fmt: skip
            await connection.execute(insert(blast_report).values(blast_id=identifier, number=number, **row))
    await _tell(connection, declaration)


async def _tell(connection: AsyncConnection, declaration: Declaration) -> None:
    """Have the seismographs' events judged again wherever this blast was, or is, to be fired."""
    windows = {
        (change.passport.window.planned_from, change.passport.window.planned_to)
        for change in declaration.history
        if change.passport is not None
    }
    fired = {(change.fired_at, change.fired_at) for change in declaration.history if change.fired_at is not None}
    for low, high in sorted(windows | fired):
        await tell_network(connection, low=low, high=high)
