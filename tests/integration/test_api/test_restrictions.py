"""Decisions that restrict over HTTP: issued in one's own territory, read in public, acknowledged, overdue, checked."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from services.storage import registry
from services.storage.engine import libpq_url, make_engine, unit_of_work
from tests.integration.test_api.world import NOW, World, decoded

PATH = "/api/v1/restrictions"
BODY = {
    "number": "14/НМУ", "restricts": "blasting", "basis": "nmu", "territory": "lower-uskat-demo",
    "starts_at": (NOW + timedelta(hours=1)).isoformat(), "ends_at": (NOW + timedelta(hours=25)).isoformat(),
    "title": "НМУ 2-й степени", "text": "Взрывные работы не производить.", "law": "96-ФЗ, ст. 19",
    "pits": ["kedrovaya-pad"], "addressees": ["kedrovaya-pad-demo"],
}  # fmt: skip


@pytest.fixture
async def inspectors(world: World) -> dict[str, dict[str, str]]:
    engine = make_engine(world.url)
    made = {}
    async with unit_of_work(engine) as connection:
        for agency in ("inspection-demo", "inspection-lower-demo"):
            token = await registry.issue_token(connection, name=f"i-{agency}", scopes=["inspector"], enterprise=agency)
            made[agency] = {"Authorization": f"Bearer {token}"}
    await engine.dispose()
    return made


async def post(world: World, path: str, who: dict[str, str], version: int | None = None, **body: Any) -> Any:
    named = {} if version is None else {"If-Match": f'"{version}"'}
    return await world.client.post(path, json=body, headers=who | named)


async def test_a_decision_from_issue_to_withdrawal(world, inspectors):
    own, other = inspectors["inspection-lower-demo"], inspectors["inspection-demo"]
    assert (await post(world, PATH, other, **BODY)).status_code == 403  # not its territory
    refused = await post(world, PATH, own, **BODY | {"pits": ["dalny"]})  # a pit of another territory
    assert (refused.status_code, "dalny" in decoded(refused)["detail"]) == (422, True), refused.text
    issued = await post(world, PATH, own, **BODY)
    assert (issued.status_code, issued.headers["etag"]) == (201, '"1"'), issued.text
    assert (await post(world, PATH, own, **BODY)).status_code == 409
    found = decoded(issued)
    one = f"{PATH}/{found['id']}"
    assert (found["state"], found["addressees"][0]["reading"]) == ("to_come", "waiting")
    connection = await asyncpg.connect(libpq_url(world.url))
    assert await connection.fetchval("SELECT count(*) FROM journal WHERE kind = 'declared'") == 1  # the hub will look
    await connection.close()

    public = decoded(await world.client.get(one))
    assert public["decision"]["text"] == BODY["text"]
    page = (await world.client.get("/restrictions")).text
    assert ("14/НМУ" in page, "Ограничений: 1." in page) == (True, True)
    kedrovaya, sukhoy = world.token("kedrovaya"), world.token("sukhoy")
    assert (await post(world, f"{one}/acknowledgement", sukhoy, 1)).status_code == 404  # it is not addressed
    assert (await post(world, f"{one}/acknowledgement", kedrovaya)).status_code == 428
    world.clock.now = NOW + timedelta(hours=5)
    overdue = decoded(await world.client.get(one, headers=own))
    assert (overdue["state"], overdue["addressees"][0]["reading"]) == ("in_force", "overdue")
    read = await post(world, f"{one}/acknowledgement", kedrovaya, 1, note="Смене передано")
    assert (decoded(read)["addressees"][0]["reading"], decoded(read)["addressees"][0]["by"]) == ("late", "kedrovaya")
    assert decoded(await world.client.get(one))["addressees"][0]["by"] is None  # people's names are not public

    longer = BODY | {"ends_at": (NOW + timedelta(hours=49)).isoformat()}
    assert (await post(world, f"{one}/versions", other, 1, reason="x")).status_code == 404
    assert (await post(world, f"{one}/versions", own, 1, reason=" ", decision=longer)).status_code == 422
    amended = await post(world, f"{one}/versions", own, 1, reason="НМУ продлено", decision=longer)
    assert decoded(amended)["addressees"][0]["reading"] == "waiting"  # to be read anew
    assert (await post(world, f"{one}/acknowledgement", kedrovaya, 1)).status_code == 412
    gone = await post(world, f"{one}/versions", own, 2, reason="ветер сменился")
    assert [version["action"] for version in decoded(gone)["versions"]] == ["issue", "amend", "withdraw"]
    assert decoded(gone)["state"] == "withdrawn"
    page = (await world.client.get("/restrictions")).text
    assert ("Отменено: " in page, "Сейчас решений об ограничениях нет" in page) == (True, True), "lifted, and told so"
    assert (await post(world, f"{one}/versions", own, 3, reason="обратно", decision=longer)).status_code == 422


async def test_a_decision_that_names_nobody_waits_to_be_read_by_whoever_works_there(world, inspectors):
    own = inspectors["inspection-lower-demo"]
    issued = await post(world, PATH, own, **BODY | {"addressees": []})
    assert [(one["enterprise"], one["reading"]) for one in decoded(issued)["addressees"]] == [
        ("kedrovaya-pad-demo", "waiting")
    ]
    whole = await post(world, PATH, own, **BODY | {"number": "15/НМУ", "addressees": [], "pits": []})
    assert {one["enterprise"] for one in decoded(whole)["addressees"]} >= {"kedrovaya-pad-demo"}
    water = BODY | {"number": "16/П", "restricts": "discharge", "basis": "flood", "addressees": [], "pits": []}
    everywhere = decoded(await post(world, PATH, own, **water))["addressees"]
    nowhere = water | {"number": "17/П", "reaches": [{"river": "uskat", "from_km": 0, "to_km": 0}]}
    assert (len(everywhere) > 0, decoded(await post(world, PATH, own, **nowhere))["addressees"]) == (True, [])


async def test_the_check_tells_the_agency_of_suspicions_and_no_enterprise_of_others(world, inspectors):
    own = inspectors["inspection-lower-demo"]
    body = BODY | {"pits": [], "addressees": []}
    one = f"{PATH}/{decoded(await post(world, PATH, own, **body))['id']}"
    connection = await asyncpg.connect(libpq_url(world.url))
    await connection.execute(
        "INSERT INTO pit (code, name, organisation_id, outline, longitude, latitude) SELECT code, name, organisation_id,"
        " '{}', longitude, latitude FROM place WHERE kind = 'pit' ON CONFLICT DO NOTHING"
    )
    for pit, code in (("kedrovaya-pad", "k-1"), ("sukhoy-log", "s-1")):
        await connection.execute(
            "INSERT INTO blast_event (code, at, ends_at, verdict, probability, station_id, device_id, latitude, longitude,"
            " deviations, body, judged_at) SELECT $2, $3, $3, 'undeclared', 0.9, 1, 1, latitude, longitude, '{}', '{}', $3"
            " FROM pit WHERE code = $1",
            pit, code, NOW + timedelta(hours=2),
        )  # fmt: skip
    for pit, code, hours in (("kedrovaya-pad", "k-2", 5), ("sukhoy-log", "s-2", 5), ("kedrovaya-pad", "k-3", 30)):
        await connection.execute(
            "INSERT INTO blast (organisation_id, pit_id, code, status, version, passport, planned_from, planned_to,"
            " longitude, latitude, total_charge_kg, max_charge_per_delay_kg, declared_at, updated_at)"
            " SELECT organisation_id, id, $2, 'published', 1, '{}', $3, $4, longitude, latitude, 1, 1, $5, $5"
            " FROM pit WHERE code = $1",
            pit, code, NOW + timedelta(hours=hours), NOW + timedelta(hours=hours + 1), NOW,
        )  # fmt: skip
    await connection.close()
    world.clock.now = NOW + timedelta(hours=3)
    seen = decoded(await world.client.get(f"{one}/check", headers=own))
    assert [breach["severity"] for breach in seen["breaches"]] == ["notice", "notice"]
    planned = [one["reference"] for one in seen["planned"]]
    assert planned == ["kedrovaya-pad-demo/k-2", "sukhoy-log-demo/s-2"]  # the third comes after its end
    mine = decoded(await world.client.get(f"{one}/check", headers=world.token("kedrovaya")))
    assert [one["reference"] for one in mine["planned"]] == planned[:1]
    assert mine["breaches"] == []  # whose they are is not known: nobody else is told
    assert (await world.client.get(f"{one}/check")).status_code == 401
