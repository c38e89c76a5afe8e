"""From an entry of an alert to messages in the queue: whom, when, once; what is held, what never is."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notices.delivery import Delivery
from services.notices.main import decide_all
from services.notices.outcome import NotSent
from services.storage.contact_store import remove_contact
from services.storage.engine import unit_of_work
from services.storage.notice_delivery import requeue_orphans
from services.storage.notice_reading import send_again
from services.storage.notice_store import decide_next
from services.storage.subscription_store import (
    ask_subscription,
    confirm_subscription,
    forget_unconfirmed,
    leave_subscription,
)
from tests.integration.notice_world import make_notice_world
from uskat.finding import FindingKind, Severity
from uskat.supervision.notice.area import AreaKind
from uskat.supervision.reconcile import AlertEvent

NOON = datetime(2026, 6, 1, 5, 0, tzinfo=UTC)  # 12:00 in Novokuznetsk
NIGHT = datetime(2026, 6, 1, 18, 0, tzinfo=UTC)  # 01:00
MORNING = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)  # 08:00
RESIDENT = "resident@demo.test"


class Channels:
    """Takes everything, or refuses."""

    def __init__(self):
        self.sent, self.refuse = [], False

    async def send(self, outgoing, wording):
        if self.refuse:
            raise NotSent("receiver: status 500")
        self.sent.append((outgoing, wording))


@pytest.fixture
async def world(embedded_database):
    world = await make_notice_world(embedded_database)
    yield world
    await world.close()


@pytest.fixture
async def world_on_each(database):
    world = await make_notice_world(database)
    yield world
    await world.close()


async def decided(world, now=NOON):
    return await decide_all(world.engine, clock=lambda: now)


async def deliver(world, now=NOON, *, channels=None, final=False):
    """Deliver whatever is due, as the queue's worker does."""
    channels = channels or Channels()
    delivery = Delivery(world.engine, channels, public_url="https://uskat.test", clock=lambda: now)
    for row in await world.sql.fetch(
        "SELECT (args->>'message')::bigint AS message FROM notice_queue.procrastinate_jobs"
        " WHERE scheduled_at IS NULL OR scheduled_at <= $1 ORDER BY id", now,
    ):  # fmt: skip
        try:
            await delivery.deliver(row["message"], final=final)
        except NotSent:
            assert channels.refuse
    return channels.sent


async def subscribed(world, kind=AreaKind.SETTLEMENT, code="krasulino", *, address=RESIDENT, confirmed=True):
    async with unit_of_work(world.engine) as connection:
        await ask_subscription(connection, address, kind=kind, code=code, language="ru", now=NOON)
    token = await world.sql.fetchval(
        "SELECT token FROM subscription WHERE address = $1 AND area_code = $2", address, code
    )
    if confirmed:
        async with unit_of_work(world.engine) as connection:
            assert await confirm_subscription(connection, token, now=NOON)
    return token


async def test_an_alert_is_told_once_to_whom_the_norms_name_with_its_job_and_its_term(world_on_each):
    world = world_on_each
    duty = await world.contact("duty", "email", "duty@demo.test")
    await world.contact("duty", "sms", "+70000000000", territory="elsewhere")
    await world.contact("metrologist", "email", "metrologist@demo.test")
    alert = await world.change(1)
    assert await decided(world) == 1
    assert await decided(world) == 0
    [notice] = await world.notices()
    assert (notice["alert_id"], notice["recipient"], notice["channel"]) == (alert, f"contact:{duty}", "email")
    assert (notice["occasion"], notice["norm"], notice["kind"]) == ("extreme_pollution", "reaction-norms-1", "notice")
    happened = await world.sql.fetchval("SELECT at FROM alert_event WHERE alert_id = $1", alert)
    assert notice["due_at"] - happened == timedelta(minutes=15)
    [job] = await world.jobs()
    assert (job["status"], job["scheduled_at"], job["priority"]) == ("todo", None, 10)


async def test_what_rolls_back_was_never_told(world):
    await world.contact("duty", "email", "duty@demo.test")
    await world.change(1)
    async with world.engine.connect() as connection:
        assert (await decide_next(connection, now=NOON)).told == 1
        await connection.rollback()  # killed before COMMIT
    assert (await world.notices(), await world.jobs()) == ([], [])
    assert await decided(world) == 1


