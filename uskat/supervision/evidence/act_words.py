"""The words of an act, from the documents of its pack."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from uskat.finding import number_ru
from uskat.supervision.evidence.act import Act, Curve, Sketch, moment_ru, rows_of
from uskat.supervision.evidence.act_tables import CHANNEL_RU, DETECTOR_RU, FIGURE_RU, ROLE_RU, STATE_RU, severity_ru
from uskat.supervision.evidence.pack import GRADE, READINGS, RECORDS, REGISTRY
from uskat.supervision.evidence.record_facts import KIND_RU, QUANTITIES
from uskat.supervision.handling.step import MACHINE, Action
from uskat.water.parameters import parameters

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PASSED = 1
MOST_ROWS = 40
REQUIREMENT_RU = {
    "quality": "контроль качества", "states": "состояние прибора", "maintenance": "обслуживание", "clock": "часы",
    "verification": "поверка и утверждённый тип", "method": "аттестованная методика", "range": "диапазон измерений",
    "uncertainty": "неопределённость", "pair": "сравнение с соседним постом", "chain": "цепочка сообщений",
    "sealed": "подпись суток", "sample": "проба лаборатории",
}  # fmt: skip
ACTION_RU = {
    Action.RAISE: "тревога поднята", Action.RETURN: "значение вернулось", Action.REOPEN: "снова превышено",
    Action.REGRADE: "важность изменена", Action.WITHDRAW: "отозвана", Action.ACKNOWLEDGE: "принята в работу",
    Action.LAPSE: "срок вышел, снова ждёт", Action.SHELVE: "отложена", Action.UNSHELVE: "больше не отложена",
    Action.SUPPRESS: "закрыта другой записью", Action.RELEASE: "снова сама по себе",
    Action.ESCALATE: "передана выше", Action.CONFIRM: "подтверждена", Action.REJECT: "не подтвердилась",
    Action.RESOLVE: "завершена", Action.RECONSIDER: "пересматривается",
}  # fmt: skip
WINDOW_RU = {
    "inside": "взята, когда шла вода сброса", "outside": "взята, когда вода сброса здесь не шла",
    "unknown": "связь с водой сброса не установлена",
}  # fmt: skip
CLOSING = (
    "Показания автоматических средств сами по себе – сигнал или повод для проверки; нарушение доказывает проба "
    "аккредитованной лаборатории (степень E4). Порядок присвоения степеней – проектный, ведомством не утверждён. "
    "Подпись пакета – Ed25519, не является квалифицированной электронной подписью. Неизменность проверяется командой "
    "uskat evidence verify без доступа к сети и базе данных."
)


def compose_act(
    documents: Mapping[str, Any], *, made_at: datetime, made_by: str, sketch: Sketch | None, unsealed: int, raw: int
) -> Act:
    """What the act says; unsealed, raw: messages whose day is not closed yet, and all of them."""
    alert, grade = documents["alert.json"]["alert"], documents[GRADE]
    parts = [
        ("Что установлено", _found(alert, sketch)),
        ("Степень доказательности", _grade(grade)),
        ("Норматив", _norm(documents["norm.json"])),
        ("Средства измерений", _instruments(documents[REGISTRY], documents[READINGS], documents["verifications.json"])),
        ("Записи сейсмографов", _records(documents[RECORDS])),
        ("Сравнение с другими постами", _comparison(documents["comparison.json"])),
        ("Пробы лаборатории", _samples(documents["samples.json"])),
        ("Ход работы с тревогой", _steps(documents["handling.json"])),
        ("Кому сообщено", _notices(documents["notices.json"])),
        ("Исходные сообщения", [
            (f"Сообщений прибора в пакете: {raw}", f"из них в ещё не подписанных сутках: {unsealed}"),
            ("Составил", made_by),
        ]),
    ]  # fmt: skip
    facts = [(REQUIREMENT_RU[one["requirement"]], one["holds"], one["words"]) for one in grade["facts"]]
    curves = _curves(documents[REGISTRY], documents[READINGS], alert)
    return Act(f"Акт по тревоге № {alert['id']}", made_at, parts, facts, curves, sketch, CLOSING)


def _found(alert: Mapping[str, Any], sketch: Sketch | None) -> list[tuple[str, str]]:
    figures = {
        name: f"{number_ru(float(one['value']))} {one.get('unit', '')}".strip()
        for name, one in (alert["figures"] or {}).items()
        if isinstance(one, Mapping) and isinstance(one.get("value"), int | float)
    }
    here = next((place for place in sketch.places if place[0] == sketch.here), None) if sketch is not None else None
    rows = {
        "Тревога": alert["title"], "Пост": f"{alert['station_name']} ({alert['station']})",
        "Место": f"{_degrees(here[2])} с. ш., {_degrees(here[1])} в. д." if here is not None else "",
        "Началось": _at(alert["started_at"]), "Закончилось": _at(alert["ended_at"]) or "ещё идёт",
        "Стало известно": _at(alert["known_at"]),
        "Уровень": severity_ru(alert["kind"], alert["severity"]),
        "Как обнаружено": DETECTOR_RU.get(alert["detector"], alert["detector"]),
        **{label: figures.get(name, "") for name, label in FIGURE_RU.items() if name in figures},
    }  # fmt: skip
    reasons = [("Основание", str(one)) for one in alert["reasons"] or ()]
    return rows_of(rows) + reasons


def _grade(grade: Mapping[str, Any]) -> list[tuple[str, str]]:
    rules = grade["rules"]
    checked = "утверждены ведомством" if rules["verified"] else "проектные, ведомством не утверждены"
    return [(grade["grade"], rules["grades"][grade["grade"]]["meaning"]), (f"Правила {rules['id']}", checked)]


def _norm(norm: Mapping[str, Any]) -> list[tuple[str, str]]:
    applied, pack = norm["applied"] or {}, norm["pack"]
    if pack is None:
        said = applied.get("title") or applied.get("pack")
        return [("Норматив", str(said or "не применялся"))]
    verified = "сверен с официальным текстом" if applied.get("verified") else "с официальным текстом не сверен"
    title = str(pack.get("title", ""))
    return [(title, f"правила {applied.get('pack')}"), ("Значение норматива", verified)]


def _instruments(
    registry: Mapping[str, Any], readings: Mapping[str, Any], papers: Mapping[str, Any]
) -> list[tuple[str, str]]:
    used = [one for one in registry["series"] if one["id"] in readings["series"]]
    rows = [
        (
            one["name_ru"],
            (
                f"прибор {one['instrument'] or 'не указан'}, {one['instrument_type'] or ''}, "
                f"зав. № {one['serial_number'] or 'не указан'}"
            ),
        )
        for one in used
    ]
    for one in papers["verifications"][:MOST_ROWS]:
        until = _day(one["valid_until"]) or "без срока"
        good = "пригоден" if one["applicable"] else "НЕПРИГОДЕН"
        words = f"{_day(one['verified_on'])} – {until}, {good}, {one['organisation']}, тип № {one['mit_number']}"
        rows.append((f"Поверка {one['docnum']}", words))
    for one in papers["methods"][:MOST_ROWS]:
        term = f"с {_day(one['valid_from'])}" + (f" по {_day(one['valid_until'])}" if one["valid_until"] else "")
        span = f"диапазон {number_ru(one['low'])}–{number_ru(one['high'])} {_unit(one['parameter'])}"
        rows.append((f"Методика {one['method']}", f"{_name(one['parameter'])}, {span}, {term}"))
    return rows


def _records(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Peaks of every record around the event, the strongest first: a station may have several."""
    rows = []
    for one in sorted(records, key=lambda record: -float(record["measures"].get("ppv_max_mm_s") or 0.0)):
        told = one["measures"]
        parts = [
            f"{number_ru(float(told[name]))} {unit}"
            for name, unit in (("ppv_max_mm_s", "мм/с"), ("frequency_hz", "Гц"), ("airblast_pa", "Па"))
            if isinstance(told.get(name), int | float)
        ]
        kind = str((told.get("judgement") or {}).get("kind", ""))
        rows.append((f"{one['station']}, {_at(one['start'])}", ", ".join([*parts, KIND_RU.get(kind, kind)])))
    return rows[:MOST_ROWS]


