"""From a simulated discharge to a verdict that measures the detector, and what late data do to a case that was opened."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from typer.testing import CliRunner

from services.alerts.attending import attend_all
from services.alerts.case_attending import attend_cases
from services.api.context import Context
from services.api.main import create_app
from services.cli.main import app
from services.storage import registry
from services.storage.engine import unit_of_work
from services.storage.seal_store import seal_due_days
from tests.integration.river_world import ZERO, RiverDatabase, discharge, world_of
from tests.integration.test_api.world import Clock, decoded, settings_for
from uskat.public_status import REJECTION_WORDS, Verdict, alert_words

STATIONS = ("U-36", "U-25", "U-21")
AGENCY = "inspection-lower-demo"


class Office:
    """Inspector Petrov at the API, with the alerts process beside, by one clock."""

    def __init__(
        self, rivers: RiverDatabase, client: httpx.AsyncClient, token: str, *, clock: Clock, context: Context
    ) -> None:
        self.rivers, self.client, self.clock = rivers, client, clock
        self.context = context
        self.headers = {"Authorization": f"Bearer {token}"}

    async def pass_to(self, hours: float) -> None:
        """Detectors, then queues, at a moment."""
        self.clock.now = ZERO + timedelta(hours=hours)
        await self.rivers.settle(self.clock.now)
        assert await attend_all(self.rivers.engine, clock=self.clock) == set()
        assert await attend_cases(self.rivers.engine, clock=self.clock) == set()

    async def ask(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(f"/api/v1{path}", params=params, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return decoded(answer)

    async def send(self, path: str, body: Any, *, version: int = 1) -> Any:
        headers = self.headers | {"If-Match": f'"{version}"'}
        answer = await self.client.post(f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
        return decoded(answer)

    async def step(self, case: dict[str, Any], **paper: Any) -> dict[str, Any]:
        stepped: dict[str, Any] = await self.send(f"/cases/{case['id']}/steps", paper, version=case["version"])
        return stepped

    async def public_word(self, alert: int) -> str:
        seen = decoded(await self.client.get(f"/api/v1/alerts/{alert}"))
        return alert_words(Verdict(seen["verdict"]), {"reason": REJECTION_WORDS.get(seen["rejected_for"]), "time": ""})

    async def sample_words(self, alert: int, headers: dict[str, str]) -> str:
        graded = decoded(await self.client.get(f"/api/v1/alerts/{alert}/evidence", headers=headers))
        words: str = next(fact["words"] for fact in graded["facts"] if fact["requirement"] == "sample")
        return words

    async def precision(self, detector: str) -> dict[str, Any]:
        items = (await self.ask("/detectors/precision"))["items"]
        return next(one for one in items if one["detector"] == detector)

    async def shows(self, alert: int, case: int, folder: Path) -> None:
        """The pack of the alert stands up to verification, tampering is seen, and the indicators count the case."""
        key = Ed25519PrivateKey.generate()
        file = folder / "evidence.pem"
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.context.settings.evidence_key_file = file
        await seal_due_days(self.rivers.engine, key, now=self.clock.now + timedelta(days=2))
        answer = await self.client.post(f"/api/v1/alerts/{alert}/evidence-pack", headers=self.headers)
        assert answer.status_code == 200, answer.text
        pack = folder / "pack.zip"
        pack.write_bytes(answer.content)
        public = folder / "public.pem"
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        command = ["evidence", "verify", str(pack), "--key", str(public)]
        assert CliRunner().invoke(app, command).exit_code == 0
        changed = bytearray(answer.content)
        changed[len(changed) // 2] ^= 1
        pack.write_bytes(changed)
        assert CliRunner().invoke(app, command).exit_code != 0
        year = {one["code"]: one for one in (await self.ask("/kpi/supervision"))["indicators"]}
        own = year["self_detected_share"]["year"]
        assert (own["value"], own["n"], own["origins"]["instrument"]) == (1.0, 1, 1)
        behind = await self.ask("/kpi/supervision/self_detected_share/behind", month=f"{self.clock.now:%Y-%m}")
        assert [one["id"] for one in behind["items"]] == [case]

    async def new_alert(self, **where: Any) -> dict[str, Any]:
        found = [a for a in await self.rivers.alerts(station="U-25", **where) if a["started_at"] >= ZERO]
        return next(a for a in found if a["state"] != "withdrawn")


@pytest.fixture
async def office(network_database):
    clock = Clock(ZERO)
    async with RiverDatabase(network_database) as rivers:
        async with unit_of_work(rivers.engine) as connection:
            token = await registry.issue_token(connection, name="petrov", scopes=["inspector"], enterprise=AGENCY)
        api = create_app(settings_for(network_database), now=clock)
        async with LifespanManager(api) as manager:
            transport = httpx.ASGITransport(manager.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://uskat.test") as client:
                yield Office(rivers, client, token, clock=clock, context=api.state.context)


def visit(at) -> dict[str, Any]:
    return {
        "action": "visit", "visited_at": at.isoformat(), "latitude": 54.1, "longitude": 86.9, "accuracy_m": 6.0,
        "found": "Мутная полоса у правого берега",
    }  # fmt: skip


def sample(number: str, at, place: str) -> dict[str, Any]:
    return {
        "action": "sample", "number": number, "laboratory": "ЦЛАТИ (демо)", "accreditation": "RA.RU.000000 (демо)",
        "taken_at": at.isoformat(), "latitude": 54.1, "longitude": 86.9, "place": place,
    }  # fmt: skip


async def test_a_discharge_becomes_a_confirmed_case_that_measures_its_detectors(office, tmp_path):
    await office.rivers.send(world_of(discharge()), STATIONS, -144, 6, received=ZERO + timedelta(hours=6))
    await office.pass_to(6)
    exceeded, source = await office.new_alert(kind="exceedance"), await office.new_alert(kind="source")
    assert await office.public_word(exceeded["id"]) == "Проверяем"
    handling = await office.ask(f"/alerts/{exceeded['id']}/handling")
    taken = await office.send(
        f"/alerts/{exceeded['id']}/steps", {"action": "acknowledge", "note": "Едем"}, version=handling["version"]
    )
    assert taken["owner"] == "petrov"
    case = await office.send("/cases", {"alerts": [exceeded["id"], source["id"]]})
    assert (case["station"], case["severity"]) == ("U-25", exceeded["severity"])
    case = await office.step(case, action="acknowledge")
    case = await office.step(case, **visit(office.clock.now))
    forecast = next(one for one in source["detail"]["forecast"] if one["code"] == "U-21")
    assert forecast["front_at"] < office.clock.now.isoformat() < forecast["over_at"]
    case = await office.step(case, **sample("1/26", ZERO + timedelta(hours=-100), "U-21"))
    case = await office.step(case, **sample("2/26", office.clock.now, "U-21"))
    words = {one["paper"]["number"]: one["window"]["word"] for one in case["samples"]}
    assert words == {"1/26": "outside", "2/26": "inside"}
    result = {"parameter": "nh4", "value": 1.9, "unit": "мг/дм³", "uncertainty": 0.3}
    case = await office.step(case, action="results", number="2/26", protocol="П-2", results=[result])
    decision = {"action": "decide", "verdict": "confirmed", "ground": "Проба выше нормы", "basis": "КоАП, ст. 8.14"}
    assert "ЦЛАТИ" in await office.sample_words(exceeded["id"], office.headers)
    assert await office.sample_words(exceeded["id"], {}) == "проба лаборатории есть", "nothing of a case is public"
    case = await office.step(case, **decision)
    assert case["stage"] == "confirmed"
    for alert in (exceeded, source):
        handling = await office.ask(f"/alerts/{alert['id']}/handling")
        assert (handling["review"], handling["steps"][-1]["by"]) == ("confirmed", "petrov")
    assert await office.public_word(exceeded["id"]) == "Подтверждено"
    judged = await office.precision("exceedance")
    assert (judged["judged"], judged["confirmed"], judged["value"], judged["rejected"]) == (1, 1, 1.0, {})
    assert judged["low"] < 0.3
    assert (await office.precision("attribution"))["confirmed"] == 1
    await office.shows(exceeded["id"], case["id"], tmp_path)


async def test_late_data_withdraw_the_alert_and_tell_the_case_which_a_person_then_decides(office):
    rivers = office.rivers
    await rivers.store(world_of(discharge()), ["U-25"], -144, 6, parameters={"nh4"})
    await office.pass_to(6)
    exceeded = await office.new_alert(kind="exceedance")
    case = await office.send("/cases", {"alerts": [exceeded["id"]]})
    case = await office.step(case, **visit(office.clock.now))
    case = await office.step(case, **sample("3/26", exceeded["started_at"] + timedelta(minutes=30), "U-25"))
    assert case["samples"][0]["window"]["word"] == "inside"
    await rivers.sql.execute("DELETE FROM interval_20min WHERE start >= $1", ZERO)
    await rivers.store(world_of(), ["U-25"], 0, 7, parameters={"nh4"})  # what the logger really had
    await office.pass_to(7)
    told = await office.ask(f"/cases/{case['id']}")
    assert told["alerts"] == [{"id": exceeded["id"], "state": "withdrawn", "severity": exceeded["severity"]}]
    assert (told["baseless"], told["stage"]) == (True, "inspected")
    assert told["samples"][0]["window"]["word"] == "unknown"
    assert [one["paper"]["action"] for one in told["steps"][case["version"] :]] == ["change", "judge"]
    assert {one["clock"] for one in told["terms"]} == {"decide"}
    await office.pass_to(7)
    assert (await office.ask(f"/cases/{case['id']}"))["version"] == told["version"], "told once"
    decision = {"action": "decide", "verdict": "not_confirmed", "reason": "rule", "ground": "Данные пришли позже"}
    done = await office.step(told, **decision)
    done = await office.step(done, action="close")
    assert done["stage"] == "closed"
    assert await office.public_word(exceeded["id"]) == "Не подтвердилось: ошибка правила"
    judged = await office.precision("exceedance")
    assert (judged["judged"], judged["confirmed"], judged["rejected"]) == (1, 0, {"rule": 1})
