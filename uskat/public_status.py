"""The words, shapes, colours and sentences that people see for every state.

Source: shared sheet UX.md §5. A state is word + shape + colour + time, and the word alone must be enough. No data is
a state of its own, never «норма»; nothing is ever called safe or clean; «Не берите воду» is said by a named person
only, so no function here returns it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from uskat.supervision.handling.step import RejectionReason

OUTLINE = "#12181f"
DARK_TEXT = "#12181f"
WHITE = "#ffffff"
SILENT_AFTER = timedelta(hours=1)
"""Without a reading for so long a post shows «Нет данных», whatever was known before (project rule)."""
REJECTED_SHOWN = timedelta(hours=48)
RESOLVED_SHOWN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Badge:
    """How a state looks. sentence: template in Russian, {names} filled by whoever shows it. ring: colour of an edge."""

    code: str
    word: str
    word_en: str
    sentence: str
    shape: str
    sign: str
    fill: str
    text: str
    ring: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """For machines and pages."""
        return {
            "code": self.code, "word": self.word, "word_en": self.word_en, "sentence": self.sentence,
            "shape": self.shape, "sign": self.sign, "fill": self.fill, "text": self.text, "ring": self.ring,
            "outline": OUTLINE,
        }  # fmt: skip


class StationState(StrEnum):
    """State of a river post."""

    USUAL = "usual"
    UNUSUAL = "unusual"
    ABOVE_NORM = "above_norm"
    WARNING = "warning"
    CHECKING = "checking"
    NO_DATA = "no_data"
    MAINTENANCE = "maintenance"
    SEASONAL = "seasonal"


class BlastState(StrEnum):
    """State of a blast, announced or only measured."""

    PREPARED = "prepared"
    ANNOUNCED = "announced"
    MOVED = "moved"
    CANCELLED = "cancelled"
    ZONE_IN_FORCE = "zone_in_force"
    FIRING = "firing"
    ALL_CLEAR = "all_clear"
    OVERDUE = "overdue"
    FIRED = "fired"
    MEASURED_UNFELT = "measured_unfelt"
    MEASURED_FELT = "measured_felt"
    MEASURED_ABOVE = "measured_above"
    UNANNOUNCED = "unannounced"
    NOT_MEASURED = "not_measured"


class Verdict(StrEnum):
    """Where a person's work on an alert stands."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    RESOLVED = "resolved"


_NO_DATA = ("#b9bfc7", DARK_TEXT)

STATION_BADGES: Mapping[StationState, Badge] = MappingProxyType(
    {
        StationState.USUAL: Badge(
            "usual", "Как обычно", "As usual",
            "По измеряемым показателям вода такая же, как обычно в это время года.",
            "circle", "tick", "#1a7f8e", WHITE,
        ),
        StationState.UNUSUAL: Badge(
            "unusual", "Необычно", "Unusual", "Показатели отличаются от обычных. Норматив не превышен.",
            "triangle", "!", "#ffd24a", DARK_TEXT,
        ),
        StationState.ABOVE_NORM: Badge(
            "above_norm", "Выше норматива", "Above the norm", "{parameter} выше норматива {document} с {time}.",
            "diamond", "", "#c8440a", WHITE,
        ),
        StationState.WARNING: Badge(
            "warning", "Не берите воду", "Do not take water", "{authority} просит не брать воду до {time}.",
            "octagon", "", "#5b0f2e", WHITE,
        ),
        StationState.CHECKING: Badge(
            "checking", "Проверяем", "Being checked", "Датчик показал отклонение в {time}. Специалист проверяет.",
            "ring", "magnifier", WHITE, DARK_TEXT, "#0b57a4",
        ),
        StationState.NO_DATA: Badge(
            "no_data", "Нет данных", "No data", "Пост молчит с {time}. Причина: {reason}.",
            "square", "hatch", *_NO_DATA,
        ),
        StationState.MAINTENANCE: Badge(
            "maintenance", "Обслуживание", "Maintenance", "До {time} данные могут быть неверны.",
            "square", "wrench", *_NO_DATA,
        ),
        StationState.SEASONAL: Badge(
            "seasonal", "Зимний перерыв", "Winter break", "Пост работает с {month_from} по {month_to}.",
            "square", "snowflake", *_NO_DATA,
        ),
    }
)  # fmt: skip

