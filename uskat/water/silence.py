"""Silence: a channel, or a whole device, that should have reported and did not.

No data is a state of its own, never «норма». The rule looks at the newest reading only; when the stream comes back,
the caller ends the alert at the first reading after the silence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from uskat.finding import Figure, Finding, FindingKind, Severity
from uskat.water.norms import LOCAL_ZONE

DETECTOR = "silence"
MISSED_READINGS = 3
LEAST_SILENCE = timedelta(minutes=10)
JUST_AFTER = timedelta(milliseconds=1)
DELIVERY_PAUSE = timedelta(minutes=2)
"""A logger that returns sends its buffer without longer pauses than this (project rule)."""
LONGEST_DELIVERY = timedelta(hours=2)
"""A device whose data stay old for longer while it delivers is not catching up: its silence is told (project rule)."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A series that should report. created_at: when it was registered; last: newest reading, None for none ever."""

    series_id: int
    device_id: int
    name: str
    name_en: str
    expected_interval_s: int
    created_at: datetime
    last: datetime | None
    published: bool = True

    @property
    def heard_at(self) -> datetime:
        """Newest sign of life, or the registration."""
        return self.last if self.last is not None else self.created_at


@dataclass(frozen=True, slots=True)
class Silence:
    """An open silence: of a device (channel None) or of one channel. since: newest reading before it, UTC."""

    device_id: int
    channel: Channel | None
    since: datetime
    knowable_at: datetime
    never: bool
    published: bool

    @property
    def key(self) -> str:
        """Key of its alerts."""
        return device_key(self.device_id) if self.channel is None else channel_key(self.channel.series_id)


