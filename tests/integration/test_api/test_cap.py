"""CAP and Atom over HTTP: what everybody may read, taken back when people reject it."""

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from services.alerts.attending import attend_all
from services.storage.engine import make_engine
from tests.contract.cap_schema import check
from tests.integration.test_api.world import NOW, World, raise_alert

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def database(embedded_database: str) -> str:
    """One kind of database is enough: the other answers these questions no differently."""
    return embedded_database


async def message(world: World, alert: int) -> ET.Element:
    answer = await world.client.get(f"/api/v1/alerts/{alert}/cap")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/cap+xml; charset=utf-8"
    check(answer.text)
    return ET.fromstring(answer.content)


async def page(world: World, alert: int) -> str:
    """What residents read where a message leads them."""
    answer = await world.client.get(f"/alerts/{alert}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return answer.text


async def feed(world: World) -> ET.Element:
    answer = await world.client.get("/feeds/alerts.atom")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    return ET.fromstring(answer.content)


async def test_a_public_alert_is_a_message_in_the_feed_and_is_cancelled_when_people_reject_it(world):
    number, entry = await raise_alert(world, updated_at=NOW + timedelta(days=399))
    hidden, _ = await raise_alert(world, published=False, key="hidden", updated_at=NOW + timedelta(days=399))
    world.clock.now = NOW + timedelta(days=400)
    first = await message(world, number)
    assert first.findtext(f"{CAP}identifier") == f"uskat-{number}-e{entry}"
    assert (first.findtext(f"{CAP}msgType"), first.findtext(f"{CAP}status")) == ("Alert", "Test")
    assert "Терентьевское" in (first.findtext(f"{CAP}info/{CAP}area/{CAP}areaDesc") or "")
    assert first.find(f"{CAP}info/{CAP}area/{CAP}polygon") is not None
    assert (await world.client.get(f"/api/v1/alerts/{hidden}/cap")).status_code == 404
    assert "<strong>Проверяем.</strong>" in await page(world, number)
    assert (await world.client.get(f"/alerts/{hidden}")).status_code == 404

    listed = await feed(world)
    [shown] = listed.findall(f"{ATOM}entry")
    link = shown.find(f"{ATOM}link[@rel='alternate']")
    assert link is not None
    assert (link.get("href") or "").endswith(f"/api/v1/alerts/{number}/cap")
    assert shown.findtext(f"{ATOM}summary") == "Проверяем"

    engine = make_engine(world.url)
    await attend_all(engine, clock=world.clock)
    await engine.dispose()
    headers = world.token("operate") | {"If-Match": '"2"'}
    body = {"action": "reject", "reason": "instrument", "note": "Датчик на берегу"}
    answer = await world.client.post(f"/api/v1/alerts/{number}/steps", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    last = await message(world, number)
    assert last.findtext(f"{CAP}msgType") == "Cancel"
    assert (last.findtext(f"{CAP}references") or "").split(",")[1] == f"uskat-{number}-e{entry}"
    [shown] = (await feed(world)).findall(f"{ATOM}entry")
    assert shown.findtext(f"{ATOM}summary") == "Не подтвердилось: датчик"
    told = await page(world, number)
    assert "<strong>Не подтвердилось: датчик.</strong>" in told
    assert "Сейчас этого нет" in told
