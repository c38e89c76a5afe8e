"""The pre-check over HTTP: numbers, page, map; by what the database knows."""

import pytest

from services.storage.engine import make_engine, unit_of_work
from services.storage.site_law_store import keep_law
from tests.integration.test_api.blast_world import BLAST, Filer, moment, surround
from tests.unit.blast.passports import passport_data
from uskat.blast.propagation.fit import fit_site
from uskat.blast.propagation.published import published_tables


@pytest.fixture
async def filer(world):
    await surround(world)
    filer = Filer(world)
    filed = await filer.file(block='<b>блок & "14"</b>')
    assert filed.status_code == 201, filed.text
    return filer


async def asked(filer, headers=None, **params):
    headers = filer.headers if headers is None else headers
    return await filer.world.client.get(f"{BLAST}/precheck", params=params, headers=headers)


async def test_every_registered_receptor_is_told_of(filer):
    told = (await asked(filer)).json()
    receptors = {one["code"]: one for one in told["result"]["receptors"]}
    assert len(receptors) == 11
    assert receptors["bolshaya-talda"]["distance_m"] == pytest.approx(4160, abs=100)
    assert receptors["bolshaya-talda"]["limit_mm_s"] == 5
    assert receptors["water-main-demo"]["distance_m"] == pytest.approx(1504, abs=10)
    assert told["outcome"] == "within"
    assert (told["law_version"], told["result"]["basis"]) == (None, "prior")
    words = {line["topic"]: line["text"] for line in told["lines"]}
    assert "общему закону" in words["basis"]
    assert "НМУ" in " ".join(line["text"] for line in told["lines"] if line["topic"] == "unchecked")


async def test_the_pits_own_law_speaks_once_it_is_there(filer):
    records = published_tables()["vigo-V"]
    engine = make_engine(filer.world.url)
    async with unit_of_work(engine) as connection:
        fit = fit_site(records)
        assert [await keep_law(connection, "kedrovaya-pad", fit=fit, records=records, at=filer.world.clock.now)
                for _ in range(2)] == [1, 2]  # fmt: skip
        with pytest.raises(LookupError, match="nowhere"):
            await keep_law(connection, "nowhere", fit=fit, records=records, at=filer.world.clock.now)
    await engine.dispose()
    told = (await asked(filer)).json()
    assert (told["law_version"], told["result"]["basis"]) == (2, "site")
    law = await filer.world.get("/pits/kedrovaya-pad/law")
    assert (law["version"], law["usable"], law["n"]) == (2, True, 50)
    assert law["fit"]["law"]["s"] == pytest.approx(0.2353596, abs=1e-7)  # norms.md §2.3.2


async def test_the_page_escapes_what_people_typed(filer):
    page = await asked(filer, format="html")
    assert page.headers["content-type"].startswith("text/html")
    assert "<b>блок" not in page.text
    assert "&lt;b&gt;блок &amp; &#34;14&#34;&lt;/b&gt;" in page.text
    assert "Охраняемые объекты" in page.text
    assert "<script" not in page.text
    assert (await asked(filer, headers=filer.headers | {"Accept": "text/html"})).text.startswith("<!doctype html>")


async def test_the_map_has_zones_block_and_receptors(filer):
    features = (await asked(filer, format="geojson")).json()["features"]
    kinds = {one["properties"].get("kind") for one in features if "layer" not in one["properties"]}
    assert kinds == {"declared", "flyrock", "seismic", "glazing", "gas", "block"}
    assert sum(one["properties"].get("layer") == "receptor" for one in features) == 11


async def test_an_asked_wind_is_reckoned_with(filer):
    north = (await asked(filer, wind_from=160, wind_speed=4)).json()["result"]
    assert north["weather"]["wind"] == {"from_deg": 160, "speed_m_s": 4}
    school = next(one for one in north["receptors"] if one["code"] == "talda-school-demo")
    assert school["no2"]["towards"] is True
    assert school["airblast"]["wind_db"] != [0, 0]
    assert (await asked(filer, wind_from=160)).status_code == 422
    assert (await asked(filer, wind_from=999, wind_speed=1)).status_code == 422