@dataclass(frozen=True, slots=True)
class SilenceVerdict:
    """What is silent at one moment, and when to look again if nothing comes (None: nothing left to fall silent)."""

    silences: tuple[Silence, ...]
    next_look: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Readings have been arriving since `since`, the last of them at `last` (moments of arrival, UTC)."""

    since: datetime
    last: datetime

    def goes_on(self, now: datetime) -> bool:
        """True while a logger may still be sending its buffer: nothing that is on its way is missing yet."""
        return now - self.last <= DELIVERY_PAUSE and now - self.since <= LONGEST_DELIVERY


def delivery_after(before: Delivery | None, *, now: datetime) -> Delivery:
    """The delivery after readings arrived at `now`: it goes on, or a new one begins after a pause."""
    joined = before is not None and now - before.last <= DELIVERY_PAUSE
    return Delivery(before.since if before is not None and joined else now, now)


def channel_key(series_id: int) -> str:
    """Key of the silence of one channel."""
    return f"{DETECTOR}:series:{series_id}"


def device_key(device_id: int) -> str:
    """Key of the silence of a whole device."""
    return f"{DETECTOR}:device:{device_id}"


def silence_threshold(expected_interval_s: int) -> timedelta:
    """Longest silence that is still usual: three missed readings, at least ten minutes (project rule)."""
    return max(MISSED_READINGS * timedelta(seconds=expected_interval_s), LEAST_SILENCE)


def judge_silence(channels: Iterable[Channel], now: datetime) -> SilenceVerdict:
    """Silent devices and channels at `now` (UTC).

    A device is silent as a whole when none of its channels was heard for longer than the fastest of those that still
    spoke may be quiet. A channel is named beside or instead of it only when its device was heard at least one scan
    later: one silence for a device, not one per channel. The verdict follows from the newest readings and `now` alone.
    """
    silences: list[Silence] = []
    looks: list[datetime] = []
    ordered = sorted(channels, key=lambda channel: (channel.device_id, channel.series_id))
    for device_id, group in groupby(ordered, key=lambda channel: channel.device_id):
        own = list(group)
        heard_at = max(channel.heard_at for channel in own)
        due = heard_at + min(
            silence_threshold(channel.expected_interval_s) for channel in own if heard_at <= _due(channel)
        )
        if now > due:
            silences.append(_device_silence(device_id, own, heard_at=heard_at, due=due))
        else:
            looks.append(due)
        for channel in own:
            if heard_at - channel.heard_at < timedelta(seconds=channel.expected_interval_s):
                continue
            if now > _due(channel):
                silences.append(_channel_silence(channel, _due(channel)))
            else:
                looks.append(_due(channel))
    return SilenceVerdict(tuple(silences), min(looks) + JUST_AFTER if looks else None)


def _due(channel: Channel) -> datetime:
    return channel.heard_at + silence_threshold(channel.expected_interval_s)


def _device_silence(device_id: int, channels: Sequence[Channel], *, heard_at: datetime, due: datetime) -> Silence:
    return Silence(
        device_id=device_id,
        channel=None,
        since=heard_at,
        knowable_at=due,
        never=all(channel.last is None for channel in channels),
        published=any(channel.published for channel in channels),
    )


def _channel_silence(channel: Channel, due: datetime) -> Silence:
    return Silence(
        device_id=channel.device_id,
        channel=channel,
        since=channel.heard_at,
        knowable_at=due,
        never=channel.last is None,
        published=channel.published,
    )


def silence_finding(silence: Silence, *, device: str) -> Finding:
    """An open silence as a Finding; device: its code."""
    channel = silence.channel
    what_ru = f"Прибор {device} молчит" if channel is None else f"Нет показаний: {channel.name} ({device})"
    what_en = f"Device {device} is silent" if channel is None else f"No readings: {channel.name_en} ({device})"
    since = silence.since.astimezone(LOCAL_ZONE)
    told = "Показаний не было ни разу" if silence.never else f"Последнее показание – {since:%d.%m.%Y %H:%M:%S}"
    interval = "" if channel is None else f" Ожидается показание каждые {channel.expected_interval_s} с."
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.SILENCE,
        severity=Severity.MAINTENANCE,
        key=silence.key,
        started_at=silence.since,
        knowable_at=silence.knowable_at,
        ended_at=None,
        title=what_ru,
        title_en=what_en,
        series_id=channel.series_id if channel else None,
        device_id=silence.device_id,
        figures={"usual": Figure((silence.knowable_at - silence.since).total_seconds() / 60, "мин")},
        reasons=(f"{told}.{interval}", "Нет данных – это не «норма»: качество воды за это время неизвестно."),
        published=silence.published,
    )


@dataclass(frozen=True, slots=True)
class SilenceEnd:
    """How a silence ended: first reading after it (None: ended without one), when that was learned, all UTC.

    felt_since: where the silence seemed to begin at first; readings that come late, but not up to the present, move
    the beginning of an open silence on.
    """

    first_reading: datetime | None
    learned_at: datetime
    felt_since: datetime
    reason: str


def ended_silence(opened: Finding, end: SilenceEnd) -> Finding:
    """The finding of a silence that is over: it ends at the first reading.

    Figures: `gap`, the hole in the data, and `silent`, how long nothing (or nothing fresh) arrived.
    """
    ended_at = max(opened.started_at, end.first_reading or end.learned_at)
    figures = dict(opened.figures) | {
        "gap": Figure((ended_at - opened.started_at).total_seconds() / 60, "мин"),
        "silent": Figure(max(0.0, (end.learned_at - end.felt_since).total_seconds() / 60), "мин"),
    }
    return Finding(
        detector=opened.detector,
        kind=opened.kind,
        severity=opened.severity,
        key=opened.key,
        started_at=opened.started_at,
        knowable_at=opened.knowable_at,
        ended_at=ended_at,
        settled_at=end.learned_at,
        title=opened.title,
        title_en=opened.title_en,
        series_id=opened.series_id,
        device_id=opened.device_id,
        figures=figures,
        reasons=(*opened.reasons, end.reason),
        published=opened.published,
    )
