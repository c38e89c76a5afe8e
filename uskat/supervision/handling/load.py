"""How loaded the people are who attend to alerts: alerts per operator hour, floods, standing alerts (IEC 62682)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LoadRules:
    """Bounds of the load. window: over which a flood is counted; it begins above one number and ends below another."""

    id: str
    valid_from: date
    verified: bool
    source: str
    window: timedelta
    flood_begins_above: int
    flood_ends_below: int
    standing_after: timedelta
    acceptable_per_operator_hour: float
    most_per_operator_hour: float


@dataclass(frozen=True, slots=True)
class QueuedAlert:
    """When an alert entered the queue, and when it left it for good or was put under a cause (None: it is in it)."""

    entered_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Load:
    """The load over [since, until). flood_minutes: whole minutes; floods: how many, one that lasts included."""

    since: datetime
    until: datetime
    operators: int
    alerts: int
    per_operator_hour: float
    most_in_window: int
    floods: int
    flood_minutes: int
    standing: int
    word: str


@cache
def load_rules() -> LoadRules:
    """The packaged bounds."""
    text = files("uskat.data").joinpath("supervision", "alert_load.json").read_text(encoding="utf-8")
    found = json.loads(text)
    return LoadRules(
        id=found["id"],
        valid_from=date.fromisoformat(found["valid_from"]),
        verified=found["verified"],
        source=found["source"],
        window=timedelta(minutes=found["window_min"]),
        flood_begins_above=found["flood_begins_above"],
        flood_ends_below=found["flood_ends_below"],
        standing_after=timedelta(minutes=found["standing_after_min"]),
        acceptable_per_operator_hour=found["acceptable_per_operator_hour"],
        most_per_operator_hour=found["most_per_operator_hour"],
    )


def load_of(
    alerts: Iterable[QueuedAlert], *, since: datetime, until: datetime, operators: int, rules: LoadRules
) -> Load:
    """The load of [since, until) on so many people at once.

    alerts: those that entered from a window before `since`, and whatever stood in the queue. A flood that a window
    before the period already shows counts from the beginning of the period. Raises ValueError for an empty period or
    nobody on duty.
    """
    if until <= since or operators < 1:
        raise ValueError("the load is over a period, on somebody")
    known = list(alerts)
    entered = sorted(one.entered_at for one in known)
    within = [moment for moment in entered if since <= moment < until]
    rate = len(within) / (operators * ((until - since) / HOUR))
    most, floods, minutes = _floods(entered, since=since, until=until, rules=rules, operators=operators)
    standing = sum(
        one.entered_at < until - rules.standing_after and (one.left_at is None or one.left_at >= until) for one in known
    )
    return Load(since, until, operators, len(within), rate, most, floods, minutes, standing, _word(rate, rules))


def _word(rate: float, rules: LoadRules) -> str:
    if rate <= rules.acceptable_per_operator_hour:
        return "acceptable"
    return "heavy" if rate <= rules.most_per_operator_hour else "overload"


def _floods(
    entered: Sequence[datetime], *, since: datetime, until: datetime, rules: LoadRules, operators: int
) -> tuple[int, int, int]:
    """Most alerts in one window, floods, minutes of flood; minute by minute, each with the window that ends with it."""
    most = floods = minutes = first = last = 0
    flood = False
    moment = since
    while moment < until:
        moment = min(moment + MINUTE, until)
        while last < len(entered) and entered[last] < moment:
            last += 1
        while first < last and entered[first] < moment - rules.window:
            first += 1
        count = last - first
        most = max(most, count)
        begins = not flood and count > rules.flood_begins_above * operators
        flood = begins or (flood and count >= rules.flood_ends_below * operators)
        floods += begins
        minutes += flood
    return most, floods, minutes
