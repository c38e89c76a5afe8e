"""The act is a PDF of the same bytes for the same contents, whatever the contents."""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from uskat.supervision.case.paper import WindowWord
from uskat.supervision.evidence.act import Act, Curve, Sketch, act_fonts, draw_act
from uskat.supervision.evidence.act_tables import CHANNEL_RU, DETECTOR_RU, ROLE_RU, STATE_RU, severity_ru
from uskat.supervision.evidence.act_words import (
    ACTION_RU,
    REQUIREMENT_RU,
    WINDOW_RU,
    _notices,
    _records,
    _samples,
    _steps,
    compose_act,
)
from uskat.supervision.evidence.grade import Requirement
from uskat.supervision.evidence.sketch import sketch_of
from uskat.supervision.handling.step import MACHINE, Action
from uskat.supervision.notice.norms import Channel
from uskat.water.network import demo_network

START = datetime(2026, 6, 1, 8, tzinfo=UTC)
CURVE = Curve("Аммоний-ион", "мг/дм³", [(START + timedelta(minutes=i), math.sin(i / 20)) for i in range(200)], 0.5)
FLAT = Curve("Водородный показатель", "ед. pH", [(START, 7.0), (START + timedelta(hours=1), 7.0)])
ONE = Curve("Одно показание", "°C", [(START, 7.0)])
SKETCH = Sketch([[(86.9, 54.08), (87.27, 53.99)]], [("U-43", 86.9, 54.08), ("U-01", 87.26, 53.99)], "U-43")


def drawn(act: Act) -> bytes:
    regular, bold = act_fonts()
    return draw_act(act, font=regular, bold=bold)


def act(**changes) -> Act:
    rows = [("Что установлено", [("Пост", "Ускат ниже выпуска")]), ("Пустая часть", [])]
    values = {
        "title": "Акт по тревоге № 5", "made_at": START, "rows": rows, "facts": [("поверка", False, "записей нет")],
        "curves": [CURVE, FLAT, ONE], "sketch": SKETCH, "closing": "Повод для проверки.",
    }  # fmt: skip
    return Act(**(values | changes))


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_equal_acts_are_equal_bytes_and_another_moment_is_another_act():
    assert drawn(act()) == drawn(act())
    assert drawn(act()) != drawn(act(made_at=START + timedelta(seconds=1)))
    assert drawn(act()).startswith(b"%PDF-")


def test_whatever_is_long_goes_on_the_next_page():
    long = [("Ход", [(f"шаг {i}", "слово" * 60 + " №" + "x" * 400) for i in range(60)])]
    assert pages(drawn(act(rows=long, curves=[CURVE] * 6))) > pages(drawn(act())) >= 1


def test_nothing_to_show_is_no_fault():
    assert pages(drawn(act(rows=[], facts=[], curves=[], sketch=Sketch([], [], "U-43")))) == 1
    assert pages(drawn(act(sketch=None, title="Знаки вне шрифта: \U0001f4a5"))) >= 1


def test_every_requirement_has_its_word_in_the_act():
    assert set(REQUIREMENT_RU) == {one.value for one in Requirement}


def test_an_act_tells_in_russian_what_was_done_and_what_the_laboratory_found():
    assert set(ACTION_RU) == set(Action)
    assert set(WINDOW_RU) == {word.value for word in WindowWord}
    [(when, what)] = _steps([{"at": START.isoformat(), "by": MACHINE, "action": "raise", "note": ""}])
    assert when.endswith("система")
    assert what == "тревога поднята"
    results = [{"parameter": "nh4", "value": 1.9, "unit": "мг/дм³", "uncertainty": 0.3}]
    paper = {"number": "2/26", "taken_at": START.isoformat(), "laboratory": "ЦЛАТИ (демо)"}
    sample = {"paper": paper, "results": {"protocol": "П-2", "results": results}, "window": {"word": "outside"}}
    [(_, words)] = _samples([sample])
    assert "не шла" in words
    assert "протокол П-2: аммоний-ион 1,9 мг/дм³ ± 0,3" in words
    assert "результатов ещё нет" in _samples([sample | {"results": None}])[0][1]


SOURCES = Path(__file__).parents[3]


