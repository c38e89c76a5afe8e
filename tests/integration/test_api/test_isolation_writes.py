"""Nobody changes what is another's: every changing route of the document, tried by strangers with the owner's names.

A stranger is the agency of another territory, with all roles of an agency, and another enterprise. Each is refused as if
the thing were not there, told nothing of it, and no table differs afterwards. Then whoever may asks the same: were it
refused too, the refusals would prove nothing.
"""

from typing import Any

import pytest
from sqlalchemy import text

from services.api.access import ACCESS, AGENCY_ROLES, API, CITIZEN_DOORS, DOORS, FDSN, SUBSCRIPTION_DOORS, Role
from services.storage import registry
from services.storage.engine import make_engine, unit_of_work
from services.storage.tables import metadata
from tests.integration.test_api.test_isolation_http import BLAST, DEVICE, OF_COMPANY, OF_TERRITORY, OWN, PIT, STATION
from tests.integration.test_api.test_isolation_http import world as world  # noqa: PLC0414 - a fixture
from tests.integration.test_api.world import World, decoded

UPPER, LOWER, TERRITORY = "inspection-demo", "inspection-lower-demo", "upper-uskat-demo"
EVERY_AGENCY_ROLE = sorted(role.value for role in AGENCY_ROLES)
NOBODYS = {
    ("POST", f"{API}/nmu/{{warning_id}}/withdrawal"): "warnings of the weather service are of all agencies",
    ("PUT", f"{API}/accounts/{{login}}/openid"): "no provider is set up here (test_openid.py)",
    ("POST", f"{API}/ingest/{{device}}/{{kind}}"): "tried below by the key of another device",
    **dict.fromkeys((*DOORS, *CITIZEN_DOORS, *SUBSCRIPTION_DOORS, *FDSN), "open: a code says whose it is"),
}
"""Changing routes that name nothing of anybody's."""

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/cases"): {"alerts": [901]},
    ("POST", "/contacts"): {
        "role": "duty", "territory": TERRITORY, "name": "x", "channel": "email", "address": "x@demo.test",
    },
    ("POST", "/roster"): {
        "person": "x", "duty": "inspector", "territory": TERRITORY, "since": "2026-06-03T01:00:00Z",
        "until": "2026-06-03T13:00:00Z",
    },
    ("POST", "/accounts"): {"login": "novikova", "name": "x", "organisation": UPPER, "roles": ["inspector"]},
    ("POST", "/machine-keys"): {
        "name": "x", "scopes": ["inspector"], "organisation": UPPER, "expires_at": "2026-08-01T00:00:00Z",
    },
    ("POST", "/explosive-permits"): {
        "number": "7", "product": "anfo", "enterprise": OWN, "valid_from": "2026-01-01", "valid_to": None,
    },
    ("POST", "/enterprises/{enterprise}/acceptances"): {"product": "anfo", "measured_at": "2026-06-01T00:00:00Z"},
    ("POST", "/restrictions"): {
        "number": "2/У", "restricts": "blasting", "basis": "wind", "territory": TERRITORY,
        "starts_at": "2026-06-02T12:00:00Z", "ends_at": "2026-06-03T12:00:00Z", "title": "x", "text": "x",
        "law": "96-ФЗ, ст. 19", "pits": [PIT], "reaches": [], "addressees": [OWN],
    },
    ("POST", "/cases/{case_id}/steps"): {"action": "note", "note": "x"},
    ("POST", "/cases/{case_id}/grounds"): {"alerts": [902], "complaints": []},
    ("POST", "/blasts/{enterprise}/{blast_id}/steps"): {"action": "publish"},
}  # fmt: skip
"""Bodies of routes whose example names nothing of the owner's; their owner is named in some of them."""
NAMED_IN_BODY = {key for key in BODIES if "{" not in key[1]} | {
    ("POST", "/verifications"),
    ("POST", "/measuring-methods"),
}
ASKED_BY_NOBODY = {("POST", "/enterprises/{enterprise}/cases/{case_id}/explanation")}
"""Where also the owner is told that there is nothing: nobody has asked them (tests/…/test_case_isolation.py)."""

FILLING = (
    f"""INSERT INTO complaint (id, code_hash, received_at, happened_at, topic, territory, stage, seq)
    OVERRIDING SYSTEM VALUE VALUES (77, '', now(), now(), 'water', '{TERRITORY}', 'received', 1)""",
    """INSERT INTO notice_message (id, key, kind, recipient, channel, urgent, send_at, state)
    OVERRIDING SYSTEM VALUE VALUES (77, 'k', 'notice', 'contact:1', 'email', true, now(), 'dead')""",
    """INSERT INTO notice (alert_id, source, event, occasion, severity, norm, recipient, channel, message_id,
        decided_at, due_at, words)
    VALUES (902, 'event:1', 'opened', 'x', 'violation', 'x', 'contact:1', 'email', 77, now(), now(), '{}')""",
)


