"""Cases over HTTP: from the queue of alerts to the closing, for their agency only; the enterprise's part; the roster."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.alerts.attending import attend_all
from services.alerts.case_attending import attend_cases
from services.storage import registry
from services.storage.caller import Caller, act_as
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.world import NOW, World, decoded, raise_alert
from tests.unit.blast.test_photograph import jpeg

UPPER, LOWER = "inspection-demo", "inspection-lower-demo"
VISIT = {
    "action": "visit", "latitude": 54.1, "longitude": 87.0, "accuracy_m": 8.0, "found": "Вода бурая у выпуска",
}  # fmt: skip
SAMPLE = {
    "action": "sample", "number": "17/26", "laboratory": "ЦЛАТИ (демо)", "accreditation": "RA.RU.000000 (демо)",
    "latitude": 54.1, "longitude": 87.0, "place": "U-43",
}  # fmt: skip
RESULTS = {
    "action": "results", "number": "17/26", "protocol": "П-9",
    "results": [{"parameter": "ph", "value": 9.2, "unit": "ед. pH", "uncertainty": 0.2}],
}  # fmt: skip
CONFIRM = {"action": "decide", "verdict": "confirmed", "ground": "pH 9,2 при норме 8,5", "basis": "КоАП, ст. 8.14"}
ORDER = {
    "action": "measure", "number": "М-1", "kind": "order", "addressee": "Разрез Кедровая Падь (демо)",
    "enterprise": "kedrovaya-pad-demo", "text": "Прекратить сброс",
}  # fmt: skip


@pytest.fixture
async def agencies(world: World) -> World:
    """Inspectors of two agencies and the admin of the first."""
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        for name, scope, agency in (
            ("ivanova", "inspector", UPPER), ("petrov", "inspector", LOWER), ("boss", "admin", UPPER),
        ):  # fmt: skip
            world.tokens[name] = await registry.issue_token(connection, name=name, scopes=[scope], enterprise=agency)
    await engine.dispose()
    return world


@pytest.fixture
async def alert(agencies: World) -> int:
    number, _ = await raise_alert(agencies)
    agencies.clock.now = NOW + timedelta(days=400)  # the entry has the database's own clock
    await attended(agencies)
    return number


async def attended(world: World) -> None:
    engine = make_engine(world.url)
    assert await attend_all(engine, clock=world.clock) == set()
    assert await attend_cases(engine, clock=world.clock) == set()
    await engine.dispose()


async def ask(world: World, who: str, path: str, **params: Any) -> Any:
    return await world.client.get(f"/api/v1{path}", params=params, headers=world.token(who))


async def send(world: World, who: str, path: str, body: Any = None, *, version: int | None = None) -> Any:
    headers = world.token(who) | ({"If-Match": f'"{version}"'} if version is not None else {})
    return await world.client.post(f"/api/v1{path}", json=body, headers=headers)


async def opened(world: World, alert: int) -> dict[str, Any]:
    answer = await send(world, "ivanova", "/cases", {"alerts": [alert]})
    assert answer.status_code == 201, answer.text
    return decoded(answer)


async def stepped(world: World, case: dict[str, Any], **paper: Any) -> dict[str, Any]:
    answer = await send(world, "ivanova", f"/cases/{case['id']}/steps", paper, version=case["version"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{decoded(answer)["version"]}"'
    return decoded(answer)


async def inspected(world: World, alert: int) -> dict[str, Any]:
    case = await opened(world, alert)
    case = await stepped(world, case, action="acknowledge")
    return await stepped(world, case, **VISIT, visited_at=world.clock.now.isoformat())


async def ensure_documented(world: World, case_id: int) -> None:
    """What is answered fits the OpenAPI document."""
    document = decoded(await world.client.get("/openapi.json"))
    for path in ("/cases", "/cases/{case_id}", "/roster", "/detectors/precision"):
        answer = decoded(await ask(world, "ivanova", path.format(case_id=case_id)))
        responses = document["paths"][f"/api/v1{path}"]["get"]["responses"]
        schema = responses["200"]["content"]["application/json"]["schema"] | {"components": document["components"]}
        Draft202012Validator(schema).validate(answer)


async def logged(world: World, case_id: int) -> list[tuple[str, str, str]]:
    """What the audit log says was done to a case."""
    connection = await asyncpg.connect(world.url)
    rows = await connection.fetch(
        "SELECT who, organisation, action FROM audit_log WHERE kind = 'case' AND object_id = $1 ORDER BY id",
        str(case_id),
    )
    await connection.close()
    return [tuple(row) for row in rows]


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


async def forged_step(engine: Any, case_id: int) -> None:
    """Write into the history of another agency's case, past all code of ours."""
    async with unit_of_work(engine) as connection:
        await act_as(connection, Caller("x", frozenset({"inspector"}), None, LOWER, frozenset()))
        await connection.execute(
            text(
                "INSERT INTO case_step (case_id, seq, at, action, by, body) VALUES (:id, 9, now(), 'note', 'x', '{}')"
            ),
            {"id": case_id},
        )


