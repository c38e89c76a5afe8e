"""Prometheus figures of the API process, in a registry of its own."""

from collections.abc import Callable

from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counters of one API process. Labels are route templates, never addresses as typed."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
            self.registry.register(collector)
        self.requests = Counter(
            "uskat_api_requests", "requests answered", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "uskat_api_request_seconds", "time to the last byte", ("route",), buckets=SECONDS, registry=self.registry
        )
        self.streams = Gauge("uskat_api_event_streams", "open event streams", registry=self.registry)
        self.dropped = Counter(
            "uskat_api_event_streams_dropped", "event streams ended by us", ("reason",), registry=self.registry
        )
        self.ingested = Counter(
            "uskat_api_ingest_readings", "readings received over HTTP, by fate", ("fate",), registry=self.registry
        )
        self.commit_seconds = Histogram(
            "uskat_api_ingest_commit_seconds", "store of one batch", buckets=SECONDS, registry=self.registry
        )

    def watch(self, name: str, text: str, figure: Callable[[], float]) -> None:
        """Add a gauge that is read when it is asked for."""
        Gauge(name, text, registry=self.registry).set_function(figure)

    def text(self) -> bytes:
        """Exposition format."""
        return generate_latest(self.registry)
