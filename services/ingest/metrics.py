"""What ingest counts for Prometheus."""

import time

from prometheus_client import Counter, Gauge, Histogram

from services.ingest.inbox import Delivery
from services.storage.intake import Outcome

LATENCIES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
MESSAGES = Counter("uskat_ingest_messages_total", "Messages stored, of any fate")
READINGS = Counter("uskat_ingest_readings_total", "Readings by fate", ["fate"])
REJECTS = Counter("uskat_ingest_rejects_total", "Refused parts of messages", ["reason"])
INBOX = Gauge("uskat_ingest_inbox_messages", "Messages received and not yet stored")
COMMIT_SECONDS = Histogram("uskat_ingest_commit_seconds", "Decode to COMMIT of one batch", buckets=LATENCIES_S)
LAG_SECONDS = Histogram(
    "uskat_ingest_lag_seconds", "Receipt to visible, oldest message of a batch", buckets=LATENCIES_S
)
FOLDED = Counter("uskat_ingest_folded_batches_total", "Batches whose increments were folded into the intervals")
FOLD_SECONDS = Histogram("uskat_ingest_fold_seconds", "One folding of deferred increments", buckets=LATENCIES_S)
BROKER_UP = Gauge("uskat_ingest_broker_up", "1 while connected to the broker")
STORAGE_UP = Gauge("uskat_ingest_storage_up", "1 while the database is open")


def count_batch(batch: list[Delivery], outcomes: list[Outcome], *, waiting: int) -> None:
    """Count a committed batch."""
    MESSAGES.inc(len(batch))
    for fate in ("stored", "duplicate", "conflict", "rejected"):
        READINGS.labels(fate).inc(sum(getattr(outcome, fate) for outcome in outcomes))
    for outcome in outcomes:
        for refusal in outcome.refusals:
            REJECTS.labels(refusal.reason.value).inc()
    INBOX.set(waiting)
    LAG_SECONDS.observe(max(0.0, time.time() - batch[0].incoming.received_us / 1e6))
