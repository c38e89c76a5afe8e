"""Evidence from the command line: a key, closed days, a pack, its verification elsewhere, exit codes."""

from __future__ import annotations

import asyncio
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from services.storage import registry
from services.storage.engine import make_engine, unit_of_work
from services.storage.intake import Incoming, Intake
from uskat.water.network import demo_network
from uskat.wire.water import WaterPacket, encode_water

MOMENT = datetime(2026, 6, 1, 8, tzinfo=UTC)
ALERT = """INSERT INTO alert (key, station_id, series_id, detector, kind, severity, state, started_at, knowable_at,
    known_at, updated_at, title, figures, reasons)
    SELECT 'exceedance:1', s.station_id, s.id, 'exceedance', 'exceedance', 'violation', 'active', :at, :at, :at, :at,
    'Водородный показатель выше нормы', '{}', '[]' FROM series s JOIN parameter p ON p.id = s.parameter_id
    JOIN device d ON d.id = s.device_id WHERE d.code = 'U-43' AND p.code = 'ph'"""


async def fill(url: str) -> None:
    from sqlalchemy import text

    engine = make_engine(url)
    async with unit_of_work(engine) as connection:
        await registry.load_network(connection, demo_network())
        await connection.execute(text(ALERT.replace("'exceedance:1'", r"'exceedance\:1'")), {"at": MOMENT})
        await connection.execute(text("UPDATE instrument SET serial_number = 'демо-7' WHERE code = 'U-43'"))
    await engine.dispose()
    intake = await Intake.open(url, worker="test", clock=lambda: MOMENT)
    body = encode_water(WaterPacket(t=MOMENT, v={"ph": 9.1}))
    await intake.store([Incoming("uskat/v1/U-43/water", body, round(MOMENT.timestamp() * 1e6))])
    await intake.close()


