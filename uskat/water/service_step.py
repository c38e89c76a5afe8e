"""Step at a service visit: what a clean and calibrated instrument shows differently from before, it had gone wrong by.

Medians of the three hours before and after the visit; what the same hours of the day before changed by is the river's
own course of the day and is taken off. Wagner et al. 2006 (USGS TM1-D3): correct when fouling plus drift exceed the
criterion; here twice the criterion, because the river moves too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from uskat.water.interval import INTERVAL
from uskat.water.quality.limits import test_set

AROUND = timedelta(hours=3)
DAY = timedelta(days=1)
LEAST_INTERVALS = 6
LONGEST_SERVICE = timedelta(hours=6)
BACK = LONGEST_SERVICE + AROUND
"""A reading this much later than the start of a visit no longer counts for its step."""
AHEAD = DAY + AROUND + INTERVAL
"""A reading this much earlier than the start of a visit does not count for its step yet."""
CRITERIA = 2.0


@dataclass(frozen=True, slots=True)
class Service:
    """A visit as the data show it: [start, end) on whole intervals, UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class ServiceStep:
    """What a service changed, in the parameter's unit: after minus before, less the course of the day."""

    service: Service
    step: float
    criterion: float


def services_of(starts: Sequence[datetime]) -> list[Service]:
    """Served intervals, by their starts in time order, as visits; a pause of one interval does not end a visit."""
    found: list[Service] = []
    for start in starts:
        if found and start - found[-1].end <= INTERVAL:
            found[-1] = Service(found[-1].start, start + INTERVAL)
        else:
            found.append(Service(start, start + INTERVAL))
    return [one for one in found if one.end - one.start <= LONGEST_SERVICE]


def service_step(code: str, means: Mapping[datetime, float], *, service: Service) -> ServiceStep | None:
    """The step at a visit when it is beyond the criterion; None otherwise, or when it cannot be told (yet).

    means: of the intervals that count, by start.
    """
    limit = test_set().drift.parameters.get(code)
    sides = [
        _median(means, since, until=since + AROUND)
        for since in (
            service.start - AROUND, service.end, service.start - AROUND - DAY, service.end - DAY,
        )
    ]  # fmt: skip
    before, after, day_before, day_after = sides
    if limit is None or before is None or after is None:
        return None
    course = day_after - day_before if day_before is not None and day_after is not None else None
    if course is None:
        return None
    criterion = CRITERIA * max(limit.correct, limit.correct_share * abs(after))
    step = after - before - course
    return ServiceStep(service, step, criterion) if abs(step) > criterion else None


def _median(means: Mapping[datetime, float], since: datetime, *, until: datetime) -> float | None:
    found = []
    while since < until:
        if since in means:
            found.append(means[since])
        since += INTERVAL
    return median(found) if len(found) >= LEAST_INTERVALS else None