async def test_nobody_else_sees_a_case_by_any_way(agencies, alert):
    world = agencies
    case = await opened(world, alert)
    other = await raise_alert(world, station="U-25", key="exceedance:1")
    assert decoded(await ask(world, "petrov", "/cases"))["items"] == []
    assert decoded(await ask(world, "petrov", "/cases", alert=alert, territory="upper-uskat-demo"))["items"] == []
    for path in (f"/cases/{case['id']}", f"/cases/{case['id']}/photographs/{'9f' * 32}"):
        assert (await ask(world, "petrov", path)).status_code == 404
    note = {"action": "note", "note": "x"}
    assert (await send(world, "petrov", f"/cases/{case['id']}/steps", note, version=2)).status_code == 404
    grounds = {"alerts": [other[0]]}
    assert (await send(world, "petrov", f"/cases/{case['id']}/grounds", grounds, version=2)).status_code == 404
    foreign = await send(world, "petrov", "/cases", {"alerts": [alert]})
    assert (foreign.status_code, decoded(foreign)["type"].partition("#")[2]) == (422, "no-such-ground")
    across = await send(world, "ivanova", f"/cases/{case['id']}/grounds", grounds, version=case["version"])
    assert across.status_code == 422
    engine = make_engine(world.url)
    for agency, territory, rows in ((UPPER, "upper-uskat-demo", 1), (LOWER, "lower-uskat-demo", 0)):
        async with unit_of_work(engine) as connection:
            await act_as(connection, Caller("x", frozenset({"inspector"}), None, agency, frozenset({territory})))
            for table in ("case_file", "case_step", "case_alert"):
                seen = await connection.scalar(text(f"SELECT count(*) FROM {table}"))
                assert (seen >= rows, seen > 0) == (True, rows > 0), table
    with pytest.raises(DBAPIError, match="row-level security"):
        await forged_step(engine, case["id"])
    await engine.dispose()
    for who in ("operate", "kedrovaya", "boss"):
        assert (await ask(world, who, "/cases")).status_code == 403
    assert (await ask(world, "kedrovaya", f"/enterprises/kedrovaya-pad-demo/cases/{case['id']}")).status_code == 404


async def test_an_enterprise_sees_what_it_is_asked_and_answers_and_nothing_more(agencies, alert):
    world = agencies
    case = await inspected(world, alert)
    until = (world.clock.now + timedelta(days=7)).isoformat()
    demand = {"action": "demand", "enterprise": "kedrovaya-pad-demo", "question": "Что сбрасывали?", "until": until}
    case = await stepped(world, case, **demand)
    [seen] = decoded(await ask(world, "kedrovaya", "/enterprises/kedrovaya-pad-demo/cases"))["items"]
    assert seen["questions"][0]["question"] == "Что сбрасывали?"
    assert not {"visits", "steps", "complaints", "assignee"} & set(seen)
    path = f"/enterprises/kedrovaya-pad-demo/cases/{case['id']}"
    assert (await ask(world, "sukhoy", path)).status_code == 404
    assert (await ask(world, "sukhoy", f"/enterprises/sukhoy-log-demo/cases/{case['id']}")).status_code == 404
    stolen = await send(
        world, "sukhoy", f"/enterprises/sukhoy-log-demo/cases/{case['id']}/explanation", {"answer": "Мы"}
    )
    assert stolen.status_code == 404
    answered = await send(world, "kedrovaya", f"{path}/explanation", {"answer": "Авария насоса"})
    assert answered.status_code == 200, answered.text
    assert decoded(answered)["questions"][0]["late"] is False
    twice = await send(world, "kedrovaya", f"{path}/explanation", {"answer": "Ещё"})
    assert twice.status_code == 409
    file = decoded(await ask(world, "ivanova", f"/cases/{case['id']}"))
    assert file["demands"][0]["answer"]["answer"] == "Авария насоса"
    assert file["steps"][-1]["by"] == "kedrovaya"
    done = await logged(world, case["id"])
    assert done[0] == ("ivanova", UPPER, "case.open")
    assert done[-2:] == [("kedrovaya", "kedrovaya-pad-demo", "case.explain"), ("ivanova", UPPER, "case.read")]
    unknown = demand | {"enterprise": "no-such"}
    refused = await send(world, "ivanova", f"/cases/{case['id']}/steps", unknown, version=file["version"])
    assert refused.status_code == 422


async def test_a_photograph_is_brought_first_and_seen_by_the_agency_only(agencies, alert):
    world = agencies
    case = await opened(world, alert)
    missing = VISIT | {"photographs": ["9f" * 32], "visited_at": world.clock.now.isoformat()}
    refused = await send(world, "ivanova", f"/cases/{case['id']}/steps", missing, version=case["version"])
    assert refused.status_code == 422
    headers = world.token("ivanova") | {"Content-Type": "image/jpeg"}
    brought = await world.client.post("/api/v1/photographs", content=jpeg(), headers=headers)
    assert brought.status_code == 201, brought.text
    sha256 = decoded(brought)["sha256"]
    case = await stepped(world, case, **(missing | {"photographs": [sha256]}))
    picture = await ask(world, "ivanova", f"/cases/{case['id']}/photographs/{sha256}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert (await ask(world, "petrov", f"/cases/{case['id']}/photographs/{sha256}")).status_code == 404
    assert (await ask(world, "petrov", f"/photographs/{sha256}")).status_code == 404


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
