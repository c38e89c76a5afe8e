"""Records of true rivers: what every station of the demonstration network would have stored of a simulated world."""

from datetime import UTC, datetime, timedelta

import numpy as np

from simulators.river import World
from simulators.scenario import Arrival, Discharge, Scenario
from simulators.water_kind import INSTRUMENTS
from uskat.water.attribution_reach import River
from uskat.water.network import demo_network
from uskat.water.passing import StationRecord
from uskat.water.pollution_episode import PollutionEpisode, Sign
from uskat.water.river_flow import river_state

FIRST_BELOW = {
    "out-kp-1": "TA-2", "out-sl-1": "TA-2", "out-bg-1": "U-25", "out-dl-1": "KU-2", "out-sk-1": "U-15",
    "out-zv-1": "U-36",
}  # fmt: skip
"""The first station that each outlet's water comes to."""
KIND = {outlet.code: outlet.kind for outlet in demo_network().outlets}
ZERO = datetime(2026, 7, 15, 6, 0, tzinfo=UTC)
BEFORE_H, AFTER_H = 190, 40


def discharge(outlet, *, share=0.15, minutes=240, station=None):
    arrives = Arrival(station=station or FIRST_BELOW[outlet], at_min=60)
    return Discharge(outlet=outlet, share=share, duration_min=minutes, arrives=arrives)


def world_of(*discharges, rain=(), zero=ZERO, seed=1):
    scenario = Scenario(name="t", title="", about="", seed=seed, discharges=discharges, rain=rain)
    return World(demo_network(), scenario, zero_s=zero.timestamp())


def records_of(world, *, zero=ZERO, without=(), only=None, seed=1):
    """Records by station. without: stations that recorded nothing; only: parameters that all are reduced to."""
    rng = np.random.default_rng(seed)
    places = np.arange(-BEFORE_H * 3, AFTER_H * 3)
    middle_s = zero.timestamp() + places * 1200.0 + 600
    found = {}
    for device in demo_network().devices:
        names = [p for p in device.parameters if p != "airtemp" and (only is None or p in only)]
        values = {}
        for name in names:
            true = np.mean([world.value(device.station, name, middle_s + shift) for shift in (-400, 0, 400)], axis=0)
            values[name] = true + rng.normal(0, INSTRUMENTS[name][0] / 4, len(true))
        if values and device.station not in without:
            found[device.station] = StationRecord(
                device.station, zero + places[0].item() * timedelta(minutes=20), values
            )
    return found


def river_of(records, *, zero=ZERO, temperature=15.0):
    discharges = [
        (code, float(record.values["discharge"][record.place(zero)]))
        for code, record in records.items()
        if "discharge" in record.values
    ]
    state = river_state(demo_network(), zero, discharges=discharges, water_temperature_c=temperature)
    return River(demo_network(), state, records)


def episode_at(station, *, start=ZERO, hours=6.0, alert_id=1):
    end = start + timedelta(hours=hours)
    sign = Sign(alert_id, None, start, end, end + timedelta(minutes=40), start + timedelta(minutes=40))
    return PollutionEpisode(station, (sign,))
