"""Machine keys and passwords of devices: issued narrow, seen once, revoked at once, and of one's own territory only."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.storage.credential import matches
from tests.integration.test_api.identity_world import People, populated

OTHER = "inspection-lower-demo"


@pytest.fixture
async def people(embedded_network_database: str, tmp_path: Path) -> AsyncIterator[People]:
    async with populated(embedded_network_database, tmp_path) as made:
        yield made


def key(people: People, *scopes: str, organisation: str = "inspection-demo", **more: object) -> dict[str, object]:
    until = (people.clock.now + timedelta(days=30)).isoformat()
    return {"name": "журнал", "scopes": scopes, "organisation": organisation, "expires_at": until, **more}


async def test_a_key_works_until_it_ends_or_is_revoked_and_its_token_is_never_told_again(people: People) -> None:
    admin = await people.person("sidorova", "admin")
    issued = await people.post("/machine-keys", key(people, "inspector"), token=admin)
    assert issued.status_code == 201, issued.text
    token, identifier = issued.json()["token"], issued.json()["key"]["id"]
    other = (await people.post("/machine-keys", key(people, "inspector"), token=admin)).json()["token"]
    assert (await people.ask("GET", "/alert-queue", token=token)).status_code == 200
    assert (await people.ask("GET", "/session", token=token)).status_code == 409  # a machine has no sign-in
    assert (await people.ask("GET", "/accounts", token=token)).status_code == 403
    listed = await people.ask("GET", "/machine-keys", token=admin)
    assert token not in listed.text
    assert [one["issued_by"] for one in listed.json()["items"]] == ["sidorova", "sidorova"]
    revoked = await people.ask("DELETE", f"/machine-keys/{identifier}", token=admin)
    assert revoked.json()["revoked_by"] == "sidorova"
    assert (await people.ask("GET", "/alert-queue", token=token)).status_code == 401
    assert (await people.ask("GET", "/alert-queue", token=other)).status_code == 200
    people.clock.now += timedelta(days=30)
    assert (await people.ask("GET", "/alert-queue", token=other)).status_code == 401
    log = await people.rows("SELECT action, who FROM audit_log WHERE kind = 'machine_key' ORDER BY id")
    assert [row["action"] for row in log] == ["machine_key.issue", "machine_key.issue", "machine_key.revoke"]


async def test_keys_of_others_are_not_there_and_wide_ones_are_not_issued(people: People) -> None:
    mine = await people.person("sidorova", "admin")
    theirs = await people.person("lower", "admin", organisation=OTHER)
    made = await people.post("/machine-keys", key(people, "inspector", organisation=OTHER), token=theirs)
    foreign = made.json()["key"]["id"]
    assert (await people.ask("DELETE", f"/machine-keys/{foreign}", token=mine)).status_code == 404
    assert (await people.ask("GET", "/machine-keys", token=mine)).json()["items"] == []
    for body, status in (
        (key(people, "inspector", organisation=OTHER), 404),
        (key(people, "enterprise", organisation="sukhoy-log-demo"), 404),
        (key(people, "ingest", device="U-01"), 404),  # stands in the other territory
        (key(people, "ingest", device="U-43"), 201),
        (key(people, "enterprise", organisation="zarya-vodokanal-demo"), 201),
        (key(people, "inspector", name="Sidorova"), 422),  # would write into the audit log as if it were her
        (key(people, "admin"), 422),
        (key(people, "operate"), 422),
        (key(people, "ingest"), 422),
    ):
        assert (await people.post("/machine-keys", body, token=mine)).status_code == status, body


async def test_passwords_of_devices_are_given_and_taken_in_ones_own_territory(people: People) -> None:
    token = await people.person("orlov", "metrologist")
    listed = (await people.ask("GET", "/device-credentials", token=token)).json()["items"]
    assert {"U-43", "KU-1"} <= {one["code"] for one in listed}
    assert "U-01" not in {one["code"] for one in listed}
    answer = await people.post("/device-credentials/U-43", token=token)
    assert answer.status_code == 201
    [row] = await people.rows("SELECT password_hash FROM device WHERE code = 'U-43'")
    assert matches(answer.json()["password"], row["password_hash"])
    revoked = await people.ask("DELETE", "/device-credentials/U-43", token=token)
    assert revoked.json()["has_password"] is False
    for method in ("POST", "DELETE"):
        assert (await people.ask(method, "/device-credentials/U-01", token=token)).status_code == 404
    inspector = await people.person("petrova", "inspector")
    assert (await people.post("/device-credentials/U-43", token=inspector)).status_code == 403
    log = await people.rows("SELECT action FROM audit_log WHERE kind = 'device' ORDER BY id")
    assert [row["action"] for row in log] == ["device.rotate", "device.revoke"]


async def test_no_account_is_called_as_a_machine_key(people: People) -> None:
    admin = await people.person("sidorova", "admin")
    assert (await people.post("/machine-keys", key(people, "inspector", name="Journal"), token=admin)).is_success
    body = {"login": "journal", "name": "Журналова (демо)", "organisation": "inspection-demo", "roles": ["inspector"]}
    assert (await people.post("/accounts", body, token=admin)).status_code == 409