def uskat(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def filled(embedded_database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    asyncio.run(fill(embedded_database))
    monkeypatch.setenv("USKAT_DATABASE_URL", embedded_database)
    return embedded_database


def test_a_pack_made_here_is_verified_elsewhere(filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no key" in uskat("evidence", "seal", code=2)
    key, public, pack = tmp_path / "key.pem", tmp_path / "public.pem", tmp_path / "pack.zip"
    made = uskat("admin", "evidence-key", key)
    public.write_text(made[made.index("-----BEGIN") : made.index("key ")])
    assert key.stat().st_mode & 0o077 == 0
    assert "never written over" in uskat("admin", "evidence-key", key, code=2)
    monkeypatch.setenv("USKAT_EVIDENCE_KEY_FILE", str(key))
    assert "2026-06-01\tclosed\t0 faults" in uskat("evidence", "seal")
    assert "all agree" in uskat("evidence", "check", "--key", public)
    assert "there is no alert 9" in uskat("evidence", "pack", 9, "--out", pack, code=1)
    uskat("evidence", "pack", 1, "--out", pack)

    monkeypatch.setenv("USKAT_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")  # elsewhere
    said = uskat("evidence", "verify", pack, "--key", public)
    assert "1 raw messages, 1 readings and 0 records decoded anew; 1 messages lead to a signed day" in said
    assert "nothing is wrong" in said
    assert "NO KEY GIVEN" in uskat("evidence", "verify", pack)
    data = pack.read_bytes()
    assert data.count(b"9.1") >= 2
    pack.write_bytes(data.replace(b"9.1", b"7.1"))
    faults = uskat("evidence", "verify", pack, "--key", public, code=1)
    assert "its bytes are not those of its link in the chain" in faults
    pack.write_bytes(b"x")
    uskat("evidence", "verify", pack, code=1)
    uskat("evidence", "verify", pack, "--key", pack, code=2)


def test_a_changed_row_of_a_closed_day_is_told_with_its_number(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy import text

    async def change() -> int:
        engine = make_engine(filled)
        async with unit_of_work(engine) as connection:
            await connection.execute(text("UPDATE raw_message SET payload = payload || ' '::bytea"))
            raw_id: int = (await connection.execute(text("SELECT raw_id FROM raw_message"))).scalar_one()
        await engine.dispose()
        return raw_id

    uskat("admin", "evidence-key", tmp_path / "key.pem")
    monkeypatch.setenv("USKAT_EVIDENCE_KEY_FILE", str(tmp_path / "key.pem"))
    uskat("evidence", "seal")
    raw_id = asyncio.run(change())
    assert f"raw message {raw_id}: its bytes are not those of its link" in uskat("evidence", "check", code=1)


def test_a_saved_answer_of_the_fund_enters_the_register(filled: str, tmp_path: Path) -> None:
    assert "U-43" in uskat("arshin", "expiring", code=1)
    file = tmp_path / "vri.json"
    item = {
        "vri_id": "1-1", "mit_number": "00000-25", "mi_number": "демо-7", "verification_date": "28.09.2025",
        "valid_date": "27.09.2099", "result_docnum": "С-ДЕМО/1", "applicability": True,
    }  # fmt: skip
    file.write_text(json.dumps({"result": {"items": [item]}}), encoding="utf-8")
    assert "1 records added" in uskat("arshin", "import", file)
    assert "U-43\t" not in uskat("arshin", "expiring", code=1)
    file.write_text("{}")
    uskat("arshin", "import", file, code=2)


def test_after_a_rotation_both_keys_are_given_and_a_saved_answer_is_compared(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, pack, keys = tmp_path / "old.pem", tmp_path / "new.pem", tmp_path / "pack.zip", tmp_path / "keys"
    keys.mkdir()
    for private in (old, new):
        made = uskat("admin", "evidence-key", private)
        (keys / private.name).write_text(made[made.index("-----BEGIN") : made.index("key ")])
    monkeypatch.setenv("USKAT_EVIDENCE_KEY_FILE", str(old))
    uskat("evidence", "seal")
    monkeypatch.setenv("USKAT_EVIDENCE_KEY_FILE", str(new))
    uskat("evidence", "pack", 1, "--out", pack)
    assert "all agree" in uskat("evidence", "check", "--key", keys)
    assert "is none of those you trust" in uskat("evidence", "check", "--key", keys / "new.pem", code=1)
    saved = tmp_path / "days.json"
    saved.write_text(zipfile.ZipFile(pack).read("days.json").decode())
    monkeypatch.setenv("USKAT_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")  # elsewhere
    said = uskat("evidence", "verify", pack, "--key", keys / "old.pem", "--key", keys / "new.pem", "--days", saved)
    assert "nothing is wrong" in said
    assert "day 2026-06-01 is signed by key" in said
    assert "1 of these days are in the answers you saved" in said
    assert "nothing is wrong" in uskat("evidence", "verify", pack, "--key", keys)
    assert "is none of those you trust" in uskat("evidence", "verify", pack, "--key", keys / "new.pem", code=1)
    saved.write_text("{}")
    uskat("evidence", "verify", pack, "--key", keys, "--days", saved, code=2)


def test_a_list_of_intakes_is_loaded_once_and_a_wrong_one_is_refused(filled: str, tmp_path: Path) -> None:
    file = tmp_path / "intakes.json"
    intake = {
        "code": "wi-1", "name": "Водозабор (демо)", "river": "uskat", "km": 30, "use": "drinking", "demo": True,
        "valid_from": "2020-01-01", "source": "вымышлен",
    }  # fmt: skip

    def write(**changes: object) -> None:
        file.write_text(json.dumps({"version": 1, "notes": [], "intakes": [intake | changes]}))

    write()
    assert "1 of 1 intakes entered" in uskat("admin", "load-intakes", file)
    assert "0 of 1 intakes entered" in uskat("admin", "load-intakes", file)
    write(valid_until="2026-01-01")
    assert "1 of 1 intakes entered" in uskat("admin", "load-intakes", file)
    write(river="нет")
    assert "no kilometre 30 of a river" in uskat("admin", "load-intakes", file, code=1)
    file.write_text("[]")
    assert "not a list of intakes" in uskat("admin", "load-intakes", file, code=1)
