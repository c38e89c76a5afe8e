"""Magnitudes against declared charges over HTTP."""

from datetime import timedelta

from services.storage.catalogue_store import store_catalogue
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.blast_world import OWN, Filer, at, surround
from tests.integration.test_api.test_blast_books import fire
from tests.integration.test_api.world import NOW, World
from uskat.blast.catalogue.event import CatalogueEvent, CatalogueImport

PATH = f"/api/v1/enterprises/{OWN}/charge-law"


async def test_an_enterprise_sees_its_magnitudes_and_why_they_carry_no_law(world: World) -> None:
    await surround(world)
    filer = Filer(world)
    await fire(filer, report={})
    event = CatalogueEvent("as1", at(0.5) + timedelta(seconds=30), 54.1307, 87.1076,
                           magnitude=1.9, magnitude_type="ML", type="mining explosion", agency="ASGSR")  # fmt: skip
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await store_catalogue(connection, CatalogueImport((event,), ()), name="x", digest=b"1", at=NOW)
    await engine.dispose()
    answer = await world.client.get(PATH, headers=filer.headers)
    found = answer.json()
    assert answer.status_code == 200
    assert (found["usable"], found["law"]) == (False, None)
    assert found["refused"] == ["взрывов с магнитудой 1, закон не строится"]
    (one,) = found["blasts"]
    assert (one["event_id"], one["magnitude"], one["check"]["verdict"]) == ("as1", 1.9, "no_law")
    assert (await world.client.get(PATH)).status_code == 401
    stranger = await world.client.get("/api/v1/enterprises/other/charge-law", headers=filer.headers)
    assert stranger.status_code == 404
