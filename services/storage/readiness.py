"""Is the database fit for work: reachable, migrated to the newest revision, and how far evaluation lags behind."""

from functools import cache

from alembic.script import ScriptDirectory
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.migrate import config

_REVISION = text("SELECT version_num FROM alembic_version")
_HAS_REVISION = text("SELECT to_regclass('alembic_version') IS NOT NULL")
_LAG = text(
    """SELECT (SELECT extract(epoch FROM now() - min(committed_at)) FROM journal),
        (SELECT extract(epoch FROM now() - to_timestamp(max(last_raw_id) / 4096 / 1e6)) FROM ingest_lane)"""
)


class Readiness(Struct):
    """What was found.

    revision: of the database; head: of the code. evaluation_lag_s: age of the oldest commit that waits for evaluation
    (null: none waits). ingest_silence_s: age of the newest stored message (null: none ever).
    """

    revision: str | None
    head: str
    evaluation_lag_s: float | None
    ingest_silence_s: float | None


@cache
def head_revision() -> str:
    """Id of the newest migration of the code."""
    return str(ScriptDirectory.from_config(config("postgresql://unused/unused")).get_current_head())


async def readiness(connection: AsyncConnection) -> Readiness:
    """Read revision and lags."""
    revision = None
    if (await connection.execute(_HAS_REVISION)).scalar_one():
        revision = (await connection.execute(_REVISION)).scalar()
    if revision != head_revision():
        return Readiness(revision, head_revision(), None, None)
    evaluation, ingest = (await connection.execute(_LAG)).one()
    return Readiness(revision, head_revision(), _seconds(evaluation), _seconds(ingest))


def _seconds(value: object) -> float | None:
    return None if value is None else round(float(str(value)), 3)
