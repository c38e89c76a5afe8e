"""What the demo shows: the simulators' account from their files, everything else from the database."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from services.cli.demo.outcome import Account
from services.storage.accounting_reading import LedgerDay, ledger_days
from services.storage.alert_reading import AlertRow, active_alerts, list_alerts
from services.storage.reading import Database, DatabaseAway, make_reading_engine
from services.storage.series_reading import SeriesView, latest_readings, list_series
from services.storage.station_reading import StationRow, list_stations
from simulators.buffer import PacketBuffer

FIRST_DAY = date(2000, 1, 1)
PAGE = 500
MOST_SERIES = 10_000
RATE_WINDOW_S = 10.0
SHOWN_ALERTS = 8


@dataclass(frozen=True, slots=True)
class Published:
    """The account of the simulators since the first start of the state folder.

    Parameter values, and records of seismographs: the ledger counts a record (event or histogram interval) as one too.
    """

    generated: int = 0
    buffered: int = 0


@dataclass(frozen=True, slots=True)
class LastValue:
    """The newest reading of one series, as it is shown."""

    station: str
    parameter: str
    unit_ru: str
    value: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known at one moment. Rates are readings a second over the last RATE_WINDOW_S.

    alerts: the newest, whatever their state; active: all that are active.
    """

    account: Account = field(default_factory=Account)
    published_rate: float = 0.0
    stored_rate: float = 0.0
    stations: tuple[StationRow, ...] = ()
    latest: tuple[LastValue, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    active: tuple[AlertRow, ...] = ()
    database_answers: bool = False


@dataclass(slots=True)
class Rate:
    """Growth of a count over a sliding window."""

    points: deque[tuple[float, int]] = field(default_factory=deque)

    def of(self, now: float, count: int) -> float:
        """Take in a count and return the growth a second; 0 until there are two points."""
        self.points.append((now, count))
        while len(self.points) > 2 and now - self.points[0][0] > RATE_WINDOW_S:
            self.points.popleft()
        (first_at, first), (last_at, last) = self.points[0], self.points[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at else 0.0


def read_published(status: Path) -> Published:
    """Read the simulators' account; zeros when they never ran."""
    try:
        said = json.loads(status.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return Published()
    return Published(
        generated=int(said["readings_generated"]) + int(said["records_generated"]),
        buffered=int(said["readings_buffered"]) + int(said["records_buffered"]),
    )


def read_kept(loggers: Path) -> Published:
    """Add up what the loggers' own buffers on disk say, while nobody writes them: true even if they were killed."""
    account = Published()
    for file in sorted(loggers.glob("*.sqlite")):
        with PacketBuffer(file) as buffer:
            totals = buffer.totals()
        account = Published(
            generated=account.generated + totals.readings_generated + totals.records_generated,
            buffered=account.buffered + totals.readings_buffered + totals.records_buffered,
        )
    return account


class Figures:
    """Collects snapshots; keeps the last answer of a database that is away."""

    def __init__(self, database_url: str, *, simulator_status: Path, loggers: Path) -> None:
        """Prepare a small pool of reading connections; nothing is asked yet."""
        self._database = Database(make_reading_engine(database_url, pool_size=2, application="uskat-demo"))
        self._status, self._loggers = simulator_status, loggers
        self._published, self._stored = Rate(), Rate()
        self._alerts_before = 0
        self._series: dict[int, SeriesView] = {}
        self.last = Snapshot()

    async def begin(self) -> Account:
        """Return the account before the run, when no simulator runs; alerts are counted from here."""
        series = await self._database.ask(
            list_series, station=None, parameter=None, everything=True, after=0, limit=MOST_SERIES
        )
        self._series = {view.id: view for view in series}
        newest = await self._newest_alerts(1)
        self._alerts_before = newest[0].id if newest else 0
        return await self._account(read_kept(self._loggers), alerts=0)

    async def end(self) -> Account:
        """Return the account after the run and its simulators; alerts: raised in it, or before and still active."""
        raised = {alert.id for alert in await self._database.ask(active_alerts, everything=True)}
        before: int | None = None
        while page := await self._newest_alerts(PAGE, before):
            raised |= {alert.id for alert in page if alert.id > self._alerts_before}
            before = page[-1].id
            if before <= self._alerts_before:
                break
        return await self._account(read_kept(self._loggers), alerts=len(raised))

    async def look(self, now: float) -> Snapshot:
        """Take a new snapshot at a moment of a steady clock; an answer that fails leaves the old figures standing."""
        try:
            account = await self._account(read_published(self._status), alerts=0)
            stations = await self._database.ask(list_stations, everything=True)
            latest = await self._database.ask(latest_readings, None)
            alerts = await self._newest_alerts(SHOWN_ALERTS)
            active = await self._database.ask(active_alerts, everything=True)
        except DatabaseAway:
            self.last = replace(self.last, published_rate=0.0, stored_rate=0.0, database_answers=False)
            return self.last
        self.last = Snapshot(
            account=account,
            published_rate=self._published.of(now, account.published),
            stored_rate=self._stored.of(now, account.stored),
            stations=tuple(stations),
            latest=tuple(self._last_value(row[0], row[2]) for row in latest if row[0] in self._series),
            alerts=tuple(alerts),
            active=tuple(active),
            database_answers=True,
        )
        return self.last

    def new_alert(self) -> bool:
        """Tell whether the last snapshot has an alert that was raised since `begin`."""
        return any(alert.id > self._alerts_before for alert in self.last.alerts)

    async def close(self) -> None:
        """Close the connections."""
        await self._database.close()

    def _last_value(self, series: int, value: float) -> LastValue:
        view = self._series[series]
        return LastValue(view.station, view.parameter, view.unit_ru, value)

    async def _newest_alerts(self, limit: int, before: int | None = None) -> list[AlertRow]:
        return await self._database.ask(
            list_alerts, station=None, kind=None, state=None, since=None, before=before, limit=limit, everything=True
        )

    async def _account(self, published: Published, *, alerts: int) -> Account:
        today = datetime.now(UTC).date()
        days = await self._database.ask(
            ledger_days, station=None, first=FIRST_DAY, last=date(today.year + 1, 1, 1), everything=True
        )
        return _account_of(published, days, alerts)


def _account_of(published: Published, days: list[LedgerDay], alerts: int) -> Account:
    return Account(
        published=published.generated,
        buffered=published.buffered,
        stored=sum(day.stored for day in days),
        conflicts=sum(day.conflict for day in days),
        rejected=sum(day.rejected for day in days),
        duplicates=sum(day.duplicate for day in days),
        alerts=alerts,
    )
