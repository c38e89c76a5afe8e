"""The hub: the one station whose work row stands for the whole network of seismographs.

An event is seen by many stations at once; judged by each of them it would be judged many times, and by two workers
twice. So whoever changes what events depend on writes a journal row for the hub, and whoever holds the hub's claim
judges the network (docs/adr/0011).
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

NETWORK, DECLARED, CATALOGUE = "network", "declared", "catalogue"
"""Journal kinds of the hub: records, declared blasts, events of a regional catalogue of this event time are new or
changed."""
HUB = "SELECT coalesce(min(id) FILTER (WHERE kind = 'seismic'), min(id)) FROM station"

_HUB = text(HUB)
_TELL = text(
    f"""INSERT INTO journal (station_id, kind, time_min, time_max, entries)
    SELECT hub, :kind, :low, :high, 1 FROM ({HUB}) AS h(hub) WHERE hub IS NOT NULL"""
)
_WAKE = text("SELECT pg_notify('uskat_journal', '')")


async def hub_station(connection: AsyncConnection) -> int | None:
    """The hub; None in an empty registry. The first seismic station, else the first station."""
    found: int | None = await connection.scalar(_HUB)
    return found


async def tell_network(connection: AsyncConnection, *, low: datetime, high: datetime) -> None:
    """Have the network judged again over event time [low, high]: a declared blast there is new or has changed."""
    await _tell(connection, DECLARED, low, high)


async def tell_catalogue(connection: AsyncConnection, *, low: datetime, high: datetime) -> None:
    """Have charges compared with magnitudes again: a regional catalogue told of event time [low, high]."""
    await _tell(connection, CATALOGUE, low, high)


async def _tell(connection: AsyncConnection, kind: str, low: datetime, high: datetime) -> None:
    await connection.execute(_TELL, {"kind": kind, "low": low, "high": high})
    await connection.execute(_WAKE)
