"""What the ingest keeps for itself between two transactions."""

from sqlalchemy import BigInteger, Column, Identity, Integer, LargeBinary, SmallInteger, Table
from sqlalchemy.dialects.postgresql import ARRAY

from services.storage.registry_tables import metadata

interval_pending = Table(  # increments of interval_20min committed with their readings, folded in within a second
    "interval_pending", metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("lane", SmallInteger, nullable=False),
    Column("stations", ARRAY(Integer), nullable=False),
    Column("increments", LargeBinary, nullable=False),  # services.storage.intake.increment.FORM; stored external
    postgresql_with={"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "500"},
)  # fmt: skip

chain_head = Table(  # last link of each chain, so that a restarted writer continues it
    "chain_head", metadata,
    Column("device_id", Integer, primary_key=True, autoincrement=False),  # 0: sender unknown
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("chain_seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    postgresql_with={"fillfactor": "70"},
)  # fmt: skip
