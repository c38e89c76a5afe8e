"""The indicators: each a wording and the figure of one period. A month takes what happened in it by local time.

Cases count in the month in which they were opened, alerts in which they were known, reports in which the blast was
fired; a verdict of later changes the month that it is about.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from uskat.blast.kpi.punctuality import punctuality
from uskat.supervision.case.paper import CaseVerdict
from uskat.supervision.case.precision import wilson
from uskat.supervision.kpi.facts import AlertFact, CaseFact, Facts, Origin
from uskat.supervision.kpi.figure import Behind, Cell, Indicator, Wording, delay, share
from uskat.water.availability import Month

HOUR = timedelta(hours=1)
STRATEGY = "Стратегия цифровой трансформации Кузбасса (2021), по листу норм water/norms.md, раздел 6"
PROJECT = "Проект: DESIGN §7"
EXCEEDANCE = "exceedance"


@dataclass(frozen=True, slots=True)
class Period:
    """A local month, or the year of which `months` are the codes."""

    start: datetime
    end: datetime
    months: tuple[str, ...]
    now: datetime
    due_h: float

    def holds(self, moment: datetime) -> bool:
        """True when a moment lies in it."""
        return self.start <= moment < self.end


def supervision_kpi(facts: Facts, months: Sequence[Month], *, now: datetime, due_h: float) -> tuple[Indicator, ...]:
    """Every indicator of the local year that the months are. due_h: within which a blast must be reported."""
    year = Period(months[0].start, months[-1].end, tuple(one.code for one in months), now, due_h)
    single = {one.code: Period(one.start, one.end, (one.code,), now, due_h) for one in months}
    return tuple(
        Indicator(wording, reckon(facts, year), {code: reckon(facts, period) for code, period in single.items()})
        for wording, reckon in INDICATORS
    )


def _violations(facts: Facts, period: Period) -> list[CaseFact]:
    return [one for one in facts.cases if one.verdict is CaseVerdict.CONFIRMED and period.holds(one.opened_at)]


def _self_detected(facts: Facts, period: Period) -> Cell:
    found = _violations(facts, period)
    split = {origin.value: sum(one.origin is origin for one in found) for origin in Origin}
    own = [one.id for one in found if one.origin is not Origin.COMPLAINT]
    return share(own, [one.id for one in found if one.origin is Origin.COMPLAINT], origins=split)


def _recall(facts: Facts, period: Period) -> Cell:
    found = _violations(facts, period)
    seen = [one.id for one in found if one.first_known is not None]
    return _with_interval(share(seen, [one.id for one in found if one.first_known is None]))


def _alerts(facts: Facts, period: Period) -> list[AlertFact]:
    return [one for one in facts.alerts if period.holds(one.known_at)]


def _precision(facts: Facts, period: Period) -> Cell:
    judged = [one for one in _alerts(facts, period) if one.confirmed is not None and not one.duplicate]
    right = [one.id for one in judged if one.confirmed]
    return _with_interval(share(right, [one.id for one in judged if not one.confirmed]))


def _with_interval(cell: Cell) -> Cell:
    low, high = wilson(cell.counted or 0, cell.n) if cell.n else (None, None)
    return Cell(cell.value, cell.n, cell.counted, {"low": low, "high": high}, cell.behind)


def _detection(facts: Facts, period: Period) -> Cell:
    standing = [one for one in _alerts(facts, period) if one.kind == EXCEEDANCE and not one.withdrawn]
    hours = [(one.id, (one.known_at - one.started_at) / HOUR) for one in standing if one.confirmed is not False]
    confirmed = [value for (_, value), one in zip(hours, _not_rejected(standing), strict=True) if one.confirmed]
    return delay(hours, confirmed=delay([(0, value) for value in confirmed]).value, confirmed_n=len(confirmed))


def _not_rejected(alerts: Sequence[AlertFact]) -> list[AlertFact]:
    return [one for one in alerts if one.confirmed is not False]


def _acknowledgement(facts: Facts, period: Period) -> Cell:
    alerts = _alerts(facts, period)
    hours = [(one.id, max((one.acknowledged - one.known_at) / HOUR, 0.0)) for one in alerts if one.acknowledged]
    # What nobody has taken although its term ran out counts as late: else the worst would be in no figure.
    owed = [one for one in alerts if one.acknowledged is not None or one.escalated]
    in_term = sum(not one.escalated for one in owed)
    return delay(hours, in_term=in_term / len(owed) if owed else None, in_term_n=len(owed))


def _case_time(of: Callable[[CaseFact], datetime | None]) -> Callable[[Facts, Period], Cell]:
    def reckon(facts: Facts, period: Period) -> Cell:
        own = [(one.id, of(one), one.opened_at) for one in facts.cases if period.holds(one.opened_at)]
        # A sample may be older than the case that it was brought into.
        return delay([(number, max((at - opened) / HOUR, 0.0)) for number, at, opened in own if at is not None])

    return reckon


def _availability(facts: Facts, period: Period) -> Cell:
    own = [one for one in facts.stations if one.month in period.months and one.expected]
    expected, valid = sum(one.expected for one in own), sum(one.valid for one in own)
    stations = tuple(sorted({one.station for one in own}))
    return Cell(valid / expected if expected else None, expected, valid, {"stations": len(stations)}, stations)


def _reporting(facts: Facts, period: Period) -> Cell:
    found = punctuality(facts.reports, since=period.start, until=period.end, now=period.now, due_h=period.due_h)
    due = [one for one in found.enterprises if one.due]
    on_time = [one.enterprise for one in due if one.is_on_time]
    return share(on_time, [one.enterprise for one in due if not one.is_on_time], reports=found.report_share)


INDICATORS: tuple[tuple[Wording, Callable[[Facts, Period], Cell]], ...] = (
    (
        Wording(
            "self_detected_share",
            "Доля нарушений природоохранного законодательства в бассейне реки Ускат, "
            "выявленных контрольно-надзорными органами самостоятельно",
            "Share of violations found by the agencies themselves", "доля",
            "подтверждённые дела, где прибор или плановая проверка были раньше жалобы / все подтверждённые дела",
            STRATEGY, Behind.CASES, {2022: 0.5, 2023: 1.0, 2024: 1.0},
        ),
        _self_detected,
    ),
    (
        Wording(
            "detection_h", "Среднее время выявления по контрольным веществам", "Mean time to detect", "ч",
            "среднее (стало известно − началось) по превышениям, не отозванным и не отвергнутым", STRATEGY,
            Behind.ALERTS,
        ),
        _detection,
    ),
    (
        Wording(
            "reporting_share", "Доля предприятий, которые отчитались о взрывах в срок",
            "Share of enterprises that reported every blast in time", "доля",
            "предприятия, все отчёты которых пришли в срок / предприятия, у которых был срок", STRATEGY,
            Behind.ENTERPRISES,
        ),
        _reporting,
    ),
    (
        Wording(
            "precision", "Точность тревог по решениям людей", "Precision of alerts by verdicts of people", "доля",
            "подтверждённые / (подтверждённые + отвергнутые, кроме дублей); 95 % по Уилсону", PROJECT, Behind.ALERTS,
        ),
        _precision,
    ),
    (
        Wording(
            "recall", "Полнота: подтверждённые нарушения, о которых была тревога", "Recall against verdicts", "доля",
            "подтверждённые дела хотя бы с одной тревогой / подтверждённые дела; 95 % по Уилсону", PROJECT,
            Behind.CASES,
        ),
        _recall,
    ),
    (
        Wording(
            "availability", "Готовность станций", "Availability of stations", "доля",
            "годные 20-минутные интервалы опубликованных рядов / ожидавшиеся до сих пор", PROJECT, Behind.STATIONS,
        ),
        _availability,
    ),
    (
        Wording(
            "acknowledgement_h", "Время до принятия тревоги человеком", "Time until a person takes an alert", "ч",
            "среднее (принята − известна); in_term: без напоминания старшему, из принятых и напомненных", PROJECT,
            Behind.ALERTS,
        ),
        _acknowledgement,
    ),
    (
        Wording("dispatch_h", "Время до выезда", "Time until somebody is sent", "ч",
                "среднее (выезд − открытие дела)", PROJECT, Behind.CASES),
        _case_time(lambda one: one.dispatched),
    ),
    (
        Wording("sample_h", "Время до отбора пробы", "Time until a sample is taken", "ч",
                "среднее (проба − открытие дела)", PROJECT, Behind.CASES),
        _case_time(lambda one: one.sampled),
    ),
    (
        Wording("decision_h", "Время до решения по делу", "Time until a case is judged", "ч",
                "среднее (решение − открытие дела)", PROJECT, Behind.CASES),
        _case_time(lambda one: one.decided),
    ),
)  # fmt: skip
"""In the order in which they are shown: the strategy's own first."""
CODES = tuple(wording.code for wording, _ in INDICATORS)
