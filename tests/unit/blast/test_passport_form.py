"""The published schema is current; a form says back, cell by cell, what is wrong."""

import json
from datetime import datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from tests.unit.blast.passports import passport, passport_data, report, report_data
from uskat.blast.passport.form import FIRST_ITEM_ROW, FieldKind, form_of
from uskat.blast.passport.form_reading import column_name, read_form
from uskat.blast.passport.schema import DocumentKind, document_schema, schema_text

ZONE = ZoneInfo("Asia/Novokuznetsk")
PASSPORT, REPORT = form_of(DocumentKind.PASSPORT), form_of(DocumentKind.REPORT)


def at(data, path):
    for key in path:
        data = None if data is None else data.get(key)
    return data


def shown(value, field):
    if value is None:
        return None
    if field.kind is FieldKind.CHOICE:
        return field.choices[value]
    if field.kind is FieldKind.FLAG:
        return "да" if value else "нет"
    if field.kind is FieldKind.MOMENT:
        return datetime.fromisoformat(value).astimezone(ZONE).replace(tzinfo=None)
    return value


def filled(form, data):
    """Cells of a form as a person would fill them."""
    main = [["код", "Поле", "Значение"], *([f.code, f.title, shown(at(data, f.path), f)] for f in form.fields)]
    sheets = {form.sheet: main}
    for table in form.tables:
        rows = [[shown(at(item, c.path), c) for c in table.columns] for item in data.get(table.key, [])]
        sheets[table.title] = [[c.code for c in table.columns], [c.heading for c in table.columns], *rows]
    return sheets


def put(sheets, code, value, sheet="Паспорт"):
    for row in sheets[sheet]:
        if row[0] == code:
            row[2] = value
    return sheets


@pytest.mark.parametrize("kind", DocumentKind)
def test_the_published_schema_is_current(kind):
    published = files("uskat.data").joinpath("blast", f"{kind.value}.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(kind), f"write schema_text({kind.value!r}) to uskat/data/blast"


@pytest.mark.parametrize(
    ("kind", "data"), [(DocumentKind.PASSPORT, passport_data()), (DocumentKind.REPORT, report_data())]
)
def test_the_schema_takes_what_the_model_takes(kind, data):
    schema = document_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(data)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data | {"total_charge_kg": -1}, schema)


def test_a_filled_form_gives_the_document_back():
    full = passport_data(
        suppression={"method": "water_stemming", "dust_efficiency": 0.5},
        closed_roads=[
            {"road": "Новокузнецк – Апанас", "closed_from": "2026-06-10T05:00:00Z", "closed_to": "2026-06-10T09:00:00Z"}
        ],
    )
    result = read_form(PASSPORT, filled(PASSPORT, full), zone=ZONE)
    assert result.errors == ()
    assert result.document == passport(**{key: full[key] for key in ("suppression", "closed_roads")})
    told = report_data(
        fume={"rating": "2B", "left_site": False, "seconds_after": 60.0},
        misfires=[{"hole": "3", "found_at": "2026-06-10T08:00:00Z", "explosive_left_kg": 277.7}],
    )
    result = read_form(REPORT, filled(REPORT, told), zone=ZONE)
    assert result.document == report(fume=told["fume"], misfires=told["misfires"])


def test_numbers_and_times_may_be_typed_as_people_type_them():
    sheets = filled(PASSPORT, passport_data())
    put(sheets, "total_charge_kg", "2 777,0")
    put(sheets, "window.planned_from", "10.06.2026 13:00")
    put(sheets, "stemming.material", "Буровая мелочь")
    sheets["Скважины"].append([None] * 9)
    assert read_form(PASSPORT, sheets, zone=ZONE).document == passport()


@pytest.mark.parametrize(
    ("code", "value", "cell", "problem"),
    [
        ("total_charge_kg", "много", "C10", "не число"),
        ("total_charge_kg", "2,8 т", "C10", "в единицах «кг»"),
        ("total_charge_kg", "#REF!", "C10", "формула дала ошибку"),
        ("total_charge_kg", True, "C10", "не число"),
        ("window.planned_from", 46183, "C7", "не только дата"),
        ("window.planned_from", 13.5, "C7", "не дата и время"),
        ("window.planned_from", "10 июня 2026 г.", "C7", "ДД.ММ.ГГГГ ЧЧ:ММ"),
        ("total_charge_kg", -5, "C10", "должно быть больше 0"),
        ("total_charge_kg", None, "C10", "не заполнено"),
        ("hole_count", 10.5, "C9", "должно быть целым числом"),
        ("blast_id", "Взрыв 61", "C2", "строчные латинские буквы"),
        ("window.planned_from", "завтра", "C7", "не дата и время"),
        ("window.planned_from", "10.06.2026", "C7", "не дата и время"),
        ("stemming.material", "глина", "C20", "нет такого варианта"),
        ("responsible.phone", "  ", "C31", "не заполнено"),
        ("rock.hardness_f", 40, "C18", "не больше 25"),
    ],
)
def test_a_bad_cell_is_told_with_its_address(code, value, cell, problem):
    result = read_form(PASSPORT, put(filled(PASSPORT, passport_data()), code, value), zone=ZONE)
    assert result.document is None
    assert [(error.sheet, error.cell) for error in result.errors] == [("Паспорт", cell)]
    assert problem in result.errors[0].problem


