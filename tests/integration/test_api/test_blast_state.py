"""What the state knows around blasts, over the API: warnings, weather, rules of pits, the regional catalogue."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.storage.blast_registry import load_surroundings
from services.storage.catalogue_store import store_catalogue
from services.storage.engine import make_engine, unit_of_work
from services.storage.weather_store import store_weather
from tests.integration.test_api.world import NOW, World
from uskat.blast.catalogue.reading import read_catalogue
from uskat.blast.restriction.rules import restriction_rules
from uskat.blast.restriction.weather_feed import read_feed
from uskat.blast.surroundings import demo_surroundings

ANSWER = (Path(__file__).parents[2] / "unit/blast/weather_feed/two_pits.json").read_bytes()
FIVE = datetime(2026, 5, 12, 5, tzinfo=UTC)
WARNING = {
    "zone": "Новокузнецк", "degree": 2, "valid_from": "2026-06-01T12:00:00Z", "valid_to": "2026-06-03T12:00:00Z",
    "issued_at": "2026-06-01T08:00:00Z", "source": "ЦГМС (демо)",
}  # fmt: skip
TABLE = """zone;degree;valid_from;valid_to;issued_at;source
Новокузнецк;1;2026-06-05T00:00:00+07:00;2026-06-06T00:00:00+07:00;2026-06-04T12:00:00+07:00;ЦГМС (демо)
Прокопьевск;4;2026-06-05T00:00:00+07:00;2026-06-06T00:00:00+07:00;2026-06-04T12:00:00+07:00;ЦГМС (демо)
Киселёвск;1;2026-06-05;2026-06-06;;ЦГМС (демо)
"""


async def send(world: World, path: str, body: Any, *, token: str | None = "operate") -> Any:
    headers = world.token(token) if token else {}
    return await world.client.post(f"/api/v1{path}", json=body, headers=headers)


async def pits(world: World) -> None:
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await load_surroundings(connection, demo_surroundings())
    await engine.dispose()


async def feed(world: World, payload: bytes, received_at: datetime) -> int:
    found = read_feed(payload, ("kedrovaya-pad", "sukhoy-log"), source="модель", rules=restriction_rules())
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        stored = await store_weather(connection, found.weather, received_at=received_at)
    await engine.dispose()
    return stored


async def test_a_warning_is_entered_once_seen_by_everybody_and_called_off(world: World) -> None:
    made = await send(world, "/nmu", WARNING)
    assert made.status_code == 201
    [row] = made.json()["items"]
    again = (await send(world, "/nmu", [WARNING])).json()
    assert (again["items"], again["known"]) == ([], 1)
    assert [item["id"] for item in (await world.get("/nmu", start="2026-06-02T00:00:00Z"))["items"]] == [row["id"]]
    assert (await world.get("/nmu", start="2026-06-03T12:00:00Z"))["items"] == []
    off = await send(world, f"/nmu/{row['id']}/withdrawal", {"at": "2026-06-02T06:00:00Z"})
    assert (off.status_code, off.json()["withdrawn_by"]) == (201, "duty")
    assert (await world.get("/nmu", start="2026-06-02T06:00:00Z"))["items"] == []
    [shown] = (await world.get("/nmu", zone="Новокузнецк"))["items"]
    assert shown["withdrawn_at"] == "2026-06-02T06:00:00Z"
    assert (await send(world, f"/nmu/{row['id']}/withdrawal", {})).status_code == 422
    assert (await send(world, "/nmu/999/withdrawal", {})).status_code == 404


async def test_a_table_of_warnings_is_taken_row_by_row(world: World) -> None:
    answer = await world.client.post(
        "/api/v1/nmu", content=TABLE.encode(), headers=world.token("operate") | {"Content-Type": "text/csv"}
    )
    told = answer.json()
    assert [item["valid_from"] for item in told["items"]] == ["2026-06-04T17:00:00Z"]
    assert [row["row"] for row in told["refused"]] == [3, 4]
    assert told["refused"][0]["problem"].startswith("degree")


@pytest.mark.parametrize("body", [[], [1], "x", {"zone": "\x00"}, [WARNING | {"zone": "a\x00b"}],
                                  [WARNING | {"issued_at": "0001-01-01T00:00:00Z"}]])  # fmt: skip
async def test_what_is_no_warning_is_refused_with_the_reason(world: World, body: Any) -> None:
    answer = await send(world, "/nmu", body)
    assert answer.status_code == 422
    assert (await world.get("/nmu"))["items"] == []


async def test_only_the_agency_enters_warnings_and_rules(world: World) -> None:
    await pits(world)
    for path, body in (("/nmu", WARNING), ("/pits/kedrovaya-pad/rules", {"zones": [], "rule": {}})):
        assert (await send(world, path, body, token=None)).status_code == 401
        assert (await send(world, path, body, token="kedrovaya")).status_code == 403


async def test_warnings_come_in_pages(world: World) -> None:
    rows = [WARNING | {"zone": f"Зона {place}"} for place in range(5)]
    await send(world, "/nmu", rows)
    seen, cursor = [], None
    while True:
        page = await world.get("/nmu", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["zone"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"Зона {place}" for place in reversed(range(5))]


async def test_old_weather_is_shown_as_old_and_none_as_none(world: World) -> None:
    await pits(world)
    none = await world.get("/weather")
    assert (none["stale"], none["word"], none["items"]) == (True, "Данных о погоде нет.", [])
    await feed(world, ANSWER, FIVE)
    world.clock.now = FIVE + timedelta(minutes=10)
    fresh = await world.get("/weather")
    assert (fresh["stale"], fresh["word"]) == (False, "")
    assert [(item["pit"], item["wind_speed_m_s"]) for item in fresh["items"]] == [
        ("kedrovaya-pad", 2.4), ("sukhoy-log", 2.2),
    ]  # fmt: skip
    world.clock.now = FIVE + timedelta(hours=3, minutes=30)
    stale = await world.get("/weather")
    assert (stale["stale"], stale["received_at"]) == (True, "2026-05-12T05:00:00Z")
    assert "устарели" in stale["word"]


async def test_the_same_said_again_is_one_row_and_another_saying_speaks_for_its_hour(world: World) -> None:
    await pits(world)
    assert await feed(world, ANSWER, FIVE) == 12
    assert await feed(world, ANSWER, FIVE + timedelta(hours=1)) == 0
    assert await feed(world, ANSWER.replace(b"4.1", b"9.9"), FIVE + timedelta(hours=2)) == 1
    hours = await world.get("/pits/kedrovaya-pad/weather", start="2026-05-12T04:00:00Z", end="2026-05-12T10:00:00Z")
    assert [item["wind_speed_m_s"] for item in hours["items"]] == [1.2, 2.4, 3.6, 9.9, 4.4, 4.0]
    assert (await world.client.get("/api/v1/pits/none/weather")).status_code == 404
    assert (
        await world.client.get("/api/v1/pits/kedrovaya-pad/weather", params={"start": "2026-01-01T00:00:00Z"})
    ).status_code == 422


async def test_rules_of_a_pit_are_appended_and_the_newest_is_first(world: World) -> None:
    await pits(world)
    sourced = {"level": "secondary", "source": "Проект (демо)"}
    hours = [sourced | {"days": [0, 1, 2, 3, 4, 5], "opens": "12:00", "closes": "17:00"}]
    first = await send(world, "/pits/sukhoy-log/rules", {"zones": ["Новокузнецк"], "rule": sourced | {"hours": hours}})
    assert first.status_code == 201, first.text
    wider = {"zones": ["Новокузнецк"], "rule": sourced | {"wind_at_most_m_s": 12.0}}
    await send(world, "/pits/sukhoy-log/rules", wider)
    rules = (await world.get("/pits/sukhoy-log/rules"))["items"]
    assert [rule["rule"]["wind_at_most_m_s"] for rule in rules] == [12.0, None]
    assert rules[1]["rule"]["hours"][0]["opens"] == "12:00:00"
    unsourced = await send(world, "/pits/sukhoy-log/rules", {"zones": [], "rule": {"wind_at_most_m_s": 5}})
    assert unsourced.status_code == 422
    assert {error["in"] for error in unsourced.json()["errors"]} == {"rule.level", "rule.source"}
    assert (await send(world, "/pits/none/rules", wider)).status_code == 404


CATALOGUE = """source_id,timestamp,event_type,latitude,longitude,depth,magnitude,magnitude_type,contributor
as-1,2020-05-12T05:31:07Z,mining explosion,54.13,87.08,0,2.1,ML,ASGSR
as-2,2020-05-13T05:31:07Z,earthquake,53.6,88.1,8,3.2,ML,ASGSR
as-3,never,explosion,54.1,87.1,0,1.9,ML,ASGSR
"""


async def import_events(world: World, text: str) -> tuple[int, int, int]:
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        found = read_catalogue(text.encode())
        done = await store_catalogue(connection, found, name="asgsr.csv", digest=b"\x01" * 32, at=NOW)
    await engine.dispose()
    return done.added, done.revised, done.known


async def test_a_catalogue_is_imported_once_and_what_is_told_otherwise_becomes_a_version(world: World) -> None:
    assert await import_events(world, CATALOGUE) == (2, 0, 0)
    assert await import_events(world, CATALOGUE) == (0, 0, 2)
    assert await import_events(world, CATALOGUE.replace("0,2.1,ML", "0,2.3,ML")) == (0, 1, 1)
    events = {item["event_id"]: item for item in (await world.get("/regional-catalogue"))["items"]}
    assert {name: (item["version"], item["magnitude"]) for name, item in events.items()} == {
        "as-1": (2, 2.3), "as-2": (1, 3.2),
    }  # fmt: skip
    imports = (await world.get("/regional-catalogue/imports"))["items"]
    assert [(item["added"], item["revised"], item["known"]) for item in imports] == [(0, 1, 1), (0, 0, 2), (2, 0, 0)]
    assert imports[0]["refused"][0]["fault"] == "bad_time"


async def test_the_catalogue_is_asked_by_time_kind_and_size(world: World) -> None:
    await import_events(world, CATALOGUE)

    async def ids(**query: Any) -> list[str]:
        return [item["event_id"] for item in (await world.get("/regional-catalogue", **query))["items"]]

    assert await ids(type="earthquake") == ["as-2"]
    assert await ids(magnitude=3) == ["as-2"]
    assert await ids(start="2020-05-12T00:00:00Z", end="2020-05-13T00:00:00Z") == ["as-1"]
    collection = await world.get("/regional-catalogue", format="geojson", type="mining explosion")
    assert collection["features"][0]["geometry"]["coordinates"] == [87.08, 54.13]
