"""How well events were judged: found, false, associated, located, and the confusion table.

An event of the truth is what its judged event with the most of its records says; every other judged event counts on
its own, so that a blast split in two makes a false one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from uskat.blast.event.verdict import JudgedEvent, Verdict

if TYPE_CHECKING:
    from services.cli.evaluate.blast_run import PlayedBlasts
    from simulators.blast_case import TrueEvent

MISSED = "missed"
TARGETS = {"undeclared_found": (0.98, True), "false_undeclared": (1.0, False), "declared_associated": (0.99, True)}
"""figure → (target, more is better); false_undeclared counts per 100 declared blasts."""
RIGHT = {"truck": "traffic", "glitch": "noise"}


@dataclass(frozen=True, slots=True)
class BlastScore:
    """Figures and what they were made of. confusion: (truth, verdict) → events; wrong: a line for each mistake."""

    figures: dict[str, Any]
    confusion: dict[tuple[str, str], int]
    wrong: tuple[str, ...]


def score_blasts(played: PlayedBlasts) -> BlastScore:
    """Compare verdicts with the truth; the plan holds declared and undeclared blasts from 20 events on."""
    owner = {event.id: _owner(event, played) for event in played.judged}
    main = _main(played, owner)
    truths = played.case.events
    confusion = Counter((_label(truth), _verdict(main.get(truth.id))) for truth in truths)
    undeclared = [truth for truth in truths if truth.kind == "undeclared"]
    declared = [truth for truth in truths if truth.kind == "declared"]
    found = [truth for truth in undeclared if _says(main.get(truth.id), Verdict.UNDECLARED)]
    associated = [truth for truth in declared if _is_associated(truth, main.get(truth.id))]
    false = [
        event
        for event in played.judged
        if event.verdict is Verdict.UNDECLARED
        and (owner[event.id].kind != "undeclared" or main[owner[event.id].id] is not event)
    ]
    errors, covered = _locations(played, main)
    figures = {
        "events": len(truths),
        "seismographs": len(played.instruments),
        "records": len(played.features),
        "declared": len(declared),
        "undeclared": len(undeclared),
        "undeclared_found": len(found) / len(undeclared),
        "false_undeclared": 100 * len(false) / len(declared),
        "declared_associated": len(associated) / len(declared),
        "location_error_km": float(np.median(errors)) if errors else None,
        "location_error_p95_km": float(np.percentile(errors, 95)) if errors else None,
        "location_coverage": sum(covered) / len(covered) if covered else None,
        "confusion": _nested(confusion),
    }
    wrong = [_line(truth, main.get(truth.id)) for truth in truths if not _is_right(truth, main.get(truth.id))]
    wrong += [f"false: {event.id} {event.stations} {' '.join(event.reasons)}" for event in false]
    return BlastScore(figures | {"targets_missed": missed_targets(figures)}, dict(confusion), tuple(wrong))


def missed_targets(figures: Mapping[str, Any]) -> list[str]:
    """Names of figures beyond their target; one that could not be computed misses it."""
    missed = []
    for name, (target, more) in TARGETS.items():
        value = figures[name]
        if value is None or not (value >= target if more else value <= target):
            missed.append(name)
    return missed


def report_lines(score: BlastScore) -> list[str]:
    """The confusion table and the mistakes, for people."""
    truths = sorted({truth for truth, _ in score.confusion})
    verdicts = sorted({verdict for _, verdict in score.confusion})
    width = max(map(len, truths)) + 1
    lines = []
    for truth in truths:
        row = {verdict: score.confusion.get((truth, verdict), 0) for verdict in verdicts}
        lines.append(f"{truth:<{width}}" + "  ".join(f"{name} {count}" for name, count in row.items() if count))
    return [*lines, *(f"  ! {line}" for line in score.wrong)]


def _owner(event: JudgedEvent, played: PlayedBlasts) -> TrueEvent:
    """The true event that most of a judged event's records came from."""
    truths = [played.truth_of[key] for key in event.records]
    name = Counter(truth.id for truth in truths).most_common(1)[0][0]
    return next(truth for truth in truths if truth.id == name)


def _main(played: PlayedBlasts, owner: Mapping[str, TrueEvent]) -> dict[str, JudgedEvent]:
    main: dict[str, JudgedEvent] = {}
    for event in played.judged:
        name = owner[event.id].id
        if name not in main or len(event.records) > len(main[name].records):
            main[name] = event
    return main


def _locations(played: PlayedBlasts, main: Mapping[str, JudgedEvent]) -> tuple[list[float], list[bool]]:
    errors, covered = [], []
    for truth in played.case.events:
        event = main.get(truth.id)
        if truth.kind not in {"declared", "undeclared"} or event is None or event.location is None:
            continue
        place = played.district.to_km(truth.latitude, truth.longitude)
        errors.append(float(np.hypot(*(event.location.place - place))))
        covered.append(event.location.covers(place))
    return errors, covered


def _says(event: JudgedEvent | None, verdict: Verdict) -> bool:
    return event is not None and event.verdict is verdict


def _is_associated(truth: TrueEvent, event: JudgedEvent | None) -> bool:
    return event is not None and event.declaration is not None and event.declaration.declaration == truth.declaration


def _is_right(truth: TrueEvent, event: JudgedEvent | None) -> bool:
    if truth.kind == "declared":
        return _is_associated(truth, event)
    return event is not None and event.verdict.value == RIGHT.get(truth.kind, truth.kind)


def _label(truth: TrueEvent) -> str:
    return f"{truth.kind} (wrong {truth.misreport})" if truth.misreport else truth.kind


def _verdict(event: JudgedEvent | None) -> str:
    if event is None:
        return MISSED
    return ":".join([event.verdict.value, *(item.value for item in event.deviations)])


def _line(truth: TrueEvent, event: JudgedEvent | None) -> str:
    why = "no record" if event is None else f"{len(event.records)} records. {' '.join(event.reasons)}"
    return f"{truth.id} judged {_verdict(event)}: {why}"


def _nested(confusion: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for (truth, verdict), count in sorted(confusion.items()):
        table.setdefault(truth, {})[verdict] = count
    return table


def summary(figures: Mapping[str, Any], names: Sequence[str]) -> str:
    """One line of figures."""
    return "  ".join(f"{name} {figures[name]:.4g}" for name in names if figures[name] is not None)
