"""Lines of ripple firing in the spectra of an event's records, and how declared delays fit them (norms.md §3.6)."""

from dataclasses import replace

import numpy as np
import pytest

from simulators.waveform import BlastSource, blast_motion
from tests.unit.blast.event.district_world import blast_records, declaration, district, earthquake_records
from uskat.blast.event.delays import LINES_HZ, delay_fit, spectrum_db, stack_lines
from uskat.blast.event.features import RecordSamples, extract_features
from uskat.blast.event.judge import judge_events
from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.verdict import Verdict
from uskat.blast.passport.delay import regular_delay_ms
from uskat.blast.passport.rules import passport_rules

RATE_HZ = 512.0
WINDOW = passport_rules().delay_window


def recorded(delay_s: float, groups: int, *, number: int) -> RecordFeatures:
    """What a simulated seismograph a kilometre or more away keeps of a blast."""
    motion = blast_motion(
        BlastSource(54.13, 87.08, groups, 500.0, delay_s, 1140.0, -1.6),
        900.0 + 400.0 * number,
        rate_hz=RATE_HZ,
        key=100 + number,
        shot_key=7,
    )
    quiet = int(3 * RATE_HZ)
    ground = np.stack([np.concatenate([np.zeros(quiet), motion.signals[axis]]) for axis in ("V", "L", "T")])
    ground += 0.006 * np.random.default_rng(number).standard_normal(ground.shape)
    found = extract_features(RecordSamples(f"S{number}", blast_records(WORLD)[0].start, RATE_HZ, ground, None))
    assert found is not None
    return found


WORLD = district()
BLASTS = {
    delay_s: [recorded(delay_s, groups, number=number) for number in range(4)]
    for delay_s, groups in ((0.025, 30), (0.042, 24), (0.067, 20))
}


@pytest.mark.parametrize("delay_s", sorted(BLASTS))
def test_the_delays_that_were_fired_fit_and_others_do_not(delay_s):
    stack = stack_lines(BLASTS[delay_s])
    odds = {other: delay_fit(stack, other, groups=24).log_odds for other in BLASTS}
    assert max(odds, key=odds.get) == delay_s
    assert odds[delay_s] > 1.0
    assert all(value < 0.1 for other, value in odds.items() if other != delay_s)


def test_the_delay_that_fits_best_is_named():
    assert delay_fit(stack_lines(BLASTS[0.042]), 0.025, groups=40).best_s == 0.042


def test_a_spectrum_without_lines_says_little():
    rng = np.random.default_rng(3)
    noise = [
        replace(record, spectrum_db=tuple(int(value) for value in -10 - rng.exponential(4, LINES_HZ.size)))
        for record in BLASTS[0.042]
    ]
    assert abs(delay_fit(stack_lines(noise), 0.042, groups=24).log_odds) < 1.5


def test_weak_records_and_those_of_an_older_version_have_no_lines():
    old = [replace(record, spectrum_db=()) for record in BLASTS[0.042]]
    weak = [replace(record, peak_snr=2.0) for record in BLASTS[0.042]]
    assert stack_lines(old) is None
    assert stack_lines(weak) is None
    assert stack_lines([*old, *BLASTS[0.042]]).residual == pytest.approx(stack_lines(BLASTS[0.042]).residual)


def test_a_kept_spectrum_is_in_decibels_under_its_largest():
    frequencies = np.arange(0.0, 40.0, 0.1)
    power = np.where(np.abs(frequencies - 20.0) < 0.3, 100.0, 1.0)
    kept = spectrum_db(power, frequencies)
    assert (max(kept), kept[0]) == (0, -20)
    assert kept[int((50.0 - LINES_HZ[0]) / 0.25)] == -120  # beyond what the record's rate holds
    assert spectrum_db(np.zeros(400), frequencies) == ()


def world_blast(delay_s: float) -> list[RecordFeatures]:
    """A blast of the small district whose records hold the lines of a delay."""
    lines = BLASTS[delay_s][1].spectrum_db
    return [replace(record, spectrum_db=lines) for record in blast_records(WORLD)]


@pytest.mark.parametrize(
    ("declared_s", "verdict"),
    [(0.042, Verdict.DECLARED), (0.067, Verdict.UNDECLARED), (0.017, Verdict.UNDECLARED)],
)
def test_a_blast_hours_off_is_the_declared_one_only_with_its_delays(declared_s, verdict):
    # a passport of the same pit, of the same size, never fired: but for the delays nothing tells them apart
    late = replace(declaration(), at=declaration().at.replace(hour=4, minute=40), delay_s=declared_s)
    (event,) = judge_events(world_blast(0.042), [late], district=WORLD, utc_offset_h=7)
    assert event.verdict is verdict


def test_other_delays_at_the_declared_minute_are_said_and_do_not_accuse():
    said = replace(declaration(), delay_s=0.025)
    (event,) = judge_events(world_blast(0.042), [said], district=WORLD, utc_offset_h=7)
    assert event.verdict is Verdict.DECLARED
    assert any("замедлений" in reason and "42 мс" in reason for reason in event.reasons)


def test_regular_delays_of_a_passport():
    assert regular_delay_ms([0, 42, 84, 126], convention=WINDOW) == pytest.approx(42)
    # two holes of a group fire within the window of 8 ms: one group
    assert regular_delay_ms([0, 3, 25, 28, 50, 53, 75], convention=WINDOW) == pytest.approx(25)
    # one row begins later than the step
    assert regular_delay_ms([0, 25, 50, 75, 175, 200, 225], convention=WINDOW) == pytest.approx(25)


@pytest.mark.parametrize("times", [[], [0], [0, 25], [0, 0, 0], [0, 17, 59, 70, 120]])
def test_delays_that_are_no_row(times):
    assert regular_delay_ms(times, convention=WINDOW) is None


def test_common_lines_speak_for_a_blast_against_an_earthquake():
    def chance(lines: tuple[int, ...]) -> float:
        shaken = [replace(record, spectrum_db=lines) for record in earthquake_records(WORLD)]
        (event,) = judge_events(shaken, [], district=WORLD, utc_offset_h=7)
        assert event.verdict is Verdict.EARTHQUAKE
        return event.probabilities[Verdict.EARTHQUAKE]

    smooth = tuple(round(-value / 4) for value in range(LINES_HZ.size))
    assert chance(BLASTS[0.042][1].spectrum_db) < chance(smooth)