def test_all_complaints_come_at_once():
    sheets = put(put(filled(PASSPORT, passport_data()), "licence", None), "total_charge_kg", "много")
    sheets["Скважины"][FIRST_ITEM_ROW - 1 + 4][6] = "быстро"
    sheets["Скважины"][FIRST_ITEM_ROW - 1 + 5][2] = None
    found = [(error.sheet, error.cell) for error in read_form(PASSPORT, sheets, zone=ZONE).errors]
    assert found == [("Паспорт", "C10"), ("Скважины", "G7"), ("Паспорт", "C4"), ("Скважины", "C8")]


def test_what_concerns_several_cells_is_told_at_the_first():
    sheets = put(filled(PASSPORT, passport_data()), "window.planned_to", "10.06.2026 12:00")
    assert [(e.cell, e.problem) for e in read_form(PASSPORT, sheets, zone=ZONE).errors] == [
        ("C7", "конец раньше начала")
    ]
    sheets = filled(PASSPORT, passport_data())
    rows = sheets["Контур блока"]
    rows[3], rows[4] = rows[4], rows[3]
    told = read_form(PASSPORT, sheets, zone=ZONE).errors
    assert [(e.sheet, e.problem) for e in told] == [("Контур блока", "контур блока пересекает сам себя")]


def test_an_empty_part_is_asked_for_field_by_field_and_an_empty_list_once():
    sheets = filled(PASSPORT, passport_data())
    for code in ("responsible.name", "responsible.position", "responsible.phone"):
        put(sheets, code, None)
    del sheets["Скважины"][2:]
    told = read_form(PASSPORT, sheets, zone=ZONE).errors
    assert [(e.sheet, e.cell) for e in told] == [
        ("Паспорт", "C29"), ("Паспорт", "C30"), ("Паспорт", "C31"), ("Скважины", "A3"),
    ]  # fmt: skip


def test_a_row_copied_below_does_not_replace_the_first():
    sheets = filled(PASSPORT, passport_data())
    sheets["Паспорт"].append(["hole_count", "Число скважин", 99])
    assert read_form(PASSPORT, sheets, zone=ZONE).document == passport()


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("total_charge_kg", "2 777 кг"),
        ("total_charge_kg", "2\u00a0777,0\u202fкг"),
        ("danger_zone.people_m", "500 м"),
        ("window.planned_from", "10.06.26 13:00"),
        ("window.planned_from", "10.06.2026 13-00"),
        ("window.planned_from", "10.06.2026 в 13.00"),
        ("window.planned_from", "10.06.2026, 13:00:00"),
        ("window.planned_from", "2026-06-10 13:00"),
        ("window.planned_from", "2026-06-10T06:00:00Z"),
        ("window.planned_from", 46183 + 13 / 24),
        ("window.planned_from", datetime(2026, 6, 10, 13, 0)),  # noqa: DTZ001 - so a spreadsheet has it
    ],
)
def test_what_people_and_spreadsheets_write_is_understood_in_local_time(code, value):
    sheets = put(filled(PASSPORT, passport_data()), code, value)
    assert read_form(PASSPORT, sheets, zone=ZONE).document == passport()


def complaints(sheets):
    return [(error.sheet, error.cell, error.problem) for error in read_form(PASSPORT, sheets, zone=ZONE).errors]


def test_lines_put_in_above_and_spaces_in_the_name_of_a_sheet_do_no_harm():
    sheets = filled(PASSPORT, passport_data())
    sheets["Паспорт"].insert(0, ["Паспорт массового взрыва", None, None])
    for _ in range(3):
        sheets["Скважины"].insert(0, ["Блок 14", None, None])
    sheets[" ВМ "] = sheets.pop("ВМ")
    assert read_form(PASSPORT, sheets, zone=ZONE).document == passport()
    sheets["Скважины"][8][3] = "широкая"
    assert complaints(sheets) == [("Скважины", "D9", "не число: нужны только цифры, в единицах «мм»")]


def test_merged_cells_are_named_one_by_one_with_what_to_do():
    sheets = filled(PASSPORT, passport_data())
    for row in sheets["Скважины"][4:6]:
        row[3] = None
    words = "не заполнено; если ячейки объединены, разъедините их: читается только первая"
    assert complaints(sheets) == [("Скважины", "D5", words), ("Скважины", "D6", words)]


def test_a_line_of_totals_is_one_complaint_and_no_hole():
    sheets = filled(PASSPORT, passport_data())
    sheets["Скважины"].append(["Итого", None, None, None, 2777])
    assert complaints(sheets) == [("Скважины", "A13", "строка итогов не нужна: удалите её")]


def test_a_column_that_was_deleted_is_one_complaint():
    sheets = filled(PASSPORT, passport_data())
    for row in sheets["Скважины"]:
        del row[2]
    assert complaints(sheets) == [
        ("Скважины", "A1", "нет столбца с кодом depth_m: верните его в строку кодов, как в пустой форме")
    ]
    del sheets["Скважины"][0]
    assert {sheet for sheet, _, _ in complaints(sheets)} == {"Скважины"}


def test_a_missing_sheet_is_told():
    sheets = filled(PASSPORT, passport_data())
    del sheets["ВМ"]
    told = read_form(PASSPORT, sheets, zone=ZONE).errors
    assert [(error.sheet, error.problem) for error in told] == [("ВМ", "нет такого листа")]


@pytest.mark.parametrize(("column", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_have_letters(column, name):
    assert column_name(column) == name
