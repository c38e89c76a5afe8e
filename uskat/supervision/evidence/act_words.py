"""The words of an act, from the documents of its pack."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from uskat.finding import number_ru
from uskat.supervision.evidence.act import Act, Curve, Sketch, moment_ru, rows_of
from uskat.supervision.evidence.pack import GRADE, READINGS, REGISTRY
from uskat.supervision.handling.step import MACHINE, Action

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PASSED = 1
MOST_ROWS = 40
SEVERITY_RU = {
    "maintenance": "обслуживание", "notice": "замечание", "violation": "нарушение норматива",
    "high": "высокое загрязнение", "extreme": "экстремально высокое загрязнение",
}  # fmt: skip
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
        ("Что установлено", _found(alert)),
        ("Степень доказательности", _grade(grade)),
        ("Норматив", _norm(documents["norm.json"])),
        ("Средства измерений", _instruments(documents[REGISTRY], documents[READINGS], documents["verifications.json"])),
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


def _found(alert: Mapping[str, Any]) -> list[tuple[str, str]]:
    figures = {
        name: f"{number_ru(float(one['value']))} {one.get('unit', '')}"
        for name, one in (alert["figures"] or {}).items()
        if isinstance(one, Mapping) and isinstance(one.get("value"), int | float)
    }
    names = {"peak": "Наибольшее отклонение", "limit": "Норма", "ratio": "Во сколько раз", "duration": "Длительность"}
    rows = {
        "Тревога": alert["title"], "Пост": f"{alert['station_name']} ({alert['station']})",
        "Началось": _at(alert["started_at"]), "Закончилось": _at(alert["ended_at"]) or "ещё идёт",
        "Стало известно": _at(alert["known_at"]),
        "Важность": SEVERITY_RU.get(alert["severity"], alert["severity"]),
        "Обнаружил": f"детектор {alert['detector']}",
        **{label: figures.get(name, "") for name, label in names.items()},
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
        return [("Норматив", applied.get("pack") or "не применялся")]
    verified = "сверен с официальным текстом" if applied.get("verified") else "с официальным текстом не сверен"
    return [(str(applied.get("pack")), str(pack.get("title", ""))), ("Значение", verified)]


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
        until = one["valid_until"] or "без срока"
        good = "пригоден" if one["applicable"] else "НЕПРИГОДЕН"
        words = f"{one['verified_on']} – {until}, {good}, {one['organisation']}, тип № {one['mit_number']}"
        rows.append((f"Поверка {one['docnum']}", words))
    return rows


def _comparison(intervals: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    rows = []
    for one in intervals:
        posts = [post for post in one["posts"] if post["mean"] is not None]
        said = ", ".join(f"{'выше' if p['upstream'] else 'ниже'} {p['station']} {number_ru(p['mean'])}" for p in posts)
        if said and one["mean"] is not None:
            rows.append((_at(one["start"]), f"здесь {number_ru(one['mean'])}; {said}"))
    return rows[:MOST_ROWS] or [("Сравнить не с чем", "соседние посты этого показателя не измеряли")]


def _samples(samples: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [
        (f"Акт отбора № {one['paper']['number']}", "; ".join(filter(None, _sample_words(one)))) for one in samples
    ] or [("Проб нет", "")]


def _sample_words(sample: Mapping[str, Any]) -> list[str]:
    paper, results = sample["paper"], sample.get("results") or {}
    measured = [
        f"{one['parameter']} {number_ru(one['value'])} {one['unit']}"
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
            ": ".join(filter(None, (ACTION_RU[Action(one["action"])], one.get("note")))),
        )
        for one in steps
    ][-MOST_ROWS:]


def _notices(notices: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [
        (f"{one['role']}, {one['channel']}", f"{one['state']} {_at(one['reached_at'])}, срок {_at(one['due_at'])}")
        for one in notices
    ][-MOST_ROWS:] or [("Оповещений нет", "")]


def _curves(registry: Mapping[str, Any], readings: Mapping[str, Any], alert: Mapping[str, Any]) -> list[Curve]:
    limit = (alert["figures"] or {}).get("limit")
    value = limit.get("value") if isinstance(limit, Mapping) else None
    found = []
    for one in registry["series"]:
        points: dict[int, float] = {}
        for series, time_us, number, flag, _ in readings["rows"]:
            if series == one["id"] and flag == PASSED:
                points.setdefault(time_us, number)
        if points:
            own = value if one["id"] == alert["series"] and isinstance(value, int | float) else None
            line = [(EPOCH + timedelta(microseconds=at), points[at]) for at in sorted(points)]
            found.append(Curve(one["name_ru"], one["unit_ru"], line, own))
    return found


def _at(moment: Any) -> str:
    return moment_ru(datetime.fromisoformat(moment)) if isinstance(moment, str) else ""
