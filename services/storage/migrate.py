"""Bring a database to the newest schema (Alembic)."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config

from services.storage.engine import sqlalchemy_url

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def config(database_url: str) -> Config:
    """Alembic configuration for this database, without an ini file."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.attributes["database_url"] = sqlalchemy_url(database_url)
    return settings


def upgrade(database_url: str, revision: str = "head") -> None:
    """Apply all missing migrations; safe to run from several processes at once (advisory lock)."""
    command.upgrade(config(database_url), revision)


async def upgrade_async(database_url: str, revision: str = "head") -> None:
    """The same from inside an event loop."""
    await asyncio.to_thread(upgrade, database_url, revision)