BLAST_BADGES: Mapping[BlastState, Badge] = MappingProxyType(
    {
        BlastState.PREPARED: Badge(
            "prepared", "Не объявлен", "Not announced", "{pit}: паспорт подан, окно {window} {date} не объявлено.",
            "square", "outline", *_NO_DATA,
        ),
        BlastState.ANNOUNCED: Badge(
            "announced", "Объявлен", "Announced", "{pit}: {date}, окно {window}. Опасная зона {zone} м.",
            "square", "outline", WHITE, DARK_TEXT,
        ),
        BlastState.MOVED: Badge(
            "moved", "Перенесён", "Moved", "Было {before}, стало {after}. Причина: {reason}.",
            "square", "strike", WHITE, DARK_TEXT,
        ),
        BlastState.CANCELLED: Badge(
            "cancelled", "Отменён", "Cancelled", "Взрыв {before} отменён. Причина: {reason}.",
            "square", "strike", WHITE, DARK_TEXT,
        ),
        BlastState.ZONE_IN_FORCE: Badge(
            "zone_in_force", "Введена опасная зона", "Danger zone in force",
            "Один продолжительный сигнал. В зону не входить. В посёлке делать ничего не нужно.",
            "triangle", "", "#ffd24a", DARK_TEXT,
        ),
        BlastState.FIRING: Badge(
            "firing", "Взрыв", "Firing", "Два продолжительных сигнала.", "star", "", "#c8440a", WHITE,
        ),
        BlastState.ALL_CLEAR: Badge(
            "all_clear", "Отбой", "All clear", "Три коротких сигнала. Дороги открыты.",
            "circle", "tick", "#1a7f8e", WHITE,
        ),
        BlastState.OVERDUE: Badge(
            "overdue", "Окно прошло", "Window has passed", "{pit}: окно {window} {date} прошло, о взрыве не сообщено.",
            "ring", "", WHITE, DARK_TEXT, "#0b57a4",
        ),
        BlastState.FIRED: Badge(
            "fired", "Взорван", "Fired", "{pit}: взорвано {date} в {time}.", "star", "", "#c8440a", WHITE,
        ),
        BlastState.MEASURED_UNFELT: Badge(
            "measured_unfelt", "Замер: не ощутимо", "Measured: not felt",
            "В {settlement} колебания ниже порога, который чувствует большинство людей.",
            "circle", "tick", "#1a7f8e", WHITE,
        ),
        BlastState.MEASURED_FELT: Badge(
            "measured_felt", "Замер: ощутимо, ниже норматива", "Measured: felt, below the limit",
            "Вы могли почувствовать. Это {percent} % от норматива.", "triangle", "", "#ffd24a", DARK_TEXT,
        ),
        BlastState.MEASURED_ABOVE: Badge(
            "measured_above", "Замер: выше норматива", "Measured: above the limit",
            "Выше норматива в {settlement}. Передано в {authority} в {time}.", "diamond", "", "#c8440a", WHITE,
        ),
        BlastState.UNANNOUNCED: Badge(
            "unannounced", "Толчок без объявления", "Shake without announcement",
            "Объявления на это время нет. Выясняем, чей это взрыв.", "ring", "", WHITE, DARK_TEXT, "#0b57a4",
        ),
        BlastState.NOT_MEASURED: Badge(
            "not_measured", "Не измерено", "Not measured", "Рядом не было работающего датчика.",
            "square", "hatch", *_NO_DATA,
        ),
    }
)  # fmt: skip

ALERT_WORDS: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.NEW: "Проверяем",
        Verdict.ACKNOWLEDGED: "Проверяем",
        Verdict.CONFIRMED: "Подтверждено",
        Verdict.REJECTED: "Не подтвердилось: {reason}",
        Verdict.RESOLVED: "Завершено {time}",
    }
)
REJECTION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        RejectionReason.INSTRUMENT: "датчик", RejectionReason.MAINTENANCE: "обслуживание",
        RejectionReason.WEATHER: "погода/паводок", RejectionReason.CALIBRATION: "калибровка",
        RejectionReason.DUPLICATE: "дубль", RejectionReason.RULE: "ошибка правила",
    }
)  # fmt: skip
REJECTION_REASONS = tuple(REJECTION_WORDS.values())


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """What the public state of a post depends on: an active machine alert and its human verdict, if any."""

    kind: str
    verdict: Verdict = Verdict.NEW
    started_at: datetime | None = None


def station_state(alerts: Iterable[OpenAlert], *, last_reading: datetime | None, now: datetime) -> StationState:
    """Public state of a river post.

    alerts: its active published alerts. last_reading: newest reading of any channel; None for none ever. A deviation
    that nobody has looked at is «Проверяем», a confirmed one «Выше норматива»; a rejected one counts as none. A post
    without fresh readings has no state of its water at all.
    """
    deviations = [alert for alert in alerts if alert.kind in DEVIATIONS and alert.verdict not in CLOSED]
    if any(alert.verdict is Verdict.CONFIRMED for alert in deviations):
        return StationState.ABOVE_NORM
    if last_reading is None or now - last_reading > SILENT_AFTER:
        return StationState.NO_DATA
    return StationState.CHECKING if deviations else StationState.USUAL


DEVIATIONS = frozenset({"exceedance"})
CLOSED = frozenset({Verdict.REJECTED, Verdict.RESOLVED})


def blast_state(status: str, *, announced: bool, planned_to: datetime, now: datetime) -> BlastState:
    """State of a declared blast by its status (uskat.blast.passport.lifecycle); raises KeyError for an unknown one.

    announced: the window that holds now was told to the public.
    """
    if status in {"planned", "published"} and not announced:
        return BlastState.PREPARED
    if status == "published":
        return BlastState.OVERDUE if now > planned_to else BlastState.ANNOUNCED
    return {
        "planned": BlastState.PREPARED, "postponed": BlastState.MOVED, "cancelled": BlastState.CANCELLED,
        "fired": BlastState.FIRED, "reported": BlastState.FIRED,
    }[status]  # fmt: skip


def alert_words(verdict: Verdict, facts: Mapping[str, Any]) -> str:
    """Public words for a verdict; facts: `reason` for a rejection, `time` (local, as text) for a resolution.

    Raises ValueError for a reason outside the closed list.
    """
    if verdict is Verdict.REJECTED and facts.get("reason") not in REJECTION_REASONS:
        raise ValueError(f"unknown reason {facts.get('reason')!r}; one of {', '.join(REJECTION_REASONS)}")
    return ALERT_WORDS[verdict].format_map(facts)


def is_still_shown(verdict: Verdict, *, decided_at: datetime, now: datetime) -> bool:
    """True while the public still sees a decided alert: a rejection 48 hours, a resolution 24, others always."""
    shown = {Verdict.REJECTED: REJECTED_SHOWN, Verdict.RESOLVED: RESOLVED_SHOWN}.get(verdict)
    return shown is None or now - decided_at < shown
