"""Every error becomes an RFC 9457 answer, and none tells of our inside."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from services.api import errors
from services.api.main import create_app
from services.api.problem import PROBLEMS, kind_of
from services.settings import Settings
from services.storage.reading import DatabaseAway, QueryTooLong


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    url = "postgresql://uskat:geheim@127.0.0.1:9/none"
    app = create_app(Settings(database_url=SecretStr(url)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://uskat.test") as client:
        client.app = app  # type: ignore[attr-defined]
        yield client


def test_every_error_of_ours_has_a_row() -> None:
    ours = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ApiError)}
    assert ours - {errors.ApiError} <= set(PROBLEMS)
    assert {DatabaseAway, QueryTooLong} <= set(PROBLEMS)


def test_a_subclass_is_answered_like_its_base() -> None:
    class Special(errors.NotFound):
        """A kind of NotFound."""

    assert kind_of(Special("x"))[1] is PROBLEMS[errors.NotFound]
    assert int(kind_of(ZeroDivisionError())[1].status) == 500


@pytest.mark.parametrize(
    ("path", "status"), [("/api/v1/nothing", 404), ("/nothing/at/all", 404), ("/api/v1/series/abc", 422)]
)
async def test_errors_carry_the_request_id_and_security_headers(
    client: httpx.AsyncClient, path: str, status: int
) -> None:
    answer = await client.get(path, headers={"X-Request-ID": "mine-1"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["instance"], body["request_id"]) == (status, path, "mine-1")
    assert answer.headers["x-request-id"] == "mine-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_a_request_id_that_could_break_a_log_is_replaced(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/live", headers={"X-Request-ID": "a b;c"})
    assert answer.headers["x-request-id"] != "a b;c"


async def test_the_wrong_method_is_405(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/api/v1/stations")
    assert answer.status_code == 405
    assert answer.json()["title"] == "Method Not Allowed"


async def test_a_database_that_is_away_is_503_and_says_nothing_of_its_address(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await client.get("/api/v1/stations")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "geheim" not in answer.text + caplog.text
    ready = await client.get("/health/ready")
    assert (ready.status_code, ready.json()["reason"]) == (503, "database")
    assert (await client.get("/health/live")).status_code == 200


async def test_an_unexpected_error_is_500_without_internals(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(client.app.state.context.database, "ask", broken)  # type: ignore[attr-defined]
    answer = await client.get("/api/v1/stations")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"]


async def test_reading_is_open_to_pages_of_other_origins(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/live", headers={"Origin": "https://example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"
    asked = await client.options(
        "/api/v1/ingest/U-1/water",
        headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"},
    )
    assert asked.status_code == 400


async def test_the_table_of_problems_is_published(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/v1/problems")).json()["items"]
    assert {item["status"] for item in listed} >= {401, 403, 404, 413, 415, 422, 500, 503}
    missing = (await client.get("/api/v1/series/abc")).json()
    assert missing["type"] in {item["type"] for item in listed}
