"""Complaints end to end: filed without an account, followed by code, seen by one agency only, forgotten for good."""

import base64
import io
import itertools
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from PIL import Image
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.alerts.complaint_attending import attend_complaints
from services.storage import registry
from services.storage.engine import libpq_url, make_engine, unit_of_work
from services.storage.reading import make_reading_engine
from tests.integration.test_api.world import NOW, World, decoded, raise_alert
from uskat.supervision.complaint.policy import complaint_policy

CONTACT = "Пётр, 8-923-000-11-22"
WORDS = "Вода чёрная у моста, звонить Петру"
PATHS = ("/complaints", "/complaints/status", "/complaints/forget")
UPPER, LOWER = "inspection-demo", "inspection-lower-demo"


def photograph() -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x013B] = "SECRET owner"
    Image.new("RGB", (120, 90), (30, 60, 90)).save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.fixture
async def inspectors(world: World) -> dict[str, dict[str, str]]:
    engine = make_engine(world.url)
    made = {}
    async with unit_of_work(engine) as connection:
        for agency in (UPPER, LOWER):
            token = await registry.issue_token(connection, name=f"i-{agency}", scopes=["inspector"], enterprise=agency)
            made[agency] = {"Authorization": f"Bearer {token}"}
    await engine.dispose()
    return made


async def filed(world: World, **changes: Any) -> str:
    body = {
        "topic": "water", "happened_at": (NOW - timedelta(minutes=50)).isoformat(), "words": WORDS,
        "latitude": 54.0812, "longitude": 86.8991, "contact": CONTACT,
        "photograph": base64.b64encode(photograph()).decode(),
    } | changes  # fmt: skip
    answer = await world.client.post("/api/v1/complaints", json=body)
    assert answer.status_code == 201, answer.text
    return str(decoded(answer)["code"])


async def attended(world: World) -> tuple[int, list[int]]:
    engine = make_engine(world.url)
    found = await attend_complaints(engine, now=world.clock.now)
    await engine.dispose()
    return found


async def everywhere(world: World, needle: str) -> list[str]:
    """Tables of the database, whichever they are, a row of which holds the text."""
    connection = await asyncpg.connect(libpq_url(world.url))
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        held = [
            (table["tablename"], await connection.fetchval(
                f'SELECT count(*) FROM "{table["tablename"]}" AS t WHERE position($1 IN t::text) > 0', needle
            ))
            for table in tables
        ]  # fmt: skip
    finally:
        await connection.close()
    return [table for table, count in held if count]


async def test_a_complaint_is_linked_handled_followed_and_forgotten(world, inspectors):
    await raise_alert(world)
    code = await filed(world)
    assert await attended(world) == (1, [])
    status = decoded(await world.client.post("/api/v1/complaints/status", json={"code": code.lower()}))
    assert (status["stage"], status["personal_kept"]) == ("received", True)
    told = " ".join(link["text"] for link in status["links"])
    assert "показала: " in told
    assert "Водородный показатель выше норматива" in told
    assert CONTACT not in str(status)
    assert WORDS not in str(status)

    [row] = decoded(await world.client.get("/api/v1/complaints", headers=inspectors[UPPER]))["items"]
    assert decoded(await world.client.get("/api/v1/complaints", headers=inspectors[LOWER]))["items"] == []
    path = f"/api/v1/complaints/{row['id']}"
    full = await world.client.get(path, headers=inspectors[UPPER])
    assert decoded(full)["personal"]["contact"] == CONTACT
    picture = await world.client.get(f"{path}/photograph", headers=inspectors[UPPER])
    assert (picture.headers["content-type"], b"SECRET" in picture.content) == ("image/jpeg", False)
    for stranger in (path, f"{path}/photograph"):
        assert (await world.client.get(stranger, headers=inspectors[LOWER])).status_code == 404
    assert (await world.client.get(path, headers=world.token("operate"))).status_code == 403
    body, versioned = {"action": "take"}, {"If-Match": '"1"'}
    assert (
        await world.client.post(f"{path}/steps", json=body, headers=inspectors[LOWER] | versioned)
    ).status_code == 404
    taken = await world.client.post(f"{path}/steps", json=body, headers=inspectors[UPPER] | versioned)
    assert (taken.status_code, taken.headers["etag"]) == (200, '"2"'), taken.text
    assert (
        await world.client.post(f"{path}/steps", json=body, headers=inspectors[UPPER] | versioned)
    ).status_code == 412
    early = {"action": "close"}
    refused = await world.client.post(f"{path}/steps", json=early, headers=inspectors[UPPER] | {"If-Match": '"2"'})
    assert refused.status_code == 409

    assert await everywhere(world, CONTACT) == ["complaint_person"]
    assert (await world.client.post("/api/v1/complaints/forget", json={"code": code})).status_code == 200
    assert (await world.client.post("/api/v1/complaints/forget", json={"code": code})).status_code == 200
    for needle in (CONTACT, WORDS, "86.8991"):
        assert await everywhere(world, needle) == []
    after = decoded(await world.client.get(path, headers=inspectors[UPPER]))
    assert (after["personal"], after["complaint"]["stage"], after["complaint"]["longitude"]) == (None, "taken", 86.9)
    assert await everywhere(world, "complaint.read_photograph") == ["audit_log"]


