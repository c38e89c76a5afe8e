"""A blast from its passport to its report over HTTP, on both databases: nothing lost, nobody overwritten."""

import asyncio

import pytest

from services.storage import registry
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.blast_world import BLAST, Filer, at, moment, surround
from tests.unit.blast.passports import hole, passport_data


@pytest.fixture
async def filer(world):
    await surround(world)
    return Filer(world)


async def seen_by_all(filer):
    return [one["blast_id"] for one in (await filer.world.get("/blasts"))["items"]]


async def test_the_life_of_a_blast_is_kept_step_by_step(filer):
    world = filer.world
    filed = await filer.file()
    assert filed.status_code == 201, filed.text
    assert filed.headers["location"] == BLAST
    assert filed.json()["discrepancies"] == []
    assert await seen_by_all(filer) == []
    assert (await world.client.get(BLAST)).status_code == 404
    assert (await filer.step(action="publish")).status_code == 200
    assert await seen_by_all(filer) == ["kp-2026-061"]
    world.clock.now = at(-1)
    window = {"planned_from": moment(24), "planned_to": moment(26)}
    moved = (await filer.step(action="postpone", reason="wind", window=window)).json()["blast"]["state"]
    assert (moved["code"], moved["word"]) == ("moved", "Перенесён")
    assert moved["sentence"] == "Было 10.06.2026 13:00, стало 11.06.2026 13:00. Причина: ветер."
    assert (await filer.step(action="publish")).status_code == 200
    world.clock.now = at(25)
    assert (await filer.step(action="fire", fired_at=moment(24.5))).status_code == 200
    report = await filer.report(fired_at=moment(24.5))
    assert (report.status_code, report.json()["discrepancies"]) == (200, [])
    steps = (await filer.get("/history")).json()["steps"]
    assert [(step["action"], step["after"], step["by"]) for step in steps] == [
        ("declare", "planned", "kedrovaya"), ("publish", "published", "kedrovaya"),
        ("postpone", "postponed", "kedrovaya"), ("publish", "published", "kedrovaya"), ("fire", "fired", "kedrovaya"),
        ("report", "reported", "kedrovaya"),
    ]  # fmt: skip
    assert [field["path"] for field in steps[2]["fields"]] == ["window.planned_from", "window.planned_to"]
    public = (await world.client.get(BLAST)).json()
    assert public["blast"]["state"]["word"] == "Взорван"
    assert public["blast"]["fired_at"] == moment(24.5)


async def test_what_is_private_is_for_the_enterprise_and_the_inspector_only(filer):
    world = filer.world
    await filer.file()
    await filer.step(action="publish")
    other, duty = world.token("sukhoy"), world.token("operate")
    for headers in ({}, other):
        answer = await world.client.get(BLAST, headers=headers)
        assert answer.status_code == 200
        assert answer.json()["passport"] is None
        assert "Иванов" not in answer.text
    for headers in (filer.headers, duty):
        assert (await world.client.get(BLAST, headers=headers)).json()["passport"]["responsible"][
            "name"
        ] == "Иванов И. И."
        assert (await world.client.get(f"{BLAST}/history", headers=headers)).status_code == 200
    assert (await world.client.get(f"{BLAST}/history", headers=other)).status_code == 404
    assert (await world.client.get(f"{BLAST}/history")).status_code == 401


async def test_an_enterprise_files_for_itself_only(filer):
    stranger = Filer(filer.world, "sukhoy")
    assert (await stranger.file()).status_code == 403
    assert (await stranger.file(enterprise="sukhoy-log-demo")).status_code == 404  # the pit is another's
    await filer.file()
    stranger.tag = filer.tag
    assert (await stranger.step(action="publish")).status_code == 403
    assert (await stranger.amend(note="x")).status_code == 403
    duty = await filer.world.client.post("/api/v1/blasts", json=passport_data(), headers=filer.world.token("operate"))
    assert duty.status_code == 403
    assert (await filer.file()).json()["type"].endswith("#blast-number-taken")


