"""Who is called: the person on duty and then their superiors; and who is not told, because something speaks for it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from services.notices.main import decide_all
from services.notices.outcome import Gone
from services.storage.case_notice import TERM
from services.storage.engine import unit_of_work
from services.storage.handling_store import attend
from services.storage.notice_store import decide_next
from services.storage.push_store import subscribe_browser
from tests.integration.notice_world import make_notice_world
from tests.integration.test_notices_deciding import NOON, Channels, deliver, subscribed
from uskat.finding import FindingKind, Severity
from uskat.supervision.handling.policy import packaged_policy
from uskat.supervision.handling.step import MACHINE, Action, Step
from uskat.supervision.notice.area import AreaKind
from uskat.supervision.reconcile import AlertEvent

ENDPOINT = "https://fcm.googleapis.com/fcm/send/demo"
AUTUMN = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)  # 12:00 in Novokuznetsk, under reaction-norms-2


@pytest.fixture
async def world(embedded_database):
    world = await make_notice_world(embedded_database)
    await world.sql.execute("INSERT INTO organisation (code, name, kind) VALUES ('agency-demo', 'Агентство', 'agency')")
    await world.sql.execute("INSERT INTO territory (code, name) VALUES ('lower', 'Нижний Ускат')")
    await world.sql.execute(
        "INSERT INTO agency_territory (organisation_id, territory) SELECT id, 'lower' FROM organisation"
    )
    await world.sql.execute("UPDATE station SET territory = 'lower'")
    yield world
    await world.close()


async def on_roster(world, person, duty):
    await world.sql.execute(
        "INSERT INTO duty_shift (agency, territory, person, duty, since, until, entered_by, entered_at)"
        " VALUES ('agency-demo', 'lower', $1, $2, now() - interval '1 hour', now() + interval '1 hour', 'admin', now())",
        person, duty,
    )  # fmt: skip


async def term_runs_out(world, *, to, person, clock="acknowledge", seq=2):
    """A case whose term ran out: the step and its row of the outbox, as `case_store` writes them."""
    case = await world.sql.fetchval(
        "INSERT INTO case_file (agency, territory, subject, title, station, opened_at, seq, stage, severity, policy,"
        " since, baseless) VALUES ('agency-demo', 'lower', 'water', 'Аммоний у моста', 'U-1', now(), $1, 'suspected',"
        " 'high', 'case-policy-2', now(), false) RETURNING id", seq,
    )  # fmt: skip
    paper = {"action": "escalate", "clock": clock, "to": to, "person": person}
    await world.sql.execute(
        "INSERT INTO case_step (case_id, seq, at, action, by, body) VALUES ($1, $2, now(), 'escalate', 'machine', $3)",
        case, seq, json.dumps({"at": "2026-11-26T05:00:00Z", "by": "machine", "paper": paper}),
    )  # fmt: skip
    await world.sql.execute("INSERT INTO notice_pending (case_id, step_seq) VALUES ($1, $2)", case, seq)
    return case


async def stepped(world, alert, action, **more):
    async with unit_of_work(world.engine) as connection:
        await attend(
            connection, alert, policy=packaged_policy(), now=datetime.now(UTC),
            step=lambda at: Step(action, at, MACHINE, **more),
        )  # fmt: skip


async def decided(world, now=AUTUMN):
    return await decide_all(world.engine, clock=lambda: now)


async def test_a_term_of_a_case_calls_the_person_who_has_the_duty_and_says_what_ran_out(world):
    petrov = await world.contact("senior_inspector", "telegram", "123", person="petrov", territory="lower")
    await world.contact("senior_inspector", "telegram", "456", person="sidorova", territory="lower")
    case = await term_runs_out(world, to="senior_inspector", person="petrov", clock="dispatch")
    assert await decided(world) == 1
    [notice] = await world.notices()
    assert (notice["case_id"], notice["alert_id"], notice["event"]) == (case, None, TERM)
    assert (notice["recipient"], notice["source"]) == (f"contact:{petrov}", "step:2")
    [(_, wording)] = await deliver(world, AUTUMN)
    assert wording.subject == f"Срок вышел (выехать): дело № {case} «Аммоний у моста» – Ускат у моста (демо)"
    assert f"/api/v1/cases/{case}" in wording.body
    assert "None" not in wording.body


async def test_a_person_without_a_contact_is_replaced_by_the_role_then_by_the_duty_then_it_is_told_as_unheard(world):
    role = await world.contact("head", "email", "head@demo.test")
    duty = await world.contact("duty", "email", "duty@demo.test")
    await term_runs_out(world, to="head", person="orlov")
    await decided(world)
    assert [row["recipient"] for row in await world.notices()] == [f"contact:{role}"]
    await world.sql.execute("UPDATE contact SET removed_at = now() WHERE id = $1", role)
    await term_runs_out(world, to="head", person=None)
    await decided(world)
    assert [row["recipient"] for row in await world.notices()][1:] == [f"contact:{duty}"]
    await world.sql.execute("UPDATE contact SET removed_at = now()")
    await term_runs_out(world, to="head", person="orlov")
    async with unit_of_work(world.engine) as connection:
        nobody = await decide_next(connection, now=AUTUMN)
    assert (nobody.told, nobody.unheard) == (0, True)


async def test_an_escalated_alert_calls_whoever_is_on_the_roster_of_its_territory(world):
    petrov = await world.contact("senior_inspector", "email", "petrov@demo.test", person="petrov", territory="lower")
    await world.contact("senior_inspector", "email", "everybody@demo.test")
    await on_roster(world, "petrov", "senior_inspector")
    await on_roster(world, "orlov", "head")
    alert = await world.change(1, severity=Severity.NOTICE)
    await world.sql.execute(
        "INSERT INTO alert_step (alert_id, seq, at, action, by, body) VALUES ($1, 2, now(), 'escalate', 'machine',"
        """ '{"action": "escalate", "to": "senior_inspector"}')""", alert,
    )  # fmt: skip
    await world.sql.execute("INSERT INTO notice_pending (alert_id, step_seq) VALUES ($1, 2)", alert)
    await decided(world)
    assert [row["recipient"] for row in await world.notices(occasion="escalation")] == [f"contact:{petrov}"]


@pytest.mark.parametrize("reference", ["alert:99", "visit:1"])
async def test_what_a_parent_or_a_visit_covers_is_told_only_when_that_ends_and_it_lasts(world, reference):
    await world.contact("duty", "email", "duty@demo.test")
    lasting, over = await world.change(1, severity=Severity.HIGH), await world.change(2, severity=Severity.HIGH)
    for alert in (lasting, over):
        await stepped(world, alert, Action.SUPPRESS, reference=reference)
    await world.change(1, event=AlertEvent.UPDATED, severity=Severity.EXTREME, alert=lasting)
    await world.change(2, event=AlertEvent.RETURNED, alert=over)
    assert await decided(world) == 0
    for alert in (lasting, over):
        await stepped(world, alert, Action.RELEASE)
    assert await decided(world) == 1
    [notice] = await world.notices()
    assert (notice["alert_id"], notice["event"], notice["occasion"]) == (lasting, "released", "extreme_pollution")
    [(_, wording)] = await deliver(world, AUTUMN)
    assert "Раньше о нём не сообщали" in wording.body
    await stepped(world, lasting, Action.SUPPRESS, reference=reference)
    await stepped(world, lasting, Action.RELEASE)
    assert await decided(world) == 0  # told once


async def test_what_a_case_holds_is_told_and_so_is_the_withdrawal_of_what_was_told_before_it_was_covered(world):
    await world.contact("duty", "email", "duty@demo.test")
    held, told = await world.change(1), await world.change(2)
    await stepped(world, held, Action.SUPPRESS, reference="case:1")
    assert await decided(world) == 2
    await stepped(world, told, Action.SUPPRESS, reference="alert:99")
    await world.change(2, event=AlertEvent.WITHDRAWN, alert=told)
    assert await decided(world) == 1
    assert [row["event"] for row in await world.notices(alert_id=told)] == ["opened", "withdrawn"]


async def test_a_happening_settles_before_it_is_told_so_that_what_covers_it_is_there(world):
    await world.contact("duty", "email", "duty@demo.test")
    alert = await world.change(1)
    async with unit_of_work(world.engine) as connection:
        assert await decide_next(connection, now=AUTUMN, settle=timedelta(minutes=1)) is None
    await stepped(world, alert, Action.SUPPRESS, reference="alert:99")
    await world.sql.execute("UPDATE notice_pending SET at = at - interval '2 minutes'")
    async with unit_of_work(world.engine) as connection:
        assert (await decide_next(connection, now=AUTUMN, settle=timedelta(minutes=1))).told == 0


async def test_a_parent_names_the_stations_of_its_children_and_is_told_in_their_places_too(world):
    await subscribed(world, address="near@demo.test")  # the settlement at km 20 of the Uskat
    await world.contact("duty", "email", "duty@demo.test")
    tom = await world.sql.fetchval("INSERT INTO river (code, name) VALUES ('tom', 'Томь') RETURNING id")
    await world.sql.execute(
        "INSERT INTO station (code, name, kind, latitude, longitude, river_id, river_km)"
        " VALUES ('T-1', 'Томь у парома (демо)', 'river', 54.9, 88.9, $1, 40)", tom,
    )  # fmt: skip
    await world.sql.execute("INSERT INTO place (kind, code, name, latitude, longitude) VALUES"
                            " ('settlement', 'far', 'Дальний (демо)', 54.9, 88.9)")  # fmt: skip
    await subscribed(world, code="far", address="far@demo.test")
    ferry, bridge = world.station + 1, world.station
    children = []
    for number, station in ((1, bridge), (2, ferry)):
        world.station = station
        children.append(await world.change(number, kind=FindingKind.FLOOD, severity=Severity.HIGH))
    world.station = bridge
    figures = {"stations": {"value": 3.0, "unit": "шт."}}
    parent = await world.change(3, kind=FindingKind.CAUSE, severity=Severity.HIGH,
                                detail={"stations": ["U-1"], "children": children[:1]})  # fmt: skip
    await gathered(world, parent, children[:1])
    await world.sql.execute("UPDATE alert_event SET body = body || $1 WHERE alert_id = $2",
                            json.dumps({"figures": figures}), parent)  # fmt: skip
    await decided(world)
    notices = await world.notices(alert_id=parent)
    assert {row["occasion"] for row in notices} == {"flood_adverse"}, "a parent is told as its children are"
    assert {row["recipient"].partition(":")[0] for row in notices} == {"contact", "subscription"}
    assert len(notices) == 2
    sent = [word for out, word in await deliver(world, AUTUMN) if [one.alert for one in out.notices] == [parent]]
    assert len(sent) == 2
    assert all("Ускат у моста (демо) и ещё станций: 2" in one.body for one in sent)
    await world.change(3, event=AlertEvent.UPDATED, kind=FindingKind.CAUSE, severity=Severity.HIGH, alert=parent,
                       detail={"stations": ["U-1", "T-1"], "children": children})  # fmt: skip
    await gathered(world, parent, children[1:])
    await decided(world)
    [joined] = (await world.notices(alert_id=parent))[2:]
    address = await world.sql.fetchval(
        "SELECT address FROM subscription WHERE 'subscription:' || id = $1", joined["recipient"]
    )
    assert address == "far@demo.test", "only whom the new place concerns and nobody has told"
    assert json.loads(joined["words"])["stations"] == ["Ускат у моста (демо)", "Томь у парома (демо)"]


async def gathered(world, parent, children):
    """Children wait under their parent, as the alerts process has it."""
    for child in children:
        await world.sql.execute(
            "INSERT INTO alert_cause (alert_id, parent_id, rule, rules, joined_at) VALUES ($1, $2, 'x', 'x', now())",
            child, parent,
        )  # fmt: skip
        await stepped(world, child, Action.SUPPRESS, reference=f"alert:{parent}")


async def test_a_flood_is_gathered_for_ten_minutes_and_what_is_grave_is_not(world):
    await world.contact("duty", "email", "duty@demo.test")
    for number in range(12):
        await world.change(number, severity=Severity.VIOLATION)
    await world.change(20, severity=Severity.EXTREME)
    await decided(world, AUTUMN)
    one_by_one = await world.notices(kind="notice")
    held = await world.notices(kind="digest")
    assert len(one_by_one) == 11
    assert one_by_one[-1]["severity"] == "extreme"
    assert {(row["send_at"], row["key"]) for row in held} == {(AUTUMN + timedelta(minutes=10), held[0]["key"])}
    [(outgoing, wording)] = await deliver(world, AUTUMN + timedelta(minutes=10), channels=Later())
    assert len(outgoing.notices) == 2
    assert wording.subject == "Сводка: сообщений 2"
    await world.change(30, severity=Severity.VIOLATION)
    await decided(world, AUTUMN + timedelta(minutes=15))
    assert (await world.notices())[-1]["kind"] == "notice"  # the flood is over


async def test_a_browser_is_told_and_forgotten_when_its_push_service_does_not_know_it(world):
    keys = {"p256dh": "x", "auth": "y"}
    for code in ("uskat:0-10", "uskat:30-50"):
        async with unit_of_work(world.engine) as connection:
            await subscribe_browser(
                connection, ENDPOINT, keys=keys, kind=AreaKind.REACH, code=code, language="ru", now=NOON
            )
    await world.change(1)
    assert await decided(world, NOON) == 0  # the norms of June know of no push
    await world.change(2)
    await decided(world)
    [notice] = await world.notices()
    assert notice["channel"] == "push"
    left = Left()
    await deliver(world, AUTUMN, channels=left)
    assert left.seen == [(ENDPOINT, keys)]
    assert await world.sql.fetchval("SELECT count(*) FROM subscription") == 0
    assert [row["state"] for row in await world.notices()] == ["dropped"]
    assert await world.sql.fetchval("SELECT count(*) FROM notice_attempt") == 0


class Left(Channels):
    """Every browser is gone."""

    seen = ()

    async def send(self, outgoing, wording):
        self.seen = [*self.seen, (outgoing.address, outgoing.push_keys)]
        raise Gone("push service: status 410")


class Later(Channels):
    """Takes everything and keeps the digests."""

    async def send(self, outgoing, wording):
        if outgoing.kind == "digest":
            self.sent.append((outgoing, wording))
