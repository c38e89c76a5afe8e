"""Explosives over HTTP: the register, permits, acceptance, clouds with photographs, scores with reasons."""

import io
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.integration.test_api.blast_world import BLAST, OWN, Filer, at, moment, surround
from tests.integration.test_api.test_blast_books import fire
from tests.integration.test_api.world import World

API = "/api/v1"
OWN_EMULSION = {
    "code": "emulsion-demo", "name": "Эмульсия (демо)", "name_en": "Emulsion (demo)", "family": "emulsion",
    "composition": {"level": "secondary", "source": "Паспорт ВМ (демо)",
                    "parts": {"an": 0.64, "sn": 0.14, "water": 0.16, "fuel-oil": 0.06}},
    "vod_m_s": {"low": 5000, "high": 5600, "unit": "м/с", "level": "secondary", "source": "Паспорт ВМ (демо)"},
}  # fmt: skip
ACCEPTANCE = {"product": "anfo", "batch": "12/26", "measured_at": moment(-40), "density_g_cm3": 0.85, "vod_m_s": 2000.0}
PERMIT = {"number": "00-0000", "product": "igdanit", "enterprise": OWN, "valid_from": "2026-01-01", "valid_to": None}


@pytest.fixture
async def filer(world: World) -> Filer:
    await surround(world)
    return Filer(world)


async def post(world: World, path: str, body: Any, token: str = "operate") -> httpx.Response:
    return await world.client.post(f"{API}{path}", json=body, headers=world.token(token))


def photograph(kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x013B] = "Petrov"
    buffer = io.BytesIO()
    Image.fromarray(np.full((80, 120, 3), 200, np.uint8)).save(buffer, kind, exif=exif)
    return buffer.getvalue()


async def bring(world: World, payload: bytes, kind: str = "image/jpeg", token: str = "kedrovaya") -> httpx.Response:
    headers = world.token(token) | {"Content-Type": kind}
    return await world.client.post(f"{API}/photographs", content=payload, headers=headers)


async def test_the_register_tells_balance_and_gas_and_takes_products_of_the_agency(world: World) -> None:
    packaged = {item["product"]["code"]: item for item in (await world.get("/explosives"))["items"]}
    assert packaged["anfo"]["oxygen_balance_percent"] == pytest.approx(0.069, abs=0.001)  # norms.md §5.1
    assert packaged["anfo"]["oxygen_word"] == "близок к нулю"
    made = await post(world, "/explosives", OWN_EMULSION)
    assert (made.status_code, made.json()["version"]) == (201, 1)
    again = await post(world, "/explosives", OWN_EMULSION | {"note": "уточнено"})
    assert again.json()["version"] == 2
    listed = {item["product"]["code"]: item for item in (await world.get("/explosives"))["items"]}
    assert len(listed) == len(packaged) + 1
    own = listed["emulsion-demo"]
    assert (own["version"], own["entered_by"], own["product"]["note"]) == (2, "duty", "уточнено")
    assert own["oxygen_balance_percent"] == pytest.approx(-1.15, abs=0.01)  # norms.md §5.1, first example emulsion


@pytest.mark.parametrize("parts", [{"an": 0.5}, {"sugar": 1.0}, {}])
async def test_a_composition_that_is_no_whole_is_refused(world: World, parts: dict[str, float]) -> None:
    composition = {"level": "secondary", "source": "x", "parts": parts}
    refused = await post(world, "/explosives", OWN_EMULSION | {"composition": composition})
    assert refused.status_code == 422
    assert "composition" in refused.json()["detail"]


async def test_an_enterprise_enters_measurements_of_its_own_only_and_sees_the_verdict(world: World) -> None:
    await surround(world)
    path = f"/enterprises/{OWN}/acceptances"
    made = await post(world, path, ACCEPTANCE, token="kedrovaya")
    assert made.status_code == 201, made.text
    assert made.json()["verdict"]["vod_ok"] is False  # 2000 of at least 0.9 · 2500 m/s
    assert made.json()["verdict"]["density_ok"] is True
    unknown = await post(world, path, ACCEPTANCE | {"product": "mystery"}, token="kedrovaya")
    assert unknown.json()["verdict"] == {"density_ok": None, "vod_ok": None, "declared": {}, "level": "memory",
                                         "level_ru": "не проверено по документу"}  # fmt: skip
    assert (await post(world, path, ACCEPTANCE, token="sukhoy")).status_code == 404
    future = await post(world, path, ACCEPTANCE | {"measured_at": "2027-01-01T00:00:00Z"}, token="kedrovaya")
    assert future.status_code == 422
    listed = (await world.client.get(f"{API}{path}", headers=world.token("operate"))).json()["items"]
    assert {item["measurement"]["product"] for item in listed} == {"anfo", "mystery"}


async def test_a_permit_counts_under_every_name_of_its_product_and_only_for_its_enterprise(filer: Filer) -> None:
    world = filer.world
    await fire(filer, report={"fume": {"rating": "1A"}})

    async def unpermitted(enterprise: str) -> float | None:
        path = f"{API}/enterprises/{enterprise}/explosive-quality"
        found = (await world.client.get(path, headers=world.token("operate"))).json()
        value: float | None = {r["indicator"]: r["value"] for r in found["enterprise"]["reasons"]}["permit"]
        return value

    assert await unpermitted(OWN) is None  # nobody entered any: not assessed
    foreign = await post(world, "/explosive-permits", PERMIT | {"enterprise": "sukhoy-log-demo"})
    assert foreign.status_code == 201, foreign.text
    assert await unpermitted(OWN) is None
    await post(world, "/explosive-permits", PERMIT | {"valid_to": "2026-03-01"})
    assert await unpermitted(OWN) == 1.0
    await post(world, "/explosive-permits", PERMIT)
    assert await unpermitted(OWN) == 0.0
    seen = [
        len((await world.client.get(f"{API}/explosive-permits", headers=world.token(name))).json()["items"])
        for name in ("operate", "kedrovaya", "sukhoy")
    ]
    assert seen == [3, 2, 1]


