"""Charges that do not fit the magnitudes of the regional catalogue: looks when a blast or the catalogue changes.

It runs at the hub; each alert is told under the instrument nearest to the block. Whatever the last years hold is
judged at once: a law of an enterprise is of all its blasts, and a new one may change the verdict on an old one.
"""

import asyncio
from datetime import UTC, datetime, timedelta

from services.alerts.detection import Evaluation, StationContext
from services.storage.charge_reading import fired_charges, sized_events
from services.storage.network_hub import hub_station
from uskat.blast.magnitude.enterprise import charges_by_enterprise, match_catalogue
from uskat.blast.magnitude.finding import charge_findings
from uskat.blast.magnitude.law import magnitude_pack
from uskat.finding import Scope

LOOK_BACK = timedelta(days=3 * 366)
DAY = timedelta(days=1)
"""Blasts are read so much farther back than alerts are looked at: none is withdrawn because its blast was not read."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)


async def evaluate(context: StationContext) -> Evaluation:
    """Findings of every blast of the last years that has a magnitude."""
    connection = context.connection
    if context.station.id != await hub_station(connection):
        return Evaluation()
    slack = timedelta(seconds=magnitude_pack().catalogue_match.within_s)
    since, until = context.now - LOOK_BACK - DAY, context.now
    events = await sized_events(connection, since=since - slack, until=until + slack)
    fired = await fired_charges(connection, since=since, until=until) if events else []
    findings = await asyncio.to_thread(lambda: charge_findings(charges_by_enterprise(match_catalogue(events, fired))))
    keys = {finding.key for finding in findings} | {record.alert.key for record in context.alerts}
    return Evaluation(findings=findings, scopes=[Scope(key, EVER) for key in sorted(keys)])
