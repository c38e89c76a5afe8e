from __future__ import annotations

import json
from dataclasses import replace

from services.cli.demo.outcome import Account, conclude

BASELINE = Account(published=950, stored=940, conflicts=4, rejected=6, duplicates=7)
AFTER = Account(published=2000, buffered=30, stored=1955, conflicts=6, rejected=9, duplicates=20, alerts=2)


def test_a_run_balances_when_every_reading_has_a_fate() -> None:
    outcome = conclude(baseline=BASELINE, after=AFTER, first_alert_s=31.44, restarts=1)
    assert outcome.faults() == []
    assert outcome.missing == 0
    assert json.loads(outcome.json_line()) == {
        "first_alert_s": 31.4,
        "alerts": 2,
        "readings_published": 1050,
        "readings_stored": 1015,
        "readings_buffered": 30,
        "rejected": 3,
        "duplicates": 13,
        "conflicts": 2,
        "restarts": 1,
    }


def test_a_lost_and_a_doubled_reading_are_faults() -> None:
    for stored, missing in ((1954, 1), (1956, -1)):
        outcome = conclude(baseline=BASELINE, after=replace(AFTER, stored=stored), first_alert_s=1.0, restarts=0)
        assert outcome.missing == missing
        assert f"missing: {missing}" in outcome.faults()[0]


def test_readings_that_a_new_database_has_yet_to_get_count_as_published_later() -> None:
    meeting = Account(published=1000, buffered=50, stored=7)
    later = Account(published=1100, buffered=0, stored=157, alerts=1)
    outcome = conclude(baseline=meeting.as_baseline(), after=later, first_alert_s=None, restarts=0)
    assert (outcome.readings_published, outcome.readings_stored, outcome.missing) == (150, 150, 0)


def test_silence_and_the_lack_of_alerts_are_faults() -> None:
    nothing = conclude(baseline=Account(), after=Account(), first_alert_s=None, restarts=0)
    assert nothing.faults() == ["nothing was published", "no alert was raised"]
    assert json.loads(nothing.json_line())["first_alert_s"] is None
