from __future__ import annotations

import socket

from services.parts.port import free_port, is_free, pick_port


def listener_on(port: int) -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def test_a_wanted_port_is_taken_when_it_is_free() -> None:
    port = free_port()
    assert is_free(port)
    assert pick_port(port) == port


def test_a_used_port_is_passed_over() -> None:
    with listener_on(free_port()) as listener:
        port = listener.getsockname()[1]
        assert not is_free(port)
        picked = pick_port(port)
        assert picked != port
        assert is_free(picked)


def test_any_port_will_do_when_none_near_is_free() -> None:
    with listener_on(free_port()) as listener:
        assert pick_port(listener.getsockname()[1], tries=1) != listener.getsockname()[1]


def test_the_last_port_of_all_is_no_error() -> None:
    assert 0 < pick_port(65535) <= 65535


def test_ports_promised_to_others_are_passed_over_although_nobody_listens_yet() -> None:
    wanted = free_port()
    first = pick_port(wanted)
    second = pick_port(wanted, promised={first})
    assert second != first