@pytest.mark.parametrize("change", [{"valid_to": "2025-01-01"}, {"enterprise": "nobody"}, {"valid_from": "0001-01-01"}])
async def test_a_permit_that_cannot_be_is_refused(world: World, change: dict[str, str]) -> None:
    assert (await post(world, "/explosive-permits", PERMIT | change)).status_code == 422


async def test_the_score_names_its_reasons_and_counts_deliveries_and_clouds(filer: Filer) -> None:
    world = filer.world
    await fire(filer, report={"fume": {"rating": "1A"}})
    await post(world, f"/enterprises/{OWN}/acceptances", ACCEPTANCE, token="kedrovaya")
    await post(world, "/explosive-permits", PERMIT)
    path = f"{API}/enterprises/{OWN}/explosive-quality"

    async def values() -> dict[str, float | None]:
        found = (await world.client.get(path, headers=filer.headers)).json()
        assert found["not_registered"] == []
        assert [product["subject"] for product in found["products"]] == ["anfo"]
        return {reason["indicator"]: reason["value"] for reason in found["enterprise"]["reasons"]}

    before = await values()
    assert (before["vod"], before["fume"], before["permit"]) == (1.0, 0.0, 0.0)
    rated = await world.client.post(f"{BLAST}/fume", json={"rating": "4B"}, headers=world.token("operate"))
    assert rated.status_code == 201, rated.text
    assert (await values())["fume"] == 1.0  # the worst that anybody saw
    product = await world.client.get(f"{API}/explosives/anfo/quality", headers=world.token("operate"))
    assert product.json()["products"][0]["blasts"] == 1
    assert (await world.client.get(f"{API}/explosives/none/quality", headers=world.token("operate"))).status_code == 404


async def test_a_cloud_is_rated_with_a_photograph_that_tells_nothing_of_people(filer: Filer) -> None:
    world = filer.world
    await fire(filer, report={"fume": {"rating": "1A", "observer": "Сидоров С. С."}})
    brought = await bring(world, photograph())
    assert brought.status_code == 201, brought.text
    sha256 = brought.json()["sha256"]
    rating = {"rating": "3C", "seconds_after": 60, "observer": "Петров П. П.", "photo_sha256": sha256}
    made = await world.client.post(f"{BLAST}/fume", json=rating, headers=filer.headers)
    assert (made.status_code, made.json()["incident"]) == (201, True)
    public = (await world.client.get(f"{BLAST}/fume")).json()
    assert (public["worst"], [item["rating"] for item in public["items"]]) == (3, ["1A", "3C"])
    assert [(item["observer"], item["photo"], item["by"]) for item in public["items"]] == [(None, None, None)] * 2
    inside = (await world.client.get(f"{BLAST}/fume", headers=filer.headers)).json()["items"]
    assert [item["observer"] for item in inside] == ["Сидоров С. С.", "Петров П. П."]
    picture = await world.client.get(f"{API}/photographs/{sha256}", headers=filer.headers)
    assert picture.headers["content-type"] == "image/jpeg"
    assert b"Petrov" not in picture.content
    seen = [
        (await world.client.get(f"{API}/photographs/{sha256}", headers=headers)).status_code
        for headers in ({}, world.token("sukhoy"), world.token("operate"))
    ]
    assert seen == [401, 404, 200]


async def test_a_photograph_of_an_inspector_is_seen_by_the_enterprise_once_it_belongs_to_its_blast(
    filer: Filer,
) -> None:
    world = filer.world
    await fire(filer)
    sha256 = (await bring(world, photograph("PNG"), "image/png", token="operate")).json()["sha256"]
    path = f"{API}/photographs/{sha256}"
    assert (await world.client.get(path, headers=filer.headers)).status_code == 404
    rating = {"rating": "2A", "photo_sha256": sha256}
    assert (await world.client.post(f"{BLAST}/fume", json=rating, headers=world.token("operate"))).status_code == 201
    assert (await world.client.get(path, headers=filer.headers)).status_code == 200


async def test_a_rating_of_what_was_not_fired_or_not_photographed_is_refused(filer: Filer) -> None:
    world = filer.world
    await filer.file()
    assert (await world.client.post(f"{BLAST}/fume", json={"rating": "0"}, headers=filer.headers)).status_code == 422
    await filer.step(action="publish")
    world.clock.now = at(1)
    await filer.step(action="fire", fired_at=moment(0.5))
    for body in ({"rating": "0", "photo_sha256": "0" * 64}, {"rating": "6A"}, {"rating": "0A"}, {}):
        refused = await world.client.post(f"{BLAST}/fume", json=body, headers=filer.headers)
        assert refused.status_code == 422, body
    nowhere = await world.client.post(
        f"{API}/blasts/{OWN}/none/fume", json={"rating": "0"}, headers=world.token("operate")
    )
    assert nowhere.status_code == 404


@pytest.mark.parametrize(("payload", "kind", "status"), [
    (b"GIF89a", "image/gif", 415), (b"GIF89a" + bytes(200), "image/jpeg", 422), (photograph("PNG"), "image/jpeg", 415),
    (bytes(9 * 2**20), "image/png", 413), (b"", "image/png", 422),
])  # fmt: skip
async def test_what_is_no_photograph_is_refused(world: World, payload: bytes, kind: str, status: int) -> None:
    assert (await bring(world, payload, kind)).status_code == status
