"""Events as episodes: a left fold over detector steps in time order that can be stopped and resumed anywhere."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from uskat.water.event.config import EventConfig
from uskat.water.event.detector import Contribution, EventStep


@dataclass(frozen=True, slots=True)
class EventEpisode:
    """One event. Times UTC; a step's time is the start of its interval, which is cadence_s long.

    started_at: first step beyond the limit that led to the alarm. knowable_at: end of the step that confirmed it.
    alarmed_at: newest step in alarm. settled_at: when the end became certain, None while open. moved: the strongest
    statement of each parameter, strongest first. natural: rain or melt was under way at some time.
    """

    started_at: datetime
    knowable_at: datetime
    alarmed_at: datetime
    peak_score: float
    peak_at: datetime
    natural: bool
    moved: tuple[Contribution, ...]
    steps: int = 1
    ended_at: datetime | None = None
    settled_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """State of an episode for `episode_from_json`."""
        state = asdict(self)
        moments = ("started_at", "knowable_at", "alarmed_at", "peak_at", "ended_at", "settled_at")
        return state | {name: state[name].isoformat() if state[name] else None for name in moments}


def episode_from_json(state: dict[str, Any]) -> EventEpisode:
    """The episode of `EventEpisode.to_json`."""
    moments = {
        name: datetime.fromisoformat(state[name]) if state[name] else None
        for name in ("started_at", "knowable_at", "alarmed_at", "peak_at", "ended_at", "settled_at")
    }
    return EventEpisode(**(state | moments | {"moved": tuple(Contribution(**item) for item in state["moved"])}))


@dataclass(frozen=True, slots=True)
class EventFold:
    """What a run over steps found, and all that is needed to go on: closed episodes, the open one, and doubt.

    suspicious: times of the newest steps beyond the limit that no alarm has confirmed yet.
    """

    closed: tuple[EventEpisode, ...] = ()
    open: EventEpisode | None = None
    suspicious: tuple[datetime, ...] = ()

    @property
    def episodes(self) -> tuple[EventEpisode, ...]:
        """All, in time order."""
        return self.closed if self.open is None else (*self.closed, self.open)

    def to_json(self) -> dict[str, Any]:
        """Snapshot to resume from; closed episodes are not part of it."""
        return {
            "open": self.open.to_json() if self.open is not None else None,
            "suspicious": [time.isoformat() for time in self.suspicious],
        }


def fold_from_json(state: dict[str, Any]) -> EventFold:
    """The fold of `EventFold.to_json`, without closed episodes."""
    opened = episode_from_json(state["open"]) if state["open"] is not None else None
    return EventFold(open=opened, suspicious=tuple(datetime.fromisoformat(time) for time in state["suspicious"]))


def fold_events(steps: Iterable[EventStep], *, config: EventConfig, start: EventFold | None = None) -> EventFold:
    """Episodes of one station over steps in time order. start: the fold of the steps before these."""
    fold = start or EventFold()
    closed = list(fold.closed)
    episode, suspicious = fold.open, fold.suspicious
    for step in steps:
        if episode is not None and step.time - episode.alarmed_at > timedelta(seconds=config.join_s):
            closed.append(_settled(episode, step.time, config))
            episode = None
        if step.alarm:
            episode = _opened(step, suspicious, config) if episode is None else _joined(episode, step)
        horizon = step.time - timedelta(seconds=config.confirm_n * config.cadence_s)
        suspicious = tuple(time for time in suspicious if time > horizon)
        if step.score >= 1.0 and episode is None:
            suspicious = (*suspicious, step.time)
        elif episode is not None:
            suspicious = ()
    return EventFold(tuple(closed), episode, suspicious)


def _opened(step: EventStep, suspicious: tuple[datetime, ...], config: EventConfig) -> EventEpisode:
    return EventEpisode(
        started_at=suspicious[0] if suspicious else step.time,
        knowable_at=step.time + timedelta(seconds=config.cadence_s),
        alarmed_at=step.time,
        peak_score=step.score,
        peak_at=step.time,
        natural=step.natural,
        moved=step.contributions,
    )


def _joined(episode: EventEpisode, step: EventStep) -> EventEpisode:
    strongest = {item.parameter: item for item in episode.moved}
    for item in step.contributions:
        if item.parameter not in strongest or item.score > strongest[item.parameter].score:
            strongest[item.parameter] = item
    higher = step.score > episode.peak_score
    return replace(
        episode,
        alarmed_at=step.time,
        peak_score=step.score if higher else episode.peak_score,
        peak_at=step.time if higher else episode.peak_at,
        natural=episode.natural or step.natural,
        moved=tuple(sorted(strongest.values(), key=lambda item: (-item.score, item.parameter))),
        steps=episode.steps + 1,
    )


def _settled(episode: EventEpisode, now: datetime, config: EventConfig) -> EventEpisode:
    return replace(episode, ended_at=episode.alarmed_at + timedelta(seconds=config.cadence_s), settled_at=now)
