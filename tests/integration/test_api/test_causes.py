"""Flood control: one parent for one cause, children that wait under it and come back, policies that histories keep."""

from datetime import timedelta
from typing import Any

import pytest

from services.alerts.attending import attend_all
from services.alerts.causes import find_causes
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.world import NOW, World, add_entry, decoded, raise_alert

STATIONS = ("KU-2", "U-36", "U-25", "TA-1")


async def looked(world: World) -> None:
    """Two looks of the process: one finds the causes, the next takes in what that changed."""
    engine = make_engine(world.url)
    for _ in range(2):
        assert await attend_all(engine, clock=world.clock) == set()
        await find_causes(engine, clock=world.clock)
    await engine.dispose()


async def silent(world: World, *stations: str, minute: int = 0, **changes: Any) -> list[int]:
    at = world.clock.now - timedelta(hours=1) + timedelta(minutes=minute)
    made = [
        await raise_alert(
            world, station=code, key=f"silence:{code}", kind="silence", detector="silence", severity="maintenance",
            started_at=at, knowable_at=at, known_at=at, series_id=None, title=f"{code} молчит", **changes,
        )
        for code in stations
    ]  # fmt: skip
    return [number for number, _ in made]


async def queued(world: World, *attentions: str) -> list[dict[str, Any]]:
    params = {"attention": attentions or ("waiting",)}
    answer = await world.client.get("/api/v1/alert-queue", params=params, headers=world.token("operate"))
    items: list[dict[str, Any]] = decoded(answer)["items"]
    return items


async def history(world: World, alert: int) -> Any:
    return decoded(await world.client.get(f"/api/v1/alerts/{alert}/handling", headers=world.token("operate")))


