"""The judgement of a period: records and declarations in, events with verdicts out. A pure function of both.

Late or corrected records change the result of their period and nothing else has to be remembered: any order and any
repetition of the same records gives the same events.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uskat.blast.catalogue.day_pattern import hour_prior
from uskat.blast.event.association import Candidate, SourceSize, assign, candidates, estimate_charge, record_lengths
from uskat.blast.event.delays import LineStack, stack_lines, usual_fits
from uskat.blast.event.district import DeclaredBlast, District
from uskat.blast.event.grouping import Group, Stray, group_records
from uskat.blast.event.heard import heard_near, is_heard_by_two
from uskat.blast.event.location import arrivals_of, surface_or_far
from uskat.blast.event.reasons import explain
from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.rules import event_rules
from uskat.blast.event.signal import (
    Classified,
    Evidence,
    SourceClass,
    add,
    classified,
    event_evidence,
    log_normal,
    networked,
)
from uskat.blast.event.verdict import OF_CLASS, Deviation, JudgedEvent, Verdict

AIR_SPREADS = 2.5
MOST_SILENT = 3


@dataclass(frozen=True, slots=True)
class _Suspect:
    group: Group
    evidence: Evidence
    found: Classified
    source: SourceSize
    silent: tuple[str, ...]


def judge_events(
    records: Sequence[RecordFeatures],
    declared: Sequence[DeclaredBlast],
    *,
    district: District,
    utc_offset_h: float,
) -> list[JudgedEvent]:
    """Events of a period in time order.

    records: of all stations; declared: every declaration within some hours of them (both as stored, in any order).
    utc_offset_h: local time of the district, for the hour as a prior.
    """
    groups, strays = group_records(records, district)
    suspects = [_suspect(group, district, utc_offset_h) for group in groups]
    offers = [
        candidates(suspect.group.location, suspect.source, declared=declared, district=district) for suspect in suspects
    ]
    weights = [_blast_log_odds(suspect.found) for suspect in suspects]
    chosen = assign(offers, weights)
    judged = [_judged(suspect, candidate, district) for suspect, candidate in zip(suspects, chosen, strict=True)]
    return sorted([*judged, *map(_stray, strays)], key=lambda event: (event.at, event.id))


def _suspect(group: Group, district: District, utc_offset_h: float) -> _Suspect:
    rules = event_rules()
    evidence = event_evidence(group.records)
    charge = estimate_charge(arrivals_of(group.records, district), group.location, district=district)
    charge_kg = rules.amplitude.charge_kg if charge is None else charge.kg
    networked(evidence, stations=len(group.records))
    lines = stack_lines(group.records)
    if lines is not None and len(group.records) > 1:
        add(evidence, "lines", values={SourceClass.EARTHQUAKE: -_lines_log(lines)})
    if len(group.records) > 2:
        ratio = surface_or_far(group.records, district) / len(group.records)
        other = log_normal(ratio, rules.moveout.other)
        add(evidence, "moveout", values=dict.fromkeys(SourceClass, other))
        add(evidence, "moveout", values={SourceClass.BLAST: log_normal(ratio, rules.moveout.blast) - other})
        add(evidence, "place", values={SourceClass.BLAST: _place_log(group, district)})
        add(evidence, "near_air", values=_near_air(group, district, charge_kg=charge_kg))
    prior = hour_prior(group.location.at, utc_offset_h=utc_offset_h).log_odds
    add(evidence, "hour", values={SourceClass.BLAST: prior / 2, SourceClass.EARTHQUAKE: -prior / 2})
    silent = _silent(group, district)
    if silent:
        value = rules.network.silent_log * min(len(silent), MOST_SILENT)
        add(evidence, "silence", values={SourceClass.BLAST: value, SourceClass.EARTHQUAKE: value})
    source = SourceSize(
        charge,
        record_lengths(group.records, group.location, district=district),
        lines,
    )
    return _Suspect(group, evidence, classified(evidence), source, silent)


def _lines_log(lines: LineStack) -> float:
    """ln odds of common lines of ripple firing at all stations, blast against earthquake; some blasts have none."""
    rules = event_rules().delays
    best = max(usual_fits(lines).values())
    other = log_normal(best, rules.earthquake)
    blast = float(
        np.logaddexp(np.log(1 - rules.lineless) + log_normal(best, rules.blast), np.log(rules.lineless) + other)
    )
    return min(blast - other, rules.most_log)


def _place_log(group: Group, district: District) -> float:
    """ln of the density of blasts at the place against sources spread evenly over the searched area, bounded."""
    rules = event_rules().place
    ratio = float(district.log_prior(group.location.place[None, :])[0] - district.log_anywhere)
    return float(np.clip(ratio, rules.least_log, rules.most_log))


def _near_air(group: Group, district: District, *, charge_kg: float) -> dict[SourceClass, float]:
    """ln likelihoods of air waves heard, and not heard, at the stations nearest to the source.

    Where the pressure of a blast of this strength would be too weak, silence says nothing.
    """
    rules, air, ground = event_rules().near_air, event_rules().air, event_rules().ground
    unsure = group.location.uncertainty_km / 2
    near = []
    for record in group.records:
        distance = float(np.hypot(*(district.place_of[record.station] - group.location.place)))
        expected = distance / air.sound_km_s - distance / ground.p_km_s
        within = AIR_SPREADS * float(np.hypot(air.fixed_sd_s, air.share_sd * expected)) + unsure / air.sound_km_s
        lag = record.air_after_s
        heard_here = lag is not None and lag >= air.least_s and abs(lag - expected - air.late_s) <= within
        reach = 1000 * (distance + unsure) / float(np.cbrt(charge_kg))
        must = 1000 * rules.k_kpa * reach**rules.exponent >= rules.audible_pa
        if must or (heard_here and distance + unsure <= rules.heard_within_km):
            near.append((distance, must, heard_here))
    values = dict.fromkeys((SourceClass.BLAST, SourceClass.EARTHQUAKE), 0.0)
    for _, must, found in sorted(near)[: rules.most_stations]:
        other = rules.heard_other if must else rules.heard_by_chance
        for item, chance in ((SourceClass.BLAST, rules.heard_blast), (SourceClass.EARTHQUAKE, other)):
            values[item] += float(np.log(chance if found else 1 - chance))
    return values


def _silent(group: Group, district: District) -> tuple[str, ...]:
    """Live stations without a record that a blast of this strength at this place would have triggered."""
    place, beta = group.location.place, district.law_at(group.location.place)[1]
    present = {record.station for record in group.records} | {fault.station for fault in group.clocks}

    def reach(code: str) -> float:
        return max(float(np.hypot(*(district.place_of[code] - place))), 0.3)

    strength = float(np.median([np.log10(r.ppv_mm_s) - beta * np.log10(reach(r.station)) for r in group.records]))
    ratio = event_rules().network.silent_ratio
    return tuple(
        station.code
        for station in district.stations
        if station.code not in present
        and station.was_alive(group.location.at)
        and 10 ** (strength + beta * np.log10(reach(station.code))) > ratio * station.trigger_mm_s
    )


def _blast_log_odds(found: Classified) -> float:
    chance = min(max(found.probabilities[SourceClass.BLAST], 1e-12), 1 - 1e-12)
    return float(np.log(chance / (1 - chance)))


def _judged(suspect: _Suspect, candidate: Candidate | None, district: District) -> JudgedEvent:
    group = suspect.group
    match = event_rules().match
    odds = match.unmatched_log if candidate is None else min(candidate.log_odds, match.most_matched_log)
    add(suspect.evidence, "declaration", values={SourceClass.BLAST: odds})
    found = classified(suspect.evidence)
    verdict = _verdict(found, candidate, suspect=suspect, district=district)
    if verdict is not Verdict.DECLARED:
        candidate = None
    deviations = () if candidate is None else _deviations(candidate)
    charge = suspect.source.charge if verdict in {Verdict.DECLARED, Verdict.UNDECLARED} else None
    blast = verdict in {Verdict.DECLARED, Verdict.UNDECLARED}
    return JudgedEvent(
        id=group.id,
        at=group.location.at if blast else group.first.onset_at,
        verdict=verdict,
        probabilities=_probabilities(found, candidate),
        records=tuple((record.station, record.start) for record in group.records),
        location=group.location if blast or verdict is Verdict.UNRESOLVED else None,
        charge=charge,
        declaration=candidate,
        deviations=deviations,
        clocks=group.clocks,
        reasons=explain(
            group,
            found,
            verdict=verdict,
            candidate=candidate,
            charge=charge,
            deviations=deviations,
            silent=suspect.silent,
        ),
    )


def _verdict(found: Classified, candidate: Candidate | None, *, suspect: _Suspect, district: District) -> Verdict:
    """Silent live stations that a blast would have moved deny an undeclared blast that few recorded."""
    sure, best = event_rules().sure, found.best
    chance = found.probabilities[best]
    if best is not SourceClass.BLAST:
        return OF_CLASS[best] if chance >= sure.kind else Verdict.UNRESOLVED
    if candidate is not None:
        return Verdict.DECLARED if chance >= sure.kind else Verdict.UNRESOLVED
    group, silent = suspect.group, len(suspect.silent)
    network, stations = event_rules().network, len(group.records)
    rough = group.location.uncertainty_km > sure.undeclared_within_km
    near = rough and heard_near(group.records) is not None
    heard = near or (rough and is_heard_by_two(group.records, district))
    if group.location.uncertainty_km > (sure.undeclared_heard_km if heard else sure.undeclared_within_km):
        return Verdict.UNRESOLVED
    denied = silent >= network.silent_contradict and stations <= network.few_stations
    if denied or (stations == 1 and silent):
        return Verdict.UNRESOLVED
    needed = sure.undeclared_alone if stations == 1 or near else sure.undeclared
    return Verdict.UNDECLARED if chance >= needed else Verdict.UNRESOLVED


def _probabilities(found: Classified, candidate: Candidate | None) -> dict[Verdict, float]:
    """Of the verdicts: a blast's share goes to its declaration and to «undeclared» by their odds."""
    blast = found.probabilities[SourceClass.BLAST]
    share = 0.0 if candidate is None else 1 / (1 + float(np.exp(-candidate.log_odds)))
    values = {Verdict.DECLARED: blast * share, Verdict.UNDECLARED: blast * (1 - share)}
    values |= {OF_CLASS[item]: value for item, value in found.probabilities.items() if item in OF_CLASS}
    return dict(sorted(values.items(), key=lambda item: -item[1]))


