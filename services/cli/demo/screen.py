"""The live view of the demo: processes, rates, stations, alerts, addresses. Times are of Asia/Novokuznetsk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.api.state_word import alert_word, station_word
from services.cli.demo.assembly import Addresses
from services.cli.demo.figures import LastValue, Snapshot
from services.cli.demo.plan import Phase, Unit
from services.cli.demo.words import PHASES, SEVERITIES, grouped, title
from services.storage.alert_reading import AlertRow
from services.storage.station_reading import StationRow

LOCAL = ZoneInfo("Asia/Novokuznetsk")
STYLES = {"usual": "green", "no_data": "yellow", "maintenance": "yellow", "seasonal": "dim"}
SHOWN_PARAMETERS = ("ph", "ec25", "turbidity", "do", "nitrate", "ppv")
SHOWN_VALUES = 3


def draw(
    *,
    elapsed_s: float,
    units: Mapping[str, Unit],
    pids: Mapping[str, int | None],
    snapshot: Snapshot,
    addresses: Addresses,
    events: Sequence[str],
    now: datetime,
) -> RenderableType:
    """Draw one frame from values; `now` is aware."""
    minutes, seconds = divmod(int(elapsed_s), 60)
    head = Text.assemble(
        ("Ускат", "bold cyan"), f" · демонстрация на имитированных данных · {minutes:02d}:{seconds:02d} · ",
        ("Ctrl-C — остановить", "dim"),
    )  # fmt: skip
    top = Table.grid(expand=True, padding=(0, 1))
    top.add_column(ratio=5)
    top.add_column(ratio=4)
    top.add_row(_processes(units, pids), _counts(snapshot))
    # A terminal that is not high enough cuts the end: the long table of stations comes last.
    return Group(
        head,
        top,
        Panel(_addresses(addresses), title="Адреса", border_style="green"),
        Panel(_alerts(snapshot), title="Последние тревоги", border_style="red"),
        Text("\n".join(events), style="dim"),
        Panel(_stations(snapshot, now), title="Посты", border_style="blue"),
    )


def _table(*columns: str | tuple[str, int]) -> Table:
    """Make an empty table; a column with a number has that width, the others share the rest."""
    table = Table(box=None, pad_edge=False, expand=True, header_style="bold")
    for column in columns:
        name, width = (column, None) if isinstance(column, str) else column
        table.add_column(name, width=width, overflow="ellipsis", no_wrap=True)
    return table


def _processes(units: Mapping[str, Unit], pids: Mapping[str, int | None]) -> Panel:
    table = _table("Процесс", "Состояние", ("pid", 8), ("Перезапусков", 12))
    for name, unit in units.items():
        style = "green" if unit.phase is Phase.RUNNING else "yellow"
        restarts = Text(str(unit.restarts), style="red" if unit.restarts else "")
        table.add_row(title(name), Text(PHASES[unit.phase], style=style), str(pids.get(name) or "—"), restarts)
    return Panel(table, title="Процессы", border_style="blue")


def _counts(snapshot: Snapshot) -> Panel:
    account = snapshot.account
    table = _table("Показания", ("всего", 12), ("в секунду", 9))
    table.add_row("измерено", grouped(account.published), f"{snapshot.published_rate:.0f}")
    table.add_row("сохранено", grouped(account.stored), f"{snapshot.stored_rate:.0f}")
    table.add_row("ждут в логгерах", grouped(account.buffered), "")
    table.add_row("повторов", grouped(account.duplicates), "")
    table.add_row("расхождений", grouped(account.conflicts), "")
    table.add_row("отказано", grouped(account.rejected), "")
    if not snapshot.database_answers:
        table.add_row(Text("база данных не отвечает", style="yellow"), "", "")
    return Panel(table, title="Поток", border_style="blue")


def _stations(snapshot: Snapshot, now: datetime) -> RenderableType:
    alarmed = {alert.station for alert in snapshot.active}
    values: dict[str, list[LastValue]] = {}
    for value in snapshot.latest:
        values.setdefault(value.station, []).append(value)
    table = _table(("Пост", 14), "Название", ("Состояние", 18), ("Последнее", 14), "Значения")
    for station in sorted(
        snapshot.stations, key=lambda station: (station.code not in alarmed, station.kind != "river")
    ):
        state, style = station_state(station, snapshot.active, now)
        last = "—" if station.last_reading_at is None else local_time(station.last_reading_at)
        shown = _values(values.get(station.code, []))
        table.add_row(station.code, station.name, Text(state, style=style), last, shown)
    return table


def station_state(station: StationRow, active: Sequence[AlertRow], now: datetime) -> tuple[str, str]:
    """Return the public word for a station and its style; having no data is a state of its own, never good news."""
    mine = [alert for alert in active if alert.station == station.code]
    word = station_word(mine, station.last_reading_at, now, kind=station.kind)
    return word.word, STYLES.get(word.code, "bold red" if mine else "")


def _values(values: Sequence[LastValue]) -> str:
    order = {code: position for position, code in enumerate(SHOWN_PARAMETERS)}
    shown = sorted(values, key=lambda value: order.get(value.parameter, len(order)))[:SHOWN_VALUES]
    return ", ".join(f"{value.parameter} {f'{value.value:.4g}'.replace('.', ',')} {value.unit_ru}" for value in shown)


def _alerts(snapshot: Snapshot) -> RenderableType:
    if not snapshot.alerts:
        return Text("пока нет", style="dim")
    table = _table(("Когда узнали", 14), ("Важность", 13), ("Состояние", 16), ("Пост", 14), "Что случилось")
    for alert in snapshot.alerts:
        severity = SEVERITIES.get(alert.severity, alert.severity)
        what = Text(alert.title, style="bold red" if alert.state == "active" else "dim")
        table.add_row(local_time(alert.known_at), severity, alert_word(alert), alert.station, what)
    return table


def _addresses(addresses: Addresses) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_row("API", addresses.api, "описание", addresses.docs)
    table.add_row("показатели", f"{addresses.api}/metrics", addresses.ingest_metrics, addresses.alerts_metrics)
    table.add_row("брокер", addresses.broker, "база данных", addresses.database)
    return table


def local_time(moment: datetime) -> str:
    """Write a moment as the clock of Novokuznetsk shows it."""
    return moment.astimezone(LOCAL).strftime("%d.%m %H:%M:%S")


def progress_line(elapsed_s: float, snapshot: Snapshot, restarts: int) -> str:
    """Say the same in one line, for a run without a terminal."""
    account = snapshot.account
    return (
        f"{elapsed_s:5.0f} с  измерено {account.published} ({snapshot.published_rate:.0f}/с)  "
        f"сохранено {account.stored} ({snapshot.stored_rate:.0f}/с)  ждут {account.buffered}  "
        f"тревог идёт {len(snapshot.active)}  перезапусков {restarts}"
    )


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)
