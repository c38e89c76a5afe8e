"""Files of enterprises and laboratories: good rows go in, bad ones are reported, nothing is taken with them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import openpyxl
import pytest

from services.ingest.file_import import Layout, LayoutError, import_file
from services.ingest.table_file import TableFileError
from services.storage import registry
from services.storage.engine import make_engine, unit_of_work
from services.storage.intake import Incoming, Intake
from services.storage.intake.reparse import reparse
from uskat.water.network import demo_network
from uskat.wire.topic import MessageKind


@pytest.fixture
async def filled(embedded_database: str) -> str:
    engine = make_engine(embedded_database)
    async with unit_of_work(engine) as connection:
        await registry.load_network(connection, demo_network())
    await engine.dispose()
    return embedded_database


@pytest.fixture
async def intake(filled: str) -> AsyncIterator[Intake]:
    opened = await Intake.open(filled, worker="test")
    yield opened
    await opened.close()


async def stored(url: str) -> list[tuple[datetime, str, float]]:
    connection = await asyncpg.connect(url)
    found = await connection.fetch(
        "SELECT o.time, p.code, o.value FROM observation o JOIN series s ON s.id = o.series_id"
        " JOIN parameter p ON p.id = s.parameter_id ORDER BY o.time, p.code"
    )
    await connection.close()
    return [tuple(row) for row in found]


async def test_a_russian_spreadsheet_export_is_read_row_by_row(intake: Intake, filled: str, tmp_path: Path) -> None:
    text = (
        "Дата и время;pH;temp [°C];nh4 [mmol/L];Примечание;no3 [мг/дм3 N]\r\n"
        "01.06.2026 10:00;7,51;12,4;400;ок;2,5\r\n"
        "01.06.2026 10:20;н/д;12,6;;;\r\n"
        "32.06.2026 10:40;7,5;12,8;;;\r\n"
        "01.06.2026 11:00;много;13,0;;;\r\n"
    )
    file = tmp_path / "lab.csv"
    file.write_bytes(text.encode("cp1251"))
    layout = Layout(device="U-43", pattern="%d.%m.%Y %H:%M")
    seen: list[int] = []
    report = await import_file(file, layout, intake, progress=lambda done, _of: seen.append(done))
    at = [datetime(2026, 6, 1, 3, minute, tzinfo=UTC) for minute in (0, 20)]
    assert await stored(filled) == [
        (at[0], "no3", 2.5 * 4.4268), (at[0], "ph", 7.51), (at[0], "temp", 12.4), (at[1], "temp", 12.6),
        (datetime(2026, 6, 1, 4, 0, tzinfo=UTC), "temp", 13.0),
    ]  # fmt: skip
    assert [(cell.row, cell.column, cell.reason) for cell in report.refused] == [
        (2, "nh4 [mmol/L]", "wrong_unit"), (4, "", "bad_time"), (5, "ph", "bad_value"),
    ]  # fmt: skip
    assert (report.rows, report.received, report.stored, report.rejected) == (4, 9, 5, 4)
    assert seen == [4]


async def test_an_xlsx_with_devices_in_a_column_is_read_and_a_second_time_changes_nothing(
    intake: Intake, filled: str, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["device", "time", "ph"])
    sheet.append(["U-43", datetime(2026, 6, 1, 10, 0), 7.4])  # noqa: DTZ001 - a spreadsheet has no zones
    sheet.append(["U-36", datetime(2026, 6, 1, 10, 0), 8.1])  # noqa: DTZ001
    sheet.append(["nobody", datetime(2026, 6, 1, 10, 0), 8.1])  # noqa: DTZ001
    book.save(tmp_path / "saк.xlsx")
    first = await import_file(tmp_path / "saк.xlsx", Layout(), intake)
    again = await import_file(tmp_path / "saк.xlsx", Layout(), intake)
    assert (first.stored, first.rejected, again.stored, again.duplicate) == (2, 1, 0, 2)
    assert [cell.reason for cell in first.refused] == ["unknown_device"]
    assert len(await stored(filled)) == 2


async def test_a_table_without_time_device_or_parameters_is_refused_with_what_to_do(
    intake: Intake, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("when,ph\n2026-06-01T00:00:00Z,7\n")
    with pytest.raises(LayoutError, match="--time"):
        await import_file(file, Layout(device="U-43"), intake)
    with pytest.raises(LayoutError, match="--device"):
        await import_file(file, Layout(time_title="when"), intake)
    file.write_text("time,what\n2026-06-01T00:00:00Z,7\n")
    with pytest.raises(LayoutError, match="parameter"):
        await import_file(file, Layout(device="U-43"), intake)
    (tmp_path / "b.xlsx").write_bytes(b"not a zip")
    with pytest.raises(TableFileError, match="XLSX"):
        await import_file(tmp_path / "b.xlsx", Layout(device="U-43"), intake)


async def test_refused_messages_are_accepted_after_their_device_is_registered(intake: Intake, filled: str) -> None:
    now = int(datetime.now(UTC).timestamp() * 1e6)
    payload = b'{"t":"2026-06-01T00:00:00Z","v":{"ph":7.0,"temp":5.0}}'
    await intake.store(
        [
            Incoming("uskat/v1/NEW-1/water", payload, now),
            Incoming("http:NEW-1/water", payload.replace(b"00:00:00Z", b"00:05:00Z"), now, "NEW-1", MessageKind.WATER),
            Incoming("uskat/v1/NEW-1/water", b"junk", now),
        ]
    )
    engine = make_engine(filled)
    async with unit_of_work(engine) as connection:
        await registry.add_device(
            connection, code="NEW-1", station="U-43", kind="logger", names=["ph"], expected_interval_s=60
        )
    later = await Intake.open(filled, worker="reparse")
    report = await reparse(engine, later, device=None)
    again = await reparse(engine, later)
    await later.close()
    await engine.dispose()
    assert (report.tried, report.accepted, report.still_refused, report.stored) == (3, 0, 3, 2)
    assert (again.tried, again.stored) == (3, 0), "the parameter temp and the junk are still refused, nothing twice"
    assert [value for _, _, value in await stored(filled)] == [7.0, 7.0]
