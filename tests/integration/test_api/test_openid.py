"""Signing in through a real OpenID provider, running as a process on loopback."""

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from services.parts.port import free_port
from tests.integration.test_api.identity_world import People, populated

REDIRECT = "http://uskat.test/api/v1/session/openid/callback"
CLIENT = "uskat-test"
START_S = 60.0


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Issuer address of a running provider."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + START_S
        while not _answers(issuer):
            assert time.monotonic() < until, "the provider does not start"
            time.sleep(0.1)
        yield issuer
        process.terminate()


def _answers(issuer: str) -> bool:
    try:
        return httpx.get(f"{issuer}/.well-known/openid-configuration", timeout=2).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
async def people(embedded_network_database: str, tmp_path: Path, provider: str) -> AsyncIterator[People]:
    settings = {
        "openid_issuer": provider, "openid_client_id": CLIENT, "openid_client_secret": SecretStr("s3cret"),
        "openid_redirect_url": REDIRECT,
    }  # fmt: skip
    async with populated(embedded_network_database, tmp_path, **settings) as made:
        made.clock.now = datetime.now(UTC)  # the provider signs by its own clock
        yield made


async def there_and_back(people: People, subject: str, **claims: object) -> httpx.Response:
    """What a browser does: our redirect, the provider's form, the redirect back to us."""
    begun = await people.ask("GET", "/session/openid")
    assert begun.status_code == 303, begun.text
    query = await _signed_in(begun.headers["location"], subject, claims)
    return await people.ask("GET", f"/session/openid/callback?{query}")


async def _signed_in(location: str, subject: str, claims: dict[str, object]) -> str:
    async with httpx.AsyncClient() as browser:
        base = location.partition("/oauth2")[0]
        await browser.put(f"{base}/users/{subject}", json=claims)
        answer = await browser.post(location, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(REDIRECT)
    return urlsplit(answer.headers["location"]).query


async def test_a_person_of_an_enterprise_signs_in_and_only_where_an_admin_bound_the_account(people: People) -> None:
    admin = await people.person("sidorova", "admin")
    await people.invite("zarya", "enterprise", organisation="zarya-vodokanal-demo")
    assert (await there_and_back(people, "sub-zarya")).status_code == 401  # known to the provider, to nobody here
    bound = await people.ask("PUT", "/accounts/zarya/openid", {"subject": "sub-zarya"}, token=admin)
    assert bound.json()["has_openid"] is True
    signed_in = await there_and_back(people, "sub-zarya")
    assert signed_in.status_code == 200, signed_in.text
    me = (await people.ask("GET", "/session", token=signed_in.json()["access_token"])).json()
    assert (me["login"], me["sessions"][0]["method"]) == ("zarya", "openid")
    await people.invite("other", "enterprise", organisation="zarya-vodokanal-demo")
    twice = await people.ask("PUT", "/accounts/other/openid", {"subject": "sub-zarya"}, token=admin)
    assert twice.status_code == 409
    await people.post("/accounts/zarya/disabling", token=admin)
    assert (await there_and_back(people, "sub-zarya")).status_code == 401


async def test_a_role_of_an_agency_needs_a_second_factor_at_the_provider_or_here(people: People) -> None:
    admin = await people.person("sidorova", "admin")
    await people.enrol("petrova", await people.invite("petrova", "inspector"))
    await people.ask("PUT", "/accounts/petrova/openid", {"subject": "sub-petrova"}, token=admin)
    weak = await there_and_back(people, "sub-petrova", amr=["pwd"])
    assert weak.status_code == 202
    ticket = weak.json()["ticket"]
    path = "/session/openid/second-factor"
    assert (await people.post(path, {"ticket": ticket, "code": "000000"})).status_code == 401
    answer = await people.post(path, {"ticket": ticket, "code": people.code("petrova")})
    assert answer.status_code == 201, answer.text
    assert (await people.post(path, {"ticket": ticket, "code": people.code("petrova")})).status_code == 401
    strong = await there_and_back(people, "sub-petrova", amr=["pwd", "mfa"])
    assert strong.status_code == 200


async def test_another_browser_an_old_state_and_a_used_code_are_refused(people: People) -> None:
    admin = await people.person("sidorova", "admin")
    await people.invite("zarya", "enterprise", organisation="zarya-vodokanal-demo")
    await people.ask("PUT", "/accounts/zarya/openid", {"subject": "sub-zarya"}, token=admin)
    begun = await people.ask("GET", "/session/openid")
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    sent = parse_qs(urlsplit(begun.headers["location"]).query)
    assert sent["code_challenge_method"] == ["S256"]
    query = await _signed_in(begun.headers["location"], "sub-zarya", {})
    kept = dict(people.client.cookies)
    people.client.cookies.clear()
    assert (await people.ask("GET", f"/session/openid/callback?{query}")).status_code == 401  # a link sent to a victim
    people.client.cookies.update(kept)
    assert (await people.ask("GET", f"/session/openid/callback?{query}")).status_code == 200
    people.client.cookies.update(kept)
    assert (await people.ask("GET", f"/session/openid/callback?{query}")).status_code == 401  # taken once

    begun = await people.ask("GET", "/session/openid")
    query = await _signed_in(begun.headers["location"], "sub-zarya", {})
    people.clock.now += timedelta(minutes=5)
    assert (await people.ask("GET", f"/session/openid/callback?{query}")).status_code == 401


async def test_a_provider_that_is_away_or_called_otherwise_is_said_to_be_away(people: People, provider: str) -> None:
    context = people.app.state.context
    context.settings.openid_issuer = f"http://127.0.0.1:{free_port()}"
    assert (await people.ask("GET", "/session/openid")).status_code == 503
    context.settings.openid_issuer = provider + "/"  # it calls itself without the stroke
    assert (await people.ask("GET", "/session/openid")).json()["type"] == "/api/v1/problems#provider-away"
    context.settings.openid_issuer = None
    answer = await people.ask("GET", "/session/openid")
    assert answer.status_code == 409