async def test_of_two_who_saw_the_same_version_one_is_told(filer):
    await filer.file()
    tag = filer.tag
    answers = await asyncio.gather(*(filer.step(tag=tag, action="publish") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert len((await filer.get("/history")).json()["steps"]) == 2
    late = await filer.amend(tag=tag, note="по старой версии")
    assert (late.status_code, late.json()["type"].rsplit("#", 1)[1]) == (412, "version-changed")
    headers = filer.headers
    nameless = await filer.world.client.put(BLAST, json=passport_data(), headers=headers)
    assert nameless.status_code == 428
    odd = await filer.world.client.put(BLAST, json=passport_data(), headers=headers | {"If-Match": "*"})
    assert odd.status_code == 422


async def test_filing_the_same_number_at_once_keeps_one(filer):
    answers = await asyncio.gather(*(filer.file() for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_an_amendment_says_what_changed_and_keeps_what_was(filer):
    await filer.file()
    holes = [hole(number, delay_ms=42.0 * number) for number in range(10)]
    holes[3]["stemming_m"] = 4.0
    assert (await filer.amend(holes=holes)).status_code == 200
    assert (await filer.amend(holes=holes)).status_code == 409  # nothing is changed
    history = (await filer.get("/history?documents=true")).json()["steps"]
    assert history[1]["fields"] == [{"path": "holes.3/1.stemming_m", "before": 4.5, "after": 4.0}]
    assert history[0]["passport"]["holes"][3]["stemming_m"] == 4.5
    assert (await filer.get()).json()["passport"]["holes"][3]["stemming_m"] == 4.0


async def test_a_passport_that_contradicts_itself_is_kept_but_not_announced(filer):
    filed = await filer.file(total_charge_kg=5000.0)
    assert filed.status_code == 201
    (first, *_) = filed.json()["discrepancies"]
    assert first["weight"] == "error"
    assert "5000" in first["text"] or "5 000" in first["text"]
    refused = await filer.step(action="publish")
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == first["code"]
    assert (await filer.amend()).status_code == 200
    assert (await filer.step(action="publish")).status_code == 200
    assert (await filer.amend(total_charge_kg=5000.0)).status_code == 409


async def test_a_block_outside_its_pit_is_a_warning(filer):
    far = [{"longitude": 87.2 + east, "latitude": 54.2 + north} for east, north in ((0, 0), (0.001, 0), (0.001, 0.001))]
    filed = await filer.file(block_polygon=far)
    assert [(item["code"], item["weight"]) for item in filed.json()["discrepancies"]] == [
        ("block_outside_pit", "warning")
    ]


async def test_a_report_that_does_not_fit_is_kept_with_what_does_not_fit(filer):
    await filer.file()
    await filer.step(action="publish")
    filer.world.clock.now = at(10)
    wrong = await filer.report(fired_at=moment(5), total_charge_kg=3500.0, hole_count=9,
                               misfires=[{"hole": "9", "found_at": moment(6), "explosive_left_kg": 277.7}])  # fmt: skip
    assert wrong.status_code == 200
    codes = {item["code"] for item in wrong.json()["discrepancies"]}
    assert {"report_window", "report_total_charge_kg", "misfire_open"} <= codes
    detail = (await filer.get()).json()
    assert {item["code"] for item in detail["report_discrepancies"]} == codes
    assert [step["action"] for step in (await filer.get("/history")).json()["steps"]][-2:] == ["fire", "report"]
    fixed = await filer.report(hole_count=9, fired_at=moment(0.5), misfires=[
        {"hole": "9", "found_at": moment(6), "explosive_left_kg": 277.7, "eliminated_at": moment(8)}])  # fmt: skip
    assert "misfire_open" not in {item["code"] for item in fixed.json()["discrepancies"]}
    assert (await filer.get()).json()["blast"]["fired_at"] == moment(0.5)


async def test_fired_without_being_announced_is_a_fact_and_marked(filer):
    await filer.file()
    filer.world.clock.now = at(1)
    assert (await filer.step(action="fire", fired_at=moment(0.5))).status_code == 200
    assert (await filer.get("/history")).json()["steps"][-1]["irregular"] == "unpublished"
    assert await seen_by_all(filer) == ["kp-2026-061"]
    assert (await filer.step(action="cancel")).json()["type"].endswith("#step-not-possible")
    assert (await filer.step(action="fire", fired_at=moment(99))).status_code == 409


@pytest.mark.parametrize(
    "step",
    [
        {"action": "postpone"},
        {"action": "fire"},
        {"action": "publish", "reason": "wind"},
        {"action": "explode"},
        {"action": "postpone", "reason": "mood"},
        {"action": "cancel", "note": "a\u0000b"},
        {"action": "publish", "window": {"planned_from": moment(2), "planned_to": moment(1)}},
        {"action": "fire", "fired_at": "2026-06-10T06:00:00"},
        {"action": "cancel", "surprise": 1},
    ],
)
async def test_a_step_that_is_none_is_refused(filer, step):
    await filer.file()
    answer = await filer.step(**step)
    assert answer.status_code == 422, answer.text
    assert len((await filer.get("/history")).json()["steps"]) == 1


async def test_the_map_shows_the_declared_zone_and_the_block(filer):
    await filer.file()
    await filer.step(action="publish")
    answer = await filer.world.client.get(f"{BLAST}?format=geojson")
    kinds = {feature["properties"]["kind"]: feature for feature in answer.json()["features"]}
    assert set(kinds) == {"danger_zone", "block"}
    assert kinds["danger_zone"]["properties"]["radius_m"] == 500
    everywhere = await filer.world.get("/blasts", format="geojson")
    assert len(everywhere["features"]) == 2
    assert len((await filer.world.get("/pits", format="geojson"))["features"]) == 4
    kinds = {one["kind"] for one in (await filer.world.get("/receptors"))["items"]}
    assert kinds == {"settlement", "school", "hospital", "building", "pipeline"}


async def test_lists_are_filtered_and_paged_without_gaps(filer):
    for number in range(5):
        window = {"planned_from": moment(24 * (number // 2)), "planned_to": moment(24 * (number // 2) + 1)}
        await filer.file(blast_id=f"kp-{number}", window=window)
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await filer.world.client.get("/api/v1/blasts", params=params, headers=filer.headers)).json()
        seen += [one["blast_id"] for one in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == ["kp-4", "kp-3", "kp-2", "kp-1", "kp-0"]

    async def found(**params):
        answer = await filer.world.client.get("/api/v1/blasts", params=params, headers=filer.headers)
        return {one["blast_id"] for one in answer.json()["items"]}

    assert await found(start=moment(24), end=moment(30)) == {"kp-2", "kp-3"}
    assert await found(enterprise="sukhoy-log-demo") == set()
    assert await found(pit="kedrovaya-pad", status="planned") == {f"kp-{number}" for number in range(5)}
    assert await found(status="published") == set()


async def test_a_token_of_an_enterprise_needs_one(world):
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        with pytest.raises(LookupError, match="belongs to one"):
            await registry.issue_token(connection, name="x", scopes=["enterprise"])
        with pytest.raises(LookupError, match="not registered"):
            await registry.issue_token(connection, name="x", scopes=["enterprise"], enterprise="nobody")
    await engine.dispose()


async def test_a_second_passport_for_one_block_is_told_until_the_first_is_cancelled(filer):
    assert (await filer.file()).status_code == 201
    first = filer.tag
    again = await filer.file(blast_id="kp-2026-062")
    assert [one["code"] for one in again.json()["discrepancies"]] == ["block_twice"]
    assert "kp-2026-061" in again.json()["discrepancies"][0]["text"]
    assert (await filer.step(tag=first, action="cancel")).status_code == 200
    third = await filer.file(blast_id="kp-2026-063")
    assert [one["text"][:60] for one in third.json()["discrepancies"]] == [
        "На этом же блоке уже подан взрыв kp-2026-062, окно с 10.06.20"[:60]
    ]


async def test_a_cancelled_blast_takes_no_report_and_a_passed_window_no_announcement_both_in_russian(filer):
    await filer.file()
    filer.world.clock.now = at(5)
    late = await filer.step(action="publish")
    assert (late.status_code, late.json()["errors"][0]["code"]) == (409, "window_past")
    assert "уже прошло" in late.json()["errors"][0]["text"]
    assert (await filer.step(action="cancel")).status_code == 200
    refused = await filer.report()
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["message"].startswith("Сейчас нельзя подать отчёт: он отменён")
    kept = (await filer.get()).json()
    assert (kept["blast"]["status"], kept["passport"]["blast_id"]) == ("cancelled", "kp-2026-061")
    late_paper = await filer.file(blast_id="kp-2026-064")
    assert late_paper.status_code == 201, "kept, and told"
    assert [one["code"] for one in late_paper.json()["discrepancies"]] == ["window_past"]
