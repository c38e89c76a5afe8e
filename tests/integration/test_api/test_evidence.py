"""The register of verifications over HTTP and by ФГИС «Аршин» on loopback, and the grades that follow from it."""

import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text

from services.ingest.arshin_client import ArshinAwayError, ArshinClient
from services.storage import registry
from services.storage.arshin_import import import_answer
from services.storage.engine import make_engine, unit_of_work
from services.storage.evidence_decoding import decode_again, measure_again
from services.storage.seal_store import seal_due_days
from tests.integration.test_api.fund import Fund, serve_fund
from tests.integration.test_api.test_seismic import SEISMOGRAPH, calibration, channels, store
from tests.integration.test_api.world import DEVICE, NOW, START, Filled, World, decoded, raise_alert
from uskat.supervision.evidence.verify import verify_pack
from uskat.wire.seismic import encode_miniseed

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PAPER = {
    "instrument": DEVICE, "docnum": "С-ДЕМО/1", "mit_number": "00000-25", "mi_number": "демо-7",
    "type_name": "Демо-зонд", "verified_on": "2025-09-28", "valid_until": "2026-06-20", "organisation": "Демо-ЦСМ",
}  # fmt: skip
METHOD = {
    "instrument": DEVICE, "parameter": "ph", "method": "ФР.1.31 (демо)", "low": 1, "high": 12,
    "uncertainty_absolute": 0.1, "uncertainty_relative": 0, "valid_from": "2025-01-01", "source": "демо",
}  # fmt: skip


@pytest.fixture
async def world(embedded_filled: Filled) -> AsyncIterator[World]:
    from asgi_lifespan import LifespanManager

    from services.api.main import create_app
    from tests.integration.test_api.world import Clock, settings_for

    clock, tokens = Clock(), embedded_filled.tokens
    engine = make_engine(embedded_filled.url)
    async with unit_of_work(engine) as connection:
        for scope, agency in (
            ("metrologist", "upper"),
            ("inspector", "upper"),
            ("metrologist", "lower"),
            ("inspector", "lower"),
        ):
            organisation = {"upper": "inspection-demo", "lower": "inspection-lower-demo"}[agency]
            name = scope if agency == "upper" else f"{scope}-lower"
            tokens[name] = await registry.issue_token(connection, name=name, scopes=[scope], enterprise=organisation)
        await connection.execute(text("UPDATE instrument SET serial_number = 'демо-7' WHERE code = :c"), {"c": DEVICE})
    await engine.dispose()
    app = create_app(settings_for(embedded_filled.url), now=clock)
    async with LifespanManager(app) as manager:
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://uskat.test") as client:
            yield embedded_filled.world(clock, app, client)


async def post(world: World, path: str, body: Any) -> httpx.Response:
    return await world.client.post(f"/api/v1{path}", json=body, headers=world.token("metrologist"))


async def expiring(world: World, **params: Any) -> dict[str, Any]:
    answer = await world.client.get("/api/v1/verifications/expiring", params=params, headers=world.token("metrologist"))
    assert answer.status_code == 200, answer.text
    return {one["instrument"]: one for one in decoded(answer)["items"]}


async def judged(world: World) -> None:
    """What quality control says of the two hours, as the alerts process writes it."""
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await connection.execute(
            text("""INSERT INTO quality_interval (series_id, start, rollup, flags, n, n_pass, mean_pass, minimum_pass,
                maximum_pass, test_set) SELECT series_id, start, 1, '{}', n, n_valid, 7.5, minimum, maximum, 't'
                FROM interval_20min WHERE series_id = :ph"""),
            {"ph": world.of("ph")},
        )
    await engine.dispose()


async def test_the_register_is_kept_by_entries_and_says_what_expires(world: World) -> None:
    before = await expiring(world)
    assert before[DEVICE]["days_left"] is None
    assert decoded(await post(world, "/verifications", PAPER)) == {"added": True}
    assert decoded(await post(world, "/verifications", PAPER)) == {"added": False}
    assert (await expiring(world))[DEVICE]["days_left"] == 18
    assert DEVICE not in await expiring(world, days=17)
    corrected = PAPER | {"applicable": False}
    assert decoded(await post(world, "/verifications", corrected)) == {"added": True}
    answer = await world.client.get("/api/v1/verifications", headers=world.token("metrologist"))
    assert [(one["docnum"], one["applicable"]) for one in decoded(answer)["items"]] == [("С-ДЕМО/1", False)]
    assert (await post(world, "/verifications", PAPER | {"instrument": "нет"})).status_code == 404
    assert (await post(world, "/verifications", PAPER | {"valid_until": "2020-01-01"})).status_code == 422
    assert (await post(world, "/measuring-methods", METHOD | {"parameter": "нет"})).status_code == 404
    assert (await post(world, "/measuring-methods", METHOD | {"low": 12})).status_code == 422


