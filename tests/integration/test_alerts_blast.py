"""Blasts found by the network, end to end: records through the intake, verdicts and alerts by the workers."""

import asyncio
import json
import random
from datetime import timedelta

import pytest

from services.storage.blast_store import file_blast
from services.storage.engine import make_engine, unit_of_work
from tests.integration.blast_world import DETECTORS, FIRED, HOUR, PIT, BlastWorld, blast, earthquake, records, truck
from tests.unit.blast.passports import passport
from uskat.blast.passport.lifecycle import declare, publish


@pytest.fixture
async def world(database):
    made = await BlastWorld.make(database)
    yield made
    await made.close()


async def test_a_declared_blast_is_associated_and_raises_nothing(world):
    identifier = await world.declare()
    found = records(blast())
    assert len(found) > 6
    await world.store(found)
    await world.evaluator().evaluate_waiting()
    (event,) = await world.events()
    assert (event["verdict"], event["blast_id"], event["deviations"]) == ("declared", identifier, [])
    body = json.loads(event["body"])
    assert len(body["records"]) == len(found)
    assert body["declaration"]["id"] == f"{PIT.enterprise}/b-1"
    assert body["declaration"]["delays"]["log_odds"] > 0.5, "42 ms between the passport's holes, in the spectra"
    assert abs((event["at"] - FIRED).total_seconds()) < 1
    north, east = (event["latitude"] - PIT.latitude) * 111.2, (event["longitude"] - PIT.longitude) * 65.2
    assert (north**2 + east**2) ** 0.5 < event["uncertainty_km"] < 3
    assert await world.sql.fetchval("SELECT count(*) FROM blast_record WHERE event_id = $1", event["id"]) == len(found)
    assert await world.alerts("undeclared", "misdeclared", "charge", "unrecorded") == []


async def test_an_undeclared_blast_is_one_alert_with_two_workers_and_any_order(world):
    found = records(blast())
    random.Random(3).shuffle(found)
    first, second = world.evaluator(), world.evaluator()
    for one in found:
        await world.store([one])
        await asyncio.gather(first.evaluate_waiting(), second.evaluate_waiting())
    (alert,) = await world.alerts("undeclared")
    assert await world.alerts("undeclared", state="withdrawn") == []
    assert (alert["state"], alert["severity"]) == ("returned", "violation")
    earliest = min(found, key=lambda one: one[1])
    assert alert["code"] == earliest[0]
    (event,) = await world.events()
    assert (event["verdict"], event["code"].partition(":")[0]) == ("undeclared", earliest[0])
    assert json.loads(alert["detail"])["id"] == event["code"]
    assert alert["started_at"] == event["at"]
    body = event["body"]
    hub = await world.sql.fetchval("SELECT min(id) FROM station")
    await world.sql.execute(
        "INSERT INTO journal (station_id, kind, time_min, time_max, entries) VALUES ($1,'network',$2,$2,1)", hub, FIRED
    )
    judged_at = event["judged_at"]
    world.now += HOUR
    await first.evaluate_waiting()
    (event,) = await world.events()
    assert (event["body"], event["judged_at"]) == (body, judged_at)


async def test_the_network_is_judged_before_its_stations_are_worked_off(world):
    evaluator = world.evaluator()
    await evaluator.evaluate_waiting()
    found = records(blast())
    await world.store(found)
    assert await evaluator.urgent() == 1
    assert [event["verdict"] for event in await world.events()] == ["undeclared"]
    assert await world.sql.fetchval("SELECT count(*) FROM journal WHERE kind = 'seismic'") >= len(found) - 1
    assert await evaluator.urgent() == 0
    assert await evaluator.evaluate_waiting() == len(found) - 1  # the hub has been looked at already