def _comparison(intervals: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    if not intervals:
        return []
    rows = []
    for one in intervals:
        posts = [post for post in one["posts"] if post["mean"] is not None]
        said = ", ".join(f"{'выше' if p['upstream'] else 'ниже'} {p['station']} {number_ru(p['mean'])}" for p in posts)
        if said and one["mean"] is not None:
            rows.append((_at(one["start"]), f"здесь {number_ru(one['mean'])}; {said}"))
    return rows[:MOST_ROWS] or [("Сравнить не с чем", "годных показаний соседних постов за это время нет")]


def _samples(samples: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [
        (f"Акт отбора № {one['paper']['number']}", "; ".join(filter(None, _sample_words(one)))) for one in samples
    ] or [("Проб нет", "")]


def _sample_words(sample: Mapping[str, Any]) -> list[str]:
    paper, results = sample["paper"], sample.get("results") or {}
    measured = [
        f"{_name(one['parameter'])} {number_ru(one['value'])} {one['unit']}"
        + (f" ± {number_ru(one['uncertainty'])}" if one.get("uncertainty") is not None else "")
        for one in results.get("results", ())
    ]
    protocol = [f"протокол {results['protocol']}: {', '.join(measured)}"] if measured else ["результатов ещё нет"]
    word = WINDOW_RU.get((sample.get("window") or {}).get("word", "unknown"), "")
    return [f"{_at(paper['taken_at'])}, {paper['laboratory']}", word, *protocol]


def _steps(steps: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [
        (
            f"{_at(one['at'])} {'система' if one['by'] == MACHINE else one['by']}",
            ": ".join(filter(None, (ACTION_RU[Action(one["action"])], _whom(one), _noted(one)))),
        )
        for one in steps
    ][-MOST_ROWS:]


def _whom(step: Mapping[str, Any]) -> str:
    role = str(step.get("to") or "")
    return ROLE_RU.get(role, role)


def _noted(step: Mapping[str, Any]) -> str:
    """What a step says beside its name: the severity it leads to, the grade it was weighed by, words of people."""
    grade = f"степень {step['grade']}" if step.get("grade") else ""
    severity = severity_ru("", step["severity"]) if step["action"] == Action.REGRADE else ""
    return "; ".join(filter(None, (severity, grade, step.get("note"))))


def _notices(notices: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [
        (
            f"{ROLE_RU.get(one['role'], one['role'])}, {CHANNEL_RU.get(one['channel'], one['channel'])}",
            f"{STATE_RU.get(one['state'], one['state'])} {_at(one['reached_at'])}, срок {_at(one['due_at'])}",
        )
        for one in notices
    ][-MOST_ROWS:] or [("Оповещений нет", "")]


def _curves(registry: Mapping[str, Any], readings: Mapping[str, Any], alert: Mapping[str, Any]) -> list[Curve]:
    limit = (alert["figures"] or {}).get("limit")
    value = limit.get("value") if isinstance(limit, Mapping) else None
    ended = datetime.fromisoformat(alert["ended_at"]) if alert["ended_at"] else None
    episode = datetime.fromisoformat(alert["started_at"]), ended
    found = []
    for one in registry["series"]:
        points: dict[int, float] = {}
        for series, time_us, number, flag, _ in readings["rows"]:
            if series == one["id"] and flag == PASSED:
                points.setdefault(time_us, number)
        if points:
            own = value if one["id"] == alert["series"] and isinstance(value, int | float) else None
            line = [(EPOCH + timedelta(microseconds=at), points[at]) for at in sorted(points)]
            found.append(Curve(one["name_ru"], one["unit_ru"], line, own, episode))
    return found


def _at(moment: Any) -> str:
    return moment_ru(datetime.fromisoformat(moment)) if isinstance(moment, str) else ""


def _name(parameter: str) -> str:
    """A parameter or quantity as people know it."""
    known = parameters().get(parameter)
    quantities = {one.code: one.name_ru for one in QUANTITIES}
    return known.name_ru.lower() if known is not None else quantities.get(parameter, parameter)


def _unit(parameter: str) -> str:
    known = parameters().get(parameter)
    quantities = {one.code: one.unit for one in QUANTITIES}
    return known.unit_ru if known is not None else quantities.get(parameter, "")


def _degrees(value: float) -> str:
    return f"{value:.4f}°".replace(".", ",")


def _day(day: Any) -> str:
    return f"{date.fromisoformat(day):%d.%m.%Y}" if isinstance(day, str) else ""
