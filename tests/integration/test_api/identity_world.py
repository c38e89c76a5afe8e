"""An installation with the demo network and people: accounts are invited, enrolled and signed in as people do it."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import argon2
import httpx
import pyotp
import pytest
from asgi_lifespan import LifespanManager
from cryptography.fernet import Fernet
from fastapi import FastAPI
from sqlalchemy import text

from services.api import passwords
from services.api.main import create_app
from services.storage.account_store import create_account
from services.storage.credential import new_secret, token_hash
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.world import Clock, settings_for

PASSWORD = "зелёный мост над рекой"


@dataclass
class People:
    """The running application and what the tests know of its people."""

    url: str
    clock: Clock
    client: httpx.AsyncClient
    app: FastAPI
    totp: dict[str, str] = field(default_factory=dict)

    def code(self, login: str) -> str:
        """Code of now; the clock moves on a step first, since no code is taken twice."""
        self.clock.now += timedelta(seconds=30)
        return pyotp.TOTP(self.totp[login]).at(self.clock.now)

    async def post(self, path: str, body: Any = None, *, token: str | None = None) -> httpx.Response:
        return await self.ask("POST", path, body, token=token)

    async def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=headers)

    async def invite(self, login: str, *roles: str, organisation: str = "inspection-demo") -> str:
        """An account made from the command line; returns its invitation."""
        invitation, at = new_secret(), self.clock.now
        engine = make_engine(self.url)
        async with unit_of_work(engine) as connection:
            await create_account(
                connection, who="cli", login=login, name=login, organisation=organisation, roles=roles,
                invitation=token_hash(invitation), until=at + timedelta(days=3), at=at,
            )  # fmt: skip
        await engine.dispose()
        return invitation

    async def enrol(self, login: str, invitation: str, *, password: str = PASSWORD) -> None:
        answer = await self.post("/enrolment", {"invitation": invitation, "password": password})
        assert answer.status_code == 201, answer.text
        if secret := answer.json()["totp_secret"]:
            self.totp[login] = secret

    async def sign_in(self, login: str, *, password: str = PASSWORD) -> dict[str, Any]:
        code = self.code(login) if login in self.totp else None
        answer = await self.post("/session", {"login": login, "password": password, "code": code})
        assert answer.status_code == 201, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def person(self, login: str, *roles: str, organisation: str = "inspection-demo") -> str:
        """Invite, enrol and sign in; returns the access token."""
        await self.enrol(login, await self.invite(login, *roles, organisation=organisation))
        token: str = (await self.sign_in(login))["access_token"]
        return token

    async def run(self, statement: str) -> None:
        engine = make_engine(self.url)
        async with unit_of_work(engine) as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    async def rows(self, query: str) -> list[dict[str, Any]]:
        engine = make_engine(self.url)
        async with engine.connect() as connection:
            found = [dict(row) for row in (await connection.execute(text(query))).mappings()]
        await engine.dispose()
        return found


def key_of(login: str) -> str:
    return hashlib.sha256(login.encode()).hexdigest()


@asynccontextmanager
async def populated(url: str, folder: Path, **settings: Any) -> AsyncIterator[People]:
    """The application on a database that knows the demo network, and a key for second factors."""
    key_file = folder / "account-key"
    key_file.write_bytes(Fernet.generate_key())
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:  # these tests hash hundreds of times, and not to be hard to guess
        patch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        async with _running(url, clock, key_file, settings) as people:
            yield people


@asynccontextmanager
async def _running(url: str, clock: Clock, key_file: Path, settings: dict[str, Any]) -> AsyncIterator[People]:
    app = create_app(settings_for(url, account_key_file=key_file, **settings), now=clock)
    async with LifespanManager(app) as manager:
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://uskat.test") as client:
            yield People(url, clock, client, app)
