"""Indicators of supervision over HTTP: figures for everybody, what is behind them for the agency whose it is."""

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import asyncpg
import pytest

from services.alerts.attending import attend_all
from services.storage import registry
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.world import NOW, World, decoded, raise_alert

UPPER, LOWER = "inspection-demo", "inspection-lower-demo"


@pytest.fixture
def database(embedded_database: str) -> str:
    """One kind of database is enough: the other answers these questions no differently."""
    return embedded_database


async def ask(world: World, who: str, path: str, **params: Any) -> Any:
    return await world.client.get(f"/api/v1{path}", params=params, headers=world.token(who))


async def opened(world: World, who: str, alert: int) -> int:
    answer = await world.client.post("/api/v1/cases", json={"alerts": [alert]}, headers=world.token(who))
    assert answer.status_code == 201, answer.text
    return int(decoded(answer)["id"])


async def test_figures_are_public_and_what_is_behind_them_is_the_agencys(world):
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        for name, agency in (("ivanova", UPPER), ("petrov", LOWER)):
            world.tokens[name] = await registry.issue_token(
                connection, name=name, scopes=["inspector"], enterprise=agency
            )
    world.clock.now = NOW + timedelta(days=400)
    known = world.clock.now - timedelta(hours=1)
    upper, _ = await raise_alert(world, started_at=known - timedelta(minutes=30), known_at=known)
    lower, _ = await raise_alert(
        world, station="U-01", key="exceedance:lower", started_at=known - timedelta(minutes=90), known_at=known
    )
    assert await attend_all(engine, clock=world.clock) == set()
    await engine.dispose()
    cases = {"ivanova": await opened(world, "ivanova", upper), "petrov": await opened(world, "petrov", lower)}
    connection = await asyncpg.connect(world.url)
    await connection.execute("UPDATE case_file SET verdict = 'confirmed'")  # the course of a case is another test's
    await connection.close()

    answer = decoded(await world.client.get("/api/v1/kpi/supervision"))
    year = {one["code"]: one for one in answer["indicators"]}
    month = f"{world.clock.now:%Y-%m}"
    own = year["self_detected_share"]
    assert (own["year"]["value"], own["year"]["n"], own["months"][month]["n"]) == (1.0, 2, 2)
    assert own["year"]["origins"] == {"instrument": 2, "check": 0, "complaint": 0}
    assert own["target"] == {"2022": 0.5, "2023": 1.0, "2024": 1.0}
    assert (year["detection_h"]["year"]["value"], year["detection_h"]["year"]["n"]) == (1.0, 2)
    assert year["precision"]["year"]["value"] is None
    assert answer["magnitude"]["refusals"], "there is no catalogue: the mean is refused, not zero"
    assert "behind" not in own["year"]
    taken = year["acknowledgement_h"]["year"]
    assert (taken["n"], taken["in_term"]) == (2, 0.0), "whoever opens a case from the queue has taken its alert"

    for who, number in cases.items():
        seen = decoded(await ask(world, who, "/kpi/supervision/self_detected_share/behind", month=month))
        assert [one["id"] for one in seen["items"]] == [number], "a case of another agency is nobody else's"
        assert (seen["items"][0]["origin"], seen["items"][0]["counted"], seen["n"]) == ("instrument", True, 2)
    alerts = decoded(await ask(world, "ivanova", "/kpi/supervision/detection_h/behind"))
    assert [one["id"] for one in alerts["items"]] == [upper]
    assert (await ask(world, "ivanova", "/kpi/supervision/beauty/behind")).status_code == 404
    assert (await ask(world, "ivanova", "/kpi/supervision/recall/behind", month="9999-01")).status_code == 422
    assert (await ask(world, "operate", "/kpi/supervision/precision/behind")).status_code == 403

    connection = await asyncpg.connect(world.url)  # as if the term had run out only after somebody had taken it
    await connection.execute("UPDATE alert_step SET at = at + interval '1 day' WHERE action = 'escalate'")
    await connection.close()
    answer = decoded(await world.client.get("/api/v1/kpi/supervision"))
    [taken] = [one["year"] for one in answer["indicators"] if one["code"] == "acknowledgement_h"]
    assert (taken["in_term"], taken["in_term_n"]) == (1.0, 2)

    table = await world.client.get("/api/v1/kpi/supervision", params={"format": "csv"})
    assert f"self_detected_share,{month},1.0,доля,2,2" in table.text
    picture = await world.client.get("/api/v1/kpi/supervision/self_detected_share/figure")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "100 %" in (ET.fromstring(picture.content).findtext("{http://www.w3.org/2000/svg}title") or "")


