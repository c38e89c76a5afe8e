"""The state's books of a blast over HTTP: restrictions, emission, nitrogen in the river."""

from typing import Any

import pytest

from services.storage.engine import make_engine, unit_of_work
from services.storage.weather_store import store_weather
from tests.integration.test_api.blast_world import BLAST, OWN, Filer, at, moment, surround
from tests.integration.test_api.world import World, raise_alert
from uskat.blast.emission.puff import Wind
from uskat.blast.restriction.weather import Weather
from uskat.blast.restriction.weather_feed import SiteWeather

API = "/api/v1"
RULE = {
    "level": "secondary", "source": "Проект (демо)",
    "hours": [{"level": "secondary", "source": "Проект (демо)", "days": [0, 1, 2, 3, 4], "opens": "12:00",
               "closes": "16:00"}],
}  # fmt: skip
PUBLISHED = [
    {"product": "ammonite-pzhv", "name": "ПЖВ", "mass_kg": 190.0},
    {"product": "ammonite-6zhv", "name": "6ЖВ", "mass_kg": 890.0},
    {"product": "granulotol", "name": "Гранулотол", "mass_kg": 180.0},
    {"product": "grammonite-30-70", "name": "30/70", "mass_kg": 40.0},
]


@pytest.fixture
async def filer(world: World) -> Filer:
    await surround(world)
    return Filer(world)


async def fire(filer: Filer, hours: float = 0.5, *, report: dict[str, Any] | None = None) -> None:
    """File, announce, fire so many hours after the beginning of the window, and report when asked."""
    assert (await filer.file()).status_code == 201
    assert (await filer.step(action="publish")).status_code == 200
    filer.world.clock.now = at(hours + 0.1)
    assert (await filer.step(action="fire", fired_at=moment(hours))).status_code == 200
    if report is not None:
        filed = await filer.report(fired_at=moment(hours), **report)
        assert filed.status_code == 200, filed.text


async def post(world: World, path: str, body: Any) -> None:
    answer = await world.client.post(f"{API}{path}", json=body, headers=world.token("operate"))
    assert answer.status_code == 201, answer.text


async def warn(world: World, *, issued: float, **changes: Any) -> None:
    warning = {"zone": "Прокопьевск", "degree": 2, "valid_from": moment(-2), "valid_to": moment(10),
               "issued_at": moment(issued), "source": "ЦГМС (демо)"}  # fmt: skip
    await post(world, "/nmu", warning | changes)


async def blow(world: World, *, from_deg: float, speed: float = 4.0, inversion: bool = False) -> None:
    """Weather at the pit around the window."""
    rows = [
        SiteWeather("kedrovaya-pad", Weather(at=at(hour), source="пост (демо)", inversion=inversion,
                                             wind=Wind(from_deg=from_deg, speed_m_s=speed)))
        for hour in range(-1, 4)
    ]  # fmt: skip
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        assert await store_weather(connection, rows, received_at=at(-3)) == len(rows)
    await engine.dispose()


async def restrictions(filer: Filer) -> tuple[str | None, dict[str, str], list[str]]:
    answer = await filer.get("/restrictions")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found["gravest"], {item["code"]: item["gravity"] for item in found["conflicts"]}, found["unchecked"]


async def test_what_was_fired_is_judged_by_warnings_wind_and_hours_known_then(filer: Filer) -> None:
    world = filer.world
    await post(world, "/pits/kedrovaya-pad/rules", {"zones": ["Прокопьевск"], "rule": RULE})
    await warn(world, issued=-5)
    await blow(world, from_deg=200.0, inversion=True)
    await fire(filer, 3.5)  # 16:30, half an hour after the hours of the pit and the window
    gravest, conflicts, unchecked = await restrictions(filer)
    assert gravest == "stop"
    assert {"nmu", "hours", "outside_window", "inversion", "wind_towards"} <= set(conflicts)
    assert (conflicts["nmu"], conflicts["hours"], conflicts["inversion"]) == ("stop", "stop", "warning")
    assert unchecked == []


