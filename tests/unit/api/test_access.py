"""The access table is complete, and the running application does what it says."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from pydantic import SecretStr

from services.api import authentication
from services.api.access import (
    ACCESS,
    CITIZEN_DOORS,
    DOORS,
    EVERYBODY,
    FDSN,
    PRECHECK_DOOR,
    SUBSCRIPTION_DOORS,
    Role,
    allowed,
)
from services.api.main import create_app
from services.settings import Settings
from services.storage.reading import DatabaseAway
from services.storage.token_reading import TokenHolder

HOLDERS = {
    Role.INGEST: TokenHolder(1, "works", frozenset({"ingest"}), None),
    Role.OPERATE: TokenHolder(2, "duty", frozenset({"operate"}), None),
    Role.ENTERPRISE: TokenHolder(3, "pit", frozenset({"enterprise"}), None, "kedrovaya-pad-demo"),
    Role.INSPECTOR: TokenHolder(4, "inspector", frozenset({"inspector"}), None, "agency-demo"),
    Role.METROLOGIST: TokenHolder(5, "metrologist", frozenset({"metrologist"}), None, "agency-demo"),
    Role.ADMIN: TokenHolder(6, "admin", frozenset({"admin"}), None, "agency-demo"),
}
VALUES = {
    "indicator": "precision",
    "code": "U-1", "series_id": "1", "record_id": "1", "alert_id": "1", "raw_id": "1", "device": "U-1", "kind": "water",
    "name": "start.js", "login": "petrova", "key_id": "1", "pack": "fishery-552-2016", "warning_id": "1", "complaint_id": "1", "restriction_id": "1", "product": "anfo",
    "sha256": "9f" * 32,
    "enterprise": "kedrovaya-pad-demo", "blast_id": "kp-1", "paper": "passport",
    "case_id": "1", "message_id": "1", "contact_id": "1", "shift_id": "1",
    "pit": "kedrovaya-pad", "day": "2026-06-01",
}  # fmt: skip


def routes() -> Iterator[tuple[str, str]]:
    """Every (method, template) that the application answers."""
    for context in iter_route_contexts(create_app(Settings()).routes):
        for method in sorted(set(context.methods or ()) - {"HEAD", "OPTIONS"}):
            yield method, str(context.path)


ROUTES = list(routes())


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert sorted(ROUTES) == sorted(ACCESS)


def test_a_route_without_a_row_is_closed_to_everybody() -> None:
    assert not allowed("GET", "/api/v1/new", frozenset(Role))
    assert not allowed("DELETE", "/api/v1/stations", frozenset(Role))


def test_only_reading_is_open_to_everybody() -> None:
    ours = {
        key: roles
        for key, roles in ACCESS.items()
        if key not in {*FDSN, *DOORS, *CITIZEN_DOORS, *SUBSCRIPTION_DOORS, PRECHECK_DOOR}
    }
    assert {method for (method, _), roles in ours.items() if roles == EVERYBODY} == {"GET"}
    assert all(Role.ANONYMOUS not in roles for (method, _), roles in ours.items() if method != "GET")


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The application without a database: what passes the door meets DatabaseAway (503) or an answer of its own."""
    app = create_app(Settings(database_url=SecretStr("postgresql://uskat@127.0.0.1:9/none"), log_level="error"))

    async def ask(query: Any, *args: Any, **_: Any) -> Any:
        if query is authentication.token_holder:
            return {role.value: holder for role, holder in HOLDERS.items()}.get(args[0])
        raise DatabaseAway("no database in this test")

    async def submit(_message: Any) -> Any:
        raise DatabaseAway("no database in this test")

    monkeypatch.setattr(app.state.context.database, "ask", ask)
    monkeypatch.setattr(app.state.context.database, "change", ask)
    monkeypatch.setattr(app.state.context.intake, "submit", submit)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://uskat.test") as client:
        yield client


@pytest.mark.parametrize(("method", "template"), ROUTES)
@pytest.mark.parametrize("role", list(Role))
async def test_the_door_of_every_route_follows_its_row(
    client: httpx.AsyncClient, method: str, template: str, role: Role
) -> None:
    headers = {"Content-Type": "application/json"}
    if role is not Role.ANONYMOUS:
        headers["Authorization"] = f"Bearer {role.value}"
    answer = await client.request(method, template.format(**VALUES), headers=headers, content=None)
    roles = {Role.ANONYMOUS} | ({role} if role is not Role.ANONYMOUS else set())
    if ACCESS[method, template] & roles:
        assert answer.status_code not in {401, 403, 404, 405, 500}, answer.text
    else:
        assert answer.status_code == (401 if role is Role.ANONYMOUS else 403)


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic dXNlcjpwYXNz", "Bearer " + "x" * 300, ""])
@pytest.mark.parametrize("path", ["/api/v1/stations", "/api/v1/rejects"])
async def test_a_wrong_token_is_refused_even_where_none_is_needed(
    client: httpx.AsyncClient, header: str, path: str
) -> None:
    answer = await client.get(path, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_token_of_an_enterprise_that_belongs_to_none_files_nothing(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HOLDERS, Role.ENTERPRISE, TokenHolder(3, "lost", frozenset({"enterprise"}), None, None))
    closed = [key for key, roles in ACCESS.items() if Role.ENTERPRISE in roles and Role.ANONYMOUS not in roles]
    assert closed
    for method, template in closed:
        answer = await client.request(method, template.format(**VALUES), headers={"Authorization": "Bearer enterprise"})
        assert answer.status_code == 403, (method, template)


async def test_a_head_request_is_asked_like_a_get() -> None:
    assert allowed("HEAD", "/api/v1/stations", frozenset({Role.ANONYMOUS}))
    assert not allowed("HEAD", "/api/v1/rejects", frozenset({Role.ANONYMOUS}))
