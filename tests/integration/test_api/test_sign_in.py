"""People sign in, carry on and leave; who guesses, steals or repeats does not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from tests.integration.test_api.identity_world import PASSWORD, People, key_of, populated
from uskat.supervision.access.policy import access_policy

POLICY = access_policy()


@pytest.fixture
async def people(embedded_network_database: str, tmp_path: Path) -> AsyncIterator[People]:
    async with populated(embedded_network_database, tmp_path) as made:
        yield made


async def test_an_inspector_enrols_by_invitation_and_signs_in_with_password_and_code(people: People) -> None:
    invitation = await people.invite("petrova", "inspector")
    weak = await people.post("/enrolment", {"invitation": invitation, "password": "petrova-2026"})
    assert weak.status_code == 422
    await people.enrol("petrova", invitation)
    again = await people.post("/enrolment", {"invitation": invitation, "password": "другой длинный пароль"})
    assert again.status_code == 401

    tokens = await people.sign_in("petrova")
    me = (await people.ask("GET", "/session", token=tokens["access_token"])).json()
    assert (me["login"], me["roles"], me["organisation"]) == ("petrova", ["inspector"], "inspection-demo")
    assert me["territories"] == ["upper-uskat-demo"]
    assert [one["method"] for one in me["sessions"]] == ["password+totp"]
    assert (await people.ask("GET", "/alert-queue", token=tokens["access_token"])).status_code == 200

    people.clock.now += POLICY.access_token
    assert (await people.ask("GET", "/session", token=tokens["access_token"])).status_code == 401
    [row] = await people.rows("SELECT password_hash, totp_secret FROM account WHERE login = 'petrova'")
    assert row["password_hash"].startswith("$argon2id$")
    assert people.totp["petrova"].encode() not in row["totp_secret"]


async def test_every_refusal_reads_the_same_and_a_code_is_taken_once(people: People) -> None:
    await people.enrol("petrova", await people.invite("petrova", "inspector"))
    await people.invite("ivanov", "inspector")  # never enrolled
    good = people.code("petrova")
    body = {"login": "petrova", "password": PASSWORD, "code": good}
    wrong = str((int(good) + 1) % 1_000_000).zfill(6)
    answers = [
        await people.post("/session", body | {"password": "не тот пароль"}),
        await people.post("/session", body | {"code": wrong}),
        await people.post("/session", body | {"code": None}),
        await people.post("/session", body | {"login": "nobody"}),
        await people.post("/session", body | {"login": "ivanov"}),
        await people.post("/session", body | {"login": "не логин"}),
    ]
    told = [{key: value for key, value in answer.json().items() if key != "request_id"} for answer in answers]
    assert [answer.status_code for answer in answers] == [401] * 6
    assert all(one == told[0] for one in told)
    assert (await people.post("/session", body)).status_code == 201
    assert (await people.post("/session", body)).status_code == 401  # the same code again, by whoever saw it
    people.clock.now += timedelta(seconds=30)
    assert (await people.post("/session", body)).status_code == 401  # it still lies in the window, and is used
    refused = await people.rows("SELECT object_id FROM audit_log WHERE action = 'session.refuse'")
    assert {key_of("nobody"), key_of("petrova"), key_of("ivanov")} < {row["object_id"] for row in refused}


async def test_guessing_is_blocked_alike_for_logins_that_exist_and_those_that_do_not(people: People) -> None:
    await people.enrol("pit", await people.invite("pit", "enterprise", organisation="kedrovaya-pad-demo"))
    seen = {}
    for login in ("pit", "nobody"):
        body = {"login": login, "password": "угадываю наугад"}
        tries = await asyncio.gather(*(people.post("/session", body) for _ in range(POLICY.login_failures.free + 3)))
        seen[login] = sorted(answer.status_code for answer in tries)
        blocked = [answer for answer in tries if answer.status_code == 429]
        assert {answer.headers["retry-after"] for answer in blocked} == {"30"}
    assert seen["pit"] == seen["nobody"] == [401] * (POLICY.login_failures.free + 1) + [429] * 2
    right = {"login": "pit", "password": PASSWORD}
    assert (await people.post("/session", right)).status_code == 429  # the right password opens nothing while blocked
    people.clock.now += POLICY.login_failures.first_block
    assert (await people.post("/session", right)).status_code == 201  # and the owner is not shut out for good
    assert (await people.rows("SELECT 1 FROM sign_in_failure WHERE key = '" + key_of("pit") + "'")) == []


async def test_one_address_cannot_try_many_logins(people: People) -> None:
    body = {"password": "угадываю наугад"}
    assert (await people.post("/session", body | {"login": "first"})).status_code == 401
    await people.run(f"UPDATE sign_in_failure SET failures = {POLICY.address_failures.free} WHERE kind = 'address'")
    assert (await people.post("/session", body | {"login": "second"})).status_code == 401
    assert (await people.post("/session", body | {"login": "third"})).status_code == 429


async def test_a_refresh_token_used_twice_ends_the_sign_in_of_thief_and_owner(people: People) -> None:
    await people.enrol("petrova", await people.invite("petrova", "inspector"))
    first = await people.sign_in("petrova")
    other = await people.sign_in("petrova")
    second = await people.post("/session/refresh", {"refresh_token": first["refresh_token"]})
    assert second.status_code == 201
    newest = second.json()
    assert (await people.ask("GET", "/session", token=newest["access_token"])).status_code == 200
    stolen = await people.post("/session/refresh", {"refresh_token": first["refresh_token"]})
    assert stolen.status_code == 401
    for token in (first["access_token"], newest["access_token"]):
        assert (await people.ask("GET", "/session", token=token)).status_code == 401
    assert (await people.post("/session/refresh", {"refresh_token": newest["refresh_token"]})).status_code == 401
    assert (await people.ask("GET", "/session", token=other["access_token"])).status_code == 200  # another device
    reuses = await people.rows("SELECT who, organisation FROM audit_log WHERE action = 'session.reuse'")
    assert reuses == [{"who": "petrova", "organisation": "inspection-demo"}]


async def test_of_two_refreshes_at_once_one_is_reuse(people: People) -> None:
    await people.enrol("petrova", await people.invite("petrova", "inspector"))
    tokens = await people.sign_in("petrova")
    body = {"refresh_token": tokens["refresh_token"]}
    answers = await asyncio.gather(*(people.post("/session/refresh", body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401]
    [row] = await people.rows("SELECT revoked_why FROM session_family")
    assert row["revoked_why"] == "reused"


async def test_leaving_ends_one_sign_in_and_leaving_everywhere_all(people: People) -> None:
    await people.enrol("petrova", await people.invite("petrova", "inspector"))
    one, two, three = [await people.sign_in("petrova") for _ in range(3)]
    assert (await people.ask("DELETE", "/session", token=one["access_token"])).status_code == 200
    assert (await people.ask("GET", "/session", token=one["access_token"])).status_code == 401
    assert (await people.post("/session/refresh", {"refresh_token": one["refresh_token"]})).status_code == 401
    assert (await people.ask("DELETE", "/sessions", token=two["access_token"])).json() == {"ended": 2}
    assert (await people.ask("GET", "/session", token=three["access_token"])).status_code == 401


async def test_a_sign_in_lasts_no_longer_than_its_term_however_often_it_is_refreshed(people: People) -> None:
    await people.enrol("boss", await people.invite("boss", "admin", "inspector"))
    tokens = await people.sign_in("boss")
    people.clock.now += POLICY.session_of(["admin"]) - timedelta(seconds=100)
    answer = await people.post("/session/refresh", {"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 201
    assert answer.json()["expires_at"] == answer.json()["session_until"] == tokens["session_until"]
    people.clock.now += timedelta(seconds=101)
    assert (await people.ask("GET", "/session", token=answer.json()["access_token"])).status_code == 401
    last = await people.post("/session/refresh", {"refresh_token": answer.json()["refresh_token"]})
    assert last.status_code == 401


async def test_an_invitation_runs_out(people: People) -> None:
    invitation = await people.invite("petrova", "inspector")
    people.clock.now += timedelta(days=3)
    answer = await people.post("/enrolment", {"invitation": invitation, "password": PASSWORD})
    assert answer.status_code == 401


def test_the_codes_are_those_of_rfc_6238() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238 appendix B, SHA-1
    assert pyotp.TOTP(secret).at(59) == "287082"
    assert pyotp.TOTP(secret).at(1111111109) == "081804"
