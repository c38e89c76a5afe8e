"""A small round of the fuzz; `make fuzz` sends 100 000."""

import pytest

from services.parts.postgres import PostgresServer
from tests.chaos.fuzz import passed, play

PAYLOADS = 2000

pytestmark = [pytest.mark.fuzz, pytest.mark.mosquitto, pytest.mark.timeout(300)]


def test_malformed_payloads_are_refused_with_a_reason_and_disturb_no_good_message(
    embedded_server: PostgresServer,
) -> None:
    result = play(embedded_server, payloads=PAYLOADS, seed=20261121)
    assert passed(result), result
    assert result["payloads"] == PAYLOADS
    assert set(result["reasons"]) >= {
        "undecodable", "wrong_shape", "bad_value", "bad_topic", "unknown_device", "identity_mismatch", "bad_time",
        "unknown_parameter", "wrong_unit", "clock_past", "clock_future", "empty", "unknown_channel",
    }  # fmt: skip
