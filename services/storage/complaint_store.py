"""Complaints: filed with a code, followed by it, handled by the agencies of their territory, forgotten on request.

Everything personal lies in `complaint_person`; the other tables never hold a contact, exact place or photograph.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values
from uskat.blast.geometry import Point, distance_m
from uskat.supervision.complaint.filing import Filing, coarse
from uskat.supervision.complaint.machine import Complaint, begin_complaint, replay_complaint, take_complaint_step
from uskat.supervision.complaint.picture import CleanPicture
from uskat.supervision.complaint.policy import ComplaintPolicy
from uskat.supervision.complaint.step import CITIZEN, MACHINE, ComplaintAction, ComplaintStep, complaint_step_of

_SETTLEMENTS = text(
    """SELECT code, name, longitude, latitude, territory FROM place WHERE kind = 'settlement' ORDER BY name, code"""
)
_FILE = text(
    """INSERT INTO complaint (code_hash, received_at, happened_at, topic, settlement, longitude, latitude, territory,
        stage, seq, relink_at)
    VALUES (:code_hash, :now, :happened_at, :topic, :settlement, :longitude, :latitude, :territory, :stage, 1, :now)
    RETURNING id"""
)
_PERSON = text(
    """INSERT INTO complaint_person (complaint_id, contact, words, longitude, latitude, photograph, media_type,
        keep_until)
    VALUES (:id, :contact, :words, :longitude, :latitude, :photograph, :media_type, :keep_until)"""
)
_ADD = text(
    """INSERT INTO complaint_step (complaint_id, seq, at, action, by, body)
    VALUES (:id, :seq, :at, :action, :by, CAST(:body AS jsonb))"""
)
_LOCK = text("SELECT territory, received_at FROM complaint WHERE id = :id FOR UPDATE")
_BY_CODE = text("SELECT id FROM complaint WHERE code_hash = :code_hash")
_STEPS = text("SELECT body FROM complaint_step WHERE complaint_id = :id ORDER BY seq")
# The links tell distances from the exact place: once it is forgotten they are told anew, from the rounded one.
_STAND = text(
    """UPDATE complaint SET stage = :stage, seq = :seq, closed_at = :closed_at,
        relink_at = CASE WHEN :forgotten AND forgotten_at IS NULL THEN :at ELSE relink_at END,
        forgotten_at = CASE WHEN :forgotten THEN coalesce(forgotten_at, :at) END WHERE id = :id"""
)
_KEEP = text("UPDATE complaint_person SET keep_until = :until WHERE complaint_id = :id")
_FORGET = text("DELETE FROM complaint_person WHERE complaint_id = :id")
_OVERDUE = text("SELECT complaint_id FROM complaint_person WHERE keep_until <= :now ORDER BY 1 LIMIT :limit")
_COLUMNS = """c.id, c.received_at, c.happened_at, c.topic, c.settlement, c.longitude, c.latitude, c.territory, c.stage,
    c.seq, c.closed_at, c.forgotten_at"""
_LIST = text(
    f"""SELECT {_COLUMNS} FROM complaint c WHERE c.territory = ANY(CAST(:territories AS text[]))
    AND c.stage = ANY(CAST(:stages AS text[])) AND c.id < :before ORDER BY c.id DESC LIMIT :limit"""
)
_ONE = text(f"SELECT {_COLUMNS} FROM complaint c WHERE c.id = :id")
_PERSONAL = text(
    """SELECT contact, words, longitude, latitude, photograph IS NOT NULL, keep_until FROM complaint_person
    WHERE complaint_id = :id"""
)
_PHOTOGRAPH = text(
    """SELECT p.photograph, p.media_type FROM complaint_person p JOIN complaint c ON c.id = p.complaint_id
    WHERE c.id = :id AND c.territory = ANY(CAST(:territories AS text[])) AND p.photograph IS NOT NULL"""
)
_LINKS = text("SELECT body FROM complaint_link WHERE complaint_id = :id ORDER BY number")


class NoSuchComplaint(Exception):
    """There is no such complaint, the code is wrong, or it belongs to another territory."""


class ComplaintChanged(Exception):
    """Somebody took another step since the caller looked."""


class Settlement(Struct):
    """A place that people know by name. territory null: of none."""

    code: str
    name: str
    longitude: float
    latitude: float
    territory: str | None


class ComplaintRow(Struct):
    """A complaint as it stands, without anything personal; coordinates to about a kilometre."""

    id: int
    received_at: datetime
    happened_at: datetime
    topic: str
    settlement: str | None
    longitude: float
    latitude: float
    territory: str
    stage: str
    version: int
    closed_at: datetime | None
    forgotten_at: datetime | None


class Personal(Struct):
    """What is personal of a complaint, until keep_until."""

    contact: str | None
    words: str
    longitude: float | None
    latitude: float | None
    photograph: bool
    keep_until: datetime


@dataclass(frozen=True, slots=True)
class ComplaintFile:
    """A complaint with its history, links, and what is personal (None: forgotten, or not asked for)."""

    row: ComplaintRow
    state: Complaint
    steps: tuple[ComplaintStep, ...]
    links: tuple[dict[str, Any], ...]
    personal: Personal | None = None


async def settlements(connection: AsyncConnection) -> list[Settlement]:
    """Settlements by name."""
    return [Settlement(*row_values(row)) for row in await connection.execute(_SETTLEMENTS)]


def territory_at(known: Iterable[Settlement], point: Point, *, within_km: float) -> str | None:
    """Territory of the nearest settlement that has one; None when none lies within the distance."""
    near = [
        (distance_m(point, (one.longitude, one.latitude)), one.code, one.territory)
        for one in known
        if one.territory is not None
    ]
    if not near:
        return None
    away, _, territory = min(near)
    return territory if away <= within_km * 1000 else None


async def file_complaint(
    connection: AsyncConnection, filing: Filing, *, place: Point, territory: str, code_hash: bytes,
    picture: CleanPicture | None, policy: ComplaintPolicy, now: datetime,
) -> int:  # fmt: skip
    """Keep a complaint; its id. place: of the settlement, or the point given. It is linked with the next look."""
    step = ComplaintStep(ComplaintAction.RECEIVE, now, CITIZEN)
    state = begin_complaint(step)
    longitude, latitude = coarse(place)
    bound = {
        "code_hash": code_hash, "now": now, "happened_at": filing.happened_at, "topic": filing.topic.value,
        "settlement": filing.settlement, "longitude": longitude, "latitude": latitude, "territory": territory,
        "stage": state.stage.value,
    }  # fmt: skip
    identifier = int((await connection.execute(_FILE, bound)).scalar_one())
    exact = filing.point or (None, None)
    personal = {
        "id": identifier, "contact": filing.contact, "words": filing.words, "longitude": exact[0],
        "latitude": exact[1], "photograph": picture.content if picture else None,
        "media_type": picture.media_type if picture else None, "keep_until": policy.keep_until(now, None),
    }  # fmt: skip
    await connection.execute(_PERSON, personal)
    await _add(connection, identifier, 1, step=step)
    return identifier


async def find_by_code(connection: AsyncConnection, code_hash: bytes) -> ComplaintFile:
    """A complaint as its citizen follows it; nothing personal is read. Raises NoSuchComplaint."""
    identifier = await connection.scalar(_BY_CODE, {"code_hash": code_hash})
    if identifier is None:
        raise NoSuchComplaint("there is no complaint of this code")
    return await _file(connection, identifier)


async def forget_by_code(
    connection: AsyncConnection, code_hash: bytes, *, policy: ComplaintPolicy, now: datetime
) -> int:
    """Delete everything personal at the citizen's word; its id. Again: nothing more. Raises NoSuchComplaint."""
    identifier = await connection.scalar(_BY_CODE, {"code_hash": code_hash})
    if identifier is None:
        raise NoSuchComplaint("there is no complaint of this code")
    await forget(connection, identifier, by=CITIZEN, policy=policy, now=now)
    return int(identifier)


