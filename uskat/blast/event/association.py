"""Which declared blast an event is: time, place and size against the chance that nobody declared it.

For every pair the ln odds: P(event | this declaration fired) over the density of undeclared blasts at that time, place
and size. Most blasts are fired as declared; a share is early or late, elsewhere, of another size. One declaration is
one blast: pairs are chosen for all events at once (linear assignment), never one after another.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from uskat.blast.event.delays import DelayFit, LineStack, delay_fit
from uskat.blast.event.district import DeclaredBlast, District
from uskat.blast.event.location import Arrivals, Location
from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.rules import event_rules

DAY_S = 86400.0
NEVER = -1e6
NEAREST = 3


@dataclass(frozen=True, slots=True)
class ChargeEstimate:
    """log10 of the charge per delay in kg from peaks at their distances; sd of it; n: peaks used."""

    log10_kg: float
    sd: float
    n: int

    @property
    def kg(self) -> float:
        """The charge."""
        return float(10**self.log10_kg)


@dataclass(frozen=True, slots=True)
class SourceSize:
    """What the records say of a source's size and firing.

    lengths: (distance km, length s) of the clear records near it. lines: spectra of its clear records as one.
    """

    charge: ChargeEstimate | None
    lengths: tuple[tuple[float, float], ...]
    lines: LineStack | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A declaration that may be the event. dt_s: event later than the declared window; distance_km from its block.

    afterwards: declared only after it was fired. size_log10: log10 of recorded over declared charge, None without
    amplitudes. firing_log10: log10 of the recorded over the expected length of the records, None when not known.
    place_sd: distance in units of the uncertainty. delays: how the declared delays fit the lines of the spectra, None
    when they are not known. log_odds: against an undeclared blast.
    """

    declaration: str
    dt_s: float
    distance_km: float
    place_sd: float
    size_log10: float | None
    size_sd: float | None
    firing_log10: float | None
    log_odds: float
    afterwards: bool = False
    delays: DelayFit | None = None


def estimate_charge(arrivals: Arrivals, location: Location, *, district: District) -> ChargeEstimate | None:
    """Charge per delay from the pit's law: log Q = 2·(log R − (log PPV − log K)/β); None without clear peaks.

    Distances in m of stations from 300 m to 15 km; the spread holds the law's, the stations' and the place's.
    """
    rules = event_rules().amplitude
    k, beta, law_sd = district.law_at(location.place)
    distance = 1000 * np.hypot(*(arrivals.places - location.place).T)
    good = ~np.isnan(arrivals.log_ppv) & (distance > 300.0) & (distance < 15_000.0)
    if not good.any():
        return None
    values = 2 * (np.log10(distance[good]) - (arrivals.log_ppv[good] - np.log10(k)) / beta)
    moved = 2 * location.uncertainty_km / 2.45 * 1000 / distance[good] / math.log(10)
    one = np.hypot(2 / abs(beta) * rules.station_sd, moved)
    weight = 1 / one**2
    mean = float((weight * values).sum() / weight.sum())
    sd = math.hypot(1 / math.sqrt(float(weight.sum())), 2 / abs(beta) * law_sd)
    return ChargeEstimate(mean, sd, int(good.sum()))


def record_lengths(
    records: Sequence[RecordFeatures], location: Location, *, district: District
) -> tuple[tuple[float, float], ...]:
    """Distance in km and length in s of up to three clear records nearest to the source."""
    rules = event_rules().firing
    near = []
    for record in records:
        distance = float(np.hypot(*(district.place_of[record.station] - location.place)))
        if distance <= rules.within_km and record.snr >= rules.least_snr and record.duration_s > 0:
            near.append((distance, record.duration_s))
    return tuple(sorted(near)[:NEAREST])


def candidates(
    location: Location, source: SourceSize, *, declared: Sequence[DeclaredBlast], district: District
) -> list[Candidate]:
    """Declarations that an event may be, most probable first."""
    match = event_rules().match
    found = []
    for blast in declared:
        dt_s = blast.off_s(location.at)
        if abs(dt_s) <= match.within_s and _is_near(blast, location, district=district):
            found.append(_candidate(blast, dt_s, location=location, source=source, district=district))
    likely = [item for item in found if item.log_odds >= match.least_log_odds]
    return sorted(likely, key=lambda item: (-item.log_odds, item.declaration))


def _is_near(blast: DeclaredBlast, location: Location, *, district: District) -> bool:
    """Whether the event can lie within `within_km` of the block: a blast at another pit is not the declared one."""
    distance = float(np.hypot(*(district.to_km(blast.latitude, blast.longitude) - location.place)))
    return distance - location.uncertainty_km <= event_rules().match.within_km


