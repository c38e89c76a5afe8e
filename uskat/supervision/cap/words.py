"""Words of CAP messages for people: figures, state, what a resident may do; Russian and English side by side.

The machine gives no advice on water or on blasts: it says who does, and where to tell what one sees oneself.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from uskat.supervision.cap.message import CapAlert, MessageType

LOCAL = ZoneInfo("Asia/Novokuznetsk")
FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "peak": "highest {0}", "level": "water level {0}", "ppv": "peak particle velocity {0}",
        "airblast_level": "airblast {0}", "magnitude": "magnitude {0}", "limit": "limit {0}",
        "ratio": "{0} times the limit", "background": "background of the river {0}", "frequency": "frequency {0}",
        "duration": "duration {0}", "stations": "{0} stations",
    }
)  # fmt: skip
"""Figures that mean something without a manual, in the order in which they are said; the rest are parameters only.
English: the Russian reasons have them in sentences."""
LATIN: Mapping[str, str] = MappingProxyType(
    dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True))
    | {"ё": "yo", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu",
       "я": "ya", "№": "No. ", "«": '"', "»": '"', "–": "-"}
)  # fmt: skip
"""Names of places for who reads no Cyrillic (BGN/PCGN 1947, without its special cases)."""
UNITS: Mapping[str, str] = MappingProxyType(
    {
        "мг/дм³": "mg/L", "мгО/дм³": "mg O/L", "мгО₂/дм³": "mg O₂/L", "мкСм/см": "µS/cm", "мВ": "mV", "м³/с": "m³/s",
        "ед. pH": "pH", "мм": "mm", "см": "cm", "см/сут": "cm per day", "см/ч": "cm/h", "м": "m", "км": "km",
        "мм/с": "mm/s", "Па": "Pa", "дБ": "dB", "дБ(Л)": "dB(L)", "Гц": "Hz", "кг": "kg", "т": "t", "с": "s",
        "мин": "min", "ч": "h", "сут": "days", "раз": "", "шт.": "", "ур.": "", "порогов": "thresholds",
    }
)  # fmt: skip
MACHINE = (
    "Это сообщение составила программа по показаниям приборов.",
    "A machine made this message from readings of instruments.",
)
WATCH = (
    "Что делать, говорят только органы власти: следите за их сообщениями.",
    "Only the authorities tell what to do: follow what they say.",
)
OVER = ("Закончилось: указания органов власти остаются в силе, пока они их не отменят.",
        "It is over: what the authorities asked for holds until they take it back.")  # fmt: skip
PASSED = ("Это уже прошло.", "It has passed already.")
TAKEN_BACK = ("Сигнал отозван, он не подтвердился.", "The alert is withdrawn, it was not confirmed.")
TELL = ("О том, что видите сами, сообщите: {0}", "Tell what you see yourself: {0}")


def english(value: str) -> str:
    """A figure with its unit in English; a unit that is not known is left out."""
    number, _, unit = value.partition(" ")
    known = UNITS.get(unit, unit if unit.isascii() else "")
    return f"{number} {known}".strip()


def latin(text: str) -> str:
    """A Russian name in Latin letters; what is in Latin letters stays."""
    return "".join(LATIN.get(one) or (LATIN[one.lower()].capitalize() if one.lower() in LATIN else one) for one in text)


def figures_in_words(alert: CapAlert) -> str:
    """The figures that mean something to everybody, in one English line."""
    told = [words.format(english(alert.figures[name])) for name, words in FIGURES.items() if name in alert.figures]
    return "; ".join(told)


def where_and_since(alert: CapAlert, *, russian: bool) -> str:
    """Place, beginning and end in local time."""
    began, ended = (None if at is None else _local(at) for at in (alert.started_at, alert.ended_at))
    if russian:
        until = f", закончилось {ended}" if ended is not None else ""
        return f"{alert.area.name}. Началось {began}{until} (время новокузнецкое, UTC+7)."
    until = f", over {ended}" if ended is not None else ""
    return f"{latin(alert.area.name_en or alert.area.name)}. Since {began}{until} (Novokuznetsk time, UTC+7)."


def state_in_english(alert: CapAlert) -> str:
    """What the public word says."""
    if alert.cancelled:
        return "Not confirmed"
    if alert.confirmed:
        return "Confirmed by people"
    return "Over" if alert.ended_at is not None else "A specialist is checking"


def instruction(alert: CapAlert, *, russian: bool) -> str:
    """Whom to listen to, and whom to tell."""
    over = PASSED if alert.type is MessageType.ALERT else OVER
    said = TAKEN_BACK if alert.cancelled else over if alert.ended_at is not None else WATCH
    place = 0 if russian else 1
    return " ".join([said[place], TELL[place].format(alert.report)] if alert.report else [said[place]])


def _local(moment: datetime) -> str:
    return moment.astimezone(LOCAL).strftime("%d.%m.%Y %H:%M")
