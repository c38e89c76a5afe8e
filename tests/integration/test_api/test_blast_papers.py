"""Passports as JSON and as filled forms: what is wrong is named, all at once, and nothing half read is kept."""

import io
import json

import openpyxl
import pytest

from tests.integration.test_api.blast_world import OWN, SHEET, Filer, moment, surround
from tests.unit.blast.passports import passport_data, report_data
from tests.unit.blast.test_passport_form import PASSPORT, filled
from uskat.blast.passport.form import FIRST_ITEM_ROW, FIRST_VALUE_ROW
from uskat.blast.passport.model import Passport


@pytest.fixture
async def filer(world):
    await surround(world)
    return Filer(world)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"total_charge_kg": "много"}, "total_charge_kg"),
        ({"holes": []}, "holes"),
        ({"surprise": 1}, "surprise"),
        ({"window": {"planned_from": moment(2), "planned_to": moment(1)}}, "window"),
        ({"blast_id": "../../etc"}, "blast_id"),
        ({"total_charge_kg": float("1e300")}, "total_charge_kg"),
    ],
)
async def test_a_passport_with_a_bad_field_names_it_in_russian(filer, changes, place):
    answer = await filer.file(**changes)
    assert answer.status_code == 422
    (error, *_) = answer.json()["errors"]
    assert error["in"].startswith(place)
    assert any("а" <= letter <= "я" for letter in error["message"].lower())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"a":' * 2000, b"\xff\xfe", b'{"schema": 1e400}'])
async def test_what_is_no_document_is_refused(filer, body):
    headers = filer.headers | {"Content-Type": "application/json"}
    answer = await filer.world.client.post("/api/v1/blasts", content=body, headers=headers)
    assert answer.status_code == 422
    sheet = filer.headers | {"Content-Type": SHEET}
    assert (await filer.world.client.post("/api/v1/blasts", content=body, headers=sheet)).status_code == 422


async def test_a_small_file_that_unpacks_to_much_is_refused(filer, monkeypatch):
    form = await filled_form(filer.world)
    monkeypatch.setattr("services.api.workbook.LARGEST_UNPACKED", 1000)
    headers = filer.headers | {"Content-Type": SHEET}
    answer = await filer.world.client.post("/api/v1/blasts", content=form, headers=headers)
    assert answer.status_code == 422
    assert "unpacks to more" in answer.json()["detail"]


async def test_text_with_nul_and_a_body_too_large_are_refused(filer):
    assert (await filer.file(note="a\u0000b")).status_code == 422
    headers = filer.headers | {"Content-Type": "application/json"}
    large = await filer.world.client.post("/api/v1/blasts", content=b" " * (5 * 1024 * 1024 + 1), headers=headers)
    assert large.status_code == 413
    other = await filer.world.client.post(
        "/api/v1/blasts", content=b"x", headers=headers | {"Content-Type": "text/csv"}
    )
    assert other.status_code == 415


async def filled_form(world, spoil=()):
    """The form that the api serves, filled; spoil: (sheet, cell, value) put in afterwards."""
    answer = await world.client.get("/api/v1/blast-forms/passport")
    assert answer.headers["content-type"] == SHEET
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    cells = filled(PASSPORT, passport_data())
    for row in range(FIRST_VALUE_ROW, FIRST_VALUE_ROW + len(PASSPORT.fields)):
        book[PASSPORT.sheet].cell(row, 3, cells[PASSPORT.sheet][row - 1][2])
    for table in PASSPORT.tables:
        for row, values in enumerate(cells[table.title][2:], FIRST_ITEM_ROW):
            for column, value in enumerate(values, 1):
                book[table.title].cell(row, column, value)
    for sheet, cell, value in spoil:
        book[sheet][cell] = value
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def test_a_filled_form_is_filed_as_it_is(filer):
    headers = filer.headers | {"Content-Type": SHEET}
    form = await filled_form(filer.world)
    filed = await filer.world.client.post("/api/v1/blasts", content=form, headers=headers)
    assert filed.status_code == 201, filed.text
    stored = (await filer.get()).json()["passport"]
    assert stored == Passport.model_validate(passport_data()).to_json()


async def test_bad_cells_of_a_form_are_named_all_at_once_and_nothing_is_kept(filer):
    holes = next(table.title for table in PASSPORT.tables if table.key == "holes")
    spoil = [(holes, "B5", "первый"), (holes, "D7", "широкая"), (PASSPORT.sheet, "C2", "=1+1")]
    headers = filer.headers | {"Content-Type": SHEET}
    form = await filled_form(filer.world, spoil)
    answer = await filer.world.client.post("/api/v1/blasts", content=form, headers=headers)
    assert answer.status_code == 422
    places = {error["in"] for error in answer.json()["errors"]}
    assert {f"{holes}!B5", f"{holes}!D7"} <= places
    assert (await filer.get()).status_code == 404


async def test_schemas_are_those_of_the_package(filer):
    for paper, text in (("passport", "Паспорт"), ("report", "Отчёт")):
        assert text in (await filer.world.get(f"/blast-schemas/{paper}"))["title"]
    assert (await filer.world.client.get("/api/v1/blast-schemas/licence")).status_code == 422
    assert (await filer.world.get("/pits/kedrovaya-pad/law"))["version"] is None
    assert (await filer.world.client.get("/api/v1/pits/nowhere/law")).status_code == 404


def test_the_examples_of_the_documentation_are_in_order():
    from services.api.blast_example import PASSPORT_EXAMPLE, REPORT_EXAMPLE
    from services.api.state_word import LOCAL
    from uskat.blast.passport.in_order import passport_in_order, report_in_order
    from uskat.blast.passport.report import Report

    passport = Passport.model_validate(json.loads(json.dumps(PASSPORT_EXAMPLE)))
    assert passport_in_order(passport, zone=LOCAL) == []
    assert report_in_order(Report.model_validate(REPORT_EXAMPLE), passport) == []
    assert OWN == PASSPORT_EXAMPLE["enterprise"] == report_data()["enterprise"]
