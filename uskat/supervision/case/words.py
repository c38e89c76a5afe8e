"""What people read of a case: its stages and terms in words, Russian first. The one place where they are written."""

from collections.abc import Mapping
from types import MappingProxyType

from uskat.supervision.case.paper import Clock
from uskat.supervision.case.state import Stage

STAGE_WORDS: Mapping[Stage, tuple[str, str]] = MappingProxyType(
    {
        Stage.SUSPECTED: ("Подозрение", "Suspected"),
        Stage.INSPECTED: ("Осмотрено", "Inspected"),
        Stage.CONFIRMED: ("Нарушение подтверждено", "Violation confirmed"),
        Stage.NOT_CONFIRMED: ("Не подтвердилось", "Not confirmed"),
        Stage.INSTRUMENT_FAULT: ("Неисправность прибора", "Instrument fault"),
        Stage.NATURAL: ("Природная причина", "Natural cause"),
        Stage.MEASURES: ("Меры приняты", "Measures taken"),
        Stage.CLOSED: ("Закрыто", "Closed"),
    }
)
CLOCK_WORDS: Mapping[Clock, tuple[str, str]] = MappingProxyType(
    {
        Clock.ACKNOWLEDGE: ("принять", "acknowledge"),
        Clock.DISPATCH: ("выехать", "dispatch"),
        Clock.SAMPLE: ("взять пробу", "take a sample"),
        Clock.DECIDE: ("решить", "decide"),
        Clock.EXPLAIN: ("ответ предприятия", "answer of the enterprise"),
        Clock.MEASURE: ("исполнить меру", "fulfil a measure"),
    }
)
