import itertools
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.scenario import load_scenario, parse_scenario
from simulators.seismograph import PRE_TRIGGER_S, SeismicInstrument
from simulators.waveform import (
    BlastSource,
    airblast_law_pa,
    blast_motion,
    distance_m,
    earthquake_motion,
    ppv_law_mm_s,
    truck_motion,
    with_noise,
)
from uskat.blast.waveform import measure_record
from uskat.water.network import demo_network
from uskat.wire.seismic import decode_miniseed, encode_miniseed

NETWORK = demo_network()
ZERO = datetime(2026, 7, 14, 6, tzinfo=UTC).timestamp()
SOURCE = BlastSource(54.0, 87.0, 16, 900.0, 0.042, 1140.0, -1.6)


def instrument(device, text=None, name="blasts"):
    head = "name: x\ntitle: x\nabout: x\n"
    scenario = load_scenario(name, NETWORK) if text is None else parse_scenario(head + text, NETWORK)
    return SeismicInstrument(NETWORK, scenario, NETWORK.seismograph_of[device], zero_s=ZERO)


def test_laws_agree_with_the_worked_examples():
    assert ppv_law_mm_s(500, 1000, k=1140, beta=-1.6) == pytest.approx(13.758, abs=5e-4)
    assert ppv_law_mm_s(1000, 500, k=1140, beta=-1.6) == pytest.approx(2.6066, abs=5e-5)
    assert airblast_law_pa(500, 500) == pytest.approx(22.874, abs=5e-4)


def test_distance_of_one_degree_of_latitude():
    assert distance_m(54.0, 87.0, to_latitude=55.0, to_longitude=87.0) == pytest.approx(111_195, abs=1)


@settings(max_examples=25, deadline=None)
@given(st.floats(200, 20_000), st.floats(20, 5000), st.integers(1, 40), st.integers(0, 2**60))
def test_the_peak_of_a_blast_is_what_the_law_says_within_the_sites_scatter(distance, charge, groups, key):
    source = BlastSource(54.0, 87.0, groups, charge, 0.042, 1140.0, -1.6)
    motion = blast_motion(source, distance, rate_hz=1024, key=key)
    law = ppv_law_mm_s(distance, charge, k=1140.0, beta=-1.6)
    assert abs(np.log10(motion.ppv_mm_s / law)) < 0.3


def test_attenuation_over_distance_has_the_exponent_of_the_law():
    distances = np.geomspace(300, 10_000, 40)
    peaks = [blast_motion(SOURCE, d, rate_hz=1024, key=i).ppv_mm_s for i, d in enumerate(distances)]
    slope = np.polyfit(np.log10(distances), np.log10(peaks), 1)[0]
    assert slope == pytest.approx(-1.6, abs=0.08)


def test_airblast_arrives_with_the_speed_of_sound_after_the_ground():
    motion = blast_motion(SOURCE, 1700.0, rate_hz=1024, key=5)
    ground_at = np.argmax(np.abs(motion.signals["V"]) > 0.2 * np.abs(motion.signals["V"]).max()) / 1024
    air_at = np.argmax(np.abs(motion.signals["MIC"]) > 0.5 * motion.airblast_pa) / 1024
    assert ground_at < 2.0
    assert air_at == pytest.approx(1700 / 340, abs=1.0)
    assert air_at > ground_at + 3.0


def test_delays_lengthen_the_shaking():
    short = blast_motion(BlastSource(54, 87, 16, 900, 0.0, 1140, -1.6), 800, rate_hz=1024, key=1)
    long = blast_motion(BlastSource(54, 87, 16, 900, 0.1, 1140, -1.6), 800, rate_hz=1024, key=1)

    def shaking_s(motion):
        strong = np.flatnonzero(np.abs(motion.signals["V"]) > 0.1 * motion.ppv_mm_s)
        return np.ptp(strong) / 1024

    assert shaking_s(long) > shaking_s(short) + 1.0


def test_an_earthquake_is_low_and_long_and_a_truck_is_neither_strong_nor_sudden():
    quake = earthquake_motion(1.0, 180.0, rate_hz=1024, key=1)
    spectrum = np.abs(np.fft.rfft(quake.signals["T"]))
    assert np.fft.rfftfreq(len(quake.signals["T"]), 1 / 1024)[spectrum.argmax()] < 2.0
    assert len(quake.signals["T"]) > 40 * 1024
    truck = truck_motion(0.2, rate_hz=1024, key=1)
    assert truck.ppv_mm_s == pytest.approx(0.2)
    assert np.abs(truck.signals["V"][:1024]).max() < 0.02


