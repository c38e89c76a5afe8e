"""`uskat import-catalogue` and `uskat weather` as a person or a timer runs them."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_cli import uskat

ANSWER = (Path(__file__).parents[1] / "unit/blast/weather_feed/two_pits.json").read_bytes()
FOUR = json.dumps(json.loads(ANSWER) * 2).encode()
CATALOGUE = """source_id,timestamp,event_type,latitude,longitude,depth,magnitude,magnitude_type,contributor
as-1,2020-05-12T05:31:07Z,mining explosion,54.13,87.08,0,2.1,ML,ASGSR
as-2,never,earthquake,53.6,88.1,8,3.2,ML,ASGSR
"""


def test_a_catalogue_is_imported_with_a_report_of_what_was_refused(embedded_database: str, tmp_path: Path) -> None:
    file = tmp_path / "asgsr.csv"
    file.write_text(CATALOGUE, encoding="utf-8")
    done = uskat("import-catalogue", str(file), database=embedded_database, check=False)
    assert (done.returncode, done.stdout.strip()) == (
        1, "1 new events, 0 told otherwise than before, 0 known already, 1 refused",
    )  # fmt: skip
    report = (tmp_path / "asgsr.csv.report.csv").read_text(encoding="utf-8-sig").splitlines()
    assert report[0] == "place,fault,detail,по-русски"
    assert report[1].startswith("3,bad_time,")
    assert report[1].endswith(",время не понято")
    file.write_text("\n".join(CATALOGUE.splitlines()[:2]), encoding="utf-8")
    again = uskat("import-catalogue", str(file), database=embedded_database)
    assert again.stdout.startswith("0 new events, 0 told otherwise than before, 1 known already")
    file.write_text("no catalogue", encoding="utf-8")
    wrong = uskat("import-catalogue", str(file), database=embedded_database, check=False)
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr


@contextlib.contextmanager
def weather_feed(status: int, payload: bytes) -> Iterator[tuple[str, list[str]]]:
    """A feed on this machine: its address, and the questions it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/forecast", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def pits(embedded_database: str) -> str:
    """A database with the four pits of the demonstration."""
    uskat("admin", "load-demo", database=embedded_database)
    return embedded_database


def test_the_weather_of_every_pit_is_asked_for_and_kept(pits: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with weather_feed(200, FOUR) as (url, asked):
        monkeypatch.setitem(os.environ, "USKAT_WEATHER_URL", url)
        assert uskat("weather", database=pits).stdout.strip().endswith("4 pits, 24 hours: 24 stored, 0 refused")
        assert uskat("weather", database=pits).stdout.strip().endswith("4 pits, 24 hours: 0 stored, 0 refused")
    assert len(asked) == 2
    assert "wind_speed_unit=ms" in asked[0]


def test_a_feed_that_refuses_is_told_and_the_exit_says_so(pits: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with weather_feed(400, b'{"error": true, "reason": "no"}') as (url, asked):
        monkeypatch.setitem(os.environ, "USKAT_WEATHER_URL", url)
        done = uskat("weather", database=pits, check=False)
    assert (done.returncode, len(asked)) == (1, 1)
    assert "answered 400" in done.stderr
    assert "Traceback" not in done.stderr
