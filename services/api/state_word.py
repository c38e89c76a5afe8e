"""The domain's public words (uskat.public_status) with the facts of a station or an alert filled in."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.storage.alert_reading import AlertRow
from uskat.public_status import (
    ALERT_WORDS,
    REJECTION_WORDS,
    STATION_BADGES,
    Badge,
    OpenAlert,
    StationState,
    Verdict,
    alert_words,
    station_state,
)

LOCAL = ZoneInfo("Asia/Novokuznetsk")
MARKS = {"circle": "✓", "triangle": "▲", "diamond": "◆", "octagon": "⬣", "ring": "◌", "square": "▨", "star": "★"}
NO_CAUSE_YET = "выясняем"
GROUND_AT_REST = "Датчик работает. Колебаний выше норматива сейчас нет."
VIBRATION = "vibration"


class StateWord(Struct):
    """A public state: the word alone is enough; shape and colours (fill, text) repeat it."""

    code: str
    word: str
    sentence: str
    shape: str
    fill: str
    text: str


def local_time(moment: datetime) -> str:
    """A moment as it is read in Novokuznetsk."""
    return moment.astimezone(LOCAL).strftime("%d.%m.%Y %H:%M")


def station_word(
    alerts: Sequence[AlertRow], last_reading_at: datetime | None, now: datetime, *, kind: str = "river"
) -> StateWord:
    """State of a station from its active alerts and the moment of its newest reading (UTC)."""
    state = station_state(
        [OpenAlert(alert.kind, Verdict(alert.verdict), alert.started_at) for alert in alerts],
        last_reading=last_reading_at,
        now=now,
    )
    shaken = [alert for alert in alerts if alert.kind == VIBRATION]
    if kind == "seismic" and shaken:
        state = StationState.CHECKING
    badge = STATION_BADGES[state]
    if state is StationState.USUAL and kind == "seismic":
        return _word(badge, GROUND_AT_REST)
    if state is StationState.NO_DATA and last_reading_at is None:
        return _word(badge, "Данных ещё не было.")
    if state is StationState.NO_DATA and last_reading_at is not None:
        return _word(badge, badge.sentence.format(time=local_time(last_reading_at), reason=NO_CAUSE_YET))
    confirmed = [alert for alert in alerts if alert.verdict == Verdict.CONFIRMED]
    if state is StationState.ABOVE_NORM:
        worst = min(confirmed, key=lambda alert: alert.started_at)
        return _word(badge, f"{worst.title} с {local_time(worst.started_at)}.")
    if state is StationState.CHECKING:
        since = min(alert.started_at for alert in alerts if alert.kind != "silence")
        return _word(badge, badge.sentence.format(time=local_time(since)))
    return _word(badge, badge.sentence)


def _word(badge: Badge, sentence: str) -> StateWord:
    return StateWord(badge.code, badge.word, sentence, badge.shape, badge.fill, badge.text)


def shape_mark(shape: str) -> str:
    """A character that draws a shape."""
    return MARKS.get(shape, "■")


def alert_word(alert: AlertRow) -> str:
    """Public word for an alert: what people found, and before that what the machine says."""
    verdict = Verdict(alert.verdict)
    if verdict is Verdict.REJECTED:
        return alert_words(verdict, {"reason": REJECTION_WORDS[alert.rejected_for or ""]})
    if alert.state == "withdrawn":
        return ALERT_WORDS[Verdict.REJECTED].partition(":")[0]
    if verdict is Verdict.CONFIRMED:
        return ALERT_WORDS[verdict]
    if alert.state == "returned" or verdict is Verdict.RESOLVED:
        return alert_words(Verdict.RESOLVED, {"time": local_time(alert.ended_at or alert.updated_at)})
    return alert_words(Verdict.NEW, {})