async def test_a_warning_issued_after_the_firing_is_no_fault_and_unknown_weather_is_not_in_order(filer: Filer) -> None:
    world = filer.world
    await post(world, "/pits/kedrovaya-pad/rules", {"zones": ["Прокопьевск"], "rule": RULE})
    await fire(filer)
    await warn(world, issued=1)
    await warn(world, issued=-5, zone="Барнаул")
    _, conflicts, unchecked = await restrictions(filer)
    assert "nmu" not in conflicts
    assert any("Погода на это время не известна" in sentence for sentence in unchecked)


async def test_a_warning_entered_late_counts_from_when_it_was_issued(filer: Filer) -> None:
    world = filer.world
    await post(world, "/pits/kedrovaya-pad/rules", {"zones": ["Прокопьевск"], "rule": RULE})
    await fire(filer)
    assert "nmu" not in (await restrictions(filer))[1]
    await warn(world, issued=-5)
    assert (await restrictions(filer))[1]["nmu"] == "stop"


async def test_a_plan_is_judged_by_what_is_known_now(filer: Filer) -> None:
    await post(filer.world, "/pits/kedrovaya-pad/rules", {"zones": ["Прокопьевск"], "rule": RULE})
    await filer.file()
    assert "nmu" not in (await restrictions(filer))[1]
    await warn(filer.world, issued=-28)
    assert (await restrictions(filer))[0] == "stop"


async def test_the_record_of_an_enterprise_counts_what_it_fired_against_the_restrictions(filer: Filer) -> None:
    world = filer.world
    await post(world, "/pits/kedrovaya-pad/rules", {"zones": ["Прокопьевск"], "rule": RULE})
    await warn(world, issued=-5)
    await fire(filer)
    path = f"{API}/enterprises/{OWN}/restriction-record"
    record = (await world.client.get(path, headers=filer.headers)).json()
    assert (record["blasts"], record["in_order"], record["by_code"]["nmu"]) == (1, 0, 1)
    assert record["items"][0]["blast_id"] == "kp-2026-061"
    before = await world.client.get(path, params={"end": moment(0)}, headers=filer.headers)
    assert before.json()["blasts"] == 0
    long = await world.client.get(path, params={"start": "2020-01-01T00:00:00Z"}, headers=filer.headers)
    assert long.status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        f"{BLAST}/restrictions",
        f"{BLAST}/emission",
        f"{BLAST}/water",
        f"{API}/enterprises/{OWN}/restriction-record",
        f"{API}/enterprises/{OWN}/emissions",
    ],
)
async def test_the_books_of_an_enterprise_are_its_own_and_the_agencys(filer: Filer, path: str) -> None:
    world = filer.world
    await filer.file()
    codes = [
        (await world.client.get(path, headers=headers)).status_code
        for headers in ({}, world.token("sukhoy"), filer.headers, world.token("operate"))
    ]
    assert codes == [401, 404, 200, 200]


async def test_the_emission_is_of_what_was_reported_and_names_what_has_no_factor(filer: Filer) -> None:
    await filer.file()
    plan = (await filer.get("/emission")).json()
    assert (plan["basis"], plan["emission"]["complete"], plan["emission"]["covered_t"]) == ("plan", False, 0.0)
    assert plan["emission"]["amounts"]["CO"] is None
    assert plan["emission"]["without_factor"][0]["word"] == "нет официального коэффициента"
    assert "не известен" in plan["drift"]["why_not"]


