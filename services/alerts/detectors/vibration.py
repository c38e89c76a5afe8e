"""Ground vibration and airblast above their limits, from records and histogram peaks around the touched span.

What stands at the station, and so which norm judges, is the property `receptor` of the station in the registry.
"""

from datetime import timedelta

from services.alerts.detection import Evaluation, StationContext
from services.storage.detector_reading import histogram_peaks, seismic_measures
from uskat.blast.limits import default_limit
from uskat.blast.norm.receptor import site_receptor
from uskat.blast.vibration import AIRBLAST, DETECTOR, find_vibration, shake_of_histogram, shake_of_measures
from uskat.finding import Scope

LONGEST_PERIOD = timedelta(hours=1)
"""Of a histogram interval on the wire: what lies further away cannot overlap what was touched."""


async def evaluate(context: StationContext) -> Evaluation:
    """Findings of every record and histogram interval that the touched span can have changed."""
    devices = [device.id for device in context.station.devices]
    if context.span is None or not devices:
        return Evaluation()
    since, until = context.span.low - LONGEST_PERIOD, context.span.high + LONGEST_PERIOD
    around = {"since": since - LONGEST_PERIOD, "until": until + LONGEST_PERIOD}
    shakes = [
        shake_of_measures(row.body, device_id=row.device_id, start=row.start, end=row.end)
        for row in await seismic_measures(context.connection, devices, **around)
    ] + [
        shake_of_histogram(row.body, device_id=row.device_id, start=row.start, end=row.end)
        for row in await histogram_peaks(context.connection, devices, **around)
    ]
    found = find_vibration(shakes, default_limit(), site=site_receptor(context.station.properties))
    return Evaluation(
        findings=[finding for finding in found if since <= finding.started_at < until],
        scopes=[Scope(f"{head}:{device}", since, until) for head in (DETECTOR, AIRBLAST) for device in devices],
    )
