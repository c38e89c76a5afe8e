"""Why an event was judged so, in sentences for people (Russian)."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from uskat.blast.event.association import Candidate, ChargeEstimate
from uskat.blast.event.grouping import Group
from uskat.blast.event.heard import heard_near
from uskat.blast.event.rules import event_rules
from uskat.blast.event.signal import Classified, SourceClass
from uskat.blast.event.verdict import Deviation, Verdict
from uskat.finding import number_ru

TELLING = 0.7
"""ln odds from which a cause is worth a sentence."""
MINUTE_S = 60.0
CLASS_RU = {
    SourceClass.BLAST: "взрыв",
    SourceClass.EARTHQUAKE: "землетрясение",
    SourceClass.TRAFFIC: "проезд тяжёлой машины",
    SourceClass.HANDLING: "касание прибора",
    SourceClass.THUNDER: "гром",
    SourceClass.NOISE: "помеха прибора",
}


def explain(
    group: Group,
    found: Classified,
    *,
    verdict: Verdict,
    candidate: Candidate | None,
    charge: ChargeEstimate | None,
    deviations: Sequence[Deviation],
    silent: Sequence[str],
) -> tuple[str, ...]:
    """Sentences: what was seen, what speaks for the kind of source, how it compares with the declaration."""
    return (
        *_seen(group, verdict),
        *_kind(group, found),
        *_silence(silent),
        *_declaration(verdict, candidate, charge, deviations),
        *(f"Часы прибора {fault.station} ошибаются на {_seconds(fault.ahead_s)}." for fault in group.clocks),
    )


def _seen(group: Group, verdict: Verdict) -> Iterator[str]:
    count = len(group.records)
    if count == 1:
        yield f"Записал один прибор: {group.records[0].station}."
    else:
        yield f"Записали приборы: {count} ({', '.join(record.station for record in group.records)})."
    if verdict is Verdict.UNRESOLVED and group.location.uncertainty_km > event_rules().sure.undeclared_within_km:
        error = number_ru(group.location.uncertainty_km)
        yield f"Место известно слишком грубо (±{error} км), чтобы говорить о взрыве без объявления."
    if verdict in {Verdict.DECLARED, Verdict.UNDECLARED}:
        place = group.location
        error = number_ru(place.uncertainty_km)
        north, east = (f"{value:.4f}".replace(".", ",") for value in (place.latitude, place.longitude))
        yield f"Место: {north}° с. ш., {east}° в. д., ±{error} км (95 %)."
        if verdict is Verdict.UNDECLARED and place.uncertainty_km > event_rules().sure.undeclared_within_km:
            near = heard_near(group.records)
            yield (
                "Место грубое, но звуковая волна на двух приборах называет один и тот же момент взрыва."
                if near is None
                else f"Место грубое, но прибор {near[0]} услышал взрыв: до него {number_ru(near[1])} км."
            )


def _kind(group: Group, found: Classified) -> Iterator[str]:
    odds = found.odds_by_cause()
    words = _words(group)
    said = [words[cause] for cause, value in odds.items() if value >= TELLING and cause in words]
    against = [words[cause] for cause, value in odds.items() if value <= -TELLING and cause in words]
    chance = found.probabilities[found.best]
    yield f"Похоже на: {CLASS_RU[found.best]}, вероятность {number_ru(100 * chance)} %."
    if said:
        yield f"За это: {'; '.join(said)}."
    if against:
        yield f"Против: {'; '.join(against)}."


def _words(group: Group) -> Mapping[str, str]:
    records = group.records
    tone = number_ru(float(np.median([record.frequency_hz for record in records])))
    ratios = [record.p_s_log10 for record in records if record.p_s_log10 is not None]
    line = max(records, key=lambda record: record.ripple)
    late = sum(r.air_after_s is not None and r.air_after_s > event_rules().air.least_s for r in records)
    words = {
        "frequency": f"спектр (средняя частота {tone} Гц)",
        "axis": "соотношение трёх осей",
        "rise": "крутизна вступления",
        "size": "размах колебаний",
        "air": f"звуковая волна после толчка на приборах: {late} из {len(records)}",
        "near_air": "слышна ли звуковая волна на приборах рядом с источником",
        "place": "место относительно карьеров (только как вероятность)",
        "network": f"согласованность приборов сети ({len(records)})",
        "moveout": "времена прихода по сети",
        "lines": "общие линии замедлений в спектрах приборов",
        "hour": "час и день недели (только как вероятность)",
        "declaration": "сверка с объявленными взрывами",
    }
    if line.ripple_s > 0:
        words["ripple"] = f"линия в спектре с периодом {number_ru(1000 * line.ripple_s)} мс (замедления)"
    if ratios:
        words["p_s"] = f"отношение P/S {number_ru(10 ** float(np.median(ratios)))}"
    return words


def _silence(silent: Sequence[str]) -> Iterator[str]:
    if silent:
        yield f"Молчат работающие приборы, которые взрыв такой силы записали бы: {', '.join(silent)}."


def _declaration(
    verdict: Verdict, candidate: Candidate | None, charge: ChargeEstimate | None, deviations: Sequence[Deviation]
) -> Iterator[str]:
    if verdict is Verdict.UNDECLARED:
        yield "Ни один объявленный взрыв не подходит по времени, месту и размеру."
    if charge is not None and verdict in {Verdict.DECLARED, Verdict.UNDECLARED}:
        low, high = (10 ** (charge.log10_kg + side * 1.96 * charge.sd) for side in (-1, 1))
        yield f"Заряд на ступень по колебаниям: {number_ru(charge.kg)} кг ({number_ru(low)}…{number_ru(high)})."
    if candidate is None:
        return
    side = "позже" if candidate.dt_s >= 0 else "раньше"
    shift = _seconds(abs(candidate.dt_s)) if abs(candidate.dt_s) < 120 else _minutes(abs(candidate.dt_s))
    away = number_ru(candidate.distance_km)
    when = f"на {shift} {side} заявленного" if candidate.dt_s else "в заявленное время"
    yield f"Объявление {candidate.declaration}: {when}, {away} км от блока."
    if candidate.delays is not None and candidate.delays.log_odds <= -TELLING:
        found = number_ru(1000 * candidate.delays.best_s)
        yield f"Линии в спектрах не такие, как от заявленных замедлений; больше похоже на {found} мс."
    if Deviation.AFTERWARDS in deviations:
        yield "Объявлен только после взрыва."
    if Deviation.ELSEWHERE in deviations:
        yield "Место не совпадает с заявленным блоком."
    if Deviation.OTHER_SIZE in deviations and candidate.size_log10 is not None:
        yield f"Заряд на ступень отличается от заявленного в {number_ru(10 ** abs(candidate.size_log10))} раза."


def _seconds(value: float) -> str:
    return f"{number_ru(value)} с"


def _minutes(value: float) -> str:
    return f"{number_ru(value / MINUTE_S)} мин"
