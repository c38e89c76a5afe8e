"""Cases over HTTP: from the queue of alerts to the closing, terms and the roster."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from services.notices.main import decide_all
from services.storage.engine import libpq_url, make_engine, unit_of_work
from services.storage.handling_store import attend
from tests.integration.test_api.case_office import (
    CONFIRM,
    ORDER,
    RESULTS,
    SAMPLE,
    UPPER,
    ask,
    attended,
    attended_alert,
    ensure_documented,
    inspected,
    opened,
    send,
    stepped,
    with_agencies,
)
from tests.integration.test_api.world import World, decoded
from uskat.supervision.handling.policy import packaged_policy
from uskat.supervision.handling.step import MACHINE, Action, Step


@pytest.fixture
async def agencies(world: World) -> World:
    return await with_agencies(world)


@pytest.fixture
async def alert(agencies: World) -> int:
    return await attended_alert(agencies)


async def test_a_case_goes_to_whoever_is_on_duty_and_its_alert_leaves_the_queue(agencies, alert):
    world, now = agencies, agencies.clock.now
    shift = {"person": "ivanova", "duty": "inspector", "since": (now - timedelta(hours=1)).isoformat()}
    made = await send(world, "boss", "/roster", shift | {"until": (now + timedelta(hours=11)).isoformat()})
    assert made.status_code == 201, made.text
    case = await opened(world, alert)
    assert (case["stage"], case["word"], case["assignee"]) == ("suspected", "Подозрение", "ivanova")
    assert (case["territory"], case["station"], case["agency"]) == ("upper-uskat-demo", "U-43", UPPER)
    assert [one["clock"] for one in case["terms"]] == ["acknowledge", "dispatch", "sample", "decide"]
    assert case["policy"]["verified"] is False
    waiting = decoded(await ask(world, "ivanova", "/alert-queue"))["items"]
    assert [one["id"] for one in waiting] == []
    [listed] = decoded(await ask(world, "ivanova", "/cases"))["items"]
    assert (listed["id"], listed["alerts"], listed["clock"]) == (case["id"], [alert], "acknowledge")
    again = await send(world, "ivanova", "/cases", {"alerts": [alert]})
    assert (again.status_code, decoded(again)["type"].partition("#")[2]) == (409, "ground-taken")


async def test_a_verdict_confirms_the_alert_and_the_public_reads_it(agencies, alert):
    world = agencies
    case = await inspected(world, alert)
    case = await stepped(world, case, **SAMPLE, taken_at=world.clock.now.isoformat())
    [sample] = case["samples"]
    assert sample["window"]["word"] == "inside", "the alert lasts, so the plume is still at its station"
    refused = await send(world, "ivanova", f"/cases/{case['id']}/steps", CONFIRM, version=case["version"])
    assert refused.status_code == 409
    assert "чем ещё доказано" in decoded(refused)["detail"]
    case = await stepped(world, case, **RESULTS)
    case = await stepped(world, case, **CONFIRM)
    assert (case["stage"], case["decided_by"]) == ("confirmed", "ivanova")
    public = await world.get(f"/alerts/{alert}")
    assert public["verdict"] == "confirmed"
    assert "Дело" not in str(public)
    [precision] = decoded(await ask(world, "operate", "/detectors/precision"))["items"]
    assert (precision["detector"], precision["judged"], precision["confirmed"]) == ("exceedance", 1, 1)
    assert 0 < precision["low"] < precision["value"] == precision["high"] == 1
    await ensure_documented(world, case["id"])
    case = await stepped(world, case, **ORDER)
    case = await stepped(world, case, action="fulfil", number="М-1", note="Сброс прекращён")
    case = await stepped(world, case, action="close")
    assert (case["stage"], case["terms"]) == ("closed", [])
    assert decoded(await ask(world, "ivanova", "/cases"))["items"] == []
    assert [one["id"] for one in decoded(await ask(world, "ivanova", "/cases", stage="closed"))["items"]] == [
        case["id"]
    ]


async def test_a_fault_found_rejects_the_alert_with_its_reason_and_a_reopening_takes_it_back(agencies, alert):
    world = agencies
    case = await opened(world, alert)
    case = await stepped(world, case, action="decide", verdict="instrument_fault", ground="Датчик на берегу")
    assert case["decision"]["reason"] == "instrument"
    public = await world.get(f"/alerts/{alert}")
    assert (public["verdict"], public["rejected_for"]) == ("rejected", "instrument")
    case = await stepped(world, case, action="reopen", note="Проба подтвердила")
    case = await stepped(world, case, action="examine", found="Записи целы")
    case = await stepped(world, case, **CONFIRM, other_proof="Предприятие признало")
    assert (await world.get(f"/alerts/{alert}"))["verdict"] == "confirmed"
    assert decoded(await ask(world, "ivanova", "/alert-queue"))["items"] == [], "the case has it in hand, not the queue"
    [held] = decoded(await ask(world, "ivanova", "/alert-queue", attention="suppressed"))["items"]
    assert held["id"] == alert


async def test_a_verdict_stands_on_the_findings_as_they_are_not_as_they_were_when_the_sample_came_in(agencies, alert):
    """Late data end the episode before the sample was taken; the alert is as active and as grave as it was."""
    world = agencies
    case = await inspected(world, alert)
    case = await stepped(world, case, **SAMPLE, taken_at=world.clock.now.isoformat())
    case = await stepped(world, case, **RESULTS)
    assert case["samples"][0]["window"]["word"] == "inside"
    connection = await asyncpg.connect(world.url)
    await connection.execute("UPDATE alert SET ended_at = started_at + interval '1 hour' WHERE id = $1", alert)
    await connection.close()
    refused = await send(world, "ivanova", f"/cases/{case['id']}/steps", CONFIRM, version=case["version"])
    assert (refused.status_code, "чем ещё доказано" in decoded(refused)["detail"]) == (409, True)
    case = await stepped(world, case, **CONFIRM, other_proof="Предприятие признало")
    assert case["samples"][0]["window"]["word"] == "outside"


async def test_a_case_that_is_reopened_has_its_alerts_in_hand_again(agencies, alert):
    world = agencies
    case = await opened(world, alert)
    case = await stepped(world, case, action="decide", verdict="not_confirmed", reason="rule", ground="Нет нарушения")
    case = await stepped(world, case, action="close")
    again = {"action": "reconsider", "note": "Жалобы продолжаются"}
    version = decoded(await ask(world, "ivanova", f"/alerts/{alert}/handling"))["version"]
    assert (await send(world, "ivanova", f"/alerts/{alert}/steps", again, version=version)).status_code == 200
    assert [one["id"] for one in decoded(await ask(world, "ivanova", "/alert-queue"))["items"]] == [alert]
    case = await stepped(world, case, action="reopen", note="Новая жалоба")
    assert decoded(await ask(world, "ivanova", "/alert-queue"))["items"] == []


async def test_two_who_open_a_case_at_once_do_not_both_have_the_alert(agencies, alert):
    world = agencies
    answers = await asyncio.gather(*(send(world, "ivanova", "/cases", {"alerts": [alert]}) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]


async def test_what_a_visit_covers_does_not_come_back_to_the_queue_when_a_case_has_it(agencies, alert):
    world = agencies
    engine = make_engine(world.url)
    cover = Step(Action.SUPPRESS, world.clock.now, MACHINE, reference="visit:1", note="Обслуживание станции")
    async with unit_of_work(engine) as connection:
        await attend(connection, alert, policy=packaged_policy(), now=world.clock.now, step=lambda _: cover)
    await engine.dispose()
    case = await opened(world, alert)
    steps = decoded(await ask(world, "ivanova", f"/alerts/{alert}/handling"))["steps"]
    assert (steps[-1]["action"], steps[-1]["reference"]) == ("suppress", f"case:{case['id']}")


async def test_terms_that_run_out_are_told_and_a_stale_step_is_refused(agencies, alert):
    world = agencies
    case = await opened(world, alert)
    world.clock.now += timedelta(hours=5)
    await attended(world)
    file = decoded(await ask(world, "ivanova", f"/cases/{case['id']}"))
    told = [
        (one["paper"]["clock"], one["paper"]["to"]) for one in file["steps"] if one["paper"]["action"] == "escalate"
    ]
    assert ("acknowledge", "senior_inspector") in told
    assert ("acknowledge", "head") in told
    assert ("dispatch", "senior_inspector") in told
    await ensure_called(world, case["id"], told)
    await attended(world)
    assert decoded(await ask(world, "ivanova", f"/cases/{case['id']}"))["version"] == file["version"], "told once"
    [late] = decoded(await ask(world, "ivanova", "/cases", overdue=True))["items"]
    assert late["id"] == case["id"]
    stale = await send(
        world, "ivanova", f"/cases/{case['id']}/steps", {"action": "acknowledge"}, version=case["version"]
    )
    assert (stale.status_code, decoded(stale)["type"].partition("#")[2]) == (412, "case-changed")
    unread = await send(world, "ivanova", f"/cases/{case['id']}/steps", {"action": "acknowledge"})
    assert unread.status_code == 428
    machine = {"action": "escalate", "clock": "decide", "to": "head"}
    forged = await send(world, "ivanova", f"/cases/{case['id']}/steps", machine, version=file["version"])
    assert forged.status_code == 422


async def ensure_called(world, case, told):
    """The terms that ran out leave the outbox for the contact of whoever is to hear; its agency alone sees that."""
    connection = await asyncpg.connect(libpq_url(world.url))
    await connection.execute(
        "INSERT INTO contact (role, territory, name, channel, address, created_by)"
        " VALUES ('head', 'upper-uskat-demo', 'Руководитель (демо)', 'email', 'head@demo.test', 'test')"
    )
    await connection.close()
    engine = make_engine(world.url)
    await decide_all(engine, clock=world.clock)
    await engine.dispose()
    called = decoded(await ask(world, "ivanova", f"/cases/{case}/notices"))["items"]
    assert len(called) == [role for _, role in told].count("head")
    assert {(one["case"], one["alert"], one["event"], one["role"], one["state"]) for one in called} == {
        (case, None, "term", "head", "waiting")
    }
    assert decoded(await ask(world, "petrov", f"/cases/{case}/notices"))["items"] == []


async def test_a_planned_check_needs_no_alert_and_the_roster_is_the_admins(agencies):
    world = agencies
    nothing = await send(world, "ivanova", "/cases", {})
    assert (nothing.status_code, "основание" in decoded(nothing)["detail"]) == (409, True)
    check = {"check": "План проверок 2026,\n\tп. 4", "territory": "lower-uskat-demo"}
    assert (await send(world, "ivanova", "/cases", check)).status_code == 422
    made = await send(world, "ivanova", "/cases", check | {"territory": "upper-uskat-demo"})
    assert (made.status_code, decoded(made)["severity"]) == (201, "notice")
    read = await ask(world, "ivanova", f"/cases/{decoded(made)['id']}")
    assert decoded(read)["title"] == "План проверок 2026, п. 4"
    now = world.clock.now
    shift = {"person": "ivanova", "duty": "head", "since": now.isoformat(), "until": now.isoformat()}
    assert (await send(world, "boss", "/roster", shift)).status_code == 422
    shift["until"] = (now + timedelta(hours=8)).isoformat()
    assert (await send(world, "ivanova", "/roster", shift)).status_code == 403
    assert (await send(world, "boss", "/roster", shift | {"territory": "lower-uskat-demo"})).status_code == 422
    entered = decoded(await send(world, "boss", "/roster", shift))
    assert [one["person"] for one in decoded(await ask(world, "ivanova", "/roster"))["items"]] == ["ivanova"]
    assert decoded(await ask(world, "petrov", "/roster"))["items"] == []
    assert (await send(world, "boss", f"/roster/{entered['id']}/strike")).status_code == 200
    assert (await send(world, "boss", f"/roster/{entered['id']}/strike")).status_code == 404
    assert decoded(await ask(world, "ivanova", "/roster"))["items"] == []
