"""The product's event detector in the comparison: as it is shipped, and with its limits chosen on other files.

Shipped limits were chosen on these very files. To see what that is worth they are chosen again from scratch: where a
suite has a limit of its own for every parameter (gecco, lro), these are all forgotten and found on the other files;
where it has not, all its limits are multiplied by one factor that is best elsewhere. Kinds and lengths of the time
scales stay as shipped, so what they owe to these files stays in the figures.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import numpy as np

from benchmarks.event_choice import BoolArray, Judged, Part, goodness, judged
from benchmarks.event_rows import Floats
from services.cli.backtest_series import Series, predict
from uskat.water.event import SUITES, EventConfig, EventDetector

Advance = Callable[[str], None]
FACTORS = (0.5, 0.7, 0.85, 1.0, 1.2, 1.4, 2.0, 3.0)
NEUTRAL = {"gecco": 6.0, "lro": 8.0}
"""The one limit of all parameters from which the search sets out, in the unit of the suite's limits."""
TAILS = (0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0)
"""Multiples of the neutral limit that are tried."""
OWN_BUDGET = 0.05
"""False alarms a day that each parameter may cause alone when the search begins."""
WIDE = 3.0


def shipped(series: Series, suite: str) -> BoolArray:
    """Alarms of the configuration as it is."""
    return predict(series, SUITES[suite], advance=lambda _: None).alarm


def scaled(series: Series, suite: str) -> Iterator[tuple[str, BoolArray]]:
    """Alarms with all limits multiplied."""
    config = SUITES[suite]
    for factor in FACTORS:
        scales = tuple(replace(scale, limit=scale.limit * factor) for scale in config.scales)
        changed = replace(config, scales=scales)
        yield f"limits × {factor}", predict(series, changed, advance=lambda _: None).alarm


def with_tails(suite: str, tails: dict[str, float]) -> EventConfig:
    """The suite's configuration with these limits of its parameters."""
    config = SUITES[suite]
    rules = {name: replace(rule, tail=tails.get(name, rule.tail)) for name, rule in config.parameters.items()}
    return replace(config, parameters=MappingProxyType(rules))


def judged_names(suite: str) -> tuple[str, ...]:
    """Parameters of a suite that can raise an alarm."""
    return tuple(name for name, rule in SUITES[suite].parameters.items() if not rule.explains)


def neutral_scores(series: Series, suite: str) -> Floats:
    """Score of every row and parameter, all with the neutral limit; readings well beyond it still become usual."""
    names = judged_names(suite)
    config = replace(with_tails(suite, dict.fromkeys(names, NEUTRAL[suite])), accept=WIDE)
    detector = EventDetector(config, list(series.values))
    columns = {name: values.tolist() for name, values in series.values.items()}
    scores = np.zeros((len(series.times), len(names)))
    newest = None
    for i in np.argsort(series.times, kind="stable").tolist():
        now = int(series.times[i])
        if now == newest:
            continue
        newest = now
        step = detector.step(datetime.fromtimestamp(now, UTC), {name: values[i] for name, values in columns.items()})
        for told in step.contributions:
            place = names.index(told.parameter)
            scores[i, place] = max(scores[i, place], told.score)
    return scores


def found_tails(parts: Sequence[Part], scores: Sequence[Floats], suite: str) -> dict[str, float]:
    """Limits of all parameters from files with labels: each within its own budget first, then each improved in turn."""
    names, pool = judged_names(suite), SUITES[suite].pool

    def judge(strengths: Sequence[Floats]) -> list[Judged]:
        return [judged(part, strength >= 1.0, suite) for part, strength in zip(parts, strengths, strict=True)]

    def false_a_day(j: int, tail: float) -> float:
        alone = [one.measured for one in judge([score[:, j] / tail for score in scores])]
        return sum(one.false_alarms for one in alone) / max(sum(one.days for one in alone), 1e-9)

    tails = [next((tail for tail in TAILS if false_a_day(j, tail) <= OWN_BUDGET), TAILS[-1]) for j in range(len(names))]
    for j in range(len(names)):
        others = [
            sum((np.minimum(score[:, k] / tails[k], 1e3) ** pool for k in range(len(names)) if k != j), start=0.0)
            for score in scores
        ]
        tails[j] = max(
            TAILS,
            key=lambda tail, j=j, others=others: goodness(  # type: ignore[misc]
                judge(
                    [
                        rest + np.minimum(score[:, j] / tail, 1e3) ** pool
                        for score, rest in zip(scores, others, strict=True)
                    ]
                ),
                suite,
            ),
        )
    return {name: NEUTRAL[suite] * tail for name, tail in zip(names, tails, strict=True)}


def retuned(parts: Sequence[Part], suite: str, *, advance: Advance) -> tuple[list[Judged], dict[str, str]]:
    """Every file judged with limits found on all the others; and the limits."""
    scores = []
    for part in parts:
        scores.append(neutral_scores(part.series, suite))
        advance(f"{part.fold}: neutral")
    results, settings = [], {}
    for held in parts:
        others = [i for i, part in enumerate(parts) if part.fold != held.fold]
        tails = found_tails([parts[i] for i in others], [scores[i] for i in others], suite)
        alarm = predict(held.series, with_tails(suite, tails), advance=lambda _: None).alarm
        results.append(judged(held, alarm, suite))
        settings[held.fold] = ", ".join(f"{name} {tail:.1f}" for name, tail in tails.items())
        advance(f"{held.fold}: limits of the others")
    return results, settings
