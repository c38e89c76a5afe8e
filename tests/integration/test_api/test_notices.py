"""Notices over HTTP: contacts of one's own territories, versions of norms, dead messages; a resident comes and leaves."""

import json
import re

import asyncpg
import pytest

from services.notices.main import decide_all
from services.storage.engine import libpq_url, make_engine
from tests.integration.test_api.world import World, decoded, raise_alert

CONTACT = {"role": "duty", "name": "Дежурный (демо)", "channel": "email", "address": "duty@demo.test"}
SHORT = {
    "acknowledge_min": 5,
    "dispatch_min": 10,
    "sample_min": 20,
    "decide_min": 60,
    "escalate_to": ["inspector", "head"],
}
TERMS = dict.fromkeys(("maintenance", "notice", "violation", "high", "extreme"), SHORT)
CASE_POLICY = {"id": "agency-cases", "verified": True, "source": "Приказ № 1 (демо)", "terms": TERMS}
PUSH = {
    "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/demo",
    "keys": {
        "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
        "auth": "tBHItJI5svbpez7KI4CCXg",
    },
}


@pytest.fixture
async def sql(world: World):
    connection = await asyncpg.connect(libpq_url(world.url))
    yield connection
    await connection.close()


async def told(world: World, sql: asyncpg.Connection, **alert) -> int:
    number, entry = await raise_alert(world, **alert)
    await sql.execute("INSERT INTO notice_pending (alert_id, alert_event_id) VALUES ($1, $2)", number, entry)
    engine = make_engine(world.url)
    await decide_all(engine, clock=world.clock)
    await engine.dispose()
    return number


async def test_contacts_norms_and_what_became_of_notices(world, sql):
    keys = world.token("operate")
    made = await world.client.post("/api/v1/contacts", json=CONTACT, headers=keys)
    assert made.status_code == 201, made.text
    for wrong in ({"address": "duty@demo.test\r\nBcc: all@demo.test"}, {"address": "nobody"}, {"role": "citizens"},
                  {"role": "enterprise"}, {"channel": "pigeon"}, {"organisation": "nowhere", "role": "enterprise"}):  # fmt: skip
        answer = await world.client.post("/api/v1/contacts", json=CONTACT | wrong, headers=keys)
        assert answer.status_code == 422, wrong
    alert = await told(world, sql, severity="extreme")
    [notice] = decoded(await world.client.get(f"/api/v1/alerts/{alert}/notices", headers=keys))["items"]
    assert (notice["role"], notice["state"], notice["reached_at"]) == ("duty", "waiting", None)
    assert "duty@demo.test" not in json.dumps(notice)
    again = f"/api/v1/notice-messages/{notice['message']}/resend"
    assert (await world.client.post(again, headers=keys)).status_code == 404  # it is not dead
    await sql.execute("UPDATE notice_message SET state = 'dead'")
    await sql.execute("DELETE FROM notice_queue.procrastinate_jobs")
    [dead] = decoded(await world.client.get("/api/v1/notices", params={"state": "dead"}, headers=keys))["items"]
    assert dead["id"] == notice["id"]
    assert (await world.client.post(again, headers=keys)).status_code == 202
    assert await sql.fetchval("SELECT count(*) FROM notice_queue.procrastinate_jobs") == 1

    project, _ = decoded(await world.client.get("/api/v1/reaction-norms"))["items"]
    mine = project["document"] | {"id": "agency-1", "valid_from": world.clock.now.isoformat()}
    entered = await world.client.post("/api/v1/reaction-norms", json=mine, headers=keys)
    assert (entered.status_code, decoded(entered)["in_force"]) == (201, True)
    assert (await world.client.post("/api/v1/reaction-norms", json=mine, headers=keys)).status_code == 409
    held = json.loads(json.dumps(mine | {"id": "agency-2"}))
    held["rules"][0]["tell"][0]["pace"] = "digest"
    refused = await world.client.post("/api/v1/reaction-norms", json=held, headers=keys)
    assert refused.status_code == 422
    assert "told at once" in refused.text
    second = await told(world, sql, severity="high", key="exceedance:2")
    [later] = decoded(await world.client.get(f"/api/v1/alerts/{second}/notices", headers=keys))["items"]
    assert (notice["norm"], later["norm"]) == ("reaction-norms-1", "agency-1")

    number = decoded(made)["id"]
    assert (await world.client.delete(f"/api/v1/contacts/{number}", headers=keys)).status_code == 204
    assert (await world.client.delete(f"/api/v1/contacts/{number}", headers=keys)).status_code == 404
    assert decoded(await world.client.get("/api/v1/contacts", headers=keys))["items"] == []