def test_a_record_through_miniseed_measures_what_happened():
    seismograph = instrument(
        "SEIS-TALDA-1", "blasts: [{pit: sukhoy-log, at_min: 1, holes: 48, charge_per_hole_kg: 450, holes_per_delay: 3}]"
    )
    (event,) = seismograph.events(ZERO, ZERO + 300)
    motion = seismograph.motion(event)
    channels = decode_miniseed(encode_miniseed(seismograph.record(event)))
    assert [channel.nslc for channel in channels] == [
        "XX.TLD1.00.GDF",
        "XX.TLD1.00.GHE",
        "XX.TLD1.00.GHN",
        "XX.TLD1.00.GHZ",
    ]
    measures = measure_record(
        channels, NETWORK.device_properties("SEIS-TALDA-1")["channels"], pre_trigger_s=PRE_TRIGGER_S - 0.1
    )
    assert max(found.peak for found in measures.components.values()) == pytest.approx(motion.ppv_mm_s, abs=0.06)
    assert measures.components[measures.strongest].peak > 5
    assert measures.airblast.peak == pytest.approx(motion.airblast_pa, abs=1.5)
    assert not any(found.clipped for found in measures.components.values())
    fired = datetime.fromtimestamp(event.at_s, UTC)
    assert 0 < (measures.components["V"].peak_at - fired).total_seconds() < 2.5


def test_the_record_begins_before_the_trigger_and_is_quiet_there():
    seismograph = instrument("SEIS-TALDA-1", "blasts: [{pit: sukhoy-log, at_min: 1}]")
    (event,) = seismograph.events(ZERO, ZERO + 300)
    vertical = next(channel for channel in seismograph.record(event) if channel.code == "GHZ").counts / 1e5
    quiet = int(PRE_TRIGGER_S * 1024)
    assert np.abs(vertical[: quiet - 100]).max() < 0.5
    assert np.abs(vertical[quiet - 1 : quiet + 1024]).max() >= 0.5


def test_what_stays_below_the_trigger_makes_no_record_but_a_histogram():
    seismograph = instrument("SEIS-KOTINO-1", "blasts: [{pit: sukhoy-log, at_min: 1}]")
    (event,) = seismograph.events(ZERO, ZERO + 300)
    assert seismograph.record(event) is None
    peak = seismograph.histogram(int((ZERO + 60) // 60)).peak
    quiet = seismograph.histogram(int((ZERO + 240) // 60)).peak
    assert max(peak["V"], peak["L"]) == pytest.approx(seismograph.motion(event).ppv_mm_s, rel=0.01)
    assert max(quiet["V"], quiet["L"]) < max(peak["V"], peak["L"])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=6))
def test_cutting_time_into_pieces_finds_each_event_exactly_once(pieces):
    seismograph = instrument("SEIS-TALDA-2")
    end = ZERO + sum(pieces)
    whole = [event.key for event in seismograph.events(ZERO, end)]
    cuts = ZERO + np.concatenate([[0], np.cumsum(pieces)])
    parts = [event.key for a, b in itertools.pairwise(cuts) for event in seismograph.events(a, b)]
    assert sorted(parts) == sorted(whole)
    assert len(set(whole)) == len(whole)


def test_the_first_blast_of_the_demo_breaks_5_mm_s_at_a_settlement_within_the_first_minute():
    seismograph = instrument("SEIS-TALDA-1", name="demo")
    first = seismograph.events(ZERO, ZERO + 60)
    assert [event.kind for event in first] == ["blast"]
    assert seismograph.motion(first[0]).ppv_mm_s > 5
    assert seismograph.settings.near_settlement is not None


def test_noise_is_the_same_after_a_restart():
    motion = truck_motion(0.2, rate_hz=1024, key=3)
    first, second = (with_noise(motion, before_s=1.0, key=9) for _ in range(2))
    assert all(np.array_equal(first[axis], second[axis]) for axis in first)
    assert len(first["V"]) == len(motion.signals["V"]) + 1024
