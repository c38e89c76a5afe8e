"""A seismograph's record is graded like a reading: by its verification, its method, its neighbours."""

from typing import Any

import numpy as np
import pytest

from services.storage import registry
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.test_seismic import RATE_HZ, SEISMOGRAPH, calibration, store
from tests.integration.test_api.world import START, Filled, World, raise_alert
from uskat.wire.seismic import Channel, encode_miniseed

PAPER = {
    "instrument": SEISMOGRAPH, "docnum": "С-ДЕМО/9", "mit_number": "00000-26", "mi_number": "демо-9",
    "type_name": "Демо-сейсмограф", "verified_on": "2025-09-28", "valid_until": "2026-06-20",
    "organisation": "Демо-ЦСМ",
}  # fmt: skip
METHOD = {
    "instrument": SEISMOGRAPH, "parameter": "ppv", "method": "МИ вибрации (демо)", "low": 0.1, "high": 1000,
    "uncertainty_absolute": 0.1, "uncertainty_relative": 0.05, "valid_from": "2025-01-01", "source": "демо",
}  # fmt: skip


@pytest.fixture
def filled(embedded_filled: Filled) -> Filled:
    """One kind of database is enough: the other answers these questions no differently."""
    return embedded_filled


def shaking() -> bytes:
    """Motion on every calibrated axis, quiet before it, as a seismograph sends it."""
    samples = np.zeros(1024, np.int32)
    samples[200:] = (6e4 * np.exp(-np.arange(824) / 90) * np.sin(np.arange(824) / 3)).astype(np.int32)
    name = f"XX.{SEISMOGRAPH[-5:].replace('-', '')}.."
    return encode_miniseed([Channel(f"{name}{code}", START, RATE_HZ, samples) for code in calibration()])


async def test_a_record_of_a_verified_seismograph_with_a_method_reaches_the_grade_of_a_verified_reading(
    world: World,
) -> None:
    await store(world, ("seismic", shaking()))
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        token = await registry.issue_token(
            connection, name="m", scopes=["metrologist"], enterprise="inspection-lower-demo"
        )
    await engine.dispose()
    number, _ = await raise_alert(
        world, station=SEISMOGRAPH, key="vibration:1", series_id=None, detector="vibration", kind="vibration"
    )

    async def grade() -> tuple[str, dict[str, Any]]:
        found = await world.get(f"/alerts/{number}/evidence")
        return found["grade"], {one["requirement"]: one for one in found["facts"]}

    async def enter(path: str, body: dict[str, Any]) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return (await world.client.post(f"/api/v1{path}", json=body, headers=headers)).status_code

    reached, facts = await grade()
    assert (reached, facts["quality"]["holds"], facts["verification"]["holds"]) == ("E1", True, False), facts
    assert await enter("/verifications", PAPER) == 201
    assert (await grade())[0] == "E1"
    assert await enter("/measuring-methods", METHOD | {"parameter": "нет"}) == 404
    assert await enter("/measuring-methods", METHOD) == 201
    reached, facts = await grade()
    assert reached == "E2"
    assert "мм/с" in facts["range"]["words"]
    assert await enter("/verifications", PAPER | {"applicable": False}) == 201
    assert (await grade())[0] == "E1"