async def test_a_violation_of_which_only_complaints_stand_is_not_the_agencys_own(world):
    """The instrument's word was withdrawn, and the complaint was tied to the case by its inspector only."""
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        world.tokens["ivanova"] = await registry.issue_token(
            connection, name="ivanova", scopes=["inspector"], enterprise=UPPER
        )
    world.clock.now = NOW + timedelta(days=400)
    known = world.clock.now - timedelta(hours=1)
    alert, _ = await raise_alert(world, started_at=known - timedelta(minutes=30), known_at=known)
    assert await attend_all(engine, clock=world.clock) == set()
    await engine.dispose()
    told = {"topic": "water", "happened_at": known.isoformat(), "words": "Вода бурая"}
    places = decoded(await world.client.get("/api/v1/settlements"))
    told["settlement"] = next(one["code"] for one in places if one["territory"] == "upper-uskat-demo")
    filed = await world.client.post("/api/v1/complaints", json=told)
    assert filed.status_code == 201, filed.text
    [complaint] = decoded(await ask(world, "ivanova", "/complaints"))["items"]
    world.clock.now += timedelta(minutes=10)
    number = await opened(world, "ivanova", alert)
    headers = world.token("ivanova") | {"If-Match": '"1"'}
    path = f"/api/v1/complaints/{complaint['id']}/steps"
    assert (await world.client.post(path, json={"action": "take"}, headers=headers)).status_code == 200
    for nowhere in ("case:99999", "alert:9999999999", "blast:kedrovaya-pad-demo/none", "complaint:99999"):
        wrong = {"action": "link", "reference": nowhere}
        slip = await world.client.post(path, json=wrong, headers=headers | {"If-Match": '"2"'})
        assert (slip.status_code, nowhere in decoded(slip)["detail"]) == (409, True), slip.text
    link = {"action": "link", "reference": f"case:{number}"}
    done = await world.client.post(path, json=link, headers=headers | {"If-Match": '"2"'})
    assert done.status_code == 200, done.text
    connection = await asyncpg.connect(world.url)
    await connection.execute("UPDATE case_file SET verdict = 'confirmed'")

    async def figures() -> dict[str, Any]:
        answer = decoded(await world.client.get("/api/v1/kpi/supervision"))
        return {one["code"]: one["year"] for one in answer["indicators"]}

    assert (await figures())["self_detected_share"]["value"] == 1.0, "the instrument was first"
    await connection.execute("UPDATE alert SET state = 'withdrawn'")
    await connection.close()
    found = await figures()
    assert (found["self_detected_share"]["value"], found["recall"]["value"]) == (0.0, 0.0)
    assert found["self_detected_share"]["origins"] == {"instrument": 0, "check": 0, "complaint": 1}


async def test_availability_counts_the_days_that_were_measured(world):
    connection = await asyncpg.connect(world.url)
    day = NOW.replace(hour=17, minute=0, second=0, microsecond=0) - timedelta(days=1)
    await connection.execute("UPDATE device SET created_at = $1", day)
    await connection.execute("DELETE FROM rollup")
    await connection.execute(
        """INSERT INTO rollup (series_id, resolution, start, n, n_valid, n_expected, intervals_valid)
        SELECT id, 'day', $1, 0, 0, 0, 27 FROM series""",
        day,
    )
    await connection.close()
    found = decoded(await world.client.get("/api/v1/kpi/supervision"))["indicators"]
    [ready] = [one for one in found if one["code"] == "availability"]
    # From 2 June 00:00 local time to 19:00:30: 57 intervals of twenty minutes.
    assert ready["months"]["2026-06"]["value"] == pytest.approx(27 / 57)
    assert ready["months"]["2026-05"]["value"] is None

    engine = make_engine(world.url)
    async with unit_of_work(engine) as opened_:
        world.tokens["ivanova"] = await registry.issue_token(
            opened_, name="ivanova", scopes=["inspector"], enterprise=UPPER
        )
    await engine.dispose()
    for period in ({"month": "2026-06"}, {"year": 2026}):
        seen = decoded(await ask(world, "ivanova", "/kpi/supervision/availability/behind", **period))
        assert {one["month"] for one in seen["items"]} == {"2026-06"}
        valid, expected = (sum(one[name] for one in seen["items"]) for name in ("valid", "expected"))
        assert (valid / expected, expected) == (pytest.approx(seen["value"]), seen["n"]), "what is behind adds up"