async def step(world: World, alert: int, **body: Any) -> None:
    version = (await history(world, alert))["version"]
    headers = world.token("operate") | {"If-Match": f'"{version}"'}
    answer = await world.client.post(f"/api/v1/alerts/{alert}/steps", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def entry(world: World, alert: int, event: str, *, state: str) -> None:
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await connection.exec_driver_sql(
            f"UPDATE alert SET state = '{state}', ended_at = started_at + interval '1 hour' WHERE id = {alert}"
        )
        await add_entry(connection, alert, event)
    await engine.dispose()


@pytest.fixture
def database(embedded_database: str) -> str:
    """One kind of database is enough here: nothing of this is different on the other."""
    return embedded_database


@pytest.fixture
async def storm(world: World) -> tuple[list[int], int]:
    """Four stations that fell silent at once: the children and their parent."""
    world.clock.now = NOW + timedelta(days=400)  # entries have the database's own clock
    children = await silent(world, *STATIONS)
    await looked(world)
    [parent] = await queued(world)
    return children, parent["id"]


async def test_four_silent_stations_are_one_entry_that_a_late_one_joins_and_people_confirm_for_all(world, storm):
    children, parent = storm
    told = await world.get(f"/alerts/{parent}")
    assert (told["kind"], told["title"]) == ("cause", "Разом замолчали станции (4): связь, брокер или приём")
    assert told["detail"]["children"] == children
    assert told["detail"]["rules"] == "alert-causes-1"
    held = await queued(world, "suppressed")
    assert sorted(one["id"] for one in held) == children
    last = (await history(world, children[0]))["steps"][-1]
    assert (last["action"], last["reference"]) == ("suppress", f"alert:{parent}")
    assert (await world.get(f"/alerts/{children[0]}"))["parent"] == parent
    await looked(world)
    assert [one["id"] for one in await queued(world)] == [parent]  # looking again changes nothing
    [late] = await silent(world, "U-08", minute=5)
    await looked(world)
    assert (await world.get(f"/alerts/{parent}"))["detail"]["children"] == [*children, late]
    await step(world, parent, action="confirm", note="Обрыв связи в узле")
    assert {(await world.get(f"/alerts/{one}"))["verdict"] for one in (*children, late)} == {"confirmed"}


async def test_children_whose_cause_lasts_come_back_when_the_parent_closes_first(world, storm):
    children, parent = storm
    await entry(world, children[0], "returned", state="returned")
    await looked(world)
    await step(world, parent, action="reject", reason="maintenance", note="Перезапуск узла")
    await looked(world)
    assert sorted(one["id"] for one in await queued(world)) == children[1:]
    released = (await history(world, children[1]))["steps"][-1]
    assert (released["action"], released["note"]) == ("release", f"Тревога № {parent} закрыта раньше")
    assert (await world.get(f"/alerts/{children[0]}"))["verdict"] == "rejected"  # it was over, the verdict covers it
    await looked(world)
    assert sorted(one["id"] for one in await queued(world)) == children[1:]  # not gathered again


async def test_a_cause_that_falls_apart_is_withdrawn_in_public_and_frees_its_children(world, storm):
    children, parent = storm
    for child in children[:2]:
        await entry(world, child, "withdrawn", state="withdrawn")
    await looked(world)
    told = await world.get(f"/alerts/{parent}")
    assert (told["state"], told["events"][-1]["body"]["why"]) == (
        "withdrawn", "Осталось слишком мало станций: общей причины нет."
    )  # fmt: skip
    assert sorted(one["id"] for one in await queued(world)) == children[2:]


async def test_what_a_person_takes_out_stays_out_and_the_parent_returns_with_its_children(world, storm):
    children, parent = storm
    await step(world, children[0], action="release", note="Здесь другое: украли аккумулятор")
    await looked(world)
    assert sorted(one["id"] for one in await queued(world)) == sorted([children[0], parent])
    for child in children:
        await entry(world, child, "returned", state="returned")
    await looked(world)
    assert (await world.get(f"/alerts/{parent}"))["state"] == "returned"
    assert parent in [one["id"] for one in await queued(world)]  # somebody still has to look at it


async def test_the_load_counts_the_parent_and_policies_stay_beside_each_other(world, storm):
    _, parent = storm
    known = decoded(await world.client.get("/api/v1/alert-policies", headers=world.token("operate")))["items"]
    assert [(one["id"], one["in_force"]) for one in known] == [
        ("alert-policy-1", False), ("alert-policy-2", False), ("alert-policy-3", True),
    ]  # fmt: skip
    steps = (await history(world, parent))["steps"]
    raised = steps[0]["at"]
    params = {"since": raised, "until": raised.replace("2026", "2027"), "operators": 1}
    refused = await world.client.get("/api/v1/alert-load", params=params, headers=world.token("operate"))
    assert refused.status_code == 422  # a year
    day = {"since": raised[:10] + "T00:00:00Z", "until": raised[:10] + "T23:59:59.999Z"}
    load = decoded(await world.client.get("/api/v1/alert-load", params=day, headers=world.token("operate")))
    assert load["waiting"] == 1
    assert (load["word"], load["floods"]) == ("acceptable", 0)
    assert load["bounds"]["id"] == "alert-load-1"


async def test_a_wave_down_the_real_river_is_one_cause_and_too_fast_a_one_is_not(world):
    world.clock.now = NOW + timedelta(days=400)
    travel = await world.get("/rivers/travel", **{"from": "U-43", "to": "U-36"})
    hours = travel["travel"]["probable_h"]
    first = world.clock.now - timedelta(hours=40)

    async def exceeded(station: str, later_h: float) -> int:
        at = first + timedelta(hours=later_h)
        number, _ = await raise_alert(
            world, station=station, key=f"exceedance:{station}", started_at=at, knowable_at=at, known_at=at
        )
        return number

    upper = await exceeded("U-43", 0.0)
    below = await exceeded("U-36", hours)
    await exceeded("U-01", 0.5)  # no water from above is there so soon
    await looked(world)
    causes = [one for one in await queued(world) if one["kind"] == "cause"]
    assert [one["title"] for one in causes] == ["Одно загрязнение на нескольких постах по течению: 2"]
    assert (await world.get(f"/alerts/{causes[0]['id']}"))["detail"]["children"] == [upper, below]


async def test_an_alert_keeps_the_policy_it_began_under_when_a_newer_one_is_entered(world):
    world.clock.now = NOW + timedelta(days=400)
    first, _ = await raise_alert(world)
    await looked(world)
    terms = {"acknowledge_min": 5, "acknowledgement_lasts_min": 60, "escalate_to": ["head"]}
    policy = {
        "id": "agency-1", "valid_from": "2026-01-01", "verified": True, "source": "Приказ (пример)",
        "clocks": dict.fromkeys(("maintenance", "notice", "violation", "high", "extreme"), terms),
        "shelve_longest_min": 60, "chatter_count": 3, "chatter_window_min": 60,
    }  # fmt: skip

    async def enter(document: dict[str, Any]) -> Any:
        return await world.client.post("/api/v1/alert-policies", json=document, headers=world.token("operate"))

    entered = await enter(policy)
    assert (entered.status_code, decoded(entered)["in_force"], decoded(entered)["entered_by"]) == (201, True, "duty")
    assert (await enter(policy)).status_code == 409
    assert (await enter(policy | {"id": "alert-policy-1"})).status_code == 409
    gap = await enter(policy | {"id": "agency-2", "clocks": {"high": terms}})
    assert (gap.status_code, decoded(gap)["detail"]) == (
        422, "clocks: no terms for maintenance, notice, violation, extreme",
    )  # fmt: skip
    second, _ = await raise_alert(world, key="later")
    await looked(world)
    before, after = await history(world, first), await history(world, second)
    assert (before["policy"]["id"], before["told"]) == ("alert-policy-3", ["senior_inspector"])
    assert (after["policy"]["id"], after["policy"]["source"], after["told"]) == (
        "agency-1", "Приказ (пример)", ["head"],
    )  # fmt: skip
