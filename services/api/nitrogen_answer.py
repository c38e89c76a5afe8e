"""Blasts and nitrogen in the river, each as context of the other, for those whom it concerns.

An enterprise is never named to the public here: which blast may lie behind a rise is for the agency, and for the
enterprise itself (uskat/supervision/nitrogen.py).
"""

from datetime import datetime
from typing import Any

from services.api.authentication import Principal
from services.api.context import Context
from services.storage.alert_reading import AlertRow
from services.storage.fired_blasts import fired_blasts
from services.storage.nitrogen_reading import nitrogen_rises, rise_of
from services.storage.river_present import river_present
from uskat.blast.geometry import centre
from uskat.blast.passport.lifecycle import Declaration
from uskat.supervision.nitrogen import BlastFired, NitrogenRise, nitrogen_contexts, nitrogen_rules


async def blasts_before(context: Context, asking: Principal, alert: AlertRow) -> list[dict[str, Any]] | None:
    """Blasts that may lie behind an alert in which nitrogen rose; None for a reader whom it does not concern.

    The agency sees those of all enterprises, an enterprise its own.
    """
    if not asking.sees_everything and asking.enterprise is None:
        return None
    rise = rise_of(
        alert.id, alert.station, kind=alert.kind, parameter=alert.parameter, detail=alert.detail,
        started_at=alert.started_at,
    )  # fmt: skip
    if not rise.parameters or alert.state == "withdrawn":
        return []
    own = None if asking.sees_everything else asking.enterprise
    earliest, latest = nitrogen_rules().window
    rows = await context.guarded.ask(
        fired_blasts, enterprise=own, since=rise.started_at - latest, until=rise.started_at - earliest
    )
    blasts = [
        BlastFired(row.blast_id, row.enterprise, (row.longitude, row.latitude), row.fired_at, row.charge_kg)
        for row in rows
    ]
    return await _contexts(context, blasts, [rise], moment=rise.started_at)


async def rises_after(context: Context, asking: Principal, blast: Declaration) -> list[dict[str, Any]]:
    """Water alerts that may belong to a blast; none before it is fired, unpublished ones for the agency only."""
    if blast.fired_at is None:
        return []
    passport, charge = blast.passport, blast.report.total_charge_kg if blast.report else None
    fired = BlastFired(passport.blast_id, passport.enterprise, centre(passport.ring), blast.fired_at, charge)
    earliest, latest = nitrogen_rules().window
    rises = await context.database.ask(
        nitrogen_rises, since=fired.fired_at + earliest, until=fired.fired_at + latest,
        everything=asking.sees_everything,
    )  # fmt: skip
    return await _contexts(context, [fired], rises, moment=fired.fired_at + earliest)


async def _contexts(
    context: Context, blasts: list[BlastFired], rises: list[NitrogenRise], *, moment: datetime
) -> list[dict[str, Any]]:
    """The pairs that fit, with the flow of the moment."""
    if not blasts or not rises:
        return []
    river = await context.database.ask(river_present, min(moment, context.now()))
    found = nitrogen_contexts(blasts, rises, network=river.network, state=river.state, rules=nitrogen_rules())
    return [one.to_json() for one in found]