async def forget(
    connection: AsyncConnection, complaint_id: int, *, by: str, policy: ComplaintPolicy, now: datetime
) -> bool:
    """Delete everything personal of a complaint; False when nothing was left."""
    await connection.execute(_LOCK, {"id": complaint_id})
    if replay_complaint(await _steps(connection, complaint_id)).forgotten:
        return False
    await _step(
        connection, complaint_id, policy=policy, now=now, step=lambda at: ComplaintStep(ComplaintAction.FORGET, at, by)
    )
    return True


async def forget_overdue(
    connection: AsyncConnection, *, policy: ComplaintPolicy, now: datetime, limit: int
) -> list[int]:
    """Forget whoever's term ran out; the complaints it concerned."""
    overdue = (await connection.execute(_OVERDUE, {"now": now, "limit": limit})).scalars().all()
    return [one for one in overdue if await forget(connection, one, by=MACHINE, policy=policy, now=now)]


async def list_complaints(
    connection: AsyncConnection, *, territories: Iterable[str], stages: Iterable[str], before: int, limit: int
) -> list[ComplaintRow]:
    """Complaints of these territories in these stages, newest first, with id below `before`."""
    bound = {"territories": sorted(territories), "stages": sorted(stages), "before": before, "limit": limit}
    return [ComplaintRow(*row_values(row)) for row in await connection.execute(_LIST, bound)]