async def owned(world: World) -> dict[str, str]:
    """Keys of the strangers and the owner's things; the identifiers of those, by the names they have in paths."""
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        for name, agency in (("upper", UPPER), ("lower", LOWER)):
            world.tokens[name] = await registry.issue_token(
                connection, name=name, scopes=EVERY_AGENCY_ROLE, enterprise=agency
            )
        for statement in FILLING:
            await connection.execute(text(statement.replace(":1'", r"\:1'")))
    await engine.dispose()
    made = {}
    for path, hole in (
        ("/cases", "case_id"), ("/contacts", "contact_id"), ("/roster", "shift_id"), ("/restrictions", "restriction_id"),
        ("/machine-keys", "key_id"), ("/accounts", "login"),
    ):  # fmt: skip
        answer = await world.client.post(API + path, json=BODIES["POST", path], headers=world.token("upper"))
        assert answer.status_code == 201, (path, answer.text)
        told = decoded(answer)
        told = told.get("key") or told.get("account") or told
        made[hole] = str(told["login"] if hole == "login" else told["id"])
    return made | {
        "alert_id": "902", "enterprise": OWN, "blast_id": BLAST, "code": STATION, "device": DEVICE,
        "series_id": str(world.of("ph")), "complaint_id": "77", "message_id": "77",
    }  # fmt: skip


def changes(world: World, document: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """(method, path, body) of every changing route that names something of somebody's."""
    moment = {"time": min(world.sent).isoformat(), "conflict": None, "reason": "сбой зонда"}
    bodies = BODIES | {("POST", "/series/{series_id}/decisions"): moment}
    found = []
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            key = (verb.upper(), path)
            short = (key[0], path.removeprefix(API))
            if verb == "get" or key in NOBODYS or not ("{" in path or short in NAMED_IN_BODY):
                continue
            media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            found.append((*short, bodies.get(short, media.get("example"))))
    return found


async def tried(world: World, who: str, change: tuple[str, str, Any], *, holes: dict[str, str]) -> Any:
    method, path, body = change
    named = holes | ({"code": PIT} if path.startswith("/pits") else {})
    headers = world.token(who) | {"If-Match": '"1"'}
    return await world.client.request(method, API + path.format(**named), json=body, headers=headers)


async def digests(world: World) -> dict[str, Any]:
    """Of each table's rows; what was refused may leave a line in the audit log and nothing else."""
    engine = make_engine(world.url)
    found = {}
    async with unit_of_work(engine) as connection:
        for table in sorted(set(metadata.tables) - {"audit_log"}):
            query = f"SELECT count(*), md5(string_agg(CAST(x AS text), ',' ORDER BY CAST(x AS text))) FROM {table} x"
            found[table] = tuple((await connection.execute(text(query))).one())
    await engine.dispose()
    return found


@pytest.mark.timeout(600)
async def test_a_stranger_changes_nothing_and_is_told_nothing(world: World) -> None:
    holes = await owned(world)
    wanted = changes(world, (await world.client.get("/openapi.json")).json())
    assert len(wanted) >= 35
    before, let_in = await digests(world), []
    for change in wanted:
        for who in strangers(change):
            answer = await tried(world, who, change, holes=holes)
            refusals = {403, 404, 422} if change[:2] in NAMED_IN_BODY else {403, 404}
            if answer.status_code not in refusals or OF_COMPANY in answer.text or OF_TERRITORY in answer.text:
                let_in.append((who, *change[:2], answer.status_code, answer.text))
    assert not let_in, "\n".join(map(str, let_in))
    sent = await world.client.post(f"{API}/ingest/U-36/water", json={}, headers=world.token("ingest"))
    assert sent.status_code in {403, 404}, sent.text
    after = await digests(world)
    assert {table for table in before if before[table] != after[table]} == set()
    await whoever_may_is_not_refused(world, wanted, holes)


def strangers(change: tuple[str, str, Any]) -> list[str]:
    """Who has the role for it and nothing to do with the owner."""
    row = ACCESS[change[0], API + change[1]]
    return [who for who, roles in (("lower", AGENCY_ROLES), ("kedrovaya", {Role.ENTERPRISE})) if row & roles]


async def whoever_may_is_not_refused(world: World, wanted: list[tuple[str, str, Any]], holes: dict[str, str]) -> None:
    """The same requests by the owner and its agency reach what they name, whatever is then said of their content."""
    refused = []
    for change in sorted(wanted, key=lambda one: one[0] == "DELETE"):
        if change[:2] in ASKED_BY_NOBODY:
            continue
        row = ACCESS[change[0], API + change[1]]
        who = "upper" if row & AGENCY_ROLES else "owner"
        answer = await tried(world, who, change, holes=holes)
        if answer.status_code in {401, 403, 404} or answer.status_code >= 500:
            refused.append((who, *change[:2], answer.status_code, answer.text))
    assert not refused, "\n".join(map(str, refused))


async def test_the_owners_etag_tells_a_stranger_nothing(world: World) -> None:
    for path, who, stranger in (
        (f"/blasts/{OWN}/{BLAST}", "owner", "kedrovaya"), ("/alerts/902", "upper", "lower"),
        ("/alerts?limit=50", "upper", "lower"), (f"/stations/{STATION}/visits", "upper", "lower"),
        ("/explosive-permits", "owner", "kedrovaya"),
    ):  # fmt: skip
        seen = await world.client.get(API + path, headers=world.token(who))
        assert seen.status_code == 200, (path, seen.text)
        if "etag" not in seen.headers:
            continue
        again = await world.client.get(
            API + path, headers=world.token(stranger) | {"If-None-Match": seen.headers["etag"]}
        )
        assert again.status_code in {200, 403, 404}, (path, again.status_code)
