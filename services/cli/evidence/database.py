"""Work of the commands on the database that the settings name, and the key they name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from sqlalchemy.ext.asyncio import AsyncEngine

    from uskat.supervision.evidence.keyring import KeyRing

T = TypeVar("T")
KEY_HELP = "Public key you trust, not from the pack: PEM, list with terms (JSON), or a folder of them; may repeat"
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


def trusted_keys(paths: Sequence[Path]) -> KeyRing | None:
    """Keys of files and folders, None without any; exits with a sentence when one is none."""
    from uskat.supervision.evidence.keyring import read_keys, ring_of
    from uskat.supervision.evidence.seal import KeyUnusable

    if not paths:
        return None
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    try:
        return ring_of([key for file in files for key in read_keys(file.read_bytes())])
    except (OSError, KeyUnusable) as error:
        typer.echo(f"{', '.join(map(str, paths))}: {error}", err=True)
        raise typer.Exit(UNUSABLE) from error


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
