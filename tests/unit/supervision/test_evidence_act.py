"""The act is a PDF of the same bytes for the same contents, whatever the contents."""

import math
import re
from datetime import UTC, datetime, timedelta

from uskat.supervision.case.paper import WindowWord
from uskat.supervision.evidence.act import Act, Curve, Sketch, act_fonts, draw_act
from uskat.supervision.evidence.act_words import ACTION_RU, REQUIREMENT_RU, WINDOW_RU, _samples, _steps
from uskat.supervision.evidence.grade import Requirement
from uskat.supervision.handling.step import MACHINE, Action

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
    assert "протокол П-2: nh4 1,9 мг/дм³ ± 0,3" in words
    assert "результатов ещё нет" in _samples([sample | {"results": None}])[0][1]
