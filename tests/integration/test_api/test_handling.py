"""Alerts in people's hands over HTTP: the queue, steps with a version, verdicts that the public sees."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from services.alerts.attending import attend_all
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.world import NOW, World, add_entry, decoded, raise_alert


async def attended(world: World) -> None:
    engine = make_engine(world.url)
    assert await attend_all(engine, clock=world.clock) == set()
    await engine.dispose()


async def entry(world: World, alert: int, event: str) -> None:
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await add_entry(connection, alert, event)
    await engine.dispose()


async def queue(world: World, **params: Any) -> list[dict[str, Any]]:
    answer = await world.client.get("/api/v1/alert-queue", params=params, headers=world.token("operate"))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = decoded(answer)["items"]
    return items


async def step(world: World, alert: int, version: int, **body: Any) -> Any:
    return await world.client.post(
        f"/api/v1/alerts/{alert}/steps", json=body, headers=world.token("operate") | {"If-Match": f'"{version}"'}
    )


@pytest.fixture
async def alert(world: World) -> int:
    number, _ = await raise_alert(world)
    world.clock.now = NOW + timedelta(days=400)  # the entry has the database's own clock
    return number


async def test_a_new_alert_waits_in_the_queue_with_its_term_and_is_told_to_the_next_role(world, alert):
    await attended(world)
    [waiting] = await queue(world)
    assert (waiting["id"], waiting["attention"], waiting["owner"]) == (alert, "waiting", None)
    answer = await world.client.get(f"/api/v1/alerts/{alert}/handling", headers=world.token("operate"))
    history = decoded(answer)
    assert [one["action"] for one in history["steps"]] == ["raise", "escalate"]  # nobody took it for so long
    assert history["told"] == ["senior_inspector"]
    assert history["policy"]["verified"] is False
    assert answer.headers["etag"] == '"2"'


async def test_what_is_acknowledged_has_an_owner_and_lapses(world, alert):
    await attended(world)
    taken = await step(world, alert, 2, action="acknowledge", note="Выезжаем, проба у моста")
    assert taken.status_code == 200, taken.text
    [entry_] = await queue(world, attention="acknowledged")
    assert (entry_["owner"], entry_["note"], entry_["version"]) == ("duty", "Выезжаем, проба у моста", 3)
    world.clock.now += timedelta(hours=25)
    await attended(world)
    [again] = await queue(world, attention="waiting")
    assert (again["id"], again["owner"], again["note"]) == (alert, None, "Выезжаем, проба у моста")


async def test_a_step_on_something_else_than_what_was_read_is_refused(world, alert):
    await attended(world)
    missing = await world.client.post(
        f"/api/v1/alerts/{alert}/steps", json={"action": "acknowledge"}, headers=world.token("operate")
    )
    assert missing.status_code == 428
    stale = await step(world, alert, 1, action="acknowledge")
    assert (stale.status_code, decoded(stale)["type"].partition("#")[2]) == (412, "alert-changed")
    impossible = await step(world, alert, 2, action="resolve")
    assert (impossible.status_code, decoded(impossible)["detail"]) == (409, "Завершить можно только подтверждённое")
    unknown = await step(world, alert, 2, action="reject", reason="мне так кажется")
    assert unknown.status_code == 422
    nobody = await step(world, 10**9, 1, action="acknowledge")
    assert nobody.status_code == 404
    [untouched] = await queue(world)
    assert untouched["version"] == 2


async def test_a_rejection_outlives_the_sensor_and_the_public_reads_why(world, alert):
    await attended(world)
    rejected = await step(world, alert, 2, action="reject", reason="instrument", note="Датчик на берегу")
    assert rejected.status_code == 200, rejected.text
    public = await world.get(f"/alerts/{alert}")
    assert (public["verdict"], public["rejected_for"], public["state"]) == ("rejected", "instrument", "active")
    for event in ("returned", "reopened"):
        await entry(world, alert, event)
        await attended(world)
    assert await queue(world) == []
    assert (await world.get(f"/alerts/{alert}"))["verdict"] == "rejected"
    page = await world.client.get("/", headers={"Accept": "text/html"})
    assert "Не подтвердилось: датчик" in page.text or "Водородный показатель" not in page.text


async def test_two_people_at_once_take_it_once(world, alert):
    await attended(world)
    connection = await asyncpg.connect(world.url)
    first = await step(world, alert, 2, action="acknowledge")
    second = await step(world, alert, 2, action="confirm")
    assert [first.status_code, second.status_code] == [200, 412]
    rows = await connection.fetch("SELECT seq, by, action FROM alert_step WHERE alert_id = $1 ORDER BY seq", alert)
    assert [tuple(row)[1:] for row in rows] == [("machine", "raise"), ("machine", "escalate"), ("duty", "acknowledge")]
    await connection.close()


async def test_only_who_is_on_duty_sees_and_does_it(world, alert):
    await attended(world)
    for headers in ({}, world.token("sukhoy")):
        status = (await world.client.get("/api/v1/alert-queue", headers=headers)).status_code
        assert status in {401, 403}
        status = (await world.client.get(f"/api/v1/alerts/{alert}/handling", headers=headers)).status_code
        assert status in {401, 403}
