"""Indicators of a year of blasting over HTTP, on both databases."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from services.storage import tables as t
from services.storage.catalogue_store import store_catalogue
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.blast_world import OWN, Filer, at, surround
from tests.integration.test_api.test_blast_books import fire
from tests.integration.test_api.world import NOW, World
from uskat.blast.catalogue.event import CatalogueEvent, CatalogueImport
from uskat.blast.catalogue.reading import read_catalogue

API = "/api/v1"
CATALOGUE = Path(__file__).parents[4] / "shared/blasting/data/pnsn_comcat_2018-2022.csv"


@pytest.fixture
async def filer(world: World) -> Filer:
    await surround(world)
    return Filer(world)


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


async def recorded(
    world: World, *, code: str, hours: float, verdict: str, blast: str | None, peaks: list[float]
) -> None:
    """An event of the network with one record a seismograph, as ingest and alerts leave them."""
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        query = select(t.device.c.id, t.device.c.station_id).where(t.device.c.kind == "seismograph")
        devices = [(row.id, row.station_id) for row in await connection.execute(query.order_by(t.device.c.code))]
        event = (
            await connection.execute(
                text(
                    """INSERT INTO blast_event (code, at, ends_at, verdict, probability, station_id, device_id, latitude,
                        longitude, blast_id, deviations, body, judged_at)
                    VALUES (:code, :at, :at, :verdict, 0.99, :station, :device, 54.1734, 86.7213,
                        (SELECT id FROM blast WHERE code = :blast), '{}', '{}', :at) RETURNING id"""
                ),
                {"code": code, "at": at(hours), "verdict": verdict, "station": devices[0][1], "device": devices[0][0],
                 "blast": blast},
            )
        ).scalar_one()  # fmt: skip
        for (device, station), peak in zip(devices, peaks, strict=False):
            bound = {"at": at(hours), "device": device, "station": station, "event": event,
                     "measures": json.dumps({"pvs_mm_s": peak, "ppv_max_mm_s": peak - 1, "airblast_dbl": None})}  # fmt: skip
            await connection.execute(
                text(
                    """INSERT INTO seismic_record (start, "end", device_id, station_id, channels, rate_hz, samples,
                        payload, digest, raw_id, measures)
                    VALUES (:at, :at, :device, :station, '{}', 100, 1, '', 'd', 1, CAST(:measures AS jsonb))"""
                ),
                bound,
            )
            await connection.execute(
                text(
                    "INSERT INTO blast_record (device_id, start, digest, event_id) VALUES (:device, :at, 'd', :event)"
                ),
                bound,
            )
    await engine.dispose()


async def test_records_of_matched_blasts_are_judged_by_the_yearly_rule(filer: Filer) -> None:
    world = filer.world
    await fire(filer, report={})
    await recorded(world, code="e-1", hours=0.5, verdict="declared", blast="kp-2026-061", peaks=[6.0, 90.0, 4.0])
    # BURLAKI, GRIVA, KEDR: the last two stand at pits, where nobody lives
    await recorded(world, code="e-2", hours=1.5, verdict="earthquake", blast=None, peaks=[50.0])
    subjects = {one["subject"]: one for one in (await world.get("/kpi/blasting", year=2026))["subjects"]}
    for name in ("region", OWN):
        limits = subjects[name]["limits"]["ppv_mm_s"]
        assert (limits["records"], limits["record_share"], limits["receptor_share"]) == (1, 0.0, 0.0)
        assert limits["not_measured"] == ["SEIS-KOTINO-1", "SEIS-TALDA-1", "SEIS-TALDA-2", "SEIS-TERENT-1"]
        assert subjects[name]["limits"]["airblast_dbl"]["records"] == 0
    assert subjects["sukhoy-log-demo"]["limits"]["ppv_mm_s"]["records"] == 0


async def test_an_undeclared_blast_names_an_enterprise_to_the_agency_only(filer: Filer) -> None:
    world = filer.world
    await recorded(world, code="e-3", hours=2, verdict="undeclared", blast=None, peaks=[2.0])
    world.clock.now = at(100)

    async def told(headers: dict[str, str]) -> dict[str, Any]:
        answer = await world.client.get(f"{API}/kpi/blasting", params={"year": 2026}, headers=headers)
        return {one["subject"]: one for one in answer.json()["subjects"]}

    public, agency = await told({}), await told(world.token("operate"))
    assert [(month["enterprise"], month["undeclared"]) for month in public["region"]["months"]] == [("", 1)]
    assert (public[OWN]["months"], public[OWN]["reports"]["report_share"]) == ([], None)
    assert [(month["pit"], month["undeclared"]) for month in agency[OWN]["months"]] == [("dalny", 1)]
    assert agency[OWN]["reports"]["report_share"] == 0.0  # due, and never reported
