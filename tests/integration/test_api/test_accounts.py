"""Admins manage their own agency's people and the enterprises they supervise; nobody else's."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.test_api.identity_world import PASSWORD, People, populated

OTHER = "inspection-lower-demo"


@pytest.fixture
async def people(embedded_network_database: str, tmp_path: Path) -> AsyncIterator[People]:
    async with populated(embedded_network_database, tmp_path) as made:
        yield made


def account(login: str, *roles: str, organisation: str = "inspection-demo") -> dict[str, object]:
    return {"login": login, "name": f"{login} (демо)", "organisation": organisation, "roles": list(roles)}


async def test_an_admin_makes_accounts_whose_owners_then_sign_in(people: People) -> None:
    admin = await people.person("sidorova", "admin")
    made = await people.post("/accounts", account("Petrova", "inspector"), token=admin)
    assert made.status_code == 201
    assert made.json()["account"]["login"] == "petrova"
    await people.enrol("petrova", made.json()["invitation"])
    assert (await people.sign_in("petrova"))["access_token"]
    again = await people.post("/accounts", account("petrova", "inspector"), token=admin)
    assert (again.status_code, again.json()["type"]) == (409, "/api/v1/problems#login-taken")
    wrong = await people.post(
        "/accounts", account("pit", "inspector", organisation="zarya-vodokanal-demo"), token=admin
    )
    assert wrong.status_code == 422
    log = (await people.ask("GET", "/audit-log", token=admin)).json()["items"]
    assert ("sidorova", "account.create", "petrova") in [(row["who"], row["action"], row["object_id"]) for row in log]
    assert made.json()["invitation"] not in str(log)


async def test_an_admin_sees_and_touches_nobody_of_another_agency_or_territory(people: People) -> None:
    mine = await people.person("sidorova", "admin")
    await people.person("lower", "admin", organisation=OTHER)
    await people.invite("sukhoy", "enterprise", organisation="sukhoy-log-demo")  # lies in the lower territory only
    await people.invite("zarya", "enterprise", organisation="zarya-vodokanal-demo")  # in the upper one only
    await people.run(
        "UPDATE place SET territory = 'lower-uskat-demo'"
        " WHERE organisation_id = (SELECT id FROM organisation WHERE code = 'kedrovaya-pad-demo')"
    )
    await people.invite("kedr", "enterprise", organisation="kedrovaya-pad-demo")  # now with station and places below
    listed = (await people.ask("GET", "/accounts", token=mine)).json()["items"]
    assert [one["login"] for one in listed] == ["sidorova", "zarya"]
    for login in ("lower", "sukhoy", "kedr", "nobody"):
        for method, rest, body in (
            ("GET", "", None),
            ("PUT", "/roles", {"roles": ["enterprise"]}),
            ("POST", "/invitation", None),
            ("POST", "/disabling", None),
            ("POST", "/enabling", None),
        ):
            answer = await people.ask(method, f"/accounts/{login}{rest}", body, token=mine)
            assert answer.status_code == 404, (login, rest)
    for organisation, role in ((OTHER, "admin"), ("sukhoy-log-demo", "enterprise"), ("no-such", "admin")):
        answer = await people.post("/accounts", account("new", role, organisation=organisation), token=mine)
        assert answer.status_code == 404, organisation
    assert (await people.post("/accounts/zarya/disabling", token=mine)).status_code == 200
    log = (await people.ask("GET", "/audit-log", token=mine)).json()["items"]
    assert {row["organisation"] for row in log} == {"inspection-demo"}


async def test_switching_off_changing_roles_and_inviting_anew_end_sign_ins_at_once(people: People) -> None:
    admin = await people.person("sidorova", "admin")
    token = await people.person("petrova", "inspector")
    changed = await people.ask("PUT", "/accounts/petrova/roles", {"roles": ["metrologist"]}, token=admin)
    assert changed.json()["roles"] == ["metrologist"]
    assert (await people.ask("GET", "/session", token=token)).status_code == 401

    tokens = await people.sign_in("petrova")
    assert (await people.ask("GET", "/session", token=tokens["access_token"])).json()["roles"] == ["metrologist"]
    assert (await people.post("/accounts/petrova/disabling", token=admin)).json()["disabled_at"] is not None
    assert (await people.ask("GET", "/session", token=tokens["access_token"])).status_code == 401
    assert (await people.post("/session/refresh", {"refresh_token": tokens["refresh_token"]})).status_code == 401
    body = {"login": "petrova", "password": PASSWORD, "code": people.code("petrova")}
    assert (await people.post("/session", body)).status_code == 401
    assert (await people.post("/accounts/petrova/enabling", token=admin)).json()["disabled_at"] is None

    tokens = await people.sign_in("petrova")
    invitation = (await people.post("/accounts/petrova/invitation", token=admin)).json()["invitation"]
    assert (await people.ask("GET", "/session", token=tokens["access_token"])).status_code == 401
    old = people.totp["petrova"]
    assert (await people.post("/session", body | {"code": people.code("petrova")})).status_code == 401
    await people.enrol("petrova", invitation, password="совсем другая фраза")
    assert people.totp["petrova"] != old
    await people.sign_in("petrova", password="совсем другая фраза")


async def test_nobody_changes_their_own_account(people: People) -> None:
    admin = await people.person("sidorova", "admin")
    for method, rest, body in (
        ("PUT", "/roles", {"roles": ["admin", "inspector"]}), ("POST", "/disabling", None), ("POST", "/invitation", None)
    ):  # fmt: skip
        answer = await people.ask(method, f"/accounts/sidorova{rest}", body, token=admin)
        assert (answer.status_code, answer.json()["type"]) == (409, "/api/v1/problems#own-account")


async def test_an_inspector_manages_no_accounts(people: People) -> None:
    token = await people.person("petrova", "inspector")
    assert (await people.ask("GET", "/accounts", token=token)).status_code == 403
    assert (await people.post("/accounts", account("new", "admin"), token=token)).status_code == 403
