"""Rules of a pit – hours, wind, visibility, zones of warnings – as a permit or project sets them; append-only."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value
from uskat.blast.restriction.rules import LocalRule

_COLUMNS = "r.id, p.code, r.zones, r.rule, r.entered_by, r.entered_at FROM pit_rule r JOIN pit p ON p.id = r.pit_id"
_LIST = text(f"SELECT {_COLUMNS} WHERE p.code = :pit ORDER BY r.id DESC LIMIT 200")
_NEWEST = text(f"SELECT DISTINCT ON (p.code) {_COLUMNS} WHERE r.entered_at <= :known_at ORDER BY p.code, r.id DESC")
_ENTER = text(
    """INSERT INTO pit_rule (pit_id, zones, rule, entered_by, entered_at)
    SELECT id, CAST(:zones AS text[]), CAST(:rule AS jsonb), :by, :at FROM pit WHERE code = :pit RETURNING id"""
)
_PIT = text("SELECT 1 FROM pit WHERE code = :pit")


class PitRule(Struct):
    """What is set for a pit. zones: of НМУ warnings; rule: hours, strongest wind, least visibility, with its source."""

    id: int
    pit: str
    zones: list[str]
    rule: dict[str, Any]
    entered_by: str
    entered_at: datetime

    @property
    def local(self) -> LocalRule:
        """The rule as the domain has it."""
        return LocalRule.model_validate(self.rule)


async def pit_exists(connection: AsyncConnection, pit: str) -> bool:
    """True for a registered pit."""
    return (await connection.execute(_PIT, {"pit": pit})).first() is not None


async def list_pit_rules(connection: AsyncConnection, pit: str) -> list[PitRule]:
    """Everything that was ever set for a pit, the newest first."""
    return [_rule(row) for row in await connection.execute(_LIST, {"pit": pit})]


async def pit_rules_of(connection: AsyncConnection, *, known_at: datetime) -> dict[str, PitRule]:
    """What was set for each pit at a moment, by code."""
    return {row[1]: _rule(row) for row in await connection.execute(_NEWEST, {"known_at": known_at})}


async def enter_pit_rule(
    connection: AsyncConnection, rule: LocalRule, *, zones: list[str], by: str, at: datetime
) -> PitRule | None:
    """Set a rule; None when there is no such pit."""
    body = msgspec.json.encode(rule.to_json()).decode()
    bound = {"pit": rule.pit, "zones": zones, "rule": body, "by": by, "at": at}
    if (await connection.execute(_ENTER, bound)).first() is None:
        return None
    return (await list_pit_rules(connection, rule.pit))[0]


def _rule(row: Any) -> PitRule:
    return PitRule(row[0], row[1], list(row[2]), json_value(row[3]), row[4], row[5])
