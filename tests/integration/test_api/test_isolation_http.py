"""Nobody where they don't belong: every route of the document, asked by everybody for what is not theirs.

What belongs to somebody carries a mark. Each reading route is asked with the identifiers and filters of the owner, in
every format; the mark may stand in the answers to its owner and whoever supervises it, and in nobody else's.
"""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from services.api.access import FDSN
from services.api.main import create_app
from services.storage import registry
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.blast_world import Filer, surround
from tests.integration.test_api.world import Clock, Filled, World, settings_for

OWN, PIT, BLAST = "beryozovaya-griva-demo", "beryozovaya-griva", "kp-2026-061"
STATION, DEVICE = "U-43", "U-43"
OF_COMPANY, OF_TERRITORY = "ЗАКРЫТО-ПРЕДПРИЯТИЕ", "ЗАКРЫТО-ТЕРРИТОРИЯ"
SHA = "ab" * 32
FORMATS = (None, "csv", "geojson", "html")
FILLING = (
    f"UPDATE station SET published = false, name = '{OF_TERRITORY}' WHERE code = 'U-36'",
    f"""INSERT INTO explosive_acceptance (organisation_id, product, measured_at, laboratory, entered_by)
    SELECT id, 'anfo', '2026-06-01T00:00Z', '{OF_COMPANY}', 'x' FROM organisation WHERE code = '{OWN}'""",
    f"""INSERT INTO explosive_permit (number, product, organisation_id, valid_from, entered_by)
    SELECT '{OF_COMPANY}', 'anfo', id, '2026-01-01', 'x' FROM organisation WHERE code = '{OWN}'""",
    f"""INSERT INTO photograph (sha256, media_type, width_px, height_px, content, entered_by, organisation)
    VALUES ('{SHA}', 'image/png', 1, 1, convert_to('{OF_COMPANY}', 'UTF8'), 'kedrovaya', '{OWN}')""",
    f"""INSERT INTO alert (id, key, station_id, detector, kind, severity, state, started_at, knowable_at, known_at,
        updated_at, title, figures, reasons, published)
    SELECT 900 + n, 'exceedance:' || n, id, 'exceedance', 'exceedance', 'violation', 'active', now(), now(), now(),
        now(), CASE n WHEN 1 THEN 'известно всем' ELSE '{OF_TERRITORY}' END, '{{}}', '[]', n = 1
    FROM station, generate_series(1, 2) n WHERE code = '{STATION}'""",
    """INSERT INTO alert_event (alert_id, event, body) SELECT id, 'opened', '{}' FROM alert WHERE id > 900""",
    f"""INSERT INTO alert_step (alert_id, seq, at, action, by, body) SELECT id, 1, now(), 'raise', 'machine',
        '{{"action": "raise", "at": "2026-06-01T00:00:00Z", "by": "machine", "severity": "violation",
           "policy": "alert-policy-1", "note": "{OF_TERRITORY}"}}' FROM alert WHERE id > 900""",
    f"""INSERT INTO alert_handling (alert_id, seq, last_event, attention, review, severity, policy, since, restless,
        owner) SELECT id, 1, 1, 'waiting', 'open', 'violation', 'alert-policy-1', now(), false, '{OF_TERRITORY}'
    FROM alert WHERE id > 900""",
    f"""INSERT INTO rejected (raw_id, device_id, station_id, reason, detail, readings, received_at)
    SELECT 1, d.id, d.station_id, 'unit', '{OF_TERRITORY}', 1, now() FROM device d WHERE d.code = '{DEVICE}'""",
    f"""INSERT INTO station_visit (station_id, kind, starts_at, ends_at, entered_by, note)
    SELECT id, 'visit', '2026-06-01T00:00Z', '2026-06-01T01:00Z', 'x', '{OF_TERRITORY}' FROM station
    WHERE code = '{STATION}'""",
)


