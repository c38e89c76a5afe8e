"""Prometheus figures of the alerts process."""

from prometheus_client import Counter, Gauge, Histogram

JOURNAL_ROWS = Gauge("uskat_alerts_journal_rows", "Commits that await evaluation")
JOURNAL_AGE = Gauge("uskat_alerts_journal_oldest_seconds", "Age of the oldest commit that awaits evaluation")
EVALUATION = Histogram(
    "uskat_alerts_evaluation_seconds",
    "Evaluation of one station, claim to commit",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 20),
)
LAG = Histogram(
    "uskat_alerts_lag_seconds",
    "From the commit of data to the commit of their evaluation",
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
STATIONS = Counter("uskat_alerts_stations_evaluated", "Evaluations of a station")
INTERVALS = Counter("uskat_alerts_intervals_read", "20-minute intervals read by detectors")
EVENTS = Counter("uskat_alerts_events", "Changes of alerts", ["kind", "event", "severity"])
FAILURES = Counter("uskat_alerts_detector_failures", "Detectors that raised", ["detector"])
ERRORS = Counter("uskat_alerts_worker_errors", "Evaluations given up and left in the journal", ["error"])
NETWORK_RECORDS = Counter("uskat_alerts_network_records", "Seismic records whose features were extracted")
NETWORK_EVENTS = Counter("uskat_alerts_network_events", "Events of the seismograph network judged, again included")
WAITING = Gauge("uskat_alerts_waiting", "Alerts that wait for somebody")
STANDING = Gauge("uskat_alerts_standing", "Alerts in the queue for longer than a day")
FLOOD_MINUTES = Gauge("uskat_alerts_flood_minutes", "Minutes of the last hour in which alerts flooded one person")
NEW_LATELY = Gauge("uskat_alerts_new_per_operator_hour", "Alerts that entered the queue in the last hour, one on duty")
