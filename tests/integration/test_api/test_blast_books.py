"""The state's books of a blast over HTTP: restrictions, emission, nitrogen in the river, indicators of the year."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.storage.catalogue_store import store_catalogue
from services.storage.engine import make_engine, unit_of_work
from services.storage.weather_store import store_weather
from tests.integration.test_api.blast_world import BLAST, OWN, Filer, at, moment, surround
from tests.integration.test_api.world import NOW, World, raise_alert
from uskat.blast.catalogue.event import CatalogueEvent, CatalogueImport
from uskat.blast.catalogue.reading import read_catalogue
from uskat.blast.emission.puff import Wind
from uskat.blast.restriction.weather import Weather
from uskat.blast.restriction.weather_feed import SiteWeather

API = "/api/v1"
CATALOGUE = Path(__file__).parents[4] / "shared/blasting/data/pnsn_comcat_2018-2022.csv"
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
    assert {"nmu", "hours", "outside_window", "inversion"} <= set(conflicts)
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


def catalogue(year: int, magnitudes: list[float]) -> list[CatalogueEvent]:
    """Blasts of a year at the far pit of the enterprise."""
    start = datetime(year, 3, 1, 5, tzinfo=UTC)
    return [
        CatalogueEvent(id=f"{year}-{number}", at=start + timedelta(hours=5 * number), latitude=54.1735,
                       longitude=86.7, magnitude=magnitude, magnitude_type="ML", type="mining explosion", agency="ASGSR")
        for number, magnitude in enumerate(magnitudes)
    ]  # fmt: skip


async def import_years(world: World) -> None:
    events = [*catalogue(2020, [1.5] * 60 + [2.5] * 40), *catalogue(2026, [1.5] * 60 + [2.3] * 40)]
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await store_catalogue(connection, CatalogueImport(tuple(events), ()), name="x", digest=b"1", at=NOW)
    await engine.dispose()


async def test_the_year_is_told_for_the_region_and_each_enterprise_with_reasons_where_there_is_no_figure(
    filer: Filer,
) -> None:
    world = filer.world
    await import_years(world)
    await fire(filer, report={})
    kpi = await world.get("/kpi/blasting", year=2026, threshold=2.0)
    subjects = {one["subject"]: one for one in kpi["subjects"]}
    assert next(iter(subjects)) == "region"
    assert subjects["region"]["magnitude"]["network"] == "ASGSR"
    assert subjects["region"]["magnitude"]["reduction_percent"]["arithmetic"] == pytest.approx(8.0)
    own = subjects[OWN]
    assert own["months"] == [{"enterprise": OWN, "pit": "kedrovaya-pad", "month": "2026-06", "blasts": 1,
                              "undeclared": 0, "charge_t": pytest.approx(2.777), "without_charge": 0}]  # fmt: skip
    assert own["reports"]["report_share"] == 1.0
    assert own["limits"]["ppv_mm_s"]["record_share"] is None
    assert subjects["sukhoy-log-demo"]["magnitude"]["reduction_percent"] is None
    assert subjects["sukhoy-log-demo"]["magnitude"]["refusals"]
    unset = await world.get("/kpi/blasting", year=2026, enterprise=OWN)
    assert [one["subject"] for one in unset["subjects"]] == ["region", OWN]
    assert unset["subjects"][0]["magnitude"]["refusals"] == ["Не задан общий порог полноты каталога."]


@pytest.mark.skipif(not CATALOGUE.exists(), reason="the shared catalogue is not here")
async def test_the_real_catalogue_falls_by_its_own_completeness_only(filer: Filer) -> None:
    """norms.md §3.5: below the completeness there is no indicator; above it the fall is small, 0.05 of a magnitude."""
    engine = make_engine(filer.world.url)
    async with unit_of_work(engine) as connection:
        found = read_catalogue(CATALOGUE.read_bytes())
        done = await store_catalogue(connection, found, name=CATALOGUE.name, digest=b"1", at=NOW)
    await engine.dispose()
    assert (done.added, len(found.refused)) == (13_950, 0)
    low = await filer.world.get("/kpi/blasting", year=2022, threshold=1.0, magnitude_type="ml")
    assert low["subjects"][0]["magnitude"]["reduction_percent"] is None
    assert len(low["subjects"][0]["magnitude"]["refusals"]) == 2
    fair = await filer.world.get("/kpi/blasting", year=2022, threshold=2.0, magnitude_type="ml")
    told = fair["subjects"][0]["magnitude"]
    assert (told["network"], told["base"]["n"], told["year"]["n"]) == ("uw", 74, 71)
    assert told["change_ml"]["arithmetic"] == pytest.approx(-0.0545, abs=1e-4)
    assert fair["unassigned"] == 660  # none of it lies near a pit of ours


async def test_the_year_is_a_table_too(filer: Filer) -> None:
    await fire(filer, report={})
    answer = await filer.world.client.get(f"{API}/kpi/blasting", params={"year": 2026, "format": "csv"})
    assert "blasting_2026.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    [blasts] = [row for row in rows if row["subject"] == OWN and row["indicator"] == "blasts"]
    assert (blasts["of"], blasts["value"], blasts["unit"]) == (f"{OWN}/kedrovaya-pad 2026-06", "1", "шт.")
    [within] = [row for row in rows if row["subject"] == "region" and row["indicator"] == "records_within"
                and row["of"] == "ppv_mm_s"]  # fmt: skip
    assert (within["value"], within["n"], within["note"]) == ("", "0", "Не измерялось.")