@pytest.fixture
async def world(embedded_filled: Filled) -> AsyncIterator[World]:
    clock = Clock()
    app = create_app(settings_for(embedded_filled.url, rate_limit_address="", rate_limit_token=""), now=clock)
    async with LifespanManager(app) as manager:
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://uskat.test") as client:
            made = embedded_filled.world(clock, app, client)
            await surround(made)
            await people(made)
            yield made


async def people(world: World) -> None:
    """Tokens of another enterprise and of both agencies; what is theirs, marked."""
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        for name, scope, organisation in (
            ("owner", "enterprise", OWN), ("upper", "inspector", "inspection-demo"),
            ("lower", "inspector", "inspection-lower-demo"),
        ):  # fmt: skip
            world.tokens[name] = await registry.issue_token(
                connection, name="kedrovaya" if name == "owner" else name, scopes=[scope], enterprise=organisation
            )
        for statement in FILLING:
            await connection.execute(text(statement.replace(":", r"\:")))
        world.figures["raw"] = await connection.scalar(text("SELECT min(raw_id) FROM raw_message"))
    await engine.dispose()
    corners = [
        {"longitude": 86.99 + east, "latitude": 54.1 + north} for east, north in ((0, 0), (0.001, 0), (0, 0.001))
    ]
    filed = await Filer(world, "owner").file(enterprise=OWN, pit=PIT, licence=OF_COMPANY, block_polygon=corners)
    assert filed.status_code == 201, filed.text