def test_every_detector_has_a_russian_name():
    files = [*(SOURCES / "uskat").rglob("*.py"), *(SOURCES / "services/alerts").rglob("*.py")]
    said = {
        name for file in files for name in re.findall(r'^[A-Z_]*DETECTOR = "(\w+)"', file.read_text(), re.MULTILINE)
    }
    assert len(said) > 10
    assert said <= set(DETECTOR_RU), said - set(DETECTOR_RU)


def test_notices_are_told_in_russian():
    assert set(CHANNEL_RU) == set(Channel)
    told = {"role": "head", "channel": "sms", "state": "dead", "reached_at": None, "due_at": START.isoformat()}
    [(whom, what)] = _notices([told])
    assert whom == "руководитель, СМС"
    assert what.startswith("НЕ ДОСТАВЛЕНО")
    assert not re.search("[a-z]", "".join([*ROLE_RU.values(), *STATE_RU.values(), *DETECTOR_RU.values()]))


def test_a_step_says_to_whom_it_went_and_by_which_grade_it_was_weighed():
    steps = [
        {"at": START.isoformat(), "by": MACHINE, "action": "escalate", "to": "head"},
        {"at": START.isoformat(), "by": MACHINE, "action": "regrade", "severity": "extreme", "grade": "E2", "note": "Поверка."},
    ]  # fmt: skip
    assert [what for _, what in _steps(steps)] == [
        "передана выше: руководитель", "важность изменена: наивысшая; степень E2; Поверка.",
    ]  # fmt: skip
    assert severity_ru("exceedance", "extreme") == "экстремально высокое загрязнение"


def test_records_are_told_with_units_the_strongest_first():
    weak, strong = (
        {"station": name, "start": START.isoformat(), "measures": {
            "ppv_max_mm_s": peak, "frequency_hz": 8.0, "airblast_pa": None, "judgement": {"kind": "motion"},
        }}
        for name, peak in (("S-1", 0.5), ("S-2", 6.2))
    )  # fmt: skip
    (first, words), _ = _records([weak, strong])
    assert first.startswith("S-2")
    assert words == "6,2 мм/с, 8 Гц, движение грунта"


def test_a_sketch_shows_the_river_of_a_post_and_the_pits_around_a_seismograph():
    network = demo_network()
    river = sketch_of(network, "U-43")
    assert {name for name, *_ in river.places} >= {"U-43", "KU-2", "PU-1", "Терентьевское"}
    assert {name for name, *_ in river.names} >= {"Ускат", "Талда"}
    around = sketch_of(network, "SEIS-TALDA-1")
    assert {name for name, *_ in around.places} >= {"SEIS-TALDA-1", "SEIS-TALDA-2", "Карьер Кедровая Падь (демо)"}
    assert sketch_of(network, "нет") is None


def test_the_whole_act_is_russian_and_its_fonts_draw_it():
    alert = {
        "id": 7, "title": "Аммоний-ион выше норматива", "station": "U-43", "station_name": "Ускат (демо)",
        "started_at": START.isoformat(), "ended_at": None, "known_at": START.isoformat(), "kind": "exceedance",
        "severity": "extreme", "detector": "exceedance", "series": None, "reasons": ["Выше нормы."],
        "figures": {"peak": {"value": 3.25, "unit": "мг/дм³"}, "unknown": {"value": 1, "unit": ""}},
    }  # fmt: skip
    rules = {"id": "r", "verified": False, "grades": {"E1": {"meaning": "сигнал"}}}
    documents = {
        "alert.json": {"alert": alert}, "grade.json": {"grade": "E1", "facts": [], "rules": rules},
        "norm.json": {"applied": None, "pack": None}, "registry.json": {"series": []}, "records.json": [],
        "readings.json": {"series": [], "rows": []}, "verifications.json": {"verifications": [], "methods": []},
        "comparison.json": [], "samples.json": [], "handling.json": [], "notices.json": [],
    }  # fmt: skip
    made = compose_act(
        json.loads(json.dumps(documents)), made_at=START, made_by="ivanova", sketch=sketch_of(demo_network(), "U-43"),
        unsealed=0, raw=0,
    )  # fmt: skip
    found = dict(dict(made.rows)["Что установлено"])
    assert found["Как обнаружено"] == DETECTOR_RU["exceedance"]
    assert found["Наибольшее значение"] == "3,25 мг/дм³"
    assert found["Место"] == "54,0804° с. ш., 86,8986° в. д."
    assert pages(drawn(made)) >= 1
