"""What the worker keeps for a detector between evaluations of a station (table `detector_state`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.alerts.detection import Span

NEAR = timedelta(days=2)
"""Spans closer than this are judged as one: reading between them is cheaper than another round of queries."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A detector that raised: since when, how often, with what, and the spans it still owes."""

    since: datetime
    count: int
    error: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class DetectorMemory:
    """due_at, unjudged_from, memory: as the detector said (see `Evaluation`); failure: None when it works."""

    due_at: datetime | None = None
    unjudged_from: datetime | None = None
    memory: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None

    def to_json(self) -> dict[str, Any]:
        """For storage."""
        failure = self.failure
        return {
            "due_at": _text(self.due_at),
            "unjudged_from": _text(self.unjudged_from),
            "memory": dict(self.memory),
            "failure": None
            if failure is None
            else {
                "since": failure.since.isoformat(),
                "count": failure.count,
                "error": failure.error,
                "spans": [[span.low.isoformat(), span.high.isoformat()] for span in failure.spans],
            },
        }


def read_memory(state: Mapping[str, Any] | None) -> DetectorMemory:
    """The memory of `DetectorMemory.to_json`; an empty one for a detector that never ran."""
    if state is None:
        return DetectorMemory()
    failure = state["failure"]
    return DetectorMemory(
        due_at=_moment(state["due_at"]),
        unjudged_from=_moment(state["unjudged_from"]),
        memory=state["memory"],
        failure=None
        if failure is None
        else Failure(
            since=datetime.fromisoformat(failure["since"]),
            count=failure["count"],
            error=failure["error"],
            spans=tuple(Span(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in failure["spans"]),
        ),
    )


def merged(spans: Iterable[Span]) -> Sequence[Span]:
    """Spans in time order, those near each other as one."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.low, span.high)):
        if result and span.low - result[-1].high <= NEAR:
            result[-1] = Span(result[-1].low, max(result[-1].high, span.high))
        else:
            result.append(span)
    return result


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
