"""Which readings leave a row in the audit log."""

import pytest

from services.api.access import ACCESS, EVERYBODY
from services.api.read_record import MORE_FOR_INSIDERS, NOTHING_PRIVATE, is_recorded, thing_of

CLOSED = sorted(route for (method, route), roles in ACCESS.items() if method == "GET" and roles != EVERYBODY)


def test_every_exception_is_a_closed_route_with_its_reason():
    assert set(NOTHING_PRIVATE) <= set(CLOSED)
    assert all(len(reason) > 4 for reason in NOTHING_PRIVATE.values())


def test_what_shows_insiders_more_is_open():
    assert all(ACCESS["GET", route] == EVERYBODY for route in MORE_FOR_INSIDERS)


@pytest.mark.parametrize("route", CLOSED)
def test_a_closed_route_is_recorded_unless_it_says_why_not(route):
    told = is_recorded("GET", route, open_route=False, insider=True)
    assert told == (route not in NOTHING_PRIVATE)
    assert is_recorded("HEAD", route, open_route=False, insider=True) == told
    assert not told or thing_of(route)


def test_a_new_closed_route_is_recorded_from_its_first_day():
    assert is_recorded("GET", "/api/v1/new/{thing}", open_route=False, insider=False)


def test_the_public_is_not_watched():
    assert not is_recorded("GET", "/api/v1/stations", open_route=True, insider=True)
    for route in MORE_FOR_INSIDERS:
        assert not is_recorded("GET", route, open_route=True, insider=False)
        assert is_recorded("GET", route, open_route=True, insider=True)


def test_what_is_read_is_named_by_its_route():
    assert thing_of("/api/v1/blasts/{enterprise}/{blast_id}/history") == "blasts.history"
