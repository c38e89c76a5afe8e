"""obspy's coincidence trigger fed with boxcars: the slow twin of the streaming one."""

import warnings

import numpy as np
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.trigger import coincidence_trigger

RATE = 10.0
ORIGIN = 1_000_000.0


def obspy_events(triggers, *, least):
    """Stations and begin of each event for triggers on a grid of 0.1 s, not overlapping at one station."""
    end = max(trigger.off for trigger in triggers) + 5
    traces = []
    for station in sorted({trigger.station for trigger in triggers}):
        data = np.zeros(round((end - ORIGIN) * RATE))
        for trigger in triggers:
            if trigger.station == station:
                data[round((trigger.on - ORIGIN) * RATE) : round((trigger.off - ORIGIN) * RATE) + 1] = 1.0
        header = {"station": station, "sampling_rate": RATE, "starttime": UTCDateTime(ORIGIN)}
        traces.append(Trace(data, header))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = coincidence_trigger(None, 0.5, 0.5, Stream(traces), least)
    return [(round(event["time"].timestamp, 3), sorted(event["stations"])) for event in found]
