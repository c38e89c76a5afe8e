"""The three editions of DESIGN §3 and everything that only TimescaleDB understands."""

from enum import StrEnum

from sqlalchemy import Connection, text

HYPERTABLES = {"raw_message": "received_at", "observation": "time", "seismic_record": "start"}
CHUNK = "7 days"
COMPRESS_AFTER = "30 days"


class Edition(StrEnum):
    """What the server can do."""

    PLAIN = "plain"
    TIMESCALE_APACHE = "timescale-apache"
    TIMESCALE_COMMUNITY = "timescale-community"


def detect_edition(connection: Connection) -> Edition:
    """Edition of the connected server; TimescaleDB counts once its library is available to be created."""
    available = connection.execute(
        text("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'")
    ).first() and "timescaledb" in str(connection.execute(text("SHOW shared_preload_libraries")).scalar())
    if not available:
        return Edition.PLAIN
    licence = connection.execute(text("SELECT current_setting('timescaledb.license', true)")).scalar()
    return Edition.TIMESCALE_COMMUNITY if licence == "timescale" else Edition.TIMESCALE_APACHE


def make_hypertables(connection: Connection, edition: Edition) -> None:
    """Turn the tables of HYPERTABLES into hypertables; on the community edition also compress old chunks."""
    if edition is Edition.PLAIN:
        return
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
    for table, column in HYPERTABLES.items():
        connection.execute(
            text(
                f"SELECT create_hypertable('{table}', by_range('{column}', INTERVAL '{CHUNK}'),"
                " create_default_indexes => false, if_not_exists => true)"
            )
        )
    if edition is Edition.TIMESCALE_COMMUNITY:
        _compress(connection)


def _compress(connection: Connection) -> None:
    segments = {"observation": "series_id", "raw_message": "device_id", "seismic_record": "device_id"}
    for table, column in segments.items():
        connection.execute(
            text(f"ALTER TABLE {table} SET (timescaledb.compress, timescaledb.compress_segmentby = '{column}')")
        )
        connection.execute(text(f"SELECT add_compression_policy('{table}', INTERVAL '{COMPRESS_AFTER}')"))
