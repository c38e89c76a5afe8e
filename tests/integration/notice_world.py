"""Contacts, alerts and processes for tests of notices."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from services.storage.alerting import write_changes
from services.storage.engine import libpq_url, make_engine, unit_of_work
from tests.architecture.source import ROOT
from uskat.finding import Finding, FindingKind, Severity
from uskat.supervision.reconcile import AlertChange, AlertEvent, AlertState

STARTED = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
SECRET = "shared with the receivers"


class NoticeWorld:
    """A station on a river with a settlement below; `sql` is a plain connection."""

    def __init__(self, url, engine, sql, station):
        self.url, self.engine, self.sql, self.station = url, engine, sql, station

    async def contact(self, role, channel, address, **more):
        names = ["role", "channel", "address", "name", "created_by", *more]
        values = [role, channel, address, "демо", "test", *more.values()]
        marks = ", ".join(f"${place}" for place in range(1, len(values) + 1))
        return await self.sql.fetchval(
            f"INSERT INTO contact ({', '.join(names)}) VALUES ({marks}) RETURNING id", *values
        )

    async def change(self, number, *, event=AlertEvent.OPENED, severity=Severity.EXTREME, alert=None, **more):
        """Write a change of an alert as the detectors' process does; returns the alert's id."""
        kind = more.pop("kind", FindingKind.EXCEEDANCE)
        state = {AlertEvent.RETURNED: AlertState.RETURNED, AlertEvent.WITHDRAWN: AlertState.WITHDRAWN}
        finding = None
        if event is not AlertEvent.WITHDRAWN:
            finding = Finding(
                "exceedance", kind, severity, f"exceedance:{number}", STARTED + timedelta(minutes=number), STARTED,
                None, f"Аммоний-ион выше норматива ({number})", f"Ammonium above its limit ({number})", **more,
            )  # fmt: skip
        changed = AlertChange(
            alert_id=alert, finding=finding, state=state.get(event, AlertState.ACTIVE), events=(event,),
            why="данные исправлены" if finding is None else "",
        )  # fmt: skip
        async with unit_of_work(self.engine) as connection:
            [written] = await write_changes(connection, [changed], station_id=self.station, now=datetime.now(UTC))
        return written.alert_id

    async def notices(self, **where):
        rows = await self.sql.fetch(
            "SELECT n.*, m.key, m.kind, m.state, m.attempts, m.send_at, m.urgent, m.problem FROM notice n"
            " JOIN notice_message m ON m.id = n.message_id ORDER BY n.id"
        )
        return [row for row in rows if all(row[name] == value for name, value in where.items())]

    async def jobs(self):
        return await self.sql.fetch(
            "SELECT id, status::text, priority, scheduled_at, attempts FROM notice_queue.procrastinate_jobs ORDER BY id"
        )

    async def close(self):
        await self.sql.close()
        await self.engine.dispose()


async def make_notice_world(url):
    sql = await asyncpg.connect(libpq_url(url))
    river = await sql.fetchval("INSERT INTO river (code, name, length_km) VALUES ('uskat', 'Ускат', 90) RETURNING id")
    station = await sql.fetchval(
        "INSERT INTO station (code, name, kind, latitude, longitude, river_id, river_km)"
        " VALUES ('U-1', 'Ускат у моста (демо)', 'river', 53.8, 87.1, $1, 40) RETURNING id", river,
    )  # fmt: skip
    await sql.execute(
        "INSERT INTO place (kind, code, name, latitude, longitude, river_id, river_km)"
        " VALUES ('settlement', 'krasulino', 'Красулино (демо)', 53.0, 87.0, $1, 20)", river,
    )  # fmt: skip
    return NoticeWorld(url, make_engine(url, pool_size=4), sql, station)


class Process:
    """A process that is killed and begun again."""

    def __init__(self, command, environment=None, log=None):
        self._command, self._environment, self._log = command, environment, log
        self.starts = 0
        self._running = None

    def start(self):
        with open(self._log, "ab") as log:  # noqa: PTH123
            self._running = subprocess.Popen(
                self._command, cwd=ROOT, env=os.environ | (self._environment or {}), stdout=log, stderr=log
            )
        self.starts += 1

    def kill(self):
        if self._running is not None and self._running.poll() is None:
            self._running.send_signal(signal.SIGKILL)
            self._running.wait()
        self._running = None

    def freeze(self):
        self._running.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._running.send_signal(signal.SIGCONT)

    def end(self):
        """Ask it to stop; its exit code."""
        self._running.terminate()
        return self._running.wait(timeout=30)

    @property
    def alive(self):
        return self._running is not None and self._running.poll() is None


def receiver(kind, port, folder):
    command = [
        sys.executable,
        "-m",
        "tests.integration.notice_receivers",
        kind,
        str(port),
        str(folder / f"{kind}.jsonl"),
    ]
    return Process(command, log=folder / f"{kind}.log")


def taken(folder, kind):
    path = Path(folder) / f"{kind}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
