"""Decisions that restrict: issued, amended, withdrawn in versions that are only added; read by enterprises."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.network_hub import tell_network
from services.storage.reading import json_value, row_values
from uskat.supervision.restriction.decision import (
    Decision,
    DecisionAction,
    DecisionError,
    DecisionVersion,
    Restricted,
    add_version,
    check_decision,
    decision_of,
)
from uskat.supervision.restriction.rules import DecisionRules

_NEW = text(
    """INSERT INTO restriction_decision (number, agency, version, state, territory, starts_at, ends_at, addressees)
    VALUES (:number, :agency, 1, :state, :territory, :starts_at, :ends_at, CAST(:addressees AS text[])) RETURNING id"""
)
_STAND = text(
    """UPDATE restriction_decision SET version = :version, state = :state, starts_at = :starts_at, ends_at = :ends_at,
        addressees = CAST(:addressees AS text[]) WHERE id = :id"""
)
_VERSION = text(
    """INSERT INTO restriction_version (restriction_id, version, at, by, action, reason, body)
    VALUES (:id, :version, :at, :by, :action, :reason, CAST(:body AS jsonb))"""
)
_LOCK = text("SELECT agency FROM restriction_decision WHERE id = :id FOR UPDATE")
_HEADS = text(
    """SELECT id, agency FROM restriction_decision
    WHERE ends_at > :since AND starts_at < :until AND (CAST(:territory AS text) IS NULL OR territory = :territory)
    AND id < :before ORDER BY id DESC LIMIT :limit"""
)
_ONE = text("SELECT id, agency FROM restriction_decision WHERE id = :id")
_VERSIONS = text(
    """SELECT restriction_id, at, by, action, reason, body FROM restriction_version
    WHERE restriction_id = ANY(CAST(:ids AS integer[])) ORDER BY restriction_id, version"""
)
_READ_BY = text(
    """SELECT restriction_id, version, enterprise, at, by, note FROM restriction_acknowledgement
    WHERE restriction_id = ANY(CAST(:ids AS integer[])) ORDER BY restriction_id, version, enterprise"""
)
_ACKNOWLEDGE = text(
    """INSERT INTO restriction_acknowledgement (restriction_id, version, enterprise, at, by, note)
    VALUES (:id, :version, :enterprise, :at, :by, :note) ON CONFLICT DO NOTHING"""
)
_ENTERPRISES = text("SELECT code FROM organisation WHERE kind = 'enterprise'")
_PLACES = text("SELECT code FROM place WHERE kind = 'pit' AND territory = :territory")
_RIVERS = text("SELECT code FROM river")
_WORKING = text(
    """SELECT 'pit', p.code, o.code, NULL, NULL FROM pit p JOIN organisation o ON o.id = p.organisation_id
    JOIN place l ON l.kind = 'pit' AND l.code = p.code WHERE l.territory = :territory
    UNION SELECT p.kind, p.code, o.code, r.code, p.river_km FROM place p
    JOIN organisation o ON o.id = p.organisation_id LEFT JOIN river r ON r.id = p.river_id
    WHERE p.kind IN ('pit', 'outlet') AND p.territory = :territory"""
)
UNIQUE_VIOLATION = "23505"


class NoSuchRestriction(Exception):
    """There is no such decision, or it is another agency's to change."""


class RestrictionTaken(Exception):
    """A decision of this number is there already."""


