"""Clocks of loggers: evidence that one is wrong, and what to do about it.

Evidence is told in the order of receipt, not of the device's own time, because that time is what is doubted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from uskat.finding import Figure, Finding, FindingKind, Severity

DETECTOR = "clock"
OFFSET_LIMIT_S = 30.0
BACK_LIMIT_S = 60.0
QUIET = timedelta(hours=6)
"""Without evidence for so long the clock counts as set right (project rule)."""


class ClockCause(StrEnum):
    """How a clock shows itself to be wrong."""

    FUTURE = "future"
    PAST = "past"
    OFFSET = "offset"
    BACK = "back"


SENTENCE_RU = {
    ClockCause.FUTURE: "Сообщения со временем из будущего отклонены: {count}.",
    ClockCause.PAST: "Сообщения со временем из далёкого прошлого отклонены: {count}.",
    ClockCause.OFFSET: "Прибор сам сообщил об уходе часов до {size} с (допустимо 30 с): раз – {count}.",
    ClockCause.BACK: "Время прибора перескочило назад при растущем номере сообщения, до {size} с: раз – {count}.",
}
HINT_RU = (
    "Проверьте на приборе часовой пояс (нужен UTC), синхронизацию по GPS или NTP и батарейку часов; "
    "отклонённые сообщения сохранены и после исправления могут быть разобраны заново (uskat reparse)."
)


@dataclass(frozen=True, slots=True)
class ClockFault:
    """Evidence over [first, last] of receipt, UTC. size_s: largest deviation seen, where it is known."""

    cause: ClockCause
    first: datetime
    last: datetime
    count: int = 1
    size_s: float | None = None


@dataclass(frozen=True, slots=True)
class ClockVerdict:
    """Episodes of a wrong clock, and when to look again for its end."""

    findings: tuple[Finding, ...]
    next_look: datetime | None


def judge_clock(faults: Iterable[ClockFault], now: datetime, *, device_id: int, device: str) -> ClockVerdict:
    """Episodes of one device: evidence with gaps shorter than QUIET belongs together."""
    episodes: list[list[ClockFault]] = []
    for fault in sorted(faults, key=lambda fault: (fault.first, fault.last, fault.cause)):
        if episodes and fault.first - max(known.last for known in episodes[-1]) < QUIET:
            episodes[-1].append(fault)
        else:
            episodes.append([fault])
    findings = tuple(_finding(episode, now, device_id=device_id, device=device) for episode in episodes)
    open_until = [max(fault.last for fault in episode) + QUIET for episode in episodes[-1:]]
    return ClockVerdict(findings, next((moment for moment in open_until if moment > now), None))


def _finding(episode: list[ClockFault], now: datetime, *, device_id: int, device: str) -> Finding:
    start, last = episode[0].first, max(fault.last for fault in episode)
    over = last + QUIET <= now
    figures: dict[str, Figure] = {}
    reasons: list[str] = []
    for cause in ClockCause:
        own = [fault for fault in episode if fault.cause is cause]
        if not own:
            continue
        count = sum(fault.count for fault in own)
        size = max((fault.size_s for fault in own if fault.size_s is not None), default=None)
        figures[f"{cause.value}_count"] = Figure(float(count), "шт.")
        if size is not None:
            figures[f"{cause.value}_largest"] = Figure(size, "с")
        reasons.append(SENTENCE_RU[cause].format(count=count, size="?" if size is None else f"{size:.0f}"))
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.CLOCK,
        severity=Severity.MAINTENANCE,
        key=f"{DETECTOR}:{device_id}",
        started_at=start,
        knowable_at=start,
        ended_at=last if over else None,
        settled_at=last + QUIET if over else None,
        title=f"Часы прибора {device} врут",
        title_en=f"The clock of device {device} is wrong",
        device_id=device_id,
        figures=figures,
        reasons=(*reasons, HINT_RU),
    )
