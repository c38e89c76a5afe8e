"""The audit log and the territories on a real database."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.api.access import Role
from services.api.authentication import Principal
from services.storage.audit_log import record
from services.storage.engine import make_engine, unit_of_work
from services.storage.registry import issue_token, load_network
from services.storage.token_reading import token_holder
from uskat.water.network import demo_network


async def test_a_row_keeps_who_did_what_and_cannot_be_changed_or_removed(embedded_database: str) -> None:
    engine = make_engine(embedded_database)
    who = Principal("petrova", frozenset({Role.ADMIN}), agency="inspection-demo")
    async with unit_of_work(engine) as connection:
        made = await record(
            connection, who=who, action="account.create", kind="account", object_id=7, detail={"roles": ["inspector"]}
        )
    async with engine.connect() as connection:  # what is rolled back leaves no trace
        await record(connection, who="cli", action="account.disable", kind="account", object_id=7)
        await connection.rollback()
    for change in (
        "UPDATE audit_log SET who = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log", "DELETE FROM audit_log WHERE false"
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match="append-only"):
            async with unit_of_work(engine) as connection:
                await connection.execute(text(change))
    async with engine.connect() as connection:
        [row] = (await connection.execute(text("SELECT * FROM audit_log"))).mappings().all()
    await engine.dispose()
    assert row["id"] == made
    assert (row["who"], row["organisation"], row["action"]) == ("petrova", "inspection-demo", "account.create")
    assert (row["kind"], row["object_id"], row["detail"]) == ("account", "7", {"roles": ["inspector"]})


async def test_a_network_file_enters_territories_and_a_token_of_their_agency_carries_them(
    embedded_database: str,
) -> None:
    engine = make_engine(embedded_database)
    async with unit_of_work(engine) as connection:
        await load_network(connection, demo_network())
        await load_network(connection, demo_network())  # again: nothing doubles
        token = await issue_token(connection, name="duty", scopes=["inspector"], enterprise="inspection-demo")
        holder = await token_holder(connection, token, at=datetime.now(UTC))
        placed = text("SELECT code, territory FROM station UNION ALL SELECT kind || ' ' || code, territory FROM place")
        found = {row.code: row.territory for row in await connection.execute(placed)}
    await engine.dispose()
    assert holder is not None
    assert holder.territories == {"upper-uskat-demo"}
    assert found["KU-1"] == found["pit dalny"] == "upper-uskat-demo"
    assert found["U-01"] == found["settlement bolshaya-talda"] == "lower-uskat-demo"
    assert found["settlement kemerovo"] is None
