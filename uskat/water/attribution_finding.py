"""An attribution in words: a finding for the agency, with every figure and reason behind it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from uskat.finding import Figure, Finding, FindingKind, Severity, number_ru
from uskat.water.attribution import LOOKED_AT, Attribution, shown_tracers
from uskat.water.attribution_candidate import Candidate
from uskat.water.attribution_reach import River, Verdict, Witness
from uskat.water.network_items import Reach
from uskat.water.parameters import parameters
from uskat.water.plume import Arrival
from uskat.water.pollution_episode import PollutionEpisode
from uskat.water.signature import UNKNOWN
from uskat.water.travel_coefficient import travel_coefficients

DETECTOR = "attribution"
LOCAL = timedelta(hours=7)
NAMED = 0.5
"""From this probability on the title names the outlet."""


def source_key(station_id: int) -> str:
    """Key of the source findings of a station."""
    return f"source:{station_id}"


def source_finding(
    river: River, episode: PollutionEpisode, *, found: Attribution, station_id: int, upstream_alert: int | None = None
) -> Finding:
    """The finding of a station. upstream_alert: id of the source alert further up that this one refers to."""
    end = episode.started_at + LOOKED_AT
    ended_at = min(episode.ended_at, end) if episode.ended_at is not None else None
    carries = found.carrier == episode.station
    detail = _common(river, found) | (
        _own(river, found) if carries else _reference(found, upstream_alert=upstream_alert)
    )
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.SOURCE,
        severity=Severity.NOTICE,
        key=source_key(station_id),
        started_at=episode.started_at,
        knowable_at=episode.knowable_at,
        ended_at=ended_at,
        settled_at=episode.settled_at if ended_at is not None else None,
        title=_title(river, found) if carries else f"Загрязнение пришло сверху: источник выше станции {found.carrier}",
        title_en=_title_en(found) if carries else f"Pollution came from above: its source is above {found.carrier}",
        figures=_figures(found) if carries else {},
        reasons=tuple(_reasons(river, found)),
        detail=detail,
        published=False,
    )


def reach_text(river: River, piece: Reach) -> str:
    """A piece of river as people write it: «Талда, км 18,5–0,5»."""
    name = river.network.river_of[piece.river].name
    return f"{name}, км {number_ru(piece.from_km)}–{number_ru(piece.to_km)}"


def _best(found: Attribution) -> Candidate | None:
    return found.candidates[0] if found.candidates else None


def _title(river: River, found: Attribution) -> str:
    best = _best(found)
    where = "; ".join(reach_text(river, piece) for piece in found.location.area.pieces[:3])
    if best is not None and best.outlet is not None and best.probability >= NAMED:
        return f"Источник загрязнения: {where}. Вероятнее всего – {best.outlet.name} ({100 * best.probability:.0f} %)"
    return f"Источник загрязнения: {where}. Выпуск не установлен"


def _title_en(found: Attribution) -> str:
    pieces = found.location.area.pieces[:3]
    where = "; ".join(f"{piece.river} km {piece.from_km:.1f}-{piece.to_km:.1f}" for piece in pieces)
    best = _best(found)
    if best is not None and best.outlet is not None and best.probability >= NAMED:
        return f"Source of pollution: {where}; most likely {best.outlet.code} ({100 * best.probability:.0f} %)"
    return f"Source of pollution: {where}; outlet not established"


def _figures(found: Attribution) -> dict[str, Figure]:
    figures = {"reach_km": Figure(round(found.location.area.length_km, 1), "км")}
    best = _best(found)
    if best is not None and best.outlet is not None:
        figures["probability"] = Figure(round(100 * best.probability, 1), "%")
    for mass in found.masses[:1]:
        figures["mass"] = Figure(round(mass.kg, 1), "кг")
    return figures


def _reasons(river: River, found: Attribution) -> list[str]:
    moved = ", ".join(
        f"{parameters()[t.parameter].name_ru.lower()} {number_ru(t.level)} → {number_ru(t.level + t.peak)} "
        f"{parameters()[t.parameter].unit_ru}"
        for t in shown_tracers(found.location.topmost)
    )
    named = found.scoring.to_json()["name"]
    share = 100 * found.scoring.probabilities[found.scoring.best]
    likeness = "Причина по признакам не установлена." if found.scoring.best == UNKNOWN else (
        f"По признакам это {named} ({share:.0f} %)."
    )  # fmt: skip
    reasons = [f"На станции {found.location.topmost.station} изменились: {moved}.", likeness]
    reasons += [_witness_reason(witness) for witness in found.location.witnesses]
    if found.location.wide:
        silent = ", ".join(station.code for station in found.location.area.passed)
        reasons.append(f"Участок шире обычного: станции {silent} в это время не могли свидетельствовать.")
    if not river.state.measured:
        reasons.append("Расход не измерен: время добегания – по обычному режиму этого времени года.")
    reasons.append("Коэффициенты времени добегания и признаков не сверены с первоисточником.")
    return reasons


def _witness_reason(witness: Witness) -> str:
    window = f"{_local(witness.since)} – {_local(witness.until)}"
    word = {
        Verdict.CLEAN: "чисто",
        Verdict.AFFECTED: "загрязнение уже было",
        Verdict.SILENT: "сказать нельзя",
    }[witness.verdict]
    return f"Выше, на станции {witness.station.code} за {window}: {word} – {witness.why}."


def _local(moment: datetime) -> str:
    return f"{moment + LOCAL:%d.%m %H:%M}"


def _common(river: River, found: Attribution) -> dict[str, Any]:
    state = river.state
    return {
        "signature": found.scoring.to_json(),
        "chain": [passing.station for passing in found.location.chain],
        "witnesses": [
            {
                "station": witness.station.code, "verdict": witness.verdict.value, "share": round(witness.share, 3),
                "since": witness.since.isoformat(), "until": witness.until.isoformat(), "why": witness.why,
            }
            for witness in found.location.witnesses
        ],
        "flow": {
            "ratio": round(state.ratio, 4), "measured_at": list(state.stations), "under_ice": state.under_ice,
        },
        "pairs": _pairs(river, found),
        "level": travel_coefficients().jobson.level,
    }  # fmt: skip


def _pairs(river: River, found: Attribution) -> list[dict[str, Any]]:
    """Fronts seen at both ends of a way, with the uncalibrated formula's time: what calibration learns from."""
    plain = replace(river, calibrations={})
    pairs = []
    for lower, upper in pairwise(found.location.chain[:2]):
        way = plain.travel(upper.station, lower.station)
        observed_h = (lower.onset_at - upper.onset_at) / timedelta(hours=1)
        if way is not None and observed_h > 0:
            modelled_h = round(way.front_h, 3)
            pairs.append(
                {"upper": upper.station, "lower": lower.station, "modelled_h": modelled_h,
                 "observed_h": round(observed_h, 3)}
            )  # fmt: skip
    return pairs


