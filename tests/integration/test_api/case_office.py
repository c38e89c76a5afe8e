"""Inspectors of two agencies at the API, and what they send, for tests of cases."""

from datetime import timedelta
from typing import Any

import asyncpg
from jsonschema import Draft202012Validator
from sqlalchemy import text

from services.alerts.attending import attend_all
from services.alerts.case_attending import attend_cases
from services.storage import registry
from services.storage.caller import Caller, act_as
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.world import NOW, World, decoded, raise_alert

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


async def with_agencies(world: World) -> World:
    """Inspectors of two agencies and the admin of the first."""
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        for name, scope, agency in (
            ("ivanova", "inspector", UPPER), ("petrov", "inspector", LOWER), ("boss", "admin", UPPER),
        ):  # fmt: skip
            world.tokens[name] = await registry.issue_token(connection, name=name, scopes=[scope], enterprise=agency)
    await engine.dispose()
    return world


async def attended_alert(agencies: World) -> int:
    """An alert that waits in the queue."""
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


async def logged(world: World, case_id: int) -> list[tuple[str, str, str]]:
    """What the audit log says was done to a case."""
    connection = await asyncpg.connect(world.url)
    rows = await connection.fetch(
        "SELECT who, organisation, action FROM audit_log WHERE kind = 'case' AND object_id = $1 ORDER BY id",
        str(case_id),
    )
    await connection.close()
    return [tuple(row) for row in rows]


async def ensure_documented(world: World, case_id: int) -> None:
    """What is answered fits the OpenAPI document."""
    document = decoded(await world.client.get("/openapi.json"))
    for path in ("/cases", "/cases/{case_id}", "/roster", "/detectors/precision"):
        answer = decoded(await ask(world, "ivanova", path.format(case_id=case_id)))
        responses = document["paths"][f"/api/v1{path}"]["get"]["responses"]
        schema = responses["200"]["content"]["application/json"]["schema"] | {"components": document["components"]}
        Draft202012Validator(schema).validate(answer)


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