async def read_complaint(
    connection: AsyncConnection, complaint_id: int, *, territories: Iterable[str]
) -> ComplaintFile:
    """A complaint with what is personal, for the agency of its territory. Raises NoSuchComplaint for everybody else."""
    found = await _file(connection, complaint_id)
    if found.row.territory not in set(territories):
        raise NoSuchComplaint(f"there is no complaint {complaint_id}")
    row = (await connection.execute(_PERSONAL, {"id": complaint_id})).first()
    personal = Personal(*row_values(row)) if row is not None else None
    return ComplaintFile(found.row, found.state, found.steps, found.links, personal)


async def complaint_photograph(
    connection: AsyncConnection, complaint_id: int, *, territories: Iterable[str]
) -> tuple[bytes, str]:
    """A complaint's photograph and its media type. Raises NoSuchComplaint."""
    bound = {"id": complaint_id, "territories": sorted(territories)}
    row = (await connection.execute(_PHOTOGRAPH, bound)).first()
    if row is None:
        raise NoSuchComplaint(f"there is no photograph of complaint {complaint_id}")
    return bytes(row.photograph), str(row.media_type)


async def step_complaint(
    connection: AsyncConnection, complaint_id: int, *, territories: Iterable[str], version: int,
    step: Callable[[datetime], ComplaintStep], policy: ComplaintPolicy, now: datetime,
) -> ComplaintFile:  # fmt: skip
    """Take a person's step. Raises NoSuchComplaint, ComplaintChanged, IllegalComplaintStepError."""
    row = (await connection.execute(_LOCK, {"id": complaint_id})).first()
    if row is None or row.territory not in set(territories):
        raise NoSuchComplaint(f"there is no complaint {complaint_id}")
    await _step(connection, complaint_id, policy=policy, now=now, step=step, version=version)
    return await read_complaint(connection, complaint_id, territories=territories)


async def _step(
    connection: AsyncConnection, complaint_id: int, *, policy: ComplaintPolicy, now: datetime,
    step: Callable[[datetime], ComplaintStep], version: int | None = None,
) -> None:  # fmt: skip
    received_at = (await connection.execute(_LOCK, {"id": complaint_id})).one().received_at
    steps = await _steps(connection, complaint_id)
    if version is not None and version != len(steps):
        raise ComplaintChanged(f"complaint {complaint_id} has version {len(steps)}, not {version}")
    before = replay_complaint(steps)
    taken = step(max(now, before.last_at))
    after = take_complaint_step(before, taken)
    await _add(connection, complaint_id, len(steps) + 1, step=taken)
    stand = {
        "id": complaint_id, "stage": after.stage.value, "seq": len(steps) + 1, "closed_at": after.closed_at,
        "forgotten": after.forgotten, "at": taken.at,
    }  # fmt: skip
    await connection.execute(_STAND, stand)
    if after.forgotten:
        await connection.execute(_FORGET, {"id": complaint_id})
    else:
        await connection.execute(_KEEP, {"id": complaint_id, "until": policy.keep_until(received_at, after.closed_at)})


async def _add(connection: AsyncConnection, complaint_id: int, seq: int, *, step: ComplaintStep) -> None:
    body = msgspec.json.encode(step.to_json()).decode()
    bound = {"id": complaint_id, "seq": seq, "at": step.at, "action": step.action.value, "by": step.by, "body": body}
    await connection.execute(_ADD, bound)


async def _steps(connection: AsyncConnection, complaint_id: int) -> list[ComplaintStep]:
    rows = await connection.execute(_STEPS, {"id": complaint_id})
    return [complaint_step_of(json_value(body)) for (body,) in map(row_values, rows)]


async def _file(connection: AsyncConnection, complaint_id: int) -> ComplaintFile:
    row = (await connection.execute(_ONE, {"id": complaint_id})).first()
    if row is None:
        raise NoSuchComplaint(f"there is no complaint {complaint_id}")
    steps = tuple(await _steps(connection, complaint_id))
    links = tuple(json_value(body) for (body,) in await connection.execute(_LINKS, {"id": complaint_id}))
    return ComplaintFile(ComplaintRow(*row_values(row)), replay_complaint(steps), steps, links)
