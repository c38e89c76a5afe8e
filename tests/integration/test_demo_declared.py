"""The demo's declared blasts are filed ahead, and the network takes what the simulators send for them."""

from datetime import UTC, datetime, timedelta

import pytest

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.cli.demo.declared import file_declared, passports
from services.cli.demo.weather import tell_weather
from services.storage.blast_registry import load_surroundings
from services.storage.engine import make_engine, unit_of_work
from services.storage.intake import Incoming, Intake
from services.storage.registry import load_network
from services.storage.weather_store import last_received
from simulators.scenario import load_scenario
from simulators.seismograph import SeismicInstrument
from uskat.blast.surroundings import demo_surroundings
from uskat.water.network import demo_network
from uskat.wire.seismic import encode_miniseed

ZERO = datetime(2026, 6, 3, 7, 0, tzinfo=UTC)
UNTIL = ZERO + timedelta(minutes=40)
BLASTS = [detector for detector in REGISTRY if detector.network]


def test_every_declared_blast_has_a_passport_in_order_and_no_other():
    scenario = load_scenario("demo", demo_network())
    found = list(
        passports(
            demo_network(), scenario, zero_s=ZERO.timestamp(), since_s=ZERO.timestamp(), until_s=UNTIL.timestamp()
        )
    )
    assert [(fired - ZERO, passport.pit) for fired, passport in found] == [
        (timedelta(seconds=21), "sukhoy-log"),
        (timedelta(minutes=30, seconds=21), "sukhoy-log"),
        (timedelta(minutes=6), "kedrovaya-pad"),
    ]
    assert found[0][1].max_charge_per_delay_kg == pytest.approx(3 * 450)
    assert all(passport.window.covers(fired) for fired, passport in found)


async def sent(url):
    """What the seismographs of the demo record until UNTIL, through the intake."""
    network, scenario = demo_network(), load_scenario("demo", demo_network())
    messages = []
    for settings in network.seismographs:
        instrument = SeismicInstrument(network, scenario, settings, zero_s=ZERO.timestamp())
        for event in instrument.events(ZERO.timestamp(), UNTIL.timestamp()):
            channels = instrument.record(event)
            if channels is not None:
                topic = f"uskat/v1/{settings.device}/seismic"
                messages.append(Incoming(topic, encode_miniseed(channels), int(UNTIL.timestamp() * 1e6)))
    intake = await Intake.open(url, worker="test")
    await intake.store(messages)
    await intake.close()


async def test_the_demo_is_told_of_its_one_undeclared_blast(embedded_database):
    engine = make_engine(embedded_database, pool_size=2)
    async with unit_of_work(engine) as connection:
        await load_network(connection, demo_network())
        await load_surroundings(connection, demo_surroundings())
    scenario = load_scenario("demo", demo_network())
    period = {"zero_s": ZERO.timestamp(), "since": ZERO, "until": UNTIL}
    assert await file_declared(embedded_database, scenario, **period) == 3
    assert await file_declared(embedded_database, scenario, **period) == 0
    await sent(embedded_database)
    await Evaluator(engine, registry=BLASTS, clock=lambda: UNTIL).evaluate_waiting()
    async with engine.connect() as connection:
        rows = (await connection.exec_driver_sql("SELECT at, verdict FROM blast_event ORDER BY at")).all()
        kinds = (await connection.exec_driver_sql("SELECT kind, started_at FROM alert")).all()
    await engine.dispose()
    declared = [round((at - ZERO).total_seconds()) for at, verdict in rows if verdict == "declared"]
    assert declared == [21, 360, 1821]
    assert [(kind, round((at - ZERO).total_seconds())) for kind, at in kinds] == [("undeclared", 840)]


async def test_the_weather_of_the_declared_blasts_is_told_once_and_the_hours_to_come_as_new(embedded_database):
    engine = make_engine(embedded_database, pool_size=1)
    async with unit_of_work(engine) as connection:
        await load_network(connection, demo_network())
        await load_surroundings(connection, demo_surroundings())
    period = {"since": ZERO - timedelta(hours=6), "now": ZERO, "until": ZERO + timedelta(hours=12)}
    assert await tell_weather(embedded_database, **period) == 18 * len(demo_network().pits)
    assert await tell_weather(embedded_database, **period) == 0
    async with engine.connect() as connection:
        assert await last_received(connection) == ZERO
    await engine.dispose()