async def test_grave_goes_out_at_night_and_the_rest_waits_and_is_gathered(world):
    await world.contact("duty", "email", "duty@demo.test")
    await world.contact("head", "email", "head@demo.test")
    await world.change(1, severity=Severity.EXTREME)
    await world.change(2, severity=Severity.HIGH)
    await world.change(3, severity=Severity.HIGH)
    await decided(world, NIGHT)
    assert {row["kind"] for row in await world.notices(severity="extreme")} == {"notice"}
    held = await world.notices(kind="digest")
    assert [(row["severity"], row["send_at"]) for row in held] == [("high", MORNING)] * 2
    assert len({row["key"] for row in held}) == 1  # one mail in the morning
    at_night = await deliver(world, NIGHT)
    assert len(at_night) == 4  # the duty of all three, the head of the extreme one
    [(outgoing, wording)] = await deliver(world, MORNING)
    assert len(outgoing.notices) == 2
    assert wording.subject == "Сводка: сообщений 2"


async def test_growing_the_end_and_a_withdrawal_follow_those_who_were_told(world):
    await world.contact("duty", "email", "duty@demo.test")
    alert = await world.change(1, severity=Severity.VIOLATION)
    await world.change(1, event=AlertEvent.UPDATED, severity=Severity.VIOLATION, alert=alert)
    await world.change(1, event=AlertEvent.UPDATED, severity=Severity.EXTREME, alert=alert)
    await world.change(1, event=AlertEvent.WITHDRAWN, alert=alert)
    await decided(world)
    assert [row["occasion"] for row in await world.notices()] == ["violation", "extreme_pollution", "withdrawn"]
    [*_, (_, last)] = await deliver(world)
    assert last.subject.startswith("Не подтвердилось: Аммоний-ион выше норматива (1)")
    assert "данные исправлены" in last.body
    assert "ЭВЗ" not in last.subject


async def test_an_escalation_tells_the_next_role(world):
    head = await world.contact("head", "telegram", "123")
    alert = await world.change(1, severity=Severity.NOTICE)
    await world.sql.execute(
        "INSERT INTO alert_step (alert_id, seq, at, action, by, body) VALUES ($1, 2, now(), 'escalate', 'machine',"
        """ '{"action": "escalate", "to": "head"}')""", alert,
    )  # fmt: skip
    await world.sql.execute("INSERT INTO notice_pending (alert_id, step_seq) VALUES ($1, 2)", alert)
    await decided(world)
    [notice] = await world.notices()
    assert (notice["recipient"], notice["occasion"], notice["source"]) == (f"contact:{head}", "escalation", "step:2")


async def test_an_enterprise_hears_of_its_own_only(world):
    ours, theirs = [
        await world.sql.fetchval(
            "INSERT INTO organisation (code, name, kind) VALUES ($1, $1, 'enterprise') RETURNING id", code
        )
        for code in ("ours-demo", "theirs-demo")
    ]
    contact = await world.contact("enterprise", "email", "ours@demo.test", organisation_id=ours)
    await world.contact("enterprise", "email", "theirs@demo.test", organisation_id=theirs)
    await world.sql.execute("UPDATE station SET organisation_id = $1", ours)
    await world.change(1)
    await decided(world)
    assert [row["recipient"] for row in await world.notices()] == [f"contact:{contact}"]


async def test_residents_are_told_of_their_water_once_and_not_of_what_is_not_published(world):
    await subscribed(world)
    await subscribed(world, AreaKind.REACH, "uskat:30-50")  # the same person: one mail
    await subscribed(world, AreaKind.REACH, "uskat:50-90", address="upstream@demo.test")
    await subscribed(world, address="unconfirmed@demo.test", confirmed=False)
    await world.change(1)
    await world.change(2, published=False)
    await decided(world)
    [notice] = await world.notices()
    sent = [one for one in await deliver(world) if one[0].kind != "confirm"]
    [(outgoing, wording)] = sent
    assert (outgoing.address, notice["channel"]) == (RESIDENT, "email")
    assert wording.leave_url == f"https://uskat.test/subscription/leave?token={outgoing.token}"
    assert wording.leave_url in wording.body
    assert "специалист проверяет" in wording.body
    assert "не пейте" not in wording.body.lower()


