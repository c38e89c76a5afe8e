"""Whose magnitude it is, and which declared charge does not fit the law of an enterprise's other blasts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from uskat.blast.catalogue.event import CatalogueEvent
from uskat.blast.magnitude.charge import ChargeVerdict
from uskat.blast.magnitude.enterprise import FiredCharge, charges_by_enterprise, match_catalogue
from uskat.blast.magnitude.finding import charge_findings
from uskat.finding import FindingKind

AT = datetime(2026, 6, 1, 7, 0, tzinfo=UTC)
PLACE = (87.08, 54.13)


def fired(number, *, charge_kg=20_000.0, at=AT, place=PLACE, enterprise="north"):
    return FiredCharge(number, enterprise, f"b-{number}", at, charge_kg, place, 7)


def event(number, *, at=AT, magnitude=2.0, place=PLACE, **more):
    made = CatalogueEvent(f"as{number}", at, place[1], place[0], magnitude=magnitude, magnitude_type="ML",
                          type="mining explosion", agency="ASGSR")  # fmt: skip
    return replace(made, **more)


def year(n=30, *, slope=0.7, noise=0.1, seed=1):
    """Blasts a day apart, with magnitudes by a law; the catalogue is seconds late and kilometres off."""
    rng = np.random.default_rng(seed)
    blasts, events = [], []
    for number in range(n):
        at, charge_t = AT + timedelta(days=number), float(10 ** rng.uniform(0.7, 2.5))
        blasts.append(fired(number, charge_kg=1000 * charge_t, at=at))
        size = slope * np.log10(charge_t) + 1.0 + noise * rng.standard_normal()
        off = (PLACE[0] + float(rng.uniform(-0.03, 0.03)), PLACE[1] + float(rng.uniform(-0.02, 0.02)))
        events.append(event(number, at=at + timedelta(seconds=float(rng.uniform(-30, 30))), magnitude=size, place=off))
    return blasts, events


def test_a_magnitude_belongs_to_the_blast_of_its_minute_and_place():
    (one,) = match_catalogue([event(1, at=AT + timedelta(seconds=50))], [fired(1)])
    assert (one.blast.blast_id, one.event.id, one.apart_s) == (1, "as1", 50.0)
    assert match_catalogue([event(1, at=AT + timedelta(seconds=121))], [fired(1)]) == []
    assert match_catalogue([event(1, place=(87.20, 54.13))], [fired(1)]) == [], "8 km away"


@pytest.mark.parametrize("other", [{"type": "earthquake"}, {"magnitude": None}])
def test_what_was_no_blast_or_has_no_size_is_left_out(other):
    assert match_catalogue([replace(event(1), **other)], [fired(1)]) == []


def test_what_could_be_two_is_nobodys():
    near = fired(2, enterprise="south", at=AT + timedelta(seconds=60))
    assert match_catalogue([event(1)], [fired(1), near]) == []
    assert match_catalogue([event(1), event(2, at=AT + timedelta(seconds=20))], [fired(1)]) == []
    other = replace(event(3), agency="GS RAS")  # a second network sized the same blast: another scale, no doubt
    assert {one.event.id for one in match_catalogue([event(1), other], [fired(1)])} == {"as1", "as3"}


def test_an_understated_charge_is_found_by_the_law_of_the_others():
    blasts, events = year()
    lie = max(range(30), key=lambda number: blasts[number].charge_kg)
    middle = min(range(30), key=lambda number: abs(blasts[number].charge_kg - 40_000))
    honest = charges_by_enterprise(match_catalogue(events, blasts))
    assert honest[0].law.usable
    assert honest[0].law.slope == pytest.approx(0.7, abs=0.1)
    blasts[middle] = replace(blasts[middle], charge_kg=blasts[middle].charge_kg / 6)
    (found,) = charges_by_enterprise(match_catalogue(events, blasts))
    odd = {one.sized.blast.blast_id for one in found.judged if one.check.verdict is ChargeVerdict.TOO_STRONG}
    assert middle in odd
    assert lie not in odd
    alert = next(one for one in charge_findings([found]) if one.key == f"charge_ml:{middle}")
    assert (alert.kind, alert.published, alert.station_id) == (FindingKind.CHARGE, False, 7)
    assert "ML ASGSR" in alert.reasons[1]
    assert alert.norm["verified"] is False
    assert alert.figures["magnitude"].value > alert.figures["high"].value


def test_without_a_law_nobody_is_accused_and_the_reason_is_told():
    blasts, events = year(10)
    blasts[3] = replace(blasts[3], charge_kg=blasts[3].charge_kg / 20)
    (few,) = charges_by_enterprise(match_catalogue(events, blasts))
    assert not few.law.usable
    assert any("взрывов 10" in reason for reason in few.refused)
    assert {one.check.verdict for one in few.judged} == {ChargeVerdict.NO_LAW}
    assert charge_findings([few]) == []
    (two,) = charges_by_enterprise(match_catalogue(events[:2], blasts[:2]))
    assert two.law is None
    assert two.refused == ("взрывов с магнитудой 2, закон не строится",)


def test_magnitudes_of_two_types_are_not_one_scale():
    blasts, events = year(24)
    events[:4] = [replace(one, magnitude_type="MPSP") for one in events[:4]]
    (found,) = charges_by_enterprise(match_catalogue(events, blasts))
    assert (found.magnitude_type, len(found.judged), found.other_scale) == ("ML", 20, 4)