def assign(offers: Sequence[Sequence[Candidate]], weights: Sequence[float]) -> list[Candidate | None]:
    """The declaration of each event, or None: the choice of the largest sum of ln odds, one event a declaration.

    weights: ln odds of each event being a blast at all; one that is surely none must not take a declaration.
    """
    names = sorted({item.declaration for offer in offers for item in offer})
    column = {name: place for place, name in enumerate(names)}
    if not names or not offers:
        return [None] * len(offers)
    gain = np.zeros((len(offers), len(names) + len(offers)))
    gain[:, : len(names)] = NEVER
    for row, (offer, weight) in enumerate(zip(offers, weights, strict=True)):
        for item in offer:
            gain[row, column[item.declaration]] = item.log_odds + min(weight, 0.0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    chosen: list[Candidate | None] = [None] * len(offers)
    for row, place in zip(rows, columns, strict=True):
        if place < len(names) and gain[row, place] > 0:
            chosen[row] = next(item for item in offers[row] if item.declaration == names[place])
    return chosen


def _candidate(
    blast: DeclaredBlast, dt_s: float, *, location: Location, source: SourceSize, district: District
) -> Candidate:
    charge, match, amplitude = source.charge, event_rules().match, event_rules().amplitude
    place = district.to_km(blast.latitude, blast.longitude)
    distance = float(np.hypot(*(place - location.place)))
    squared = location.mahalanobis2(place, extra_km=match.block_km)
    time_sd = math.hypot(match.on_time_s, location.time_sd_s)
    log_odds = math.log(match.fired) + _log_time(dt_s, time_sd, window_s=blast.window_s)
    log_odds -= math.log(match.undeclared_per_day / DAY_S)
    a, b, c = location.covariance
    area = 2 * math.pi * math.sqrt((a + match.block_km**2) * (c + match.block_km**2) - b**2)
    near = match.usual_place * math.exp(-squared / 2) / area
    astray = (
        (1 - match.usual_place)
        * math.exp(-((distance / match.astray_km) ** 2) / 2)
        / (2 * math.pi * match.astray_km**2)
    )
    log_odds += math.log(near + astray + 1e-30) - float(district.log_prior(location.place[None, :])[0])
    ratio = sd = None
    if charge is not None:
        ratio, sd = charge.log10_kg - math.log10(blast.charge_kg), charge.sd
        usual = charge.log10_kg - math.log10(amplitude.charge_kg)
        log_odds += _mixture(ratio, sd, match.astray_log10, usual=match.usual_size)
        log_odds -= _log_density(usual, math.hypot(sd, amplitude.charge_sd_log10))
    length, odds = _firing(blast, source)
    delays = _delays(blast, source)
    odds += 0.0 if delays is None else delays.log_odds
    afterwards = blast.declared_at is not None and blast.declared_at > location.at
    return Candidate(
        blast.id, dt_s, distance, math.sqrt(squared), ratio, sd, length, log_odds + odds, afterwards, delays
    )


def _firing(blast: DeclaredBlast, source: SourceSize) -> tuple[float | None, float]:
    """log10 of recorded over expected length, and its ln odds: ripple firing as declared against any firing."""
    if blast.firing_s is None or not source.lengths:
        return None, 0.0
    rules = event_rules().firing

    def ratio(firing_s: float) -> float:
        expected = [rules.share * firing_s + rules.fixed_s + rules.per_km_s * reach for reach, _ in source.lengths]
        return float(np.mean([math.log10(s / e) for (_, s), e in zip(source.lengths, expected, strict=True)]))

    found = ratio(blast.firing_s)
    usual = ratio(rules.typical_s)
    any_sd = math.hypot(rules.sd_log10, rules.typical_sd_log10)
    return found, _mixture(found, rules.sd_log10, any_sd, usual=event_rules().match.usual_firing) - _log_density(
        usual, any_sd
    )


def _delays(blast: DeclaredBlast, source: SourceSize) -> DelayFit | None:
    if source.lines is None or not blast.delay_s or blast.groups is None:
        return None
    return delay_fit(source.lines, blast.delay_s, groups=blast.groups)


def _log_time(dt_s: float, sd: float, *, window_s: float) -> float:
    """ln of the density of the moment: flat over the window, with Gaussian flanks; a share is hours astray."""
    match = event_rules().match
    flat = math.log1p(window_s / (math.sqrt(2 * math.pi) * sd))
    astray = math.exp(-abs(dt_s) / match.astray_s) / (2 * match.astray_s)
    return math.log(match.usual_time * math.exp(_log_density(dt_s, sd) - flat) + (1 - match.usual_time) * astray)


def _mixture(value: float, sd: float, astray_sd: float, *, usual: float) -> float:
    near = usual * math.exp(_log_density(value, sd))
    return math.log(near + (1 - usual) * math.exp(_log_density(value, astray_sd)) + 1e-300)


def _log_density(value: float, sd: float) -> float:
    return -((value / sd) ** 2) / 2 - math.log(math.sqrt(2 * math.pi) * sd)
