"""Breaches of decisions become alerts by themselves: a recorded blast during a ban, a discharge during a flood."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from services.alerts.detectors import REGISTRY
from services.storage.engine import make_engine, unit_of_work
from services.storage.restriction_store import add_restriction_version, issue_restriction
from tests.integration.blast_world import FIRED, HOUR, PIT, BlastWorld, blast, records
from uskat.supervision.restriction.decision import Basis, Decision, DecisionAction, ReachArea, Restricted
from uskat.supervision.restriction.rules import decision_rules

DETECTORS = [detector for detector in REGISTRY if detector.name in {"blast", "restriction"}]
RULES = decision_rules()
BAN = Decision(
    "14/НМУ", Restricted.BLASTING, Basis.NMU, "north", FIRED - 3 * HOUR, FIRED + 6 * HOUR, "НМУ 2-й степени",
    "Взрывные работы не производить.", "96-ФЗ, ст. 19", addressees=(PIT.enterprise,),
)  # fmt: skip
AGENCY = {"agency": "inspection", "by": "ivanova", "rules": RULES}


@pytest.fixture
async def world(database):
    made = await BlastWorld.make(database)
    await made.sql.execute(
        "INSERT INTO place (kind, code, name, latitude, longitude, territory) SELECT 'pit', code, name, latitude,"
        " longitude, 'north' FROM pit"
    )
    yield made
    await made.close()


async def decided(world, decision, *, at):
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        found = await issue_restriction(connection, decision, at=at, **AGENCY)
    await engine.dispose()
    return found


async def changed(world, number, *, at, action, decision=None, version=1):
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await add_restriction_version(
            connection, number, version=version, action=action, decision=decision, reason="сверено", at=at, **AGENCY
        )
    await engine.dispose()


async def test_a_blast_during_a_ban_is_an_alert_as_soon_as_the_instruments_recorded_it(world):
    ban = await decided(world, BAN, at=FIRED - 4 * HOUR)
    await decided(world, replace(BAN, number="15 после"), at=FIRED + HOUR / 2)  # issued when it was over
    await world.declare()
    evaluator = world.evaluator(DETECTORS)
    await evaluator.evaluate_waiting()
    assert await world.alerts("restriction_breach") == []  # the enterprise has not said that it fired
    await world.store(records(blast()))
    await evaluator.urgent()
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts("restriction_breach")
    assert (alert["severity"], alert["state"], alert["published"]) == ("violation", "returned", True)
    assert abs(alert["started_at"] - FIRED) < timedelta(seconds=2)
    assert alert["title"] == f"Взрыв {PIT.enterprise}/b-1 во время запрета № 14/НМУ"
    await changed(world, ban.id, at=FIRED + HOUR, action=DecisionAction.WITHDRAW)  # too late to excuse anybody
    world.now += HOUR
    await evaluator.evaluate_waiting()
    assert [one["id"] for one in await world.alerts("restriction_breach")] == [alert["id"]]
    await world.sql.execute("UPDATE blast_event SET withdrawn_at = now()")  # the network thinks better of it
    world.now += timedelta(minutes=6)
    await evaluator.evaluate_waiting()
    assert [one["id"] for one in await world.alerts("restriction_breach", state="withdrawn")] == [alert["id"]]


async def test_a_discharge_is_found_by_the_clock_and_ends_with_its_alert(world):
    await world.sql.execute("INSERT INTO river (code, name) VALUES ('talda', 'Талда')")
    station = await world.sql.fetchval(
        "INSERT INTO station (code, name, kind, latitude, longitude, river_id, river_km, territory, organisation_id)"
        " SELECT 'OUT-1', 'Выпуск', 'outlet', 54.1, 87.0, r.id, 9.0, 'north', o.id FROM river r, organisation o"
        " WHERE o.code = $1 RETURNING id",
        PIT.enterprise,
    )
    flood = replace(
        BAN, number="16/П", restricts=Restricted.DISCHARGE, basis=Basis.FLOOD, reaches=(ReachArea("talda", 20, 5),)
    )
    await decided(world, flood, at=FIRED - 4 * HOUR)
    evaluator = world.evaluator(DETECTORS)
    await evaluator.evaluate_waiting()
    await world.sql.execute(
        "INSERT INTO alert (key, station_id, detector, kind, severity, state, started_at, knowable_at, known_at,"
        " updated_at, title, figures, reasons) VALUES ('exceedance:1', $1, 'exceedance', 'exceedance', 'violation',"
        " 'active', $2, $2, $2, $2, 'Аммоний-ион выше норматива', '{}', '[]')",
        station, FIRED,
    )  # fmt: skip
    world.now += timedelta(minutes=6)  # nothing tells the hub: its own clock does
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts("restriction_breach")
    assert (alert["code"], alert["state"]) == ("OUT-1", "active")
    await world.sql.execute(
        "UPDATE alert SET ended_at = $1, state = 'returned' WHERE kind = 'exceedance'", FIRED + HOUR
    )
    world.now += timedelta(minutes=6)
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts("restriction_breach")
    assert (alert["state"], alert["ended_at"]) == ("returned", FIRED + HOUR)


@pytest.mark.parametrize(
    ("released_h", "found"),
    [
        (5, True),  # an hour before the end; the water was at the station eight hours after it
        (-4, True),  # begun before, and not over when the decision began to bind
        (-6, False),  # over an hour before it began, whatever the station saw during it
        (7, False),  # afterwards
    ],
)
async def test_an_attributed_discharge_is_judged_by_when_it_was_let_out(world, released_h, found):
    """Decision from -3 h to +6 h; two hours of discharge, seen by a station downstream nine hours later."""
    await world.sql.execute("INSERT INTO river (code, name) VALUES ('talda', 'Талда')")
    await world.sql.execute(
        "INSERT INTO place (kind, code, name, latitude, longitude, territory, organisation_id, river_id, river_km)"
        " SELECT 'outlet', 'out-1', 'Выпуск', 54.1, 87.0, 'north', o.id, r.id, 9.0 FROM river r, organisation o"
        " WHERE o.code = $1",
        PIT.enterprise,
    )
    flood = replace(BAN, number="16/П", restricts=Restricted.DISCHARGE, basis=Basis.FLOOD)
    await decided(world, flood, at=FIRED - 4 * HOUR)
    released = FIRED + released_h * HOUR
    detail = {
        "candidates": [{"outlet": "out-1", "probability": 0.9}],
        "release_window": {
            "earliest_at": (released - HOUR).isoformat(), "probable_at": released.isoformat(),
            "latest_at": (released + HOUR).isoformat(), "duration_h": 2,
        },
    }  # fmt: skip
    await world.sql.execute(
        "INSERT INTO alert (key, station_id, detector, kind, severity, state, started_at, ended_at, knowable_at,"
        " known_at, updated_at, title, figures, reasons, detail) SELECT 'source:1', min(id), 'attribution', 'source',"
        " 'violation', 'returned', $1, $2, $1, $1, $1, 'Источник', '{}', '[]', $3 FROM station",
        released + 9 * HOUR, released + 12 * HOUR, json.dumps(detail),
    )  # fmt: skip
    evaluator = world.evaluator(DETECTORS)
    world.now += timedelta(minutes=6)
    await evaluator.evaluate_waiting()
    breaches = await world.alerts("restriction_breach")
    assert len(breaches) == found
    if found:
        assert breaches[0]["started_at"] == max(released, flood.starts_at)
        assert breaches[0]["ended_at"] == released + 2 * HOUR