async def test_a_declaration_that_comes_after_the_blast_changes_the_verdict(world):
    evaluator = world.evaluator()
    await world.store(records(blast()))
    await evaluator.evaluate_waiting()
    assert len(await world.alerts("undeclared")) == 1
    await world.declare(declared_at=FIRED + HOUR)
    await evaluator.evaluate_waiting()
    assert await world.alerts("undeclared") == []
    (alert,) = await world.alerts("misdeclared")
    assert "объявлен после взрыва" in alert["title"]
    await world.declare(status="cancelled")
    await evaluator.evaluate_waiting()
    assert len(await world.alerts("undeclared")) == 1
    assert await world.alerts("misdeclared") == []


async def test_a_blast_after_its_window_and_one_of_another_charge_are_told(world):
    late = await world.declare(start=FIRED - 2 * HOUR, end=FIRED - 0.5 * HOUR)
    large = await world.declare("b-2", start=FIRED + 5 * HOUR, end=FIRED + 6 * HOUR, charge_kg=110.0)
    await world.store(records(blast(), blast("b2", at=FIRED + 5.5 * HOUR)))
    world.now = FIRED + 7 * HOUR
    await world.evaluator().evaluate_waiting()
    (alert,) = await world.alerts("misdeclared")
    assert alert["key"] == f"misdeclared:{late}"
    assert "позже заявленного" in alert["title"]
    (charge,) = await world.alerts("charge")
    assert (charge["key"], charge["published"]) == (f"charge:{large}", False)
    assert await world.alerts("undeclared", "unrecorded") == []


async def test_old_records_that_come_together_are_judged_as_if_they_had_come_one_by_one(world):
    moments = [FIRED + hours * HOUR for hours in (0, 40, 80)]
    world.now = FIRED + 100 * HOUR
    evaluator = world.evaluator()
    await world.store(records(*(blast(f"b{n}", at=moment) for n, moment in enumerate(moments))))
    await evaluator.evaluate_waiting()
    together = [(event["code"], event["body"], event["judged_at"]) for event in await world.events()]
    assert len(together) == len(await world.alerts("undeclared")) == 3
    world.now += HOUR
    hub = await world.sql.fetchval("SELECT min(id) FROM station")
    for moment in moments:
        await world.sql.execute(
            "INSERT INTO journal (station_id, kind, time_min, time_max, entries) VALUES ($1,'network',$2,$2,1)",
            hub, moment,
        )  # fmt: skip
        await evaluator.evaluate_waiting()
    assert [(event["code"], event["body"], event["judged_at"]) for event in await world.events()] == together


async def test_what_an_enterprise_files_reaches_the_network(world):
    evaluator = world.evaluator()
    await world.store(records(blast()))
    await evaluator.evaluate_waiting()
    assert len(await world.alerts("undeclared")) == 1
    window = {"planned_from": (FIRED - HOUR).isoformat(), "planned_to": (FIRED + HOUR).isoformat()}
    filed = declare(passport(window=window, max_charge_per_delay_kg=500.0), at=FIRED - 24 * HOUR, by="test")
    engine = make_engine(world.url, pool_size=1)
    async with unit_of_work(engine) as connection:
        await file_blast(connection, publish(filed, at=FIRED - 20 * HOUR, by="test"))
    await engine.dispose()
    await evaluator.evaluate_waiting()
    (event,) = await world.events()
    assert (event["verdict"], event["deviations"]) == ("declared", [])
    assert await world.alerts("undeclared", "misdeclared") == []


async def test_trucks_and_earthquakes_raise_nothing(world):
    await world.store(records(truck(), truck("t2", at=FIRED + HOUR, station=8), earthquake(at=FIRED + 2 * HOUR)))
    await world.evaluator().evaluate_waiting()
    verdicts = [event["verdict"] for event in await world.events()]
    assert len(verdicts) >= 2
    assert not {"undeclared", "declared"} & set(verdicts)
    assert await world.alerts() == []


async def test_a_late_report_opens_by_the_clock_and_ends_with_the_report(world):
    await world.declare(status="fired", fired_at=FIRED)
    await world.store(records(blast()))
    evaluator = world.evaluator()
    await evaluator.evaluate_waiting()
    assert await world.alerts() == []
    world.now = FIRED + 25 * HOUR
    await evaluator.evaluate_waiting()  # nothing came: by the timer
    (alert,) = await world.alerts("late_report")
    assert (alert["state"], alert["started_at"]) == ("active", FIRED + 24 * HOUR)
    await world.declare(status="reported", fired_at=FIRED, reported_at=FIRED + 26 * HOUR)
    world.now = FIRED + 27 * HOUR
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts("late_report")
    assert (alert["state"], alert["ended_at"]) == ("returned", FIRED + 26 * HOUR)