async def test_the_grade_grows_with_what_speaks_for_the_reading_and_falls_with_a_visit(world: World) -> None:
    series, [start, end] = world.of("ph"), [START, START + timedelta(hours=1)]
    span = {"start": start.isoformat(), "end": end.isoformat()}

    async def grades() -> list[str]:
        found = await world.get(f"/series/{series}/evidence", **span)
        assert found["rules_verified"] is False
        return [item["grade"] for item in found["items"]]

    assert await grades() == ["E0"] * 3  # not judged yet
    await judged(world)
    assert await grades() == ["E1"] * 3
    await post(world, "/verifications", PAPER)
    await post(world, "/measuring-methods", METHOD)
    assert await grades() == ["E2"] * 3
    engine = make_engine(world.url)
    assert await seal_due_days(engine, KEY, now=NOW + timedelta(days=2)) == [
        (NOW.date(), []),
        (NOW.date() + timedelta(1), []),
    ]
    await engine.dispose()
    found = await world.get(f"/series/{series}/evidence", **span)
    assert set(found["items"][0]["missing"]) == {"pair"}
    number, _ = await raise_alert(world)
    alert = await world.get(f"/alerts/{number}/evidence")
    assert (alert["grade"], alert["meaning"][:6]) == ("E2", "сигнал")
    facts = {fact["requirement"]: fact for fact in alert["facts"]}
    assert facts["verification"]["words"] == "поверка С-ДЕМО/1 до 20.06.2026, тип № 00000-25"
    assert (facts["sealed"]["holds"], facts["chain"]["holds"], facts["sample"]["holds"]) == (True, True, False)
    visit = {"kind": "visit", "starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=5)).isoformat()}
    answer = await world.client.post(f"/api/v1/stations/{DEVICE}/visits", json=visit, headers=world.token("operate"))
    assert answer.status_code == 201
    assert await grades() == ["E0", "E2", "E2"]
    assert (await world.get(f"/alerts/{number}/evidence"))["grade"] == "E0"


async def test_closed_days_are_public(world: World) -> None:
    engine = make_engine(world.url)
    await seal_due_days(engine, KEY, now=NOW + timedelta(days=3))
    await engine.dispose()
    page = await world.get("/evidence/days", limit=1)
    assert page["items"][0]["messages"] == 0
    first = await world.get("/evidence/days", limit=1, cursor=page["next"])
    assert [one["day"] for one in first["items"]] == ["2026-06-03"]
    assert (await world.get("/evidence/days/2026-06-02"))["messages"] == 2
    assert (await world.client.get("/api/v1/evidence/days/2020-01-01")).status_code == 404
    assert (await world.client.get("/api/v1/evidence/days/heute")).status_code == 422


@pytest.fixture
def fund() -> Iterator[str]:
    yield from serve_fund()


async def test_the_fund_is_asked_again_when_busy_and_its_records_enter_the_register(world: World, fund: str) -> None:
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    Fund.refusals[:] = [429, 503]
    async with httpx.AsyncClient() as http:
        answer = await ArshinClient(http, fund, pause=pause).verifications("демо-7", mit_number="00000-25")
    assert [one.record.organisation for one in answer.records] == ["Демо-ЦСМ"]
    assert waited == [1.0, 2.0, 4.0, 1.0]
    assert "mit_number=00000-25" in Fund.asked[0]
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        outcome = await import_answer(connection, answer, by="test")
        again = await import_answer(connection, answer, by="test")
    await engine.dispose()
    assert (outcome.added, outcome.known, outcome.unmatched, len(outcome.refused)) == (1, 0, [], 1)
    assert (again.added, again.known) == (0, 1)
    assert (await expiring(world, days=200))[DEVICE]["valid_until"] == str(date(2026, 9, 27))


async def test_a_fund_that_stays_away_is_given_up_with_a_reason(fund: str) -> None:
    async def pause(_seconds: float) -> None:
        """At once."""

    async with httpx.AsyncClient() as http:
        client = ArshinClient(http, fund, pause=pause)
        Fund.refusals[:] = [503] * 9
        with pytest.raises(ArshinAwayError, match="503"):
            await client.verifications("демо-7")
        assert len(Fund.asked) == 4
        Fund.refusals[:] = [403]
        with pytest.raises(ArshinAwayError, match="403"):
            await client.verifications("демо-7")
        assert len(Fund.asked) == 5


async def test_a_saved_answer_is_imported_over_http(world: World) -> None:
    item = {
        "vri_id": "1-79", "mit_number": "00000-25", "mi_number": "демо-7", "verification_date": "28.09.2025",
        "valid_date": "27.09.2026", "result_docnum": "С-ДЕМО/79", "applicability": True,
    }  # fmt: skip
    body = {"result": {"items": [item, item | {"mi_number": "чужой"}, {}]}}
    outcome = decoded(await post(world, "/verifications/import", body))
    assert (outcome["added"], outcome["unmatched"], len(outcome["refused"])) == (1, ["С-ДЕМО/79"], 1)
    assert (await post(world, "/verifications/import", {"error": 1})).status_code == 422


async def inspected(world: World, alert: int, *, who: str = "inspector") -> httpx.Response:
    return await world.client.post(f"/api/v1/alerts/{alert}/evidence-pack", headers=world.token(who))


async def test_a_pack_holds_what_was_measured_and_its_verification_finds_nothing_wrong(
    world: World, tmp_path: Any
) -> None:
    number, _ = await raise_alert(world)
    assert (await inspected(world, number)).status_code == 409  # no key here
    file = tmp_path / "key.pem"
    file.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    world.app.state.context.settings.evidence_key_file = file
    early = verified(await inspected(world, number))
    assert (early.faults, early.messages, early.proved) == ([], 2, 0)  # the day is not closed yet
    engine = make_engine(world.url)
    await seal_due_days(engine, KEY, now=NOW + timedelta(days=2))
    await engine.dispose()
    await judged(world)
    await post(world, "/verifications", PAPER)
    first = await inspected(world, number)
    report = verified(first)
    assert report.faults == []
    assert (report.messages, report.proved, report.readings, report.trusted) == (2, 2, 120, True)
    assert first.content == (await inspected(world, number)).content  # equal material, equal bytes
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        names = set(archive.namelist())
        assert {"act.pdf", "alert.json", "norm.json", "verifications.json", "notices.json", "quality.json"} <= names
        assert archive.read("act.pdf").startswith(b"%PDF")
        assert json.loads(archive.read("grade.json"))["grade"] == "E1"
        assert json.loads(archive.read("verifications.json"))["verifications"][0]["docnum"] == "С-ДЕМО/1"
    assert (await inspected(world, 999)).status_code == 404
    assert (
        await world.client.post(f"/api/v1/alerts/{number}/evidence-pack", headers=world.token("operate"))
    ).status_code == 403


def verified(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return verify_pack(answer.content, trusted=KEY.public_key(), decode=decode_again, measure=measure_again)


async def test_another_territory_packs_no_alert_of_ours_and_touches_no_instrument(world: World, tmp_path: Any) -> None:
    number, _ = await raise_alert(world)
    file = tmp_path / "key.pem"
    file.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    world.app.state.context.settings.evidence_key_file = file
    assert decoded(await post(world, "/verifications", PAPER)) == {"added": True}
    foreign = await world.client.post(f"/api/v1/alerts/{number}/evidence-pack", headers=world.token("inspector-lower"))
    assert foreign.status_code == 404
    theirs = world.token("metrologist-lower")
    listed = await world.client.get("/api/v1/verifications", headers=theirs)
    assert decoded(listed)["items"] == []
    named = await world.client.get("/api/v1/verifications/expiring", headers=theirs)
    assert DEVICE not in {one["instrument"] for one in decoded(named)["items"]}
    for path, body in (("/verifications", PAPER | {"applicable": False}), ("/measuring-methods", METHOD)):
        refused = await world.client.post(f"/api/v1{path}", json=body, headers=theirs)
        assert refused.status_code == 404, path
    item = {
        "vri_id": "1-80", "mit_number": "00000-25", "mi_number": "демо-7", "verification_date": "28.09.2025",
        "valid_date": None, "result_docnum": "С-ДЕМО/80", "applicability": True,
    }  # fmt: skip
    taken = await world.client.post("/api/v1/verifications/import", json={"result": {"items": [item]}}, headers=theirs)
    assert decoded(taken)["unmatched"] == ["С-ДЕМО/80"]


async def test_a_pack_about_shaking_holds_the_record_and_what_it_measures(world: World, tmp_path: Any) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    world.app.state.context.settings.evidence_key_file = file
    await store(world, ("seismic", encode_miniseed(channels(calibration()))))
    station = SEISMOGRAPH  # of the lower territory; its station has the same code
    number, _ = await raise_alert(
        world, station=station, key="vibration:1", series_id=None, detector="vibration", kind="vibration"
    )
    report = verified(await inspected(world, number, who="inspector-lower"))
    assert (report.faults, report.messages, report.records, report.readings) == ([], 1, 1, 0)
    facts = {fact["requirement"]: fact for fact in (await world.get(f"/alerts/{number}/evidence"))["facts"]}
    assert (facts["clock"]["holds"], facts["pair"]["holds"], facts["sealed"]["holds"]) == (True, False, False)
    silent, _ = await raise_alert(world, station=station, key="silence:1", series_id=None, detector="silence")
    assert verified(await inspected(world, silent, who="inspector-lower")).messages == 0
