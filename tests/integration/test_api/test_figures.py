"""Figures of the blasting room over HTTP, from what the database holds."""

from services.storage.engine import make_engine, unit_of_work
from services.storage.site_law_store import keep_law
from tests.integration.test_api.blast_world import BLAST, Filer, surround
from tests.integration.test_api.world import NOW, World
from tests.unit.blast.propagation.test_fit import made, with_statistics
from uskat.blast.propagation.fit import fit_site
from uskat.blast.propagation.law import PpvRecord
from uskat.finding import number_ru

PIT = "kedrovaya-pad"


async def keep(world: World, records: list[PpvRecord]) -> None:
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await keep_law(connection, PIT, fit=fit_site(records), records=records, at=NOW)
    await engine.dispose()


async def test_the_newest_law_of_a_pit_is_drawn_and_a_refused_one_says_why(world: World) -> None:
    await surround(world)
    path = f"/api/v1/pits/{PIT}/law/figure"
    assert (await world.client.get(path)).status_code == 404, "no law yet"
    await keep(world, made(40))
    picture = await world.client.get(path)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    drawn = (await world.client.get(path, params={"format": "svg", "limit": 5})).text
    assert "Карьер Кедровая Падь (демо): затухание колебаний, версия 1 от 02.06.2026" in drawn
    assert "предел 5 мм/с" in drawn
    assert "n = 40" in drawn
    await keep(world, with_statistics(n=44, slope=-0.325, r2=0.0266))
    refused = (await world.client.get(path, params={"format": "svg"})).text
    assert "Записи не несут закона" in refused
    assert (await world.client.get("/api/v1/pits/nothing/law/figure")).status_code == 404
    assert (await world.client.get(path, params={"limit": 0})).status_code == 422


async def test_the_map_of_a_blast_is_for_its_enterprise_and_the_inspector_and_agrees_with_the_precheck(
    world: World,
) -> None:
    await surround(world)
    filer = Filer(world)
    assert (await filer.file()).status_code == 201
    for headers, status in (({}, 401), (world.token("sukhoy"), 404)):
        assert (await world.client.get(f"{BLAST}/figure", headers=headers)).status_code == status
    picture = await filer.get("/figure")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.headers["cache-control"] == "private, max-age=0"
    drawn = (await filer.get("/figure?format=svg")).text
    found = (await filer.get("/precheck")).json()["result"]
    assert f"{number_ru(found['charge_kg'])} кг в одном замедлении" in drawn
    assert len(found["receptors"]) >= 5
    for receptor in found["receptors"]:
        assert f"до {number_ru(receptor['ppv_bound_mm_s'])} мм/с" in drawn, receptor["name"]
    assert "по общему закону" in drawn
    await keep(world, made(40))
    assert "по закону карьера" in (await filer.get("/figure?format=svg")).text
    assert (
        await world.client.get("/api/v1/blasts/kedrovaya-pad-demo/none/figure", headers=filer.headers)
    ).status_code == 404
