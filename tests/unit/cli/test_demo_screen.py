from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from services.cli.demo.assembly import Addresses
from services.cli.demo.figures import LastValue, Rate, Snapshot
from services.cli.demo.outcome import Account
from services.cli.demo.plan import Plan, Role
from services.cli.demo.screen import draw, local_time, progress_line, station_state
from services.storage.alert_reading import AlertRow
from services.storage.station_reading import StationRow

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ADDRESSES = Addresses(
    api="http://127.0.0.1:8000",
    ingest_metrics="http://127.0.0.1:9101/metrics",
    alerts_metrics="http://127.0.0.1:9102/metrics",
    broker="mqtt://127.0.0.1:1883",
    database="postgresql://uskat@127.0.0.1:5433/uskat",
)


def station(code: str, last: datetime | None) -> StationRow:
    return StationRow(
        1,
        code,
        "Ускат - устье",
        "river",
        "uskat",
        "Ускат",
        1.0,
        None,
        54.0,
        87.0,
        None,
        "fishery_2",
        None,
        True,
        {},
        last,
    )


def alert(state: str) -> AlertRow:
    return AlertRow(
        7, "exceedance", "violation", state, "norm", "U-01", "Ускат - устье", 54.0, 87.0, None, None, "ph",
        NOW, None, NOW, NOW, NOW, "Превышение нормы по нитратам", {}, [], None,
    )  # fmt: skip


def drawn(snapshot: Snapshot) -> str:
    plan = Plan([Role("database"), Role("ingest", ("database",))])
    frame = draw(
        elapsed_s=75, units=plan.units, pids={"database": 42, "ingest": None}, snapshot=snapshot,
        addresses=ADDRESSES, events=["  1.0 с  порт 8000 занят"], now=NOW,
    )  # fmt: skip
    console = Console(file=io.StringIO(), width=160, record=True)
    console.print(frame)
    return console.export_text()


def test_the_screen_shows_everything_in_russian() -> None:
    snapshot = Snapshot(
        account=Account(published=123456, stored=123400, buffered=56),
        published_rate=120.4,
        stations=(station("U-01", NOW), station("U-08", None)),
        latest=(LastValue("U-01", "ph", "ед. pH", 7.25),),
        alerts=(alert("active"),),
        active=(alert("active"),),
        database_answers=True,
    )
    text = drawn(snapshot)
    for part in (
        "01:15",
        "база данных",
        "приём",
        "123\u202f456",
        "120",
        "ph 7,25 ед. pH",
        "21.11 16:30:00",
        "Проверяем",
    ):
        assert part in text, part
    for part in (
        "Нет данных",
        "Превышение нормы по нитратам",
        "нарушение",
        "порт 8000 занят",
        ADDRESSES.docs,
        "42",
    ):
        assert part in text, part
    assert "не отвечает" not in text


def test_a_database_that_is_away_is_said() -> None:
    assert "база данных не отвечает" in drawn(Snapshot())


def test_no_data_is_never_good_news() -> None:
    assert station_state(station("U-01", None), [], NOW) == ("Нет данных", "yellow")
    assert station_state(station("U-01", NOW - timedelta(hours=2)), [], NOW) == ("Нет данных", "yellow")
    assert station_state(station("U-01", NOW), [], NOW) == ("Как обычно", "green")
    assert station_state(station("U-01", NOW), [alert("active")], NOW) == ("Проверяем", "bold red")
    assert station_state(station("U-08", NOW), [alert("active")], NOW) == ("Как обычно", "green")


def test_times_are_local() -> None:
    assert local_time(datetime(2026, 11, 21, 20, 0, tzinfo=UTC)) == "22.11 03:00:00"


def test_a_line_says_the_same_without_a_terminal() -> None:
    line = progress_line(
        12.3, Snapshot(account=Account(published=10, stored=9, buffered=1), active=(alert("active"),)), 2
    )
    assert line == "   12 с  измерено 10 (0/с)  сохранено 9 (0/с)  ждут 1  тревог идёт 1  перезапусков 2"


def test_a_rate_is_of_the_last_seconds() -> None:
    rate = Rate()
    assert rate.of(0.0, 100) == 0.0
    assert rate.of(10.0, 300) == 20.0
    assert rate.of(20.0, 300) == 0.0
