"""A visit covers what begins during it, for as long as it lasts, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from services.alerts.attending import attend_all
from services.alerts.maintenance import heed_visits
from services.storage.engine import make_engine
from tests.integration.test_api.world import NOW, World, decoded, raise_alert


@pytest.fixture
def database(embedded_database: str) -> str:
    """One kind of database is enough: the other answers these questions no differently."""
    return embedded_database


async def looked(world: World) -> None:
    engine = make_engine(world.url)
    assert await attend_all(engine, clock=world.clock) == set()
    await heed_visits(engine, clock=world.clock)
    await engine.dispose()


async def of(world: World, attention: str) -> list[int]:
    answer = await world.client.get(
        "/api/v1/alert-queue", params={"attention": attention}, headers=world.token("operate")
    )
    return sorted(one["id"] for one in decoded(answer)["items"])


async def step(world: World, alert: int, **body: Any) -> None:
    found = decoded(await world.client.get(f"/api/v1/alerts/{alert}/handling", headers=world.token("operate")))
    headers = world.token("operate") | {"If-Match": f'"{found["version"]}"'}
    answer = await world.client.post(f"/api/v1/alerts/{alert}/steps", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_what_begins_during_a_visit_waits_for_its_end(world):
    now = world.clock.now = NOW + timedelta(days=400)
    visit = {
        "kind": "maintenance", "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(hours=1)).isoformat(), "note": "Замена насоса",
    }  # fmt: skip
    entered = await world.client.post("/api/v1/stations/U-43/visits", json=visit, headers=world.token("operate"))
    assert entered.status_code == 201, entered.text
    inside = now - timedelta(minutes=30)

    async def raised(name: str, **changes: Any) -> int:
        number, _ = await raise_alert(world, key=name, **({"started_at": inside, "known_at": inside} | changes))
        return number

    covered, taken_out = await raised("covered"), await raised("taken out")
    before = await raised("before", started_at=now - timedelta(hours=3))
    elsewhere = await raised("elsewhere", station="U-36")
    grave = await raised("grave", severity="extreme")
    await looked(world)
    assert await of(world, "suppressed") == [covered, taken_out]
    assert await of(world, "waiting") == sorted([before, elsewhere, grave])
    await step(world, taken_out, action="release", note="Не от насоса")
    await looked(world)
    assert await of(world, "suppressed") == [covered]
    world.clock.now = now + timedelta(hours=2)
    await looked(world)
    assert await of(world, "suppressed") == []
    found = decoded(await world.client.get(f"/api/v1/alerts/{covered}/handling", headers=world.token("operate")))
    assert [one["action"] for one in found["steps"] if one["action"] != "escalate"] == ["raise", "suppress", "release"]
