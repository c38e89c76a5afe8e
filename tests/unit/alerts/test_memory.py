import itertools
import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.alerts.detection import Span
from services.alerts.detectors import REGISTRY
from services.alerts.memory import NEAR, DetectorMemory, Failure, merged, read_memory

T0 = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_memory_survives_its_storage():
    span = Span(T0, T0 + HOUR)
    memory = DetectorMemory(T0, T0 + HOUR, {"a": [1]}, Failure(T0, 3, "ValueError", (span,)))
    assert read_memory(json.loads(json.dumps(memory.to_json()))) == memory
    assert read_memory(None) == DetectorMemory()
    assert read_memory(DetectorMemory().to_json()) == DetectorMemory()


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 100)), max_size=20))
def test_merged_spans_cover_all_and_lie_apart(pairs):
    spans = [Span(T0 + low * HOUR, T0 + (low + length) * HOUR) for low, length in pairs]
    result = merged(spans)
    assert all(any(one.low <= span.low and span.high <= one.high for one in result) for span in spans)
    assert all(after.low - before.high > NEAR for before, after in itertools.pairwise(result))


def test_the_names_of_detectors_are_unique_and_kept():
    """They are stored with alerts and memories: renaming one would orphan both."""
    assert [detector.name for detector in REGISTRY] == [
        "quality", "drift", "exceedance", "fault", "event", "flood", "attribution", "vibration",
        "blast", "blast_report", "charge", "blast_restriction", "restriction", "silence", "clock",
    ]  # fmt: skip
