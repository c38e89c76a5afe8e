"""A small district with exact arrivals, for tests of location and judgement."""

from datetime import UTC, datetime, timedelta

import numpy as np

from uskat.blast.event.district import DeclaredBlast, District, PitSite, Station
from uskat.blast.event.record import RecordFeatures

AT = datetime(2026, 6, 3, 7, 0, tzinfo=UTC)
"""14:00 of a Wednesday in Kuzbass."""
PIT = (54.13, 87.08)
PLACES = [
    (54.135, 87.075), (54.160, 87.058), (54.166, 87.067), (54.110, 87.120), (54.100, 87.040), (54.150, 87.120),
    (54.120, 87.000), (54.180, 87.020),
]  # fmt: skip
FAR_PIT = (54.20, 86.90)


def district(places=PLACES, silent=()):
    stations = tuple(
        Station(f"S{number}", latitude, longitude, 0.03, tuple(silent) if number == 0 else ())
        for number, (latitude, longitude) in enumerate(places)
    )
    pits = (PitSite("pit", *PIT, 0.6, 1140.0, -1.6, 0.05), PitSite("far", *FAR_PIT, 0.6, 1140.0, -1.6, 0.05))
    return District(stations, pits)


def blast_records(where, *, at=AT, place=PIT, charge_kg=500.0, firing_s=1.5, only=None, late=None):
    """Records of a blast at exact times by the rules' own velocities. late: station → seconds of a wrong clock."""
    found = []
    spot = where.to_km(*place)
    for number, station in enumerate(where.stations):
        if only is not None and number not in only:
            continue
        away = max(float(np.hypot(*(where.place_of[station.code] - spot))), 0.1)
        onset = at + timedelta(seconds=away / 3.6 + (late or {}).get(station.code, 0.0))
        ppv = 1140 * (1000 * away / np.sqrt(charge_kg)) ** -1.6
        found.append(
            RecordFeatures(
                station=station.code,
                start=onset - timedelta(seconds=3),
                end=onset + timedelta(seconds=27),
                onset_at=onset,
                onset_sd_s=0.025,
                snr=max(3.0, ppv / 0.01),
                peak_snr=max(5.0, ppv / 0.003),
                quiet_s=3.0,
                ppv_mm_s=float(ppv),
                peak_after_s=0.31 * away,
                duration_s=0.9 * firing_s + 0.1 + 0.23 * away,
                frequency_hz=15.0,
                p_s_log10=-0.15,
                ripple=0.9,
                ripple_s=0.042,
                air_pa=5.0,
                air_after_s=away / 0.34 - away / 3.6 + 0.2,
                axis_share=0.52,
                fast_share=0.2,
            )
        )
    return found


def earthquake_records(where, *, at=AT, apart_km=60.0):
    """Records of a far earthquake: fast across the network, low, no air, weak P."""
    found = []
    for station in where.stations:
        place = where.place_of[station.code]
        onset = at + timedelta(seconds=float(np.hypot(place[0] + apart_km, place[1])) / 6.0)
        found.append(
            RecordFeatures(
                station=station.code,
                start=onset - timedelta(seconds=3),
                end=onset + timedelta(seconds=60),
                onset_at=onset,
                onset_sd_s=0.05,
                snr=8.0,
                peak_snr=40.0,
                quiet_s=3.0,
                ppv_mm_s=0.2,
                peak_after_s=8.0,
                duration_s=14.0,
                frequency_hz=3.0,
                p_s_log10=-0.6,
                ripple=0.45,
                ripple_s=0.02,
                air_pa=0.3,
                air_after_s=None,
                axis_share=0.46,
                fast_share=0.1,
            )
        )
    return found


def declaration(name="d1", *, at=AT, place=PIT, charge_kg=500.0, firing_s=1.5, pit="pit"):
    return DeclaredBlast(name, pit, at, *place, charge_kg, firing_s)
