"""The broker's password file keeps its services and never lets a device become one."""

import pytest

from services.cli.passwords import merged


def test_services_stay_and_devices_are_those_of_the_registry() -> None:
    existing = "ingest:$7$a\nold-device:$7$b\nhealth:$7$c\n"
    assert merged(existing, "U-43:$7$d\n") == "ingest:$7$a\nhealth:$7$c\nU-43:$7$d\n"
    assert merged(existing, "") == "ingest:$7$a\nhealth:$7$c\n"
    assert merged("", "U-43:$7$d\n") == "U-43:$7$d\n"


@pytest.mark.parametrize("devices", ["ingest:$7$d\n", "U-43:$7$a\nhealth:$7$d\n"])
def test_a_device_with_the_name_of_a_service_stops_everything(devices: str) -> None:
    with pytest.raises(ValueError, match="may not be called"):
        merged("ingest:$7$a\n", devices)


def test_a_device_whose_name_begins_like_a_service_is_a_device() -> None:
    assert merged("ingest-2:$7$a\n", "ingest-2:$7$b\n") == "ingest-2:$7$b\n"