def _reference(found: Attribution, *, upstream_alert: int | None) -> dict[str, Any]:
    since = found.carrier_since
    return {
        "upstream_station": found.carrier,
        "upstream_started_at": since.isoformat() if since else None,
        "upstream_alert": upstream_alert,
        "reaches": [],
        "candidates": [],
    }


def _own(river: River, found: Attribution) -> dict[str, Any]:
    area, topmost = found.location.area, found.location.topmost
    release = found.release
    return {
        "reach": {
            "lower_station": topmost.station,
            "upper_stations": [station.code for station in area.bounds],
            "text": "; ".join(reach_text(river, piece) for piece in area.pieces),
            "wide": found.location.wide,
            "passed_stations": [station.code for station in area.passed],
            "open_ends": list(area.open_ends),
        },
        "reaches": [
            {"river": piece.river, "from_km": piece.from_km, "to_km": piece.to_km, "text": reach_text(river, piece)}
            for piece in area.pieces
        ],
        "candidates": [_candidate(candidate) for candidate in found.candidates],
        "release_window": None if release is None else {
            "earliest_at": release.earliest_at.isoformat(), "probable_at": release.probable_at.isoformat(),
            "latest_at": release.latest_at.isoformat(), "duration_h": release.duration_h,
        },
        "forecast": [_arrival(arrival, found) for arrival in found.arrivals],
        "mass": [
            {"parameter": m.parameter, "kg": _short(m.kg), "low_kg": _short(m.low_kg), "high_kg": _short(m.high_kg)}
            for m in found.masses
        ],
    }  # fmt: skip


def _candidate(candidate: Candidate) -> Mapping[str, Any]:
    outlet = candidate.outlet
    return {
        "outlet": outlet.code if outlet else None,
        "name": outlet.name if outlet else "неизвестный источник",
        "organisation": outlet.organisation if outlet else None,
        "kind": outlet.kind if outlet else None,
        "probability": round(candidate.probability, 4),
        "reasons": list(candidate.reasons),
    }


def _arrival(arrival: Arrival, found: Attribution) -> Mapping[str, Any]:
    return arrival_json(arrival) | {
        "excess": {
            tracer.parameter: {
                "expected": _short(tracer.peak * arrival.share), "low": _short(tracer.peak * arrival.share_low),
                "high": _short(tracer.peak * arrival.share_high), "unit": parameters()[tracer.parameter].unit_ru,
            }
            for tracer in shown_tracers(found.location.topmost)
        }
    }  # fmt: skip


def arrival_json(arrival: Arrival) -> dict[str, Any]:
    """An arrival as JSON values: place, times, share of the source's excess with its bounds."""
    return {
        "kind": arrival.target.kind.value,
        "code": arrival.target.code,
        "name": arrival.target.name,
        "river": arrival.target.point.river,
        "km": round(arrival.target.point.km, 2),
        "distance_km": round(arrival.way.length_km, 2),
        "front_at": arrival.front_at.isoformat(),
        "peak_at": arrival.peak_at.isoformat(),
        "earliest_at": arrival.earliest_at.isoformat(),
        "latest_at": arrival.latest_at.isoformat(),
        "over_at": arrival.over_at.isoformat(),
        "share": _short(arrival.share),
        "share_low": _short(arrival.share_low),
        "share_high": _short(arrival.share_high),
    }


def _short(value: float) -> float:
    """Four significant digits: more is never meant."""
    return float(f"{value:.4g}")
