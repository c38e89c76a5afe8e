"""Territories and the agencies that supervise them."""

from collections.abc import Mapping

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.identity_tables import agency_territory, territory
from uskat.water.network import Network


async def load_territories(connection: AsyncConnection, network: Network, organisations: Mapping[str, int]) -> None:
    """Enter the territories of a network file and who supervises them; nothing is removed.

    organisations: ids by code, the network's agencies among them.
    """
    if not network.territories:
        return
    named = insert(territory).values([{"code": one.code, "name": one.name} for one in network.territories])
    await connection.execute(
        named.on_conflict_do_update(index_elements=["code"], set_={"name": named.excluded["name"]})
    )
    pairs = [
        {"organisation_id": organisations[agency], "territory": one.code}
        for one in network.territories
        for agency in one.agencies
    ]
    if pairs:
        await connection.execute(insert(agency_territory).values(pairs).on_conflict_do_nothing())