def _deviations(candidate: Candidate) -> tuple[Deviation, ...]:
    match = event_rules().match
    found = []
    if abs(candidate.dt_s) > match.early_late_s:
        found.append(Deviation.LATE if candidate.dt_s > 0 else Deviation.EARLY)
    if candidate.place_sd > match.elsewhere_sd and candidate.distance_km > match.elsewhere_km:
        found.append(Deviation.ELSEWHERE)
    ratio, sd = candidate.size_log10, candidate.size_sd
    if ratio is not None and sd is not None and abs(ratio) > match.size_sd * sd:
        found.append(Deviation.OTHER_SIZE)
    if candidate.afterwards:
        found.append(Deviation.AFTERWARDS)
    return tuple(found)


def _stray(stray: Stray) -> JudgedEvent:
    record = stray.record
    text = (
        f"Запись прибора {record.station} похожа на событие сети, но сдвинута на {stray.ahead_s:+.1f} с: неверные часы."
    )
    return JudgedEvent(
        id=f"{record.station}:{record.start.isoformat(timespec='milliseconds')}",
        at=record.onset_at,
        verdict=Verdict.CLOCK,
        probabilities={Verdict.CLOCK: 1.0},
        records=((record.station, record.start),),
        location=None,
        charge=None,
        declaration=None,
        deviations=(),
        clocks=(),
        reasons=(text.replace(".", ",", 1),),
        refers_to=stray.of.id,
    )
