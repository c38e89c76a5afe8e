"""Russian words of the act for what the product names by code: detectors, figures, channels, states of notices."""

from collections.abc import Mapping
from types import MappingProxyType

from uskat.supervision.notice.norms import Channel

DETECTOR_RU: Mapping[str, str] = MappingProxyType(
    {
        "exceedance": "сравнение 20-минутных средних с нормативом",
        "event": "поиск необычных изменений воды по нескольким показателям",
        "attribution": "поиск источника загрязнения по времени добегания и составу",
        "flood": "уровни воды и их рост",
        "fault": "контроль исправности датчиков",
        "silence": "контроль связи с прибором",
        "clock": "контроль часов прибора",
        "vibration": "сравнение скорости колебаний грунта с допустимой",
        "airblast": "сравнение воздушной волны с допустимой",
        "blast": "сопоставление записей сейсмографов с заявленными взрывами",
        "charge": "сравнение заявленного заряда с записями сейсмографов",
        "blast_report": "контроль сроков отчётов о взрывах",
        "blast_restriction": "сравнение взрыва с ограничениями: НМУ, ветер, часы, расстояния",
        "restriction": "контроль решений об ограничениях",
        "cause": "объединение тревог с общей причиной",
    }
)
"""What found it, by the code of the detector."""
FIGURE_RU: Mapping[str, str] = MappingProxyType(
    {
        "peak": "Наибольшее значение", "mean_excess": "Среднее превышение", "limit": "Норма", "ratio": "Во сколько раз",
        "duration": "Длительность", "intervals": "Интервалов по 20 минут", "background": "Фон реки",
        "usual": "Обычно", "level": "Уровень воды", "rise_hour": "Рост за час", "rise_day": "Рост за сутки",
        "probability": "Вероятность", "ppv": "Скорость колебаний", "pvs": "Сумма векторов скорости",
        "airblast_level": "Уровень воздушной волны", "airblast": "Давление воздушной волны", "frequency": "Частота",
        "margin_percent": "Запас (минус – превышение)", "margin_db": "Запас (минус – превышение)",
        "distance": "Расстояние", "magnitude": "Магнитуда", "charge": "Заряд", "stations": "Станций",
        "instruments": "Приборов", "silent": "Молчит", "shift": "Сдвиг", "jump": "Скачок",
    }
)  # fmt: skip
"""Figures of an alert that an inspector needs, in the order in which they are said; the rest are in alert.json."""
CHANNEL_RU: Mapping[str, str] = MappingProxyType(
    {
        Channel.EMAIL: "электронная почта", Channel.TELEGRAM: "Telegram", Channel.WEBHOOK: "информационная система",
        Channel.SMS: "СМС", Channel.PUSH: "уведомление браузера",
    }
)  # fmt: skip
STATE_RU: Mapping[str, str] = MappingProxyType(
    {"waiting": "ещё не отправлено", "delivered": "доставлено", "dead": "НЕ ДОСТАВЛЕНО", "dropped": "отменено"}
)
ROLE_RU: Mapping[str, str] = MappingProxyType(
    {
        "duty": "дежурный", "senior_inspector": "старший инспектор", "head": "руководитель", "metrologist": "метролог",
        "citizens": "подписавшийся житель", "enterprise": "предприятие",
    }
)  # fmt: skip
"""Audiences that every installation has; those of an agency's own norms stay as it named them."""
SEVERITY_RU: Mapping[str, str] = MappingProxyType(
    {
        "maintenance": "обслуживание", "notice": "замечание", "violation": "нарушение норматива",
        "high": "высокое загрязнение", "extreme": "экстремально высокое загрязнение",
    }
)  # fmt: skip
GRAVE_RU: Mapping[str, str] = MappingProxyType({"high": "высокая", "extreme": "наивысшая"})
"""Severities of what is no water: ВЗ and ЭВЗ are words of water norms."""
WATER = frozenset({"exceedance", "event", "source", "natural"})


def severity_ru(kind: str, severity: str) -> str:
    """Severity in words that fit the kind of an alert."""
    words = SEVERITY_RU if kind in WATER else {**SEVERITY_RU, **GRAVE_RU}
    return words.get(severity, severity)
