"""norms.md 3.6.4: the P/S rule on the published values of Shumway's data; classes and features."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.unit.blast.event.district_world import blast_records, district
from uskat.blast.event.features import extract_features, record_samples
from uskat.blast.event.rules import event_rules
from uskat.blast.event.signal import SourceClass, classified, event_evidence, looks_like_blast

EARTHQUAKES = [-0.75, -0.85, -0.96, -0.26, -0.31, -0.67, -0.95, -0.63]
EXPLOSIONS = [-0.31, 0.37, -0.15, -0.14, 0.10, -0.15, -0.04, -0.10]
RATE = 512.0
CALIBRATION = {
    code: {"component": axis, "unit": "Pa" if axis == "MIC" else "mm/s", "counts_per_unit": 1e5}
    for code, axis in (("GHZ", "V"), ("GHN", "L"), ("GHE", "T"), ("GDF", "MIC"))
}


@dataclass
class Piece:
    code: str
    counts: np.ndarray
    rate_hz: float = RATE
    start: datetime = datetime(2026, 6, 1, tzinfo=UTC)
    nslc: str = "XX.A.00.GHZ"


def ripple_record(groups=30, delay=0.042, air=True):
    time = np.arange(int(20 * RATE)) / RATE
    rng = np.random.default_rng(3)
    axes = rng.standard_normal((3, time.size)) * 0.003
    for group in range(groups):
        for axis, arrival, size, tone in ((0, 3.0, 0.5, 20.0), (1, 3.8, 1.0, 14.0), (2, 3.9, 0.7, 12.0)):
            since = time - arrival - group * delay
            pulse = np.where(since > 0, np.exp(-since * tone / 2) * np.sin(2 * np.pi * tone * since), 0.0)
            axes[axis] += 0.5 * size * pulse
    pressure = rng.standard_normal(time.size) * 0.1
    if air:
        pressure += np.where(time > 9.0, 5 * np.exp(-(time - 9.0)) * np.sin(2 * np.pi * 8 * time), 0.0)
    return axes, pressure


def pieces(axes, pressure):
    values = dict(zip(("GHZ", "GHN", "GHE", "GDF"), (*axes, pressure), strict=True))
    return [Piece(code, np.round(samples * 1e5).astype(np.int32)) for code, samples in values.items()]


def features(axes, pressure):
    return extract_features(record_samples("A", pieces(axes, pressure), calibration=CALIBRATION))


def test_the_p_s_rule_is_right_15_times_in_16_norms_3_6_4():
    right = sum(not looks_like_blast(value) for value in EARTHQUAKES) + sum(map(looks_like_blast, EXPLOSIONS))
    assert right == 15
    assert not looks_like_blast(EXPLOSIONS[0]), "EX1 is the one it misses"
    assert looks_like_blast(-0.05), "and the New Zealand event looks like a blast"


def test_the_classes_of_shumways_ratios_follow_the_rule_on_average():
    classes = event_rules().classes
    assert classes["blast"].p_s_log10[0] == pytest.approx(np.mean(EXPLOSIONS), abs=0.15)
    assert classes["earthquake"].p_s_log10[0] == pytest.approx(np.mean(EARTHQUAKES), abs=0.2)


def test_features_of_a_ripple_fired_blast():
    found = features(*ripple_record())
    assert found.onset_at == datetime(2026, 6, 1, tzinfo=UTC) + timedelta(seconds=3.0) + (
        found.onset_at - datetime(2026, 6, 1, 0, 0, 3, tzinfo=UTC)
    )
    assert abs((found.onset_at - datetime(2026, 6, 1, 0, 0, 3, tzinfo=UTC)).total_seconds()) < 0.02
    assert found.air_after_s == pytest.approx(6.0, abs=0.2)
    assert 0.9 < found.duration_s < 2.4
    assert found.quiet_s == pytest.approx(3.0, abs=0.02)
    assert found.ripple > 0.8
    assert any(found.ripple_s == pytest.approx(0.042 * harmonic, rel=0.05) for harmonic in (0.5, 1, 2))


def test_without_an_air_wave_there_is_no_lag():
    assert features(*ripple_record(air=False)).air_after_s is None


def test_longer_firing_is_a_longer_record():
    short, long = (features(*ripple_record(groups=groups)).duration_s for groups in (10, 60))
    assert long - short == pytest.approx(0.9 * 50 * 0.042, abs=0.3)


def test_quiet_has_no_features():
    rng = np.random.default_rng(1)
    assert features(rng.standard_normal((3, 8000)) * 0.003, rng.standard_normal(8000) * 0.1) is None


def test_a_record_that_is_not_whole_is_not_read():
    axes, pressure = ripple_record()
    whole = pieces(axes, pressure)
    assert record_samples("A", whole[1:], calibration=CALIBRATION) is None
    assert record_samples("A", [*whole, whole[0]], calibration=CALIBRATION) is None
    shifted = [Piece("GHZ", whole[0].counts, start=whole[0].start + timedelta(seconds=1)), *whole[1:]]
    assert record_samples("A", shifted, calibration=CALIBRATION) is None
    assert record_samples("A", whole[:3], calibration=CALIBRATION).air is None


def test_the_evidence_names_its_causes():
    found = classified(event_evidence(blast_records(district())))
    assert found.best is SourceClass.BLAST
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert list(found.odds_by_cause().values()) == sorted(found.odds_by_cause().values(), reverse=True)
    with pytest.raises(ValueError, match="no records"):
        event_evidence([])


def test_every_number_says_where_it_is_from():
    rules = event_rules()
    for name in ("ground", "air", "amplitude", "place", "near_air", "moveout", "firing", "network", "clock", "match",
                 "sure", "p_s"):  # fmt: skip
        assert getattr(rules, name).source
