"""Policies of attending to alerts: the packaged ones, and those that an agency entered. None is ever changed."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from uskat.supervision.handling.policy import (
    Policy,
    PolicyError,
    packaged_policies,
    parse_policy,
    policy_in_force,
)

LOCAL = ZoneInfo("Asia/Novokuznetsk")
PROJECT = "project"
_ALL = text("SELECT id, valid_from, document::text, entered_by, entered_at FROM alert_policy ORDER BY entered_at, id")
_ONE = text("SELECT document::text FROM alert_policy WHERE id = :id")
_ENTER = text(
    """INSERT INTO alert_policy (id, valid_from, document, entered_by, entered_at)
    VALUES (:id, :valid_from, CAST(:document AS jsonb), :by, :now) ON CONFLICT (id) DO NOTHING RETURNING id"""
)


class PolicyRow(Struct):
    """A policy as it is told. entered_by: `project` for a packaged one. in_force: new alerts begin under it."""

    id: str
    valid_from: date
    verified: bool
    source: str
    entered_by: str
    entered_at: datetime | None
    in_force: bool


class PolicyKnown(Exception):
    """There is a policy of this id already; a change is a new policy."""


async def policy_by_id(connection: AsyncConnection, policy_id: str) -> Policy:
    """The policy that a history names. Raises PolicyError when it is nowhere."""
    packaged = {policy.id: policy for policy in packaged_policies()}
    if policy_id in packaged:
        return packaged[policy_id]
    document = await connection.scalar(_ONE, {"id": policy_id})
    if document is None:
        raise PolicyError(f"there is no policy {policy_id!r}")
    return parse_policy(msgspec.json.decode(document))


async def policy_at(connection: AsyncConnection, moment: datetime, *, default: Policy | None = None) -> Policy:
    """The policy under which an alert begins that is raised at a moment: an agency's own goes before the project's.

    default: instead of the project's.
    """
    packaged = packaged_policies()
    own = [parse_policy(msgspec.json.decode(row[2])) for row in await connection.execute(_ALL)]
    day = moment.astimezone(LOCAL).date()
    begun = [policy for policy in own if policy.valid_from <= day]
    if begun:
        return policy_in_force(begun, day)
    if default is not None and default.id not in {policy.id for policy in packaged}:
        return default
    return policy_in_force(packaged, day)


async def list_policies(connection: AsyncConnection, *, now: datetime) -> list[PolicyRow]:
    """The project's policies and the agency's, in the order in which they were entered."""
    current = (await policy_at(connection, now)).id
    rows: list[tuple[Policy, str, datetime | None]] = [(policy, PROJECT, None) for policy in packaged_policies()]
    for _, _, document, by, at in await connection.execute(_ALL):
        rows.append((parse_policy(msgspec.json.decode(document)), by, at))
    return [
        PolicyRow(one.id, one.valid_from, one.verified, one.source, by, at, one.id == current) for one, by, at in rows
    ]


async def enter_policy(connection: AsyncConnection, document: dict[str, Any], *, by: str, now: datetime) -> Policy:
    """Keep a policy for the alerts of its first day and later ones. Raises PolicyError, PolicyKnown."""
    policy = parse_policy(document)
    if policy.id in {one.id for one in packaged_policies()}:
        raise PolicyKnown(f"{policy.id} is a policy of the project")
    bound = {
        "id": policy.id, "valid_from": policy.valid_from, "document": msgspec.json.encode(document).decode(),
        "by": by, "now": now,
    }  # fmt: skip
    if await connection.scalar(_ENTER, bound) is None:
        raise PolicyKnown(f"{policy.id} is entered already")
    return policy
