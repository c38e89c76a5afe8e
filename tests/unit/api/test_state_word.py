"""The words of a station and of an alert."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.api.state_word import MARKS, alert_word, station_word
from services.storage.alert_reading import AlertRow
from uskat.public_status import STATION_BADGES

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)


def alert(**changes: Any) -> AlertRow:
    row: dict[str, Any] = dict.fromkeys(AlertRow.__struct_fields__)
    row |= {"id": 1, "kind": "exceedance", "state": "active", "started_at": NOW, "updated_at": NOW, "verdict": "new"}
    row |= changes
    return AlertRow(**row)


@pytest.mark.parametrize(
    ("alerts", "age_s", "kind", "code", "words"),
    [
        ([], 60, "river", "usual", "как обычно"),
        ([], 60, "seismic", "usual", "Датчик работает"),
        ([], 7200, "river", "no_data", "02.06.2026 17:00"),
        ([], None, "river", "no_data", "ещё не было"),
        ([alert()], 60, "river", "checking", "02.06.2026 19:00"),
        ([alert(verdict="rejected", rejected_for="rule")], 60, "river", "usual", "как обычно"),
        (
            [alert(verdict="confirmed", title="Аммоний выше нормы")],
            60,
            "river",
            "above_norm",
            "Аммоний выше нормы с 02.06",
        ),
        ([alert(kind="silence")], 60, "river", "usual", ""),
        ([alert(kind="vibration")], 60, "seismic", "checking", "02.06.2026 19:00"),
    ],
)
def test_a_station_is_described_by(
    alerts: list[AlertRow], age_s: float | None, kind: str, code: str, words: str
) -> None:
    last = None if age_s is None else NOW - timedelta(seconds=age_s)
    found = station_word(alerts, last, NOW, kind=kind)
    assert found.code == code
    assert words in found.sentence
    assert "{" not in msgspec.json.encode(found).decode().strip("{}")


def test_every_shape_has_a_mark() -> None:
    assert {badge.shape for badge in STATION_BADGES.values()} <= set(MARKS)


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        ("acknowledged", "Проверяем"),
        ("confirmed", "Подтверждено"),
        ("rejected", "Не подтвердилось: датчик"),
        ("resolved", "Завершено 02.06.2026 19:00"),
    ],
)
def test_what_people_found_comes_before_what_the_machine_says(verdict: str, word: str) -> None:
    assert alert_word(alert(verdict=verdict, rejected_for="instrument", state="active")) == word


@pytest.mark.parametrize(
    ("state", "word"),
    [("active", "Проверяем"), ("returned", "Завершено 02.06.2026 19:00"), ("withdrawn", "Не подтвердилось")],
)
def test_an_alert_is_called(state: str, word: str) -> None:
    assert alert_word(alert(state=state)) == word
