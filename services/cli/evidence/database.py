"""Work of the commands on the database that the settings name, and the key they name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")
UNUSABLE = 2
"""Exit code: what was given cannot be used at all."""


def on_database(work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """Run a piece of work with an engine of its own."""
    from services.settings import Settings
    from services.storage.engine import make_engine

    async def run() -> T:
        engine = make_engine(Settings().database_url.get_secret_value(), pool_size=2, application="uskat-evidence")
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def signing_key() -> Ed25519PrivateKey:
    """The key of USKAT_EVIDENCE_KEY_FILE; exits with a sentence when there is none that can be used."""
    from services.settings import Settings
    from uskat.supervision.evidence.seal import KeyUnusable, private_key

    file = Settings().evidence_key_file
    if file is None:
        typer.echo("no key: set USKAT_EVIDENCE_KEY_FILE (uskat admin evidence-key FILE makes one)", err=True)
        raise typer.Exit(UNUSABLE)
    try:
        return private_key(file.read_bytes())
    except (OSError, KeyUnusable) as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error
