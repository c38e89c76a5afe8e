"""Charges that the regional catalogue speaks against, and blasts fired against restrictions, become alerts."""

import json
import math
from datetime import timedelta

import pytest

from services.alerts.detectors import REGISTRY
from services.storage.blast_store import change_blast, file_blast
from services.storage.catalogue_store import store_catalogue
from services.storage.charge_reading import fired_charges
from services.storage.engine import make_engine, unit_of_work
from services.storage.network_hub import tell_network
from services.storage.nmu_store import enter_warnings
from services.storage.pit_rule_store import enter_pit_rule
from tests.integration.blast_world import FIRED, HOUR, PIT, BlastWorld
from tests.unit.blast.passports import passport
from uskat.blast.catalogue.event import CatalogueEvent, CatalogueImport
from uskat.blast.passport.lifecycle import declare, fire, publish
from uskat.blast.provenance import Level
from uskat.blast.restriction.nmu import NmuWarning
from uskat.blast.restriction.rules import LocalRule

DETECTORS = [detector for detector in REGISTRY if detector.name in {"charge", "blast_restriction"}]
DAY = timedelta(days=1)


@pytest.fixture
async def world(database):
    made = await BlastWorld.make(database)
    yield made
    await made.close()


async def imported(world, events, *, name="x"):
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await store_catalogue(connection, CatalogueImport(tuple(events), ()), name=name, digest=name.encode(), at=FIRED)
    await engine.dispose()


def event(number, at, magnitude):
    return CatalogueEvent(f"as{number}", at, PIT.latitude, PIT.longitude + 0.02, magnitude=magnitude,
                          magnitude_type="ML", type="mining explosion", agency="ASGSR")  # fmt: skip


async def test_a_charge_that_the_catalogue_speaks_against_is_told_and_withdrawn_when_the_catalogue_is_corrected(world):
    events, numbers = [], []
    for number in range(24):
        at, charge_t = FIRED - (30 - number) * DAY, float(10 ** (0.7 + 1.6 * number / 23))
        identifier = await world.declare(
            f"b-{number}", start=at - HOUR, end=at + HOUR, status="fired", fired_at=at, charge_kg=500.0
        )
        await world.sql.execute("UPDATE blast SET total_charge_kg = $2 WHERE id = $1", identifier, 1000 * charge_t)
        size = 0.7 * math.log10(charge_t) + 1.0 + 0.08 * (-1) ** (number // 2) + (1.0 if number == 9 else 0.0)
        events.append(event(number, at + timedelta(seconds=20), float(size)))
        numbers.append(identifier)
    evaluator = world.evaluator([one for one in DETECTORS if one.name == "charge"])
    await evaluator.evaluate_waiting()
    assert await world.alerts("charge") == []
    await imported(world, events)
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts("charge")
    assert (alert["key"], alert["published"], alert["code"]) == (f"charge_ml:{numbers[9]}", False, "S06")
    assert "ML ASGSR" in json.loads(alert["reasons"])[1]
    await imported(world, [event(9, events[9].at, events[9].magnitude - 1.0)], name="corrected")
    await evaluator.evaluate_waiting()
    assert await world.alerts("charge") == []
    assert [one["id"] for one in await world.alerts("charge", state="withdrawn")] == [alert["id"]]


async def fired_of(world, moment):
    """The passport of the tests, planned and fired at a moment, as the API leaves it."""
    window = {"planned_from": (moment - HOUR).isoformat(), "planned_to": (moment + HOUR).isoformat()}
    filed = publish(declare(passport(window=window), at=moment - 2 * DAY, by="x"), at=moment - 2 * DAY + HOUR, by="x")
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await file_blast(connection, filed)
    async with unit_of_work(engine) as connection:
        await change_blast(
            connection, lambda one: fire(one, at=moment + HOUR / 2, by="x", fired_at=moment),
            enterprise=PIT.enterprise, code=filed.passport.blast_id, version=2,
        )  # fmt: skip
        await tell_network(connection, low=moment - HOUR, high=moment + HOUR)
    await engine.dispose()


async def warned(world, *, issued_at, valid_from, valid_to):
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        rule = LocalRule(pit=PIT.code, level=Level.MEMORY, source="проект (демо)")
        await enter_pit_rule(connection, rule, zones=["Новокузнецк"], by="x", at=FIRED - 9 * DAY)
        warning = NmuWarning(zone="Новокузнецк", degree=2, valid_from=valid_from, valid_to=valid_to,
                             issued_at=issued_at, source="ЦГМС (демо)")  # fmt: skip
        await enter_warnings(connection, [warning], by="x")
    await engine.dispose()


async def test_a_blast_fired_during_adverse_weather_is_a_violation_and_one_in_daylight_without_it_is_none(world):
    await fired_of(world, FIRED)
    evaluator = world.evaluator(DETECTORS)
    await evaluator.evaluate_waiting()
    assert await world.alerts("blast_restriction") == []
    await warned(world, issued_at=FIRED - DAY, valid_from=FIRED - 3 * HOUR, valid_to=FIRED + 9 * HOUR)
    world.now += HOUR
    await evaluator.evaluate_waiting()  # by itself: a warning may be entered late
    (alert,) = await world.alerts("blast_restriction")
    assert (alert["severity"], alert["published"]) == ("violation", False)
    assert alert["title"].startswith(f"Взрыв {PIT.enterprise}/kp-2026-061: Действует НМУ 2-й степени")
    assert "Погода на это время не известна" in alert["reasons"]


async def test_a_warning_that_was_issued_after_the_blast_accuses_nobody(world):
    await fired_of(world, FIRED)
    await warned(world, issued_at=FIRED + HOUR / 4, valid_from=FIRED - 3 * HOUR, valid_to=FIRED + 9 * HOUR)
    await world.evaluator(DETECTORS).evaluate_waiting()
    assert await world.alerts("blast_restriction") == []


async def test_a_blast_in_the_dark_is_told_as_a_notice(world):
    night = FIRED.replace(hour=17)  # midnight in Kuzbass
    world.now = night + HOUR
    await fired_of(world, night)
    await world.evaluator(DETECTORS).evaluate_waiting()
    (alert,) = await world.alerts("blast_restriction")
    assert alert["severity"] == "notice"
    assert "Не в светлое время суток." in alert["reasons"]


async def test_a_blast_counts_at_the_moment_it_was_recorded(world):
    await world.declare(status="fired", fired_at=FIRED)
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        (one,) = await fired_charges(connection, since=FIRED - HOUR, until=FIRED + HOUR)
    await engine.dispose()
    assert (one.at, one.enterprise) == (FIRED, PIT.enterprise)
