"""The judgement of a period: records and declarations in, events with verdicts out. A pure function of both.

Late or corrected records change the result of their period and nothing else has to be remembered: any order and any
repetition of the same records gives the same events.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uskat.blast.catalogue.day_pattern import hour_prior
from uskat.blast.event.association import Candidate, ChargeEstimate, assign, candidates, estimate_charge
from uskat.blast.event.district import DeclaredBlast, District
from uskat.blast.event.grouping import Group, Stray, group_records
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
    networked,
)
from uskat.blast.event.verdict import OF_CLASS, Deviation, JudgedEvent, Verdict

SURE = 0.5
SURE_ALONE = 0.8
"""Probability of a blast from which a single record is called an undeclared blast."""
MOVEOUT_WEIGHT = 0.6
MOST_SILENT = 3
UNMATCHED_LOG = -1.5
MOST_MATCHED_LOG = 6.0


@dataclass(frozen=True, slots=True)
class _Suspect:
    group: Group
    evidence: Evidence
    found: Classified
    charge: ChargeEstimate | None
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
        candidates(suspect.group.location, suspect.charge, declared=declared, district=district) for suspect in suspects
    ]
    weights = [_blast_log_odds(suspect.found) for suspect in suspects]
    chosen = assign(offers, weights)
    judged = [_judged(suspect, candidate) for suspect, candidate in zip(suspects, chosen, strict=True)]
    return sorted([*judged, *map(_stray, strays)], key=lambda event: (event.at, event.id))


def _suspect(group: Group, district: District, utc_offset_h: float) -> _Suspect:
    rules = event_rules()
    evidence = event_evidence(group.records)
    networked(evidence, stations=len(group.records))
    if len(group.records) > 2:
        most = rules.network.most_log_odds
        ratio = MOVEOUT_WEIGHT * float(np.clip(surface_or_far(group.records, district), -most, most))
        add(evidence, "moveout", {SourceClass.BLAST: ratio / 2, SourceClass.EARTHQUAKE: -ratio / 2})
    prior = hour_prior(group.location.at, utc_offset_h=utc_offset_h).log_odds
    add(evidence, "hour", {SourceClass.BLAST: prior / 2, SourceClass.EARTHQUAKE: -prior / 2})
    silent = _silent(group, district)
    if silent:
        value = rules.network.silent_log * min(len(silent), MOST_SILENT)
        add(evidence, "silence", {SourceClass.BLAST: value, SourceClass.EARTHQUAKE: value})
    charge = estimate_charge(arrivals_of(group.records, district), group.location, district=district)
    return _Suspect(group, evidence, classified(evidence), charge, silent)


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


def _judged(suspect: _Suspect, candidate: Candidate | None) -> JudgedEvent:
    group = suspect.group
    odds = UNMATCHED_LOG if candidate is None else min(candidate.log_odds, MOST_MATCHED_LOG)
    add(suspect.evidence, "declaration", {SourceClass.BLAST: odds})
    found = classified(suspect.evidence)
    verdict = _verdict(found, candidate, stations=len(group.records))
    if verdict is not Verdict.DECLARED:
        candidate = None
    deviations = () if candidate is None else _deviations(candidate)
    charge = suspect.charge if verdict in {Verdict.DECLARED, Verdict.UNDECLARED} else None
    blast = verdict in {Verdict.DECLARED, Verdict.UNDECLARED}
    return JudgedEvent(
        id=group.id,
        at=group.location.at if blast else group.first.onset_at,
        verdict=verdict,
        probabilities=_probabilities(found, candidate),
        records=tuple((record.station, record.start) for record in group.records),
        location=group.location if blast else None,
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


def _verdict(found: Classified, candidate: Candidate | None, *, stations: int) -> Verdict:
    best = found.best
    chance = found.probabilities[best]
    if best is not SourceClass.BLAST:
        return OF_CLASS[best] if chance >= SURE else Verdict.UNRESOLVED
    if candidate is not None:
        return Verdict.DECLARED if chance >= SURE else Verdict.UNRESOLVED
    return Verdict.UNDECLARED if chance >= (SURE_ALONE if stations == 1 else SURE) else Verdict.UNRESOLVED


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