async def test_a_resident_subscribes_confirms_by_a_button_and_leaves_with_one_click(world, sql):
    await sql.execute(
        "INSERT INTO place (kind, code, name, latitude, longitude) VALUES ('settlement', 'krasulino', 'Красулино', 53, 87)"
    )
    page = await world.client.get("/subscription")
    assert "settlement/krasulino" in page.text
    form = {"area": "settlement/krasulino", "email": "resident@demo.test"}
    for wrong in ({"email": "no address"}, {"area": "settlement/nowhere"}, {"area": ""}, {"website": "spam"}):
        answer = await world.client.post("/subscription", data=form | wrong)
        assert answer.status_code == 422, wrong
        assert "Не отправлено" in answer.text
    asked = await world.client.post("/subscription", data=form)
    assert asked.status_code == 200, asked.text
    again = await world.client.post("/api/v1/subscriptions", json={
        "email": "resident@demo.test", "area_kind": "settlement", "area_code": "krasulino"})  # fmt: skip
    assert again.status_code == 202
    row = await sql.fetchrow("SELECT token, confirmed_at FROM subscription")
    assert row["confirmed_at"] is None
    assert await sql.fetchval("SELECT count(*) FROM notice_queue.procrastinate_jobs") == 2
    token = {"token": row["token"]}
    asks = await world.client.get("/subscription/confirm", params=token)
    assert re.search(r'method="post" action="/subscription/confirm\?token=', asks.text)
    assert await sql.fetchval("SELECT confirmed_at FROM subscription") is None  # a link alone changes nothing
    assert "Вы подписаны" in (await world.client.post("/subscription/confirm", params=token)).text
    assert await sql.fetchval("SELECT confirmed_at FROM subscription") is not None
    await world.client.get("/subscription/leave", params=token)
    assert await sql.fetchval("SELECT count(*) FROM subscription") == 1
    for _ in range(2):  # as a mail program does, RFC 8058; again is no error
        left = await world.client.post("/subscription/leave", params=token, data={"List-Unsubscribe": "One-Click"})
        assert left.status_code == 200
    assert await sql.fetchval("SELECT count(*) FROM subscription") == 0
    assert (await world.client.post("/subscription/confirm", params=token)).status_code == 404


async def test_one_visitor_cannot_fill_other_peoples_mailboxes(world, sql):
    await sql.execute("INSERT INTO river (code, name) VALUES ('aba', 'Аба') ON CONFLICT DO NOTHING")
    body = {"area_kind": "reach", "area_code": "aba:0-10"}
    answers = [
        (await world.client.post("/api/v1/subscriptions", json=body | {"email": f"r{number}@demo.test"})).status_code
        for number in range(12)
    ]
    assert answers == [202] * 10 + [429] * 2


async def test_a_browser_subscribes_and_leaves_in_one_click_and_no_stranger_is_posted_to(world, sql):
    settings = world.app.state.context.settings
    place = {"area_kind": "reach", "area_code": "push:0-10"}
    await sql.execute("INSERT INTO river (code, name) VALUES ('push', 'Река (демо)')")
    wanted = place | {"endpoint": PUSH["endpoint"], "keys": PUSH["keys"]}
    assert decoded(await world.client.get("/api/v1/push-key")) == {"public_key": None}
    assert "push-on" not in (await world.client.get("/subscription")).text
    assert (await world.client.post("/api/v1/push-subscriptions", json=wanted)).status_code == 422
    settings.push_public_key = PUSH["keys"]["p256dh"]
    try:
        assert decoded(await world.client.get("/api/v1/push-key")) == {"public_key": settings.push_public_key}
        page = await world.client.get("/subscription")
        assert f'data-key="{settings.push_public_key}"' in page.text
        for script in re.findall(r'src="([^"]+)"', page.text):
            assert (await world.client.get(script)).headers["content-type"].startswith("text/javascript")
        worker = await world.client.get("/subscription/push-worker.js")
        assert worker.headers["service-worker-allowed"] == "/subscription"
        for wrong in ({"endpoint": "http://127.0.0.1:5432/"}, {"keys": PUSH["keys"] | {"auth": "short"}},
                      {"area_code": "nowhere:0-10"}):  # fmt: skip
            answer = await world.client.post("/api/v1/push-subscriptions", json=wanted | wrong)
            assert answer.status_code == 422, wrong
        made = await world.client.post("/api/v1/push-subscriptions", json=wanted)
        assert made.status_code == 201, made.text
        row = await sql.fetchrow("SELECT channel, confirmed_at, token FROM subscription WHERE area_code = 'push:0-10'")
        assert (row["channel"], row["confirmed_at"]) == ("push", world.clock.now)
        assert decoded(made)["leave"].endswith(row["token"])
        for _ in range(2):  # again is no error, and tells nothing
            left = await world.client.post("/api/v1/push-subscriptions/leave", json={"endpoint": PUSH["endpoint"]})
            assert left.status_code == 204
        assert await sql.fetchval("SELECT count(*) FROM subscription WHERE channel = 'push'") == 0
    finally:
        settings.push_public_key = None


async def test_terms_of_cases_are_entered_and_kept_on_record(world, sql):
    keys = world.token("operate")
    document = CASE_POLICY | {"valid_from": world.clock.now.date().isoformat()}
    made = await world.client.post("/api/v1/case-policies", json=document, headers=keys)
    assert (made.status_code, decoded(made)["in_force"]) == (201, True), made.text
    assert (await world.client.post("/api/v1/case-policies", json=document, headers=keys)).status_code == 409
    for wrong in ({"terms": {}}, {"id": "case-policy-1"}, {"terms": TERMS | {"high": SHORT | {"dispatch_min": 1}}},
                  {"terms": TERMS | {"high": SHORT | {"escalate_to": ["janitor"]}}}, {"valid_from": "2026-13-01"}):  # fmt: skip
        answer = await world.client.post("/api/v1/case-policies", json=document | {"id": "x"} | wrong, headers=keys)
        assert answer.status_code == (409 if "id" in wrong else 422), (wrong, answer.text)
    listed = decoded(await world.client.get("/api/v1/case-policies", headers=keys))["items"]
    assert [(one["id"], one["in_force"]) for one in listed][-1] == ("agency-cases", True)
    assert listed[-1]["terms"]["extreme"]["acknowledge_min"] == 5
    row = await sql.fetchrow("SELECT who, object_id FROM audit_log WHERE action = 'case_policy.enter'")
    assert (row["who"], row["object_id"]) == (listed[-1]["entered_by"], "agency-cases")