async def test_the_drift_is_an_estimate_down_the_measured_wind(filer: Filer) -> None:
    world = filer.world
    await blow(world, from_deg=135.0)
    await fire(filer, report={"explosives": PUBLISHED, "total_charge_kg": 1300.0})
    found = (await filer.get("/emission")).json()
    assert found["basis"] == "report"
    assert found["emission"]["amounts"]["CO"]["own_t"] == pytest.approx(0.02892)  # norms.md §4.1
    assert found["rate_20min_g_s"]["NOx"]["low"] == pytest.approx(0.00325e6 / 1200)
    drift = found["drift"]
    assert (drift["why_not"], drift["limit_mg_m3"]) == (None, 0.2)
    assert all(place["estimate"] for place in drift["places"])
    down = [place for place in drift["places"] if place["towards"]]
    assert down
    assert down[0]["mean_20min_mg_m3"][1] > 0
    assert down[0]["mean_20min_mg_m3"][0] <= down[0]["mean_20min_mg_m3"][1]


async def test_calm_air_gives_no_direction_and_says_so(filer: Filer) -> None:
    await blow(filer.world, from_deg=135.0, speed=0.2)
    await fire(filer, report={})
    assert (await filer.get("/emission")).json()["drift"]["why_not"].startswith("Штиль")


async def test_emissions_of_a_month_are_of_reported_blasts(filer: Filer) -> None:
    await fire(filer, report={"explosives": PUBLISHED, "total_charge_kg": 1300.0})
    answer = await filer.world.client.get(f"{API}/enterprises/{OWN}/emissions", headers=filer.headers)
    [june] = answer.json()["months"]
    assert (june["month"], june["blasts"], june["complete"]) == ("2026-06", 1, True)
    assert june["amounts"]["CO"]["own_t"] == pytest.approx(0.04338)  # yearly form of the same example


async def nitrogen_alert(world: World, hours: float, *, station: str = "TA-2", **changes: Any) -> int:
    """An alert of the river station below the pit's outlet."""
    started = at(0.5 + hours)
    alert, _ = await raise_alert(
        world, station=station, key=f"event:{station}:{hours}", kind="event", detector="event", series_id=None,
        started_at=started, knowable_at=started, known_at=started,
        detail={"moved": [{"parameter": "nh4", "expected": 0.2, "observed": 0.9}]}, **changes,
    )  # fmt: skip
    return alert


async def test_a_blast_and_a_rise_of_nitrogen_show_each_other_with_reasons(filer: Filer) -> None:
    world = filer.world
    await fire(filer, report={})
    alert = await nitrogen_alert(world, 30)
    await nitrogen_alert(world, 250)
    await nitrogen_alert(world, 31, station="KU-1")
    world.clock.now = at(300)
    water = (await filer.get("/water")).json()
    [found] = water["items"]
    assert (found["alert"], found["station"], found["hours"], found["way"]) == (alert, "TA-2", 30.0, "outlet")
    assert "не обвинение" in found["reasons"][-1]
    assert (await filer.get()).json()["water"] == water["items"]
    assert (await world.client.get(BLAST)).json()["water"] is None
    detail = (await world.client.get(f"{API}/alerts/{alert}", headers=world.token("operate"))).json()
    assert [one["blast"] for one in detail["blasts"]] == ["kp-2026-061"]
    assert detail["blasts"][0]["charge_kg"] == 2777.0


async def test_the_public_is_told_of_no_enterprise_and_an_enterprise_of_no_other(filer: Filer) -> None:
    world = filer.world
    await fire(filer)
    alert = await nitrogen_alert(world, 30)
    world.clock.now = at(300)
    told = [
        (await world.client.get(f"{API}/alerts/{alert}", headers=headers)).json()["blasts"]
        for headers in ({}, world.token("sukhoy"), filer.headers)
    ]
    assert told[:2] == [None, []]
    assert len(told[2]) == 1


async def test_an_alert_without_nitrogen_has_no_blasts(filer: Filer) -> None:
    await fire(filer)
    alert, _ = await raise_alert(filer.world, started_at=at(20))
    detail = await filer.world.client.get(f"{API}/alerts/{alert}", headers=filer.world.token("operate"))
    assert detail.json()["blasts"] == []