class RestrictionChanged(Exception):
    """Somebody has added a version since the caller looked."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An enterprise has read a version."""

    version: int
    enterprise: str
    at: datetime
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision with everything that was decided and who has read it. bound: enterprises that it speaks to now."""

    id: int
    agency: str
    versions: tuple[DecisionVersion, ...]
    read: tuple[Acknowledgement, ...]
    bound: tuple[str, ...]

    @property
    def last(self) -> DecisionVersion:
        """The version that holds now."""
        return self.versions[-1]

    def read_at(self, enterprise: str) -> Acknowledgement | None:
        """The acknowledgement of the version that holds now."""
        return next((one for one in self.read if one.enterprise == enterprise and one.version == len(self.versions)),
                    None)  # fmt: skip


async def issue_restriction(
    connection: AsyncConnection, decision: Decision, *, agency: str, by: str, at: datetime, rules: DecisionRules
) -> StoredDecision:
    """Keep a new decision. Raises DecisionError (also for a name the registry does not know), RestrictionTaken."""
    await _check(connection, decision, rules=rules)
    versions = add_version([], DecisionVersion(DecisionAction.ISSUE, at, by, decision))
    try:
        identifier = int((await connection.execute(_NEW, _bound(decision, agency=agency))).scalar_one())
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == UNIQUE_VIOLATION:
            raise RestrictionTaken(f"Решение № {decision.number} уже есть") from error
        raise
    await _write(connection, identifier, 1, version=versions[-1])
    await _tell(connection, versions, now=at)
    return await read_restriction(connection, identifier)


async def add_restriction_version(
    connection: AsyncConnection, identifier: int, *, agency: str, version: int, action: DecisionAction,
    decision: Decision | None, reason: str, by: str, at: datetime, rules: DecisionRules,
) -> StoredDecision:  # fmt: skip
    """Amend (`decision`) or withdraw. Raises NoSuchRestriction, RestrictionChanged, DecisionError."""
    row = (await connection.execute(_LOCK, {"id": identifier})).first()
    if row is None or row.agency != agency:
        raise NoSuchRestriction(f"У вашего ведомства нет решения {identifier}")
    known = await read_restriction(connection, identifier)
    if version != len(known.versions):
        raise RestrictionChanged(
            f"Решение {identifier} уже изменили: версия {len(known.versions)}, а не {version}. Прочитайте заново"
        )
    wanted = decision or known.last.decision
    if decision is not None:
        await _check(connection, decision, rules=rules)
    added = DecisionVersion(action, max(at, known.last.at), by, wanted, reason)
    versions = add_version(known.versions, added)
    await _write(connection, identifier, len(versions), version=added)
    state = "withdrawn" if action is DecisionAction.WITHDRAW else "issued"
    stand = _bound(wanted, agency=agency) | {"id": identifier, "version": len(versions), "state": state}
    await connection.execute(_STAND, stand)
    await _tell(connection, versions, now=added.at)
    return await read_restriction(connection, identifier)


async def acknowledge_restriction(
    connection: AsyncConnection, identifier: int, *, enterprise: str, version: int, by: str, at: datetime, note: str
) -> StoredDecision:
    """An addressee has read the version that holds now; again changes nothing.

    Raises NoSuchRestriction (also for an enterprise it does not address), RestrictionChanged, DecisionError.
    """
    await connection.execute(_LOCK, {"id": identifier})
    known = await read_restriction(connection, identifier)
    if not known.last.decision.addresses(enterprise):
        raise NoSuchRestriction(f"Нет решения {identifier}, которое обращено к вашему предприятию")
    if version != len(known.versions):
        raise RestrictionChanged(
            f"Решение {identifier} уже изменили: версия {len(known.versions)}, а не {version}. Прочитайте заново"
        )
    bound = {"id": identifier, "version": version, "enterprise": enterprise, "at": at, "by": by, "note": note}
    await connection.execute(_ACKNOWLEDGE, bound)
    return await read_restriction(connection, identifier)


async def read_restriction(connection: AsyncConnection, identifier: int) -> StoredDecision:
    """One decision. Raises NoSuchRestriction."""
    found = await _whole(connection, (await connection.execute(_ONE, {"id": identifier})).all())
    if not found:
        raise NoSuchRestriction(f"Нет решения {identifier}")
    return found[0]


async def list_restrictions(
    connection: AsyncConnection, *, since: datetime, until: datetime, territory: str | None, before: int, limit: int
) -> list[StoredDecision]:
    """Decisions whose period, as it stands now, touches [since, until); newest first, with id below `before`."""
    bound = {"since": since, "until": until, "territory": territory, "before": before, "limit": limit}
    return await _whole(connection, (await connection.execute(_HEADS, bound)).all())


async def _whole(connection: AsyncConnection, heads: Collection[Any]) -> list[StoredDecision]:
    ids = {"ids": [head.id for head in heads]}
    versions: dict[int, list[DecisionVersion]] = {head.id: [] for head in heads}
    for row in await connection.execute(_VERSIONS, ids):
        decision = decision_of(json_value(row.body))
        versions[row.restriction_id].append(
            DecisionVersion(DecisionAction(row.action), row.at, row.by, decision, row.reason)
        )
    read: dict[int, list[Acknowledgement]] = {head.id: [] for head in heads}
    for number, *values in map(row_values, await connection.execute(_READ_BY, ids)):
        read[number].append(Acknowledgement(*values))
    return [
        StoredDecision(
            head.id, head.agency, tuple(versions[head.id]), tuple(read[head.id]),
            await _bound_by(connection, versions[head.id][-1].decision),
        )
        for head in heads
    ]  # fmt: skip


async def _bound_by(connection: AsyncConnection, decision: Decision) -> tuple[str, ...]:
    """Its addressees; where it names none, whoever has a pit or an outlet in its area."""
    if decision.addressees:
        return tuple(sorted(decision.addressees))
    found = set()
    for kind, code, enterprise, river, km in await connection.execute(_WORKING, {"territory": decision.territory}):
        if decision.restricts is Restricted.BLASTING:
            there = kind == "pit" and (not decision.pits or code in decision.pits)
        else:
            reached = not decision.reaches or any(reach.holds(river, km) for reach in decision.reaches)
            there = kind == "outlet" and reached
        found |= {enterprise} if there else set()
    return tuple(sorted(found))


async def _check(connection: AsyncConnection, decision: Decision, *, rules: DecisionRules) -> None:
    check_decision(decision, rules=rules)
    enterprises = set((await connection.execute(_ENTERPRISES)).scalars())
    pits = set((await connection.execute(_PLACES, {"territory": decision.territory})).scalars())
    rivers = set((await connection.execute(_RIVERS)).scalars())
    unknown = {
        "Нет такого предприятия": set(decision.addressees) - enterprises,
        "На этой территории нет такого разреза": set(decision.pits) - pits,
        "Нет такой реки": {reach.river for reach in decision.reaches} - rivers,
    }
    for what, names in unknown.items():
        if names:
            raise DecisionError(f"{what}: «{min(names)[:80]}»")


def _bound(decision: Decision, *, agency: str) -> dict[str, Any]:
    return {
        "number": decision.number, "agency": agency, "state": "issued", "territory": decision.territory,
        "starts_at": decision.starts_at, "ends_at": decision.ends_at, "addressees": list(decision.addressees),
    }  # fmt: skip


async def _write(connection: AsyncConnection, identifier: int, number: int, *, version: DecisionVersion) -> None:
    bound = {
        "id": identifier, "version": number, "at": version.at, "by": version.by, "action": version.action.value,
        "reason": version.reason, "body": msgspec.json.encode(version.decision.to_json()).decode(),
    }  # fmt: skip
    await connection.execute(_VERSION, bound)


async def _tell(connection: AsyncConnection, versions: Collection[DecisionVersion], *, now: datetime) -> None:
    """Have the detector look: what happened since the earliest beginning may be against the decision, or no longer."""
    low = min(version.decision.starts_at for version in versions)
    await tell_network(connection, low=min(low, now), high=now)
