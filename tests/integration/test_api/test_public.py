"""Stations, network, catalogue, alerts, books, health and the start page."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from services.storage import tables as t
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.world import DEVICE, NOW, START, World, decoded, raise_alert, store
from uskat.wire.water import WaterPacket

SHAPES = {"circle", "triangle", "diamond", "octagon", "ring", "square"}


async def change(world: World, statement: object) -> None:
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await connection.execute(statement)  # type: ignore[call-overload]
    await engine.dispose()


async def test_every_station_has_a_word_a_shape_and_the_time_of_its_last_reading(world: World) -> None:
    items = (await world.get("/stations"))["items"]
    assert len(items) >= 13
    for item in items:
        assert item["state"]["word"]
        assert item["state"]["shape"].split()[0].strip(",") in SHAPES
    [ours] = [item for item in items if item["code"] == DEVICE]
    assert ours["last_reading_at"] == "2026-06-02T11:59:00Z"
    others = [item for item in items if item["code"] != DEVICE and item["kind"] == "river"]
    assert {item["state"]["code"] for item in others} == {"no_data"}


async def test_a_station_that_falls_silent_does_not_look_usual(world: World) -> None:
    before = (await world.get(f"/stations/{DEVICE}"))["state"]["code"]
    world.clock.now += timedelta(days=2)
    after = (await world.get(f"/stations/{DEVICE}"))["state"]["code"]
    assert (before, after) == ("usual", "no_data")


async def test_an_active_alert_changes_the_state_of_its_station(world: World) -> None:
    await raise_alert(world)
    station = await world.get(f"/stations/{DEVICE}")
    assert station["state"]["code"] not in {"usual", "no_data"}
    assert [alert["kind"] for alert in station["alerts"]] == ["exceedance"]
    assert {item["parameter"] for item in station["latest"]} == {"ph", "temp"}


async def test_what_is_not_published_is_not_there(world: World) -> None:
    await raise_alert(world)
    await change(world, update(t.station).where(t.station.c.code == DEVICE).values(published=False))
    world.app.state.context.directory.forget()
    assert DEVICE not in {item["code"] for item in (await world.get("/stations"))["items"]}
    for path in (f"/stations/{DEVICE}", f"/series/{world.of('ph')}", f"/series/{world.of('ph')}/observations"):
        assert (await world.client.get(f"/api/v1{path}")).status_code == 404
        assert (await world.client.get(f"/api/v1{path}", headers=world.token("operate"))).status_code == 200
    assert (await world.get("/latest"))["items"] == []
    assert (await world.get("/alerts"))["items"] == []
    assert (await world.get("/ledger", day=str(NOW.date())))["items"] == []


async def test_an_unpublished_alert_stays_inside(world: World) -> None:
    alert, _ = await raise_alert(world, published=False)
    assert (await world.client.get(f"/api/v1/alerts/{alert}")).status_code == 404
    assert (await world.get("/alerts"))["items"] == []


async def test_stations_come_as_geojson_by_accept_header(world: World) -> None:
    answer = await world.client.get("/api/v1/stations", headers={"Accept": "application/geo+json"})
    assert answer.headers["content-type"] == "application/geo+json"
    collection = decoded(answer)
    assert collection["type"] == "FeatureCollection"
    assert {item["geometry"]["type"] for item in collection["features"]} == {"Point"}


async def test_the_network_says_what_is_schematic_and_what_is_invented(world: World) -> None:
    collection = await world.get("/network")
    layers: dict[str, list[dict[str, object]]] = {}
    for item in collection["features"]:
        layers.setdefault(item["properties"]["layer"], []).append(item["properties"])
    assert {"river", "station", "settlement", "pit", "outlet"} <= set(layers)
    assert all("schematic" in river for river in layers["river"])
    assert all(pit["demo"] for pit in layers["pit"])


async def test_the_catalogue_names_units_and_series(world: World) -> None:
    parameters = {item["code"]: item for item in (await world.get("/parameters"))["items"]}
    assert parameters["nh4"]["unit"] == "mg/L"
    series = (await world.get("/series", station=DEVICE))["items"]
    assert {item["id"] for item in series} == {identifier for (device, _), identifier in world.series.items()
                                              if device == DEVICE}  # fmt: skip
    [ph] = (await world.get("/series", station=DEVICE, parameter="ph"))["items"]
    assert ph["id"] == world.of("ph")
    assert (await world.get("/instruments"))["next"] is None


async def test_series_pages_join_to_the_whole(world: World) -> None:
    whole = (await world.get("/series", limit=1000))["items"]
    joined, cursor = [], None
    while True:
        page = await world.get("/series", limit=17, **({"cursor": cursor} if cursor else {}))
        joined += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert joined == whole


async def test_alerts_tell_figures_reasons_norm_and_history(world: World) -> None:
    alert, entry = await raise_alert(world)
    [listed] = (await world.get("/alerts"))["items"]
    assert listed["figures"]["peak"] == {"value": 9.1, "unit": "ед. pH"}
    assert listed["norm"]["verified"] is False
    assert datetime.fromisoformat(listed["started_at"]) == START
    detail = await world.get(f"/alerts/{alert}")
    assert [(event["id"], event["event"]) for event in detail["events"]] == [(entry, "opened")]
    assert detail["reasons"] == ["Среднее за 20 минут выше норматива."]


async def test_alerts_are_filtered_and_paged_newest_first(world: World) -> None:
    made = [(await raise_alert(world, key=f"k{n}", kind="silence" if n % 2 else "exceedance"))[0] for n in range(5)]
    first = await world.get("/alerts", limit=3)
    second = await world.get("/alerts", limit=3, cursor=first["next"])
    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None
    assert {item["kind"] for item in (await world.get("/alerts", kind="silence"))["items"]} == {"silence"}
    assert (await world.get("/alerts", state="withdrawn"))["items"] == []
    assert (await world.get("/alerts", station="nowhere"))["items"] == []
    later = (NOW + timedelta(hours=1)).isoformat()
    assert (await world.get("/alerts", since=later))["items"] == []
    points = await world.get("/alerts", format="geojson")
    assert len(points["features"]) == 5


async def test_the_ledger_balances_and_says_so(world: World) -> None:
    [row] = (await world.get("/ledger", station=DEVICE, day=str(NOW.date())))["items"]
    assert (row["received"], row["stored"], row["messages"]) == (240, 240, 2)
    assert (row["balanced"], row["difference"]) == (True, 0)
    await change(world, update(t.ledger).values(stored=t.ledger.c.stored - 3))
    [row] = (await world.get("/ledger", station=DEVICE, day=str(NOW.date())))["items"]
    assert (row["balanced"], row["difference"]) == (False, 3)


async def test_refused_values_and_their_bytes_can_be_looked_up(world: World) -> None:
    packet = WaterPacket(t=START, v={"ph": 7.5, "nonsense": 1.0}, seq=7000)
    await store(world, [packet])
    answer = await world.client.get("/api/v1/rejects", headers=world.token("operate"))
    [reject] = decoded(answer)["items"]
    assert (reject["reason"], reject["parameter"], reject["device"]) == ("unknown_parameter", "nonsense", DEVICE)
    path = f"/api/v1/raw/{reject['raw_id']}"
    raw = decoded(await world.client.get(path, headers=world.token("operate")))
    assert raw["device"] == DEVICE
    assert len(bytes.fromhex(raw["hash"])) == 32
    payload = await world.client.get(path, params={"format": "bytes"}, headers=world.token("operate"))
    assert b"nonsense" in payload.content
    missing = await world.client.get("/api/v1/raw/5", headers=world.token("operate"))
    assert missing.status_code == 404


async def test_ready_when_database_and_migrations_are(world: World) -> None:
    answer = await world.client.get("/health/ready")
    assert (answer.status_code, decoded(answer)["status"]) == (200, "ok")
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    await engine.dispose()
    answer = await world.client.get("/health/ready")
    assert (answer.status_code, decoded(answer)["reason"]) == (503, "migrations")
    assert (await world.client.get("/health/live")).status_code == 200


async def test_metrics_count_requests_by_route_template(world: World) -> None:
    await world.client.get(f"/api/v1/stations/{DEVICE}")
    await world.client.get("/api/v1/nothing/like/this")
    text = (await world.client.get("/metrics")).text
    assert 'uskat_api_requests_total{method="GET",route="/api/v1/stations/{code}",status="200"} 1.0' in text
    assert 'route="unmatched",status="404"' in text
    assert "uskat_api_pool_busy" in text


@pytest.mark.parametrize("path", ["/docs", "/docs/assets/swagger-ui-bundle.js", "/docs/assets/start.js"])
async def test_the_reference_is_served_from_here(world: World, path: str) -> None:
    answer = await world.client.get(path)
    assert answer.status_code == 200
    if path == "/docs":
        assert "http://" not in answer.text
        assert "https://" not in answer.text
    assert (await world.client.get("/docs/assets/..%2f..%2fmain.py")).status_code == 404


async def test_the_start_page_speaks_first_and_escapes(world: World) -> None:
    await change(world, update(t.station).where(t.station.c.code == DEVICE).values(name="<script>x</script>"))
    await raise_alert(world, title='Порог "<b>" превышен')
    answer = await world.client.get("/")
    assert answer.status_code == 200
    assert "<script>x" not in answer.text
    assert "&lt;script&gt;x" in answer.text
    assert "<b>" not in answer.text
    assert "<h1>Постов: " in answer.text
    assert "Водородный показатель: 7,7" in answer.text


async def test_the_start_page_of_an_empty_network_is_a_page(world: World) -> None:
    await change(world, update(t.station).values(published=False))
    answer = await world.client.get("/")
    assert "Постов пока нет." in answer.text
