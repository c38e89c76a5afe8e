"""Two territories, an enterprise in each, people of both; each has a row of everything that is kept apart."""

from datetime import UTC, datetime

from sqlalchemy import text

from services.storage import registry
from services.storage.blast_registry import load_surroundings
from services.storage.blast_store import file_blast
from services.storage.caller import Caller
from services.storage.engine import make_engine, unit_of_work
from services.storage.fume_store import keep_photograph
from tests.unit.blast.passports import passport
from uskat.blast.passport.lifecycle import declare
from uskat.blast.photograph import Photograph, PhotographKind
from uskat.blast.surroundings import demo_surroundings
from uskat.water.network import demo_network

AT = datetime(2026, 6, 9, 3, 0, tzinfo=UTC)
OWN, OTHER = "kedrovaya-pad-demo", "sukhoy-log-demo"
NORTH, SOUTH = "north", "south"
EVERYTHING = Caller("duty", everything=True)
OF_OWN = Caller("kedrovaya", frozenset({"enterprise"}), enterprise=OWN)
OF_OTHER = Caller("sukhoy", frozenset({"enterprise"}), enterprise=OTHER)
OF_NORTH = Caller("inspector", frozenset({"inspector"}), agency="inspection-demo", territories=frozenset({NORTH}))
NORTH_ADMIN = Caller("boss", frozenset({"admin"}), agency="inspection-demo", territories=frozenset({NORTH}))
SOUTH_ADMIN = Caller("chief", frozenset({"admin"}), agency="agency-south", territories=frozenset({SOUTH}))
OF_SOUTH = Caller("inspector", frozenset({"inspector"}), agency="agency-south", territories=frozenset({SOUTH}))
NOBODY = Caller("anonymous")
CONFIDENTIAL = ("blast", "blast_revision", "blast_report", "fume_rating", "photograph", "explosive_acceptance")
BY_TERRITORY = (
    "alert_step", "alert_handling", "rejected", "station_visit", "notice", "notice_message", "notice_attempt",
    "evidence_pack",
)  # fmt: skip
OF_ADMINS = ("account", "session_family", "api_token", "audit_log", "contact")
ONLY_ADDED = {"notice_pending"}
TERRITORIES = (
    f"UPDATE station SET territory = CASE WHEN code = 'U-43' THEN '{NORTH}' WHEN code = 'U-36' THEN '{SOUTH}' END",
    "DELETE FROM place WHERE kind = 'pit'",
    f"""INSERT INTO place (kind, code, name, latitude, longitude, organisation_id, territory)
    SELECT 'pit', p.code, p.name, p.latitude, p.longitude, p.organisation_id,
        CASE o.code WHEN '{OWN}' THEN '{NORTH}' WHEN '{OTHER}' THEN '{SOUTH}' END
    FROM pit p JOIN organisation o ON o.id = p.organisation_id""",
)
FILLING = (
    """INSERT INTO blast_report (blast_id, number, report, discrepancies, fired_at, filed_at, misfired_holes)
    SELECT id, 1, '{}', '[]', now(), now(), 0 FROM blast""",
    """INSERT INTO fume_rating (blast_id, rating, level, left_site, observation, photo, entered_by)
    SELECT b.id, '1A', 1, false, '{}', p.sha256, 'x' FROM blast b JOIN organisation o ON o.id = b.organisation_id
    JOIN photograph p ON p.entered_by = o.code""",
    """INSERT INTO explosive_acceptance (organisation_id, product, measured_at, entered_by)
    SELECT organisation_id, 'anfo', now(), 'x' FROM blast""",
    """INSERT INTO alert (key, station_id, detector, kind, severity, state, started_at, knowable_at, known_at,
        updated_at, title, figures, reasons)
    SELECT 'exceedance:' || code, id, 'exceedance', 'exceedance', 'violation', 'active', now(), now(), now(), now(),
        code, '{}', '[]' FROM station WHERE code IN ('U-43', 'U-36', 'U-25')""",
    """INSERT INTO alert_step (alert_id, seq, at, action, by, body) SELECT id, 1, now(), 'raise', 'machine', '{}'
    FROM alert""",
    """INSERT INTO alert_handling (alert_id, seq, last_event, attention, review, severity, policy, since, restless)
    SELECT id, 1, 1, 'waiting', 'open', 'violation', 'x', now(), false FROM alert""",
    """INSERT INTO rejected (raw_id, station_id, reason, detail, readings, received_at)
    SELECT id, id, 'unit', '', 1, now() FROM station WHERE code IN ('U-43', 'U-36', 'U-25')""",
    "INSERT INTO rejected (raw_id, reason, detail, readings, received_at) VALUES (9, 'sender', '', 1, now())",
    """INSERT INTO station_visit (station_id, kind, starts_at, ends_at, entered_by)
    SELECT id, 'visit', now(), now(), 'x' FROM station WHERE code IN ('U-43', 'U-36', 'U-25')""",
    "INSERT INTO territory (code, name) VALUES ('north', 'North'), ('south', 'South') ON CONFLICT DO NOTHING",
    "INSERT INTO organisation (code, name, kind) VALUES ('agency-south', 'South', 'agency') ON CONFLICT DO NOTHING",
    f"""INSERT INTO account (login, name, organisation_id, roles, password_hash, created_at, created_by)
    SELECT 'of-' || o.code, 'x', o.id, ARRAY['enterprise'], 'secret', now(), 'cli' FROM organisation o
    WHERE o.code IN ('{OWN}', '{OTHER}')""",
    """INSERT INTO session_family (account_id, method, address, created_at, expires_at)
    SELECT id, 'password', '192.0.2.1', now(), now() FROM account""",
    """INSERT INTO access_token (token_hash, family_id, expires_at)
    SELECT sha256(f.id::text::bytea), f.id, now() FROM session_family f""",
    """INSERT INTO api_token (name, token_hash, scopes, organisation_id)
    SELECT a.login, sha256(a.login::bytea), ARRAY['enterprise'], a.organisation_id FROM account a""",
    """INSERT INTO audit_log (who, organisation, action, kind, object_id)
    VALUES ('boss', 'inspection-demo', 'x', 'x', 'x'), ('chief', 'agency-south', 'x', 'x', 'x')""",
    """INSERT INTO contact (role, territory, name, channel, address, created_by)
    VALUES ('duty', 'north', 'N', 'email', 'n@demo.test', 'x'), ('duty', 'south', 'S', 'email', 's@demo.test', 'x')""",
    """INSERT INTO notice_message (key, kind, recipient, channel, urgent, send_at, state)
    SELECT title, 'notice', 'contact:1', 'email', true, now(), 'waiting' FROM alert""",
    """INSERT INTO notice_attempt (message_id, at, outcome) SELECT id, now(), 'failed' FROM notice_message""",
    """INSERT INTO notice (alert_id, source, event, occasion, severity, norm, recipient, channel, message_id,
        decided_at, due_at, words)
    SELECT a.id, 'event:1', 'opened', 'x', 'violation', 'x', 'contact:1', 'email', m.id, now(), now(), '{}'
    FROM alert a JOIN notice_message m ON m.key = a.title""",
    """INSERT INTO evidence_pack (alert_id, manifest_sha256, size_bytes, made_by, made_at)
    SELECT id, ''::bytea, 1, 'x', now() FROM alert""",
)


def picture(content: bytes, sha256: str) -> Photograph:
    return Photograph(sha256=sha256, kind=PhotographKind.PNG, width_px=1, height_px=1, content=content)


async def fill(url: str) -> None:
    """One blast of each enterprise, each in a territory of its own; alerts in both territories and in none."""
    engine = make_engine(url)
    async with unit_of_work(engine) as connection:
        await registry.load_network(connection, demo_network())
        await load_surroundings(connection, demo_surroundings())
        for statement in TERRITORIES:
            await connection.execute(text(statement))
        for enterprise, pit in ((OWN, "kedrovaya-pad"), (OTHER, "sukhoy-log")):
            filed = declare(passport(enterprise=enterprise, pit=pit), at=AT, by="x")
            await file_blast(connection, filed)
            await keep_photograph(connection, picture(b"x", enterprise), by=enterprise, at=AT)
        for statement in FILLING:
            await connection.execute(text(statement.replace(":", r"\:")))
    await engine.dispose()
