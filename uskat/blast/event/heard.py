"""Did the air tell where a source is? Each station that hears the blast after it felt it knows its own distance.

The lag of the air wave behind the ground gives the distance, the distance gives the moment of firing. Where two
stations name the same moment, and their circles meet, the source lies at the surface and so near that its sound
carries: no earthquake, however rough the place along the line where the circles cross. One instrument that shook
clearly and heard the blast seconds later says that the source is in its neighbourhood.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from uskat.blast.event.district import District
from uskat.blast.event.location import EPOCH
from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.rules import event_rules


def is_heard_by_two(records: Sequence[RecordFeatures], district: District) -> bool:
    """True when two stations' air waves name the same moment of firing, to `agree_s`, and their circles meet.

    records: of one event, one a station; lags below `least_s` say nothing.
    """
    rules = event_rules().heard
    known = [heard for record in records if (heard := _heard(record)) is not None]
    for (first, reach, moment), (second, other, when) in combinations(known, 2):
        apart = float(np.hypot(*(district.place_of[first] - district.place_of[second])))
        slack = rules.slack_share * (reach + other)
        meet = abs(reach - other) - slack <= apart <= reach + other + slack
        if abs(moment - when) <= rules.agree_s and meet:
            return True
    return False


def heard_near(records: Sequence[RecordFeatures]) -> tuple[str, float] | None:
    """Station and km to the source where one instrument both shook clearly and heard the source close by, else None.

    records: of one event. A lag of the air wave of some seconds behind clear ground motion is a source at the surface
    in that instrument's neighbourhood, on whatever side of it.
    """
    rules = event_rules().heard
    near = [
        heard[:2]
        for record in records
        if record.peak_snr >= rules.near_snr and (heard := _heard(record)) is not None and heard[1] <= rules.near_km
    ]
    return min(near, key=lambda item: item[1], default=None)


def _heard(record: RecordFeatures) -> tuple[str, float, float] | None:
    """Station, km to the source and Unix seconds of the firing by its own air wave."""
    air, ground = event_rules().air, event_rules().ground
    lag = record.air_after_s
    if lag is None or lag < air.least_s:
        return None
    reach = max(lag - air.late_s, 0.0) / (1 / air.sound_km_s - 1 / ground.p_km_s)
    return record.station, reach, (record.onset_at - EPOCH).total_seconds() - reach / ground.p_km_s