async def test_leaving_deletes_the_address_and_what_still_waits_is_not_sent(world):
    token = await subscribed(world)
    await world.change(1)
    await decided(world)
    async with unit_of_work(world.engine) as connection:
        assert await leave_subscription(connection, token, now=NOON)
        assert not await leave_subscription(connection, token, now=NOON)
    assert await world.sql.fetchval("SELECT count(*) FROM subscription") == 0
    for table in ("notice", "notice_message", "notice_attempt"):
        assert RESIDENT not in str(await world.sql.fetch(f"SELECT * FROM {table}"))
    assert await deliver(world) == []
    assert {row["state"] for row in await world.notices()} == {"dropped"}


async def test_an_address_is_not_flooded_and_what_nobody_confirms_is_forgotten(world):
    for code in ("uskat:0-10", "uskat:0-20", "uskat:0-30", "uskat:0-40"):
        await subscribed(world, AreaKind.REACH, code, confirmed=False) if code != "uskat:0-40" else None
    async with unit_of_work(world.engine) as connection:
        asked = await ask_subscription(
            connection, RESIDENT, kind=AreaKind.REACH, code="uskat:0-40", language="ru", now=NOON
        )
    assert not asked
    token = await world.sql.fetchval("SELECT token FROM subscription LIMIT 1")
    later = NOON + timedelta(hours=49)
    async with unit_of_work(world.engine) as connection:
        assert await confirm_subscription(connection, token, now=later) is None
        assert await forget_unconfirmed(connection, now=later) == 3
    assert await deliver(world) == []


async def test_what_fails_too_often_is_dead_and_sent_again_under_its_key(world):
    await world.contact("duty", "email", "duty@demo.test")
    await world.change(1)
    await decided(world)
    channels = Channels()
    channels.refuse = True
    await deliver(world, channels=channels)
    [notice] = await world.notices()
    assert (notice["state"], notice["attempts"], notice["problem"]) == ("waiting", 1, "receiver: status 500")
    await deliver(world, channels=channels, final=True)
    [notice] = await world.notices()
    assert (notice["state"], notice["attempts"]) == ("dead", 2)
    await world.sql.execute("DELETE FROM notice_queue.procrastinate_jobs")
    async with unit_of_work(world.engine) as connection:
        assert not await send_again(connection, notice["message_id"], agency="of-elsewhere")
        assert await send_again(connection, notice["message_id"], agency=None)
        assert not await send_again(connection, notice["message_id"], agency=None)
    [(outgoing, _)] = await deliver(world)
    assert outgoing.key == notice["key"]
    outcomes = await world.sql.fetch("SELECT outcome FROM notice_attempt ORDER BY id")
    assert [row["outcome"] for row in outcomes] == ["failed", "dead", "delivered"]


async def test_what_cannot_be_decided_or_has_lost_its_job_holds_up_nobody(world):
    await world.contact("duty", "email", "duty@demo.test")
    strange = await world.change(1)
    await world.change(2)
    await world.sql.execute("UPDATE alert SET kind = 'unheard-of' WHERE id = $1", strange)
    with pytest.raises(ValueError, match="unheard-of"):
        await decided(world)
    with pytest.raises(ValueError, match="unheard-of"):
        await decided(world)  # the other is decided meanwhile
    assert [row["alert_id"] for row in await world.notices()] == [strange + 1]
    await world.sql.execute("DELETE FROM notice_queue.procrastinate_jobs")
    for found in (1, 0):
        async with unit_of_work(world.engine) as connection:
            assert await requeue_orphans(connection, before=NOON + timedelta(minutes=1)) == found
    assert len(await deliver(world)) == 1


async def test_a_removed_contact_receives_nothing_more_and_its_address_is_gone(world):
    contact = await world.contact("duty", "email", "duty@demo.test")
    await world.change(1)
    await decided(world)
    async with unit_of_work(world.engine) as connection:
        assert await remove_contact(connection, contact, agency=None, now=NOON)
    assert await deliver(world) == []
    assert "duty@demo.test" not in str(await world.sql.fetch("SELECT * FROM contact"))


async def test_an_undeclared_blast_is_never_held(world):
    await world.contact("duty", "email", "duty@demo.test")
    await world.change(1, kind=FindingKind.UNDECLARED, severity=Severity.NOTICE)
    await decided(world, NIGHT)
    [notice] = await world.notices()
    assert (notice["urgent"], notice["send_at"]) == (True, NIGHT)