async def test_a_declared_blast_without_a_record_is_told_until_the_records_come(world):
    await world.heard(FIRED)
    identifier = await world.declare(status="fired", fired_at=FIRED)
    evaluator = world.evaluator()
    await evaluator.evaluate_waiting()
    assert await world.alerts("unrecorded") == []
    world.now = FIRED + 3 * HOUR
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts("unrecorded")
    assert (alert["key"], alert["published"]) == (f"unrecorded:{identifier}", False)
    await world.store(records(blast()))
    await evaluator.evaluate_waiting()
    world.now += HOUR
    await evaluator.evaluate_waiting()
    assert await world.alerts("unrecorded") == []
    (event,) = await world.events()
    assert event["blast_id"] == identifier


async def test_silent_instruments_owe_no_record(world):
    await world.declare(status="fired", fired_at=FIRED)
    world.now = FIRED + 3 * HOUR
    await world.evaluator().evaluate_waiting()
    assert await world.alerts("unrecorded") == []


async def test_a_cloud_that_an_inspector_saw_is_told_when_the_report_is_silent(world):
    identifier = await world.declare(status="fired", fired_at=FIRED)
    evaluator = world.evaluator()
    await evaluator.evaluate_waiting()
    seen = {"rating": "3A", "observer": "инспектор"}
    await world.sql.execute(
        "INSERT INTO fume_rating (blast_id, rating, level, left_site, observation, entered_by)"
        " VALUES ($1, '3A', 3, false, $2::jsonb, 'x'), ($1, '1A', 1, false, '{\"rating\": \"1A\"}', 'y')",
        identifier, json.dumps(seen),
    )  # fmt: skip
    world.now += timedelta(minutes=6)  # by the timer
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts("fume")
    assert "3A" in alert["title"]


async def test_a_heavy_cloud_is_told(world):
    identifier = await world.declare(status="reported", fired_at=FIRED, reported_at=FIRED + HOUR)
    report = {"fume": {"rating": "4B", "left_site": True}}
    await world.sql.execute(
        "INSERT INTO blast_revision (blast_id, number, at, by, action, after, fields)"
        " VALUES ($1, 2, $2, 'x', 'report', 'reported', '[]')", identifier, FIRED + HOUR,
    )  # fmt: skip
    await world.sql.execute(
        "INSERT INTO blast_report (blast_id, number, report, discrepancies, fired_at, filed_at, misfired_holes)"
        " VALUES ($1, 2, $2::jsonb, '[]', $3, $3, 0)", identifier, json.dumps(report), FIRED + HOUR,
    )  # fmt: skip
    await world.evaluator().evaluate_waiting()
    (alert,) = await world.alerts("fume")
    assert "4B" in alert["title"]
    assert alert["code"] == "S06"  # the instrument nearest to the block


def test_one_detector_judges_the_network_and_the_other_its_duties():
    assert [(d.name, d.network, d.each_span) for d in DETECTORS if d.network] == [
        ("blast", True, True), ("blast_report", True, False),
    ]  # fmt: skip


async def test_a_paced_hub_judges_new_records_at_once(world):
    paced = world.evaluator(pace_s=3600.0)
    await paced.evaluate_waiting()
    hub = await world.sql.fetchval("SELECT min(id) FROM station")
    await world.sql.execute(
        "INSERT INTO journal (station_id, kind, time_min, time_max, entries) VALUES ($1,'histogram',$2,$2,1)",
        hub,
        FIRED,
    )
    assert await paced.evaluate_waiting() == 0  # paced since its first look
    await world.store(records(blast()))
    assert await paced.urgent() == 1
    assert [event["verdict"] for event in await world.events()] == ["undeclared"]
