"""Schemathesis over the whole OpenAPI document, every role: no 5xx, no status that is not documented.

Cases are generated from the document's own schemas and asked in this process against a real database. USKAT_FUZZ_EXAMPLES
sets the cases of an operation (`make fuzz-api` takes many).
"""

import os
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from asgi_lifespan import LifespanManager
from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy.ext.asyncio import AsyncConnection

from services.api.access import ACCESS, AGENCY_ROLES, Role
from services.api.main import create_app
from services.storage import registry
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.blast_world import Filer, surround
from tests.integration.test_api.test_contract import FILLED
from tests.integration.test_api.world import Clock, World, fill, raise_alert, settings_for

EXAMPLES = int(os.environ.get("USKAT_FUZZ_EXAMPLES", "1"))
STREAMS = {"/api/v1/events"}
BOUND_TO = {Role.ENTERPRISE: "kedrovaya-pad-demo"} | dict.fromkeys(AGENCY_ROLES, "inspection-lower-demo")


@pytest.fixture
async def world(embedded_database: str) -> AsyncIterator[World]:
    clock = Clock()
    tokens, series, sent = await fill(embedded_database, clock)
    limits = {"rate_limit_address": "", "rate_limit_token": "", "rate_limit_tries": ""}
    app = create_app(settings_for(embedded_database, **limits), now=clock)
    async with LifespanManager(app) as manager:
        transport = httpx.ASGITransport(manager.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://uskat.test") as client:
            made = World(embedded_database, clock, app, client, tokens, series, sent)
            await surround(made)
            await raise_alert(made)
            await Filer(made).file()
            engine = make_engine(embedded_database)
            async with unit_of_work(engine) as connection:
                for role in Role:
                    if role is not Role.ANONYMOUS:
                        made.tokens[role.value] = await key_of(connection, role)
            yield made
            await engine.dispose()


async def key_of(connection: AsyncConnection, role: Role) -> str:
    """A new key of a role, bound to the organisation such a role needs."""
    organisation = BOUND_TO.get(role)
    return await registry.issue_token(
        connection, name=f"{role.value}-key", scopes=[role.value], enterprise=organisation
    )


async def asked_as(world: World, role: Role, request: requests.PreparedRequest) -> httpx.Response:
    """The answer to a role; a key that some request before has revoked is issued anew first."""
    headers = {name: value for name, value in request.headers.items() if name.lower() != "authorization"}
    method, url, content = str(request.method), str(request.url), request.body or b""
    for _ in range(2):
        if role is not Role.ANONYMOUS:
            headers["Authorization"] = f"Bearer {world.tokens[role.value]}"
        answer = await world.client.request(method, url, content=content, headers=headers)
        if role is Role.ANONYMOUS or answer.status_code != 401:
            return answer
        engine = make_engine(world.url)
        async with unit_of_work(engine) as connection:
            world.tokens[role.value] = await key_of(connection, role)
        await engine.dispose()
    return answer


def cases_of(operation: Any) -> list[Any]:
    """Cases that schemathesis makes of one operation."""
    made: list[Any] = []

    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def collect(case: Any) -> None:
        made.append(case)

    collect()
    return made


def request_of(case: Any, *, known: bool) -> requests.PreparedRequest:
    """The request of a case; known: with identifiers that exist in place of made-up ones."""
    if known:
        case.path_parameters = {
            name: FILLED.get(name, value) for name, value in (case.path_parameters or {}).items()
        }  # fmt: skip
    kwargs = case.as_transport_kwargs(base_url="http://uskat.test")
    kwargs.pop("cookies", None)
    return requests.Request(**{name: kwargs[name] for name in kwargs if name in REQUEST_PARTS}).prepare()


REQUEST_PARTS = {"method", "url", "headers", "files", "data", "params", "auth", "json"}


@pytest.mark.timeout(600 + 300 * EXAMPLES)
async def test_no_generated_request_breaks_a_promise_of_the_document(world: World) -> None:
    document = (await world.client.get("/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    faults, asked = [], 0
    for found in schema.get_all_operations():
        operation = found.ok()
        method, path = operation.method.upper(), operation.path
        if path in STREAMS:
            continue
        documented = {int(status) for status in document["paths"][path][operation.method]["responses"]}
        for number, case in enumerate(cases_of(operation)):
            request = request_of(case, known=number % 2 == 0)
            for role in Role:
                answer = await asked_as(world, role, request)
                asked += 1
                allowed = bool(ACCESS[method, path] & {role, Role.ANONYMOUS})
                if answer.status_code >= 500 or (allowed and answer.status_code not in documented):
                    faults.append((method, path, role.value, answer.status_code, answer.text[:200], request.url))
                elif not allowed and answer.status_code != (401 if role is Role.ANONYMOUS else 403):
                    faults.append((method, path, role.value, answer.status_code, "let in", request.url))
    assert not faults, "\n".join(map(str, faults))
    assert asked >= 7 * 100
