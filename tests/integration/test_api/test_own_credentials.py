"""People change their own password and second factor; whoever only holds their token does not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.test_api.identity_world import PASSWORD, People, populated
from uskat.supervision.access.policy import access_policy

NEW = "синий паром у причала"


@pytest.fixture
async def people(embedded_network_database: str, tmp_path: Path) -> AsyncIterator[People]:
    async with populated(embedded_network_database, tmp_path) as made:
        yield made


async def test_a_new_password_needs_the_old_one_and_a_code_and_ends_other_sign_ins(people: People) -> None:
    token = await people.person("petrova", "inspector")
    elsewhere = (await people.sign_in("petrova"))["access_token"]
    body = {"password": PASSWORD, "new_password": NEW}
    for wrong in (body, body | {"code": "000000"}, body | {"password": NEW + "!", "code": people.code("petrova")}):
        assert (await people.post("/session/password", wrong, token=token)).status_code == 401
    weak = await people.post("/session/password", body | {"new_password": "petrova-2026"}, token=token)
    assert weak.status_code == 422
    assert (await people.ask("GET", "/session", token=elsewhere)).status_code == 200

    done = await people.post("/session/password", body | {"code": people.code("petrova")}, token=token)
    assert (done.status_code, done.json()) == (200, {"ended": 1}), done.text
    assert (await people.ask("GET", "/session", token=token)).status_code == 200
    assert (await people.ask("GET", "/session", token=elsewhere)).status_code == 401
    old = {"login": "petrova", "password": PASSWORD, "code": people.code("petrova")}
    assert (await people.post("/session", old)).status_code == 401
    await people.sign_in("petrova", password=NEW)
    [row] = await people.rows("SELECT who, object_id, detail FROM audit_log WHERE action = 'account.password'")
    assert (row["who"], row["object_id"], row["detail"]) == ("petrova", "petrova", {"ended": 1})


async def test_another_application_takes_over_and_the_old_one_is_refused(people: People) -> None:
    token = await people.person("petrova", "inspector")
    elsewhere = (await people.sign_in("petrova"))["access_token"]
    refused = await people.post("/session/second-factor", {"password": PASSWORD}, token=token)
    assert refused.status_code == 401
    body = {"password": PASSWORD, "code": people.code("petrova")}
    done = await people.post("/session/second-factor", body, token=token)
    assert done.status_code == 201, done.text
    assert (await people.ask("GET", "/session", token=elsewhere)).status_code == 401
    by_old = {"login": "petrova", "password": PASSWORD, "code": people.code("petrova")}
    assert (await people.post("/session", by_old)).status_code == 401
    people.totp["petrova"] = done.json()["totp_secret"]
    await people.sign_in("petrova")
    [row] = await people.rows("SELECT totp_secret FROM account WHERE login = 'petrova'")
    assert people.totp["petrova"].encode() not in row["totp_secret"]
    assert await people.rows("SELECT 1 FROM audit_log WHERE action = 'account.second_factor'")


async def test_guesses_with_a_stolen_token_lock_the_login_in_the_database(people: People) -> None:
    token = await people.person("zavodskoy", "enterprise", organisation="kedrovaya-pad-demo")
    body = {"password": "не тот пароль", "new_password": NEW}
    many = range(access_policy().login_failures.free + 2)
    statuses = [(await people.post("/session/password", body, token=token)).status_code for _ in many]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    right = await people.post("/session/password", {"password": PASSWORD, "new_password": NEW}, token=token)
    assert right.status_code == 429
    assert await people.rows("SELECT 1 FROM sign_in_failure WHERE kind = 'login' AND blocked_until IS NOT NULL")


async def test_a_machine_key_has_no_password(people: People) -> None:
    await people.run(
        """INSERT INTO api_token (name, token_hash, scopes, organisation_id)
        SELECT 'k', sha256('key'), ARRAY['inspector'], id FROM organisation WHERE code = 'inspection-demo'"""
    )
    body = {"password": "x", "new_password": NEW}
    assert (await people.post("/session/password", body, token="key")).status_code == 409
