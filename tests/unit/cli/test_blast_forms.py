"""`uskat blast template` and `uskat blast check` on real workbooks."""

import json

import openpyxl
import pytest
from typer.testing import CliRunner

from services.api.workbook import read_cells
from services.cli.blast.command import blast
from tests.unit.blast.passports import passport, passport_data, report, report_data
from tests.unit.blast.test_passport_form import PASSPORT, REPORT, filled
from uskat.blast.passport.form import FIRST_ITEM_ROW, FIRST_VALUE_ROW

runner = CliRunner()


@pytest.fixture
def form(tmp_path):
    """The passport's template, filled as a company would."""
    return fill(tmp_path / "passport.xlsx", PASSPORT, passport_data())


def fill(path, form, data, *options):
    assert runner.invoke(blast, ["template", str(path), *options]).exit_code == 0
    book = openpyxl.load_workbook(path)
    cells = filled(form, data)
    for row, item in enumerate(form.fields, FIRST_VALUE_ROW):
        assert book[form.sheet].cell(row, 1).value == item.code
        book[form.sheet].cell(row, 3, cells[form.sheet][row - 1][2])
    for table in form.tables:
        for row, values in enumerate(cells[table.title][2:], FIRST_ITEM_ROW):
            for column, value in enumerate(values, 1):
                book[table.title].cell(row, column, value)
    book.save(path)
    return path


def change(path, sheet, cell, value):
    book = openpyxl.load_workbook(path)
    book[sheet][cell] = value
    book.save(path)


def test_a_filled_template_is_read_back_whole(form):
    result = runner.invoke(blast, ["check", str(form), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert (told["cells"], told["discrepancies"]) == ([], [])
    assert told["document"] == passport().to_json()


def test_an_empty_template_asks_for_every_required_field(tmp_path):
    path = tmp_path / "empty.xlsx"
    runner.invoke(blast, ["template", str(path)])
    result = runner.invoke(blast, ["check", str(path), "--json"])
    assert result.exit_code == 1
    asked = {(error["sheet"], error["title"]) for error in json.loads(result.output)["cells"]}
    needed = {(PASSPORT.sheet, field.title) for field in PASSPORT.fields if field.required}
    assert asked == needed | {(table.title, table.title) for table in PASSPORT.tables if table.required}


def test_the_template_offers_choices_and_marks_what_is_required(tmp_path):
    path = tmp_path / "empty.xlsx"
    runner.invoke(blast, ["template", str(path)])
    sheet = openpyxl.load_workbook(path)["Паспорт"]
    lists = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert lists["C20"] == '"буровая мелочь,щебень,песок,вода,гель,нет"'
    assert sheet["C2"].fill.start_color.rgb == "00FFF6D6"
    assert sheet["C15"].fill.start_color.rgb == "00000000"


def test_a_bad_cell_and_a_contradiction_are_told_in_words(form):
    change(form, "Скважины", "E5", "много")
    result = runner.invoke(blast, ["check", str(form)])
    assert result.exit_code == 1
    assert result.output == "Скважины!E5 Масса заряда: не число: нужны только цифры, в единицах «кг» («много»)\n"
    change(form, "Скважины", "E5", 900)
    result = runner.invoke(blast, ["check", str(form)])
    assert result.exit_code == 1
    assert "ошибка: Сумма зарядов скважин 3399 кг, а общая масса 2777 кг." in result.output


def test_a_danger_zone_below_fly_rock_is_told(form):
    change(form, "Паспорт", "C27", 300)
    result = runner.invoke(blast, ["check", str(form)])
    assert result.exit_code == 1
    assert "Опасная зона для людей 300 м меньше расчётной 350 м." in result.output


def test_a_report_is_checked_against_its_passport(form, tmp_path):
    path = fill(tmp_path / "report.xlsx", REPORT, report_data(hole_count=9), "--report")
    assert runner.invoke(blast, ["check", str(path)]).exit_code == 2
    result = runner.invoke(blast, ["check", str(path), "--passport", str(form)])
    assert result.exit_code == 1
    assert "Взорвано и отказало 9 скважин, а в паспорте 10." in result.output
    other = tmp_path / "passport.json"
    other.write_text(passport(blast_id="other").model_dump_json(by_alias=True), encoding="utf-8")
    assert runner.invoke(blast, ["check", str(path), "--passport", str(other)]).exit_code == 2


def test_json_documents_are_read_too(tmp_path):
    planned, done, neither = tmp_path / "p.json", tmp_path / "r.json", tmp_path / "n.json"
    planned.write_text(passport().model_dump_json(by_alias=True), encoding="utf-8")
    done.write_text(report().model_dump_json(by_alias=True), encoding="utf-8")
    neither.write_text("{}", encoding="utf-8")
    result = runner.invoke(blast, ["check", str(done), "--passport", str(planned)])
    assert (result.exit_code, result.output) == (0, "Расхождений не найдено.\n")
    assert runner.invoke(blast, ["check", str(neither)]).exit_code == 2


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", "код;Поле".encode()])
def test_what_is_no_workbook_is_refused(tmp_path, content):
    path = tmp_path / "form.xlsx"
    path.write_bytes(content)
    assert runner.invoke(blast, ["check", str(path)]).exit_code == 2
    assert runner.invoke(blast, ["check", str(tmp_path / "nothing.xlsx")]).exit_code == 2


def test_a_workbook_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(path)
    with path.open("rb") as source:
        assert list(read_cells(source, name="x")) == ["Sheet"]
    assert runner.invoke(blast, ["check", str(path)]).exit_code == 2
