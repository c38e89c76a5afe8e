"""The pre-check in a browser: a form with a file and a key, every bad cell named, nothing kept."""

import io
import json

import openpyxl
import pytest

from services.api.workbook import write_template
from tests.integration.test_api.blast_world import BLAST, Filer, surround
from tests.unit.blast.passports import passport_data
from tests.unit.blast.test_passport_form import PASSPORT, filled
from uskat.blast.passport.form import FIRST_ITEM_ROW, FIRST_VALUE_ROW


@pytest.fixture
async def filer(world):
    await surround(world)
    return Filer(world)


def workbook(changes=(), **data):
    """The server's own form, filled; changes: (sheet, cell, value)."""
    buffer = io.BytesIO()
    write_template(PASSPORT, buffer)
    book, cells = openpyxl.load_workbook(buffer), filled(PASSPORT, passport_data(**data))
    for row in range(len(PASSPORT.fields)):
        book[PASSPORT.sheet].cell(FIRST_VALUE_ROW + row, 3, cells[PASSPORT.sheet][row + 1][2])
    for table in PASSPORT.tables:
        for row, values in enumerate(cells[table.title][2:], FIRST_ITEM_ROW):
            for column, value in enumerate(values, 1):
                book[table.title].cell(row, column, value)
    for sheet, cell, value in changes:
        book[sheet][cell] = value
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


async def sent(filer, content, *, key="kedrovaya", **fields):
    headers = filer.world.token(key) if key else {"Authorization": "Bearer "}
    data = {"key": headers["Authorization"].removeprefix("Bearer ")} | fields
    files = {} if content is None else {"passport": ("паспорт.xlsx", content)}
    return await filer.world.client.post("/precheck", data=data, files=files or {"passport": ("", b"")})


async def test_the_form_asks_for_file_and_key_and_is_linked(filer):
    form = await filer.world.client.get("/precheck")
    assert form.status_code == 200
    assert 'type="password" name="key"' in form.text
    assert 'href="/restrictions"' in form.text
    start = (await filer.world.client.get("/")).text
    assert 'href="/precheck"' in start
    assert 'href="/restrictions"' in start


async def test_a_filled_form_is_answered_with_the_page_and_kept_nowhere(filer):
    page = await sent(filer, workbook(blast_id="kp-2026-077"), wind_from="160", wind_speed="4,5")
    assert page.status_code == 200, page.text
    assert page.headers["cache-control"] == "no-store"
    assert "Паспорт не подан" in page.text
    assert "Карьер Кедровая Падь (демо)" in page.text
    assert "4,5 м/с" in page.text
    assert "Школа у Большой Талды" in page.text
    kept = await filer.world.client.get(BLAST.replace("-061", "-077"), headers=filer.headers)
    assert kept.status_code == 404
    as_json = await sent(filer, json.dumps(passport_data()).encode(), key="operate")
    assert "Охраняемые объекты" in as_json.text


async def test_every_bad_cell_is_named_and_what_was_typed_stays(filer):
    bad = workbook([("Паспорт", "C10", "много"), ("Скважины", "G5", "быстро")])
    page = await sent(filer, bad, wind_from="160", wind_speed="4")
    assert page.status_code == 422
    assert "Замечаний к паспорту: 2" in page.text
    assert (
        "<strong>Паспорт!C10</strong>, Общая масса ВВ: не число: нужны только цифры, в единицах «кг» (сейчас «много»)"
        in page.text
    )
    assert "Скважины!G5" in page.text
    assert 'name="wind_from" value="160"' in page.text


@pytest.mark.parametrize(
    ("content", "key", "fields", "status", "words"),
    [
        (b"", "kedrovaya", {}, 422, "Выберите файл"),
        (b"%PDF-1.7", "kedrovaya", {}, 422, "не форма XLSX"),
        (b'{"schema": 1}', "kedrovaya", {}, 422, "blast_id"),
        (b"PK\x03\x04broken", "kedrovaya", {}, 422, "не форма XLSX"),
        (workbook(), None, {}, 403, "Ключ не подошёл"),
        (workbook(), "ingest", {}, 403, "не для взрывов"),
        (workbook(), "sukhoy", {}, 404, "другое предприятие"),
        (workbook(pit="dalny-2"), "kedrovaya", {}, 404, "карьер, которого у предприятия нет"),
        (workbook(), "kedrovaya", {"wind_from": "160"}, 422, "двумя числами"),
        (workbook(), "kedrovaya", {"wind_from": "с севера", "wind_speed": "3"}, 422, "двумя числами"),
        (workbook(), "kedrovaya", {"wind_from": "500", "wind_speed": "3"}, 422, "от 0 до 360"),
    ],
)  # fmt: skip
async def test_what_cannot_be_checked_is_told_in_words(filer, content, key, fields, status, words):
    page = await sent(filer, content, key=key, **fields)
    assert (page.status_code, words.lower() in page.text.lower()) == (status, True), page.text
    assert 'action="/precheck"' in page.text, "the form is there again"


async def test_the_route_for_machines_gives_the_same_page(filer):
    headers = filer.headers | {"Accept": "text/html"}
    page = await filer.world.client.post("/api/v1/blasts/precheck", json=passport_data(), headers=headers)
    assert page.text.startswith("<!doctype html>")
    assert "Паспорт не подан" in page.text
