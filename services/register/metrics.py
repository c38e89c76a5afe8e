"""Prometheus figures of the register-export process."""

from prometheus_client import Counter, Gauge

ATTEMPTS = Counter("uskat_register_attempts", "Attempts to send a packet", ["fate"])
COMPOSED = Counter("uskat_register_composed", "Packets composed")
WAITING = Gauge("uskat_register_waiting", "Packets that are not accepted yet")
REFUSED = Gauge("uskat_register_refused", "Packets that the register refused for good")
OLDEST = Gauge("uskat_register_oldest_seconds", "Age of the oldest interval that waits")
ERRORS = Counter("uskat_register_errors", "Rounds given up and begun again", ["error"])
