"""Who sees what of a case: its agency everything, the enterprise what it is asked, nobody else anything."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.storage.caller import Caller, act_as
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.case_office import (
    LOWER,
    UPPER,
    VISIT,
    ask,
    attended_alert,
    forged_step,
    inspected,
    logged,
    opened,
    send,
    stepped,
    with_agencies,
)
from tests.integration.test_api.world import World, decoded, raise_alert
from tests.unit.blast.test_photograph import jpeg


@pytest.fixture
async def agencies(world: World) -> World:
    return await with_agencies(world)


@pytest.fixture
async def alert(agencies: World) -> int:
    return await attended_alert(agencies)


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
