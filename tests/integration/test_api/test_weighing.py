"""What an alert weighs: intakes downstream, a verification entered late, and what was known when."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.alerts.attending import attend_all
from services.alerts.weighing import weigh_anew
from services.storage import registry
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.world import DEVICE, NOW, Filled, World, decoded, raise_alert
from uskat.water.water_intake import demo_intakes

INTAKE = {
    "code": "wi-near-demo", "name": "Водозабор у поста (демо)", "river": "uskat", "km": 42.0, "use": "drinking",
    "valid_from": "2020-01-01", "source": "вымышлен", "demo": True,
}  # fmt: skip
PAPER = {
    "instrument": DEVICE, "docnum": "С-ДЕМО/1", "mit_number": "00000-25", "mi_number": "демо-7",
    "type_name": "Демо-зонд", "verified_on": "2025-09-28", "valid_until": "2026-06-20", "organisation": "Демо-ЦСМ",
}  # fmt: skip
METHOD = {
    "instrument": DEVICE, "parameter": "ph", "method": "ФР.1.31 (демо)", "low": 1, "high": 12,
    "uncertainty_absolute": 0.1, "uncertainty_relative": 0, "valid_from": "2025-01-01", "source": "демо",
}  # fmt: skip
JUDGED = text(
    """INSERT INTO quality_interval (series_id, start, rollup, flags, n, n_pass, mean_pass, minimum_pass, maximum_pass,
        test_set) SELECT series_id, start, 1, '{}', n, n_valid, 7.5, minimum, maximum, 't'
    FROM interval_20min WHERE series_id = :ph"""
)


@pytest.fixture
def filled(embedded_filled: Filled) -> Filled:
    """One kind of database is enough: the other answers these questions no differently."""
    return embedded_filled


async def judged(world: World) -> None:
    """What quality control says of the two hours, as the alerts process writes it."""
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await connection.execute(JUDGED, {"ph": world.of("ph")})
    await engine.dispose()


async def handling(world: World, alert: int) -> Any:
    return decoded(await world.client.get(f"/api/v1/alerts/{alert}/handling", headers=world.token("operate")))


async def looked(world: World, *, again: bool = False) -> None:
    engine = make_engine(world.url)
    assert await attend_all(engine, clock=world.clock) == set()
    if again:
        await weigh_anew(engine, clock=world.clock)
    await engine.dispose()


async def token(world: World, role: str) -> dict[str, str]:
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        made = await registry.issue_token(connection, name=role, scopes=[role], enterprise="inspection-demo")
    await engine.dispose()
    return {"Authorization": f"Bearer {made}"}


async def test_a_late_verification_raises_an_extreme_alert_and_its_annulment_lowers_it_again(world: World) -> None:
    await judged(world)
    world.clock.now = NOW + timedelta(days=400)
    number, _ = await raise_alert(world, severity="extreme", updated_at=NOW)
    await looked(world)
    first = await handling(world, number)
    assert (first["severity"], first["policy"]["id"]) == ("high", "alert-policy-3")
    assert "E1" in first["steps"][0]["note"]
    await looked(world, again=True)
    assert (await handling(world, number))["version"] == first["version"]  # nothing new is known
    headers = await token(world, "metrologist")

    async def enter(path: str, body: dict[str, Any]) -> None:
        assert (await world.client.post(f"/api/v1{path}", json=body, headers=headers)).status_code == 201

    await enter("/verifications", PAPER)
    await enter("/measuring-methods", METHOD)
    await looked(world, again=True)
    raised = await handling(world, number)
    assert raised["severity"] == "extreme"
    await enter("/verifications", PAPER | {"applicable": False})
    await looked(world, again=True)
    lowered = await handling(world, number)
    regrades = [one for one in lowered["steps"] if one["action"] == "regrade"]
    assert [(one["severity"], one["grade"]) for one in regrades] == [("extreme", "E2"), ("high", "E1")]
    assert lowered["steps"][0] == first["steps"][0]
    assert (await world.get(f"/alerts/{number}"))["severity"] == "extreme"  # what the detector said


async def test_an_intake_that_is_entered_raises_what_stands_above_it_and_the_list_remembers(world: World) -> None:
    await judged(world)
    world.clock.now = NOW + timedelta(days=400)
    number, _ = await raise_alert(world, station="U-36", updated_at=NOW)
    await looked(world)
    assert (await handling(world, number))["severity"] == "violation"
    headers = await token(world, "admin")
    before = await world.client.get("/api/v1/water-intakes", headers=headers)
    assert decoded(before)["items"] == []
    near = INTAKE | {"km": 35.0}
    assert (await world.client.post("/api/v1/water-intakes", json=near, headers=headers)).status_code == 201
    again = await world.client.post("/api/v1/water-intakes", json=near, headers=headers)
    assert decoded(again) == {"added": False}
    await looked(world, again=True)
    raised = await handling(world, number)
    assert raised["severity"] == "high"
    [why] = [one["note"] for one in raised["steps"] if one["action"] == "regrade"]
    assert "Водозабор у поста (демо)" in why
    closed = near | {"valid_until": "2026-01-01"}
    assert (await world.client.post("/api/v1/water-intakes", json=closed, headers=headers)).status_code == 201
    await looked(world, again=True)
    assert (await handling(world, number))["severity"] == "violation"
    listed = decoded(await world.client.get("/api/v1/water-intakes", headers=headers))["items"]
    assert [(one["code"], one["valid_until"]) for one in listed] == [("wi-near-demo", "2026-01-01")]
    early = await world.client.get(
        "/api/v1/water-intakes", params={"known_at": "2026-01-01T00:00:00Z"}, headers=headers
    )
    assert decoded(early)["items"] == []
    for wrong in ({"river": "нет"}, {"km": 9_000}, {"use": "wash"}, {"name": "Водозабор"}, {"code": ""}):
        refused = await world.client.post("/api/v1/water-intakes", json=near | wrong, headers=headers)
        assert refused.status_code == 422, wrong
    assert (await world.client.get("/api/v1/water-intakes")).status_code == 401


async def test_the_intakes_of_the_demo_are_loaded_once(world: World) -> None:
    from services.storage.water_intake_store import enter_intakes, read_intakes

    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        assert await enter_intakes(connection, demo_intakes(), by="test") == 3
        assert await enter_intakes(connection, demo_intakes(), by="test") == 0
        assert set(await read_intakes(connection)) == set(demo_intakes())
    await engine.dispose()