async def test_another_blast_at_the_same_time_is_a_conflict_once_it_is_announced(filer):
    other = Filer(filer.world, "sukhoy")
    corners = [
        {"longitude": 87.048 + east, "latitude": 54.1585 + north} for east, north in ((0, 0), (0.001, 0), (0, 0.001))
    ]
    filed = await other.file(enterprise="sukhoy-log-demo", pit="sukhoy-log", blast_id="sl-1", block_polygon=corners)
    assert filed.status_code == 201, filed.text
    assert await other_blasts(filer) == []  # what another enterprise plans in silence is its own affair
    match = other.headers | {"If-Match": filed.headers["etag"]}
    path = "/api/v1/blasts/sukhoy-log-demo/sl-1/steps"
    told = await filer.world.client.post(path, json={"action": "publish"}, headers=match)
    assert told.status_code == 200, told.text
    assert await other_blasts(filer) == ["sukhoy-log-demo/sl-1"]


async def other_blasts(filer):
    conflicts = (await asked(filer)).json()["result"]["restrictions"]["conflicts"]
    return [one["place"] for one in conflicts if one["code"] == "other_blast"]


async def test_a_passport_with_errors_is_stopped(filer):
    await filer.amend(danger_zone={"people_m": 200.0, "equipment_m": 100.0})
    told = (await asked(filer)).json()
    assert told["outcome"] == "stop"
    assert any("меньше расчётной" in line["text"] for line in told["lines"] if line["topic"] == "paper.error")


async def test_a_pre_check_is_for_the_enterprise_and_the_inspector(filer):
    world = filer.world
    assert (await asked(filer, headers={})).status_code == 401
    assert (await asked(filer, headers=world.token("sukhoy"))).status_code == 404
    assert (await asked(filer, headers=world.token("operate"))).status_code == 200
    assert (await world.client.get(f"{BLAST}x/precheck", headers=filer.headers)).status_code == 404
    assert (await asked(filer, format="csv")).status_code == 422


async def test_a_later_window_is_judged_by_its_own_time(filer):
    window = {"planned_from": moment(24 * 300), "planned_to": moment(24 * 300 + 1)}
    await filer.amend(window=window)
    lines = [line["text"] for line in (await asked(filer)).json()["lines"] if line["topic"] == "distances"]
    assert any("истёк" in line for line in lines)  # order 494 ends on 1 January 2027


async def test_a_passport_that_is_not_filed_is_judged_as_a_filed_one_and_forgotten(filer):
    world, path = filer.world, "/api/v1/blasts/precheck"
    unfiled = passport_data(blast_id="kp-2026-099")
    told = await world.client.post(path, json=unfiled, headers=filer.headers)
    assert told.status_code == 200, told.text
    filed = (await asked(filer)).json()
    assert told.json()["outcome"] == filed["outcome"]
    assert told.json()["blast_id"] == "kp-2026-099"
    assert [one["code"] for one in told.json()["result"]["receptors"]] == [
        one["code"] for one in filed["result"]["receptors"]
    ]
    kept = await world.client.get(BLAST.replace("-061", "-099"), headers=filer.headers)
    assert kept.status_code == 404
    zones = await world.client.post(path, json=unfiled, headers=filer.headers, params={"format": "geojson"})
    assert zones.json()["type"] == "FeatureCollection"
    blown = await world.client.post(path, json=unfiled, headers=filer.headers, params={"wind_from": 10})
    assert blown.status_code == 422
    assert (await world.client.post(path, json=unfiled)).status_code == 401
    other = await world.client.post(path, json=passport_data(enterprise="other"), headers=filer.headers)
    assert other.status_code == 404
    nowhere = await world.client.post(path, json=passport_data(pit="dalny-2"), headers=filer.headers)
    assert nowhere.status_code == 404
