"""Every detector. A new one is a module beside this file and a row here.

Order matters: a later one sees in the same evaluation what an earlier one found. Quality first; `fault` stands before
`event` and `attribution`, which leave out what a faulty instrument says; `blast` before `blast_report`, which asks
whether a blast was recorded, and before `restriction`, which asks when.
"""

from services.alerts.detection import Detector
from services.alerts.detectors import (
    attribution,
    blast,
    blast_report,
    blast_restriction,
    charge,
    clock,
    drift,
    event,
    exceedance,
    fault,
    flood,
    quality,
    restriction,
    silence,
    vibration,
)
from services.alerts.event_replay import REMEMBERED
from services.alerts.network import REACH
from services.storage.network_hub import CATALOGUE, DECLARED, NETWORK

REGISTRY = (
    Detector("quality", frozenset({"water", "visit"}), quality.evaluate, each_span=True),
    Detector("drift", frozenset({"water", "visit", "neighbour"}), drift.evaluate, each_span=False),
    Detector("exceedance", frozenset({"water", "upstream"}), exceedance.evaluate, each_span=True),
    Detector("fault", frozenset({"water", "visit"}), fault.evaluate, each_span=True, look_back=fault.BEHIND),
    Detector("event", frozenset({"water", "visit"}), event.evaluate, each_span=True, look_back=REMEMBERED),
    Detector("flood", frozenset({"water"}), flood.evaluate, each_span=True),
    Detector(
        "attribution",
        frozenset({"water", "visit", "upstream"}),
        attribution.evaluate,
        each_span=True,
        look_back=attribution.BEHIND,
    ),
    Detector("vibration", frozenset({"seismic", "histogram"}), vibration.evaluate, each_span=True),
    Detector("blast", frozenset({NETWORK, DECLARED}), blast.evaluate, each_span=True, look_back=REACH, network=True),
    Detector(
        "blast_report",
        frozenset({DECLARED}),
        blast_report.evaluate,
        each_span=False,
        look_back=blast_report.LOOK_BACK,
        network=True,
    ),
    Detector(
        "charge",
        frozenset({DECLARED, CATALOGUE}),
        charge.evaluate,
        each_span=False,
        look_back=charge.LOOK_BACK,
        network=True,
    ),
    Detector(
        "blast_restriction",
        frozenset({DECLARED}),
        blast_restriction.evaluate,
        each_span=False,
        look_back=blast_restriction.LOOK_BACK,
        network=True,
    ),
    Detector(
        "restriction",
        frozenset({NETWORK, DECLARED}),
        restriction.evaluate,
        each_span=False,
        look_back=restriction.LOOK_BACK,
        network=True,
    ),
    Detector("silence", frozenset({"water"}), silence.evaluate, each_span=False),
    Detector("clock", frozenset({"reject", "status", "water"}), clock.evaluate, each_span=False),
)