async def test_whoever_s_term_ran_out_is_forgotten_and_a_closed_one_sooner(world, inspectors):
    await filed(world)
    [row] = decoded(await world.client.get("/api/v1/complaints", headers=inspectors[UPPER]))["items"]
    for version, body in enumerate(
        [{"action": "take"}, {"action": "answer", "note": "Проба взята"}, {"action": "close"}], 1
    ):
        step = await world.client.post(
            f"/api/v1/complaints/{row['id']}/steps", json=body, headers=inspectors[UPPER] | {"If-Match": f'"{version}"'}
        )
        assert step.status_code == 200, step.text
    other = await filed(world, settlement="terentyevskoye", latitude=None, longitude=None)
    policy = complaint_policy()
    world.clock.now = NOW + policy.keep_closed - timedelta(minutes=1)
    assert (await attended(world))[1] == []
    world.clock.now = NOW + policy.keep_closed
    assert (await attended(world))[1] == [row["id"]]
    assert await everywhere(world, CONTACT) == ["complaint_person"]  # of the open one
    world.clock.now = NOW + policy.keep
    assert len((await attended(world))[1]) == 1
    assert await everywhere(world, CONTACT) == []
    status = decoded(await world.client.post("/api/v1/complaints/status", json={"code": other}))
    assert status["steps"][-1]["text"] == "Личные данные удалены."


async def test_a_resident_needs_a_browser_without_scripts_and_nothing_else(world):
    page = await world.client.get("/complaints")
    assert "Сообщить о проблеме" in page.text
    assert "<script" not in page.text
    fields = {
        "topic": "blast", "happened_at": "2026-06-02T18:05", "settlement": "terentyevskoye", "point": "",
        "words": "Дрожали окна <b>сильно</b>", "contact": "", "website": "",
    }  # fmt: skip
    wrong = await world.client.post("/complaints", data=fields | {"settlement": ""}, files={"photograph": ("", b"")})
    assert wrong.status_code == 422
    assert "Укажите посёлок или координаты" in wrong.text
    assert "Дрожали окна &lt;b&gt;" in wrong.text  # what was typed is not lost
    robot = await world.client.post("/complaints", data=fields | {"website": "http://x"})
    assert robot.status_code == 422
    svg = await world.client.post("/complaints", data=fields, files={"photograph": ("a.jpg", b"<svg/>")})
    assert (svg.status_code, "не JPEG" in svg.text) == (422, True)
    done = await world.client.post("/complaints", data=fields, files={"photograph": ("a.jpg", photograph())})
    assert done.status_code == 201, done.text
    code = done.text.partition('<p class="code">')[2].partition("</p>")[0]
    await attended(world)
    status = await world.client.post("/complaints/status", data={"code": code})
    assert "Получено. Ждёт инспектора." in status.text
    assert "Что показали приборы" in status.text
    assert (await world.client.post("/complaints/status", data={"code": code[:-1] + "*"})).status_code == 404
    gone = await world.client.post("/complaints/forget", data={"code": code})
    assert "Личные данные удалены" in gone.text
    assert 'action="/complaints/forget"' not in gone.text


async def test_one_address_complains_so_often_and_no_oftener(world):
    context = world.app.state.context
    context.settings.complaints_per_hour = 2
    for _ in range(2):
        await filed(world)
    body = {"topic": "water", "happened_at": NOW.isoformat(), "words": WORDS, "settlement": "terentyevskoye"}
    refused = await world.client.post("/api/v1/complaints", json=body)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    form = {"topic": "water", "happened_at": "2026-06-02T18:05", "settlement": "terentyevskoye", "words": WORDS}
    assert (await world.client.post("/complaints", data=form)).status_code == 429


async def test_odd_bodies_and_places_outside_every_territory_are_refused(world):
    world.app.state.context.settings.complaints_per_hour = 0
    good = {"topic": "water", "happened_at": NOW.isoformat(), "words": WORDS, "settlement": "terentyevskoye"}
    odd_bodies = [
        b"", b"[]", b"{", b"\xff\xfe", b'{"code": "' + b"A" * 90 + b'"}', b'{"code": "\\ud800"}', b'{"code": 5}',
        *(msgspec.json.encode(good | change) for change in (
            {"happened_at": "0001-01-01T00:00:00+14:00"}, {"happened_at": "9999-12-31T23:59:59-14:00"},
            {"words": "вода\x00"}, {"contact": "\x00"}, {"settlement": "\x00"}, {"photograph": "AAAA"},
            {"settlement": None, "latitude": 1e308, "longitude": -1e308}, {"latitude": 1.0}, {"topic": "weather"},
            {"settlement": None, "latitude": 90.0, "longitude": 180.0},
        )),
    ]  # fmt: skip
    for path, body in itertools.product(PATHS, odd_bodies):
        answer = await world.client.post(f"/api/v1{path}", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {404, 422}, (body, answer.text)
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data")
    forms = (b"", b"code=%ff", b"--x\r\n\r\n--x--", b"topic=water&happened_at=9999-99-99")
    for path, kind, body in itertools.product(PATHS, kinds, forms):
        answer = await world.client.post(path, content=body, headers={"Content-Type": kind})
        assert answer.status_code in {404, 422}, (kind, body, answer.text)
    outside = {"topic": "water", "happened_at": NOW.isoformat(), "words": WORDS, "latitude": 10.0, "longitude": 10.0}
    refused = await world.client.post("/api/v1/complaints", json=outside)
    assert (refused.status_code, decoded(refused)["errors"][0]["in"]) == (422, "place")


@pytest.mark.parametrize("made", [make_engine, make_reading_engine])
async def test_an_error_of_the_database_does_not_tell_what_a_person_wrote(embedded_database, made):
    engine = made(embedded_database)
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError, match="division by zero") as caught:
            await connection.execute(text("SELECT 1 / (length(:words) - length(:words))"), {"words": "8-900-000-00-00"})
    await engine.dispose()
    assert "8-900" not in f"{caught.value!s} {caught.value!r}"
