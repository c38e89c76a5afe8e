"""When a message may go out: at once, not at night, or gathered for the hours of the digest."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from uskat.supervision.notice.norms import Pace, Quiet

LOCAL = ZoneInfo("Asia/Novokuznetsk")
LEAD = timedelta(minutes=1)
"""A digest that is so near is closed: what is decided now waits for the next, so that no message grows while sent."""


def send_at(now: datetime, pace: Pace, *, quiet: Quiet) -> datetime:
    """When a message decided at `now` may go out, UTC; `now` itself: at once. Raises ValueError without a time zone."""
    if now.tzinfo is None:
        raise ValueError("a moment without a time zone")
    if pace is Pace.DIGEST:
        return _next(now + LEAD, quiet.digest_at)
    if pace is Pace.DAYTIME and _is_quiet(now.astimezone(LOCAL).time(), quiet):
        return _next(now + LEAD, (quiet.ends,))
    return now


def _is_quiet(moment: time, quiet: Quiet) -> bool:
    if quiet.begins < quiet.ends:
        return quiet.begins <= moment < quiet.ends
    return moment >= quiet.begins or moment < quiet.ends


def _next(after: datetime, hours: tuple[time, ...]) -> datetime:
    """The first of these local times of day that is later than a moment."""
    day = after.astimezone(LOCAL).date()
    moments = [
        datetime.combine(day + timedelta(days=days), hour, LOCAL).astimezone(after.tzinfo)
        for days in (0, 1)
        for hour in hours
    ]
    return min(moment for moment in moments if moment > after)
