"""Prometheus figures of the notices process."""

from prometheus_client import Counter, Gauge, Histogram

UNDECIDED = Gauge("uskat_notices_undecided", "Happenings of the outbox that nobody has decided")
UNDECIDED_AGE = Gauge("uskat_notices_undecided_oldest_seconds", "Age of the oldest of them")
QUEUE = Gauge("uskat_notices_queue", "Jobs of the queue", ["state"])
DEAD = Gauge("uskat_notices_dead", "Messages that were given up and wait to be sent again by hand")
DECIDED = Counter("uskat_notices_decided", "Notices decided")
UNHEARD = Counter("uskat_notices_unheard", "Escalations that nobody could be told of: no contact")
GONE = Counter("uskat_notices_gone", "Browsers that left: their endpoints are deleted")
SENT = Counter("uskat_notices_delivered", "Messages that the recipient's side took", ["channel"])
FAILED = Counter("uskat_notices_failed", "Attempts that failed", ["channel"])
SECONDS = Histogram(
    "uskat_notices_send_seconds", "One attempt", ["channel"], buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
)
REVIVED = Counter("uskat_notices_revived", "Jobs of a worker that died, put back into the queue")
ERRORS = Counter("uskat_notices_errors", "Rounds given up and begun again", ["error"])