def questions(world: World, document: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Every reading route by the owner's identifiers: bare, with the owner's filters, and in each format."""
    values = {
        "code": STATION, "enterprise": OWN, "blast_id": BLAST, "pit": PIT, "sha256": SHA, "alert_id": "902",
        "raw_id": str(world.figures["raw"]), "series_id": str(world.of("ph")), "device": DEVICE, "product": "anfo",
        "pack": "fishery-552-2016", "paper": "passport", "record_id": "1", "name": "x", "day": "2026-06-02",
    }  # fmt: skip
    filters = {
        "enterprise": OWN, "pit": PIT, "station": STATION, "device": DEVICE, "documents": "true",
        "start": "2026-01-01T00:00:00Z", "end": "2026-12-31T00:00:00Z",
    }  # fmt: skip
    found = []
    paths = {path: item["get"] for path, item in document["paths"].items() if "get" in item}
    paths |= {path: {"parameters": []} for method, path in FDSN if method == "GET" and path.endswith("query")}
    paths["/"] = {"parameters": []}
    for path, operation in paths.items():
        if path.endswith("/events") or path.startswith("/health"):
            continue
        names = {part["name"] for part in operation.get("parameters", []) if part["in"] == "query"}
        known = {name: value for name, value in filters.items() if name in names}
        numbers = ("901", "902") if "{alert_id}" in path else ("901",)
        forms = FORMATS if "format" in names else (None,)
        for alert, (form, asked) in itertools.product(numbers, [(None, {}), *((form, known) for form in forms)]):
            holes = dict.fromkeys(_holes(path), "1") | values | {"alert_id": alert}
            found.append((path.format(**holes), dict(asked) | ({"format": form} if form else {})))
    return [one for index, one in enumerate(found) if one not in found[:index]]


def _holes(path: str) -> list[str]:
    return [part.strip("{}") for part in path.split("/") if part.startswith("{")]


async def marked(world: World, token: str | None, asked: list[tuple[str, dict[str, str]]]) -> tuple[set[str], set[str]]:
    """Paths whose answers hold the mark of the enterprise, and those with the mark of the territory."""
    headers = world.token(token) if token else {}
    found: tuple[set[str], set[str]] = set(), set()
    for path, params in asked:
        answer = await world.client.get(path, params=params, headers=headers)
        assert answer.status_code < 500, (path, params, answer.text)
        for mark, paths in zip((OF_COMPANY, OF_TERRITORY), found, strict=True):
            if mark.encode() in answer.content or mark.encode("unicode_escape") in answer.content:
                paths.add(path)
    return found


@pytest.mark.timeout(600)
async def test_what_belongs_to_somebody_is_shown_to_nobody_else(world):
    document = (await world.client.get("/openapi.json")).json()
    asked = questions(world, document)
    assert len({path for path, _ in asked}) > 70
    theirs, elsewhere = await marked(world, "owner", asked)
    assert elsewhere == set()
    overseen, over = await marked(world, "upper", asked)
    blast = f"/api/v1/blasts/{OWN}/{BLAST}"
    assert {
        blast, f"{blast}/history", f"/api/v1/enterprises/{OWN}/acceptances", "/api/v1/explosive-permits",
        f"/api/v1/photographs/{SHA}",
    } <= theirs  # fmt: skip
    assert theirs - {f"/api/v1/photographs/{SHA}"} <= overseen
    assert {
        "/api/v1/alert-queue", "/api/v1/alerts/902", "/api/v1/alerts/902/handling", "/api/v1/rejects", "/api/v1/alerts",
        "/api/v1/stations", f"/api/v1/stations/{STATION}/visits",
    } <= over  # fmt: skip
    assert over <= (await marked(world, "operate", asked))[1]
    for stranger in ("kedrovaya", "lower", None):
        assert await marked(world, stranger, asked) == (set(), set()), stranger

    raw = f"/api/v1/raw/{world.figures['raw']}"
    codes = [(await world.client.get(raw, headers=world.token(name))).status_code for name in ("upper", "lower")]
    assert codes == [200, 404]
    await writes_into_what_is_anothers(world)
    await readings_are_recorded(world)


async def writes_into_what_is_anothers(world: World) -> None:
    """Every change of what belongs to the owner, tried by the agency of another territory and another enterprise."""
    blast, match = f"/api/v1/blasts/{OWN}/{BLAST}", {"If-Match": '"1"'}
    visit = {"kind": "visit", "starts_at": "2026-06-01T00:00:00Z", "ends_at": "2026-06-01T01:00:00Z", "note": "x"}
    permit = {"number": "1", "product": "anfo", "enterprise": OWN, "valid_from": "2026-01-01", "valid_to": None}
    tried = (
        ("lower", "/api/v1/alerts/901/steps", {"action": "acknowledge"}),
        ("lower", "/api/v1/alerts/902/steps", {"action": "acknowledge"}),
        ("lower", f"/api/v1/stations/{STATION}/visits", visit),
        ("lower", "/api/v1/explosive-permits", permit),
        ("lower", f"/api/v1/enterprises/{OWN}/acceptances", {"product": "anfo", "measured_at": "2026-06-01T00:00:00Z"}),
        ("kedrovaya", f"{blast}/steps", {"action": "publish"}),
        ("kedrovaya", f"/api/v1/enterprises/{OWN}/acceptances",
         {"product": "anfo", "measured_at": "2026-06-01T00:00:00Z"}),
    )  # fmt: skip
    for token, path, body in tried:
        answer = await world.client.post(path, json=body, headers=world.token(token) | match)
        assert answer.status_code in {403, 404}, (token, path, answer.text)
    taken = await world.client.post(
        "/api/v1/alerts/901/steps", json={"action": "acknowledge"}, headers=world.token("upper") | {"If-Match": '"2"'}
    )  # the first step and the escalation that was due
    assert taken.status_code == 200, taken.text


async def readings_are_recorded(world: World) -> None:
    """Whoever read what is confidential stands in the audit log, refused or not, the public does not."""
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        rows = (await connection.execute(text("SELECT who, organisation, action, object_id FROM audit_log"))).all()
    await engine.dispose()
    seen = {tuple(row) for row in rows}
    assert ("kedrovaya", OWN, "blasts.history.read", f"{OWN}/{BLAST}") in seen
    assert ("lower", "inspection-lower-demo", "blasts.history.read", f"{OWN}/{BLAST}") in seen
    assert ("upper", "inspection-demo", "photographs.read", SHA) in seen
    assert not {row for row in seen if row[0] == "anonymous"}
    assert not {row for row in seen if row[2] in {"rejects.read", "stations.read"}}
