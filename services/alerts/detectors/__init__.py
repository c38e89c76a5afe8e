"""Every detector. A new one is a module beside this file and a row here."""

from services.alerts.detection import Detector
from services.alerts.detectors import clock, exceedance, quality, silence, vibration

REGISTRY = (
    Detector("quality", frozenset({"water", "visit"}), quality.evaluate, each_span=True),
    Detector("exceedance", frozenset({"water", "upstream"}), exceedance.evaluate, each_span=True),
    Detector("vibration", frozenset({"seismic", "histogram"}), vibration.evaluate, each_span=True),
    Detector("silence", frozenset({"water"}), silence.evaluate, each_span=False),
    Detector("clock", frozenset({"reject", "status", "water"}), clock.evaluate, each_span=False),
)
