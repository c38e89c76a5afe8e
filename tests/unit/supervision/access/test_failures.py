"""Guessing is slowed down, and the owner of an account is never shut out for good."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.supervision.access.failures import NONE, address_key, after_failure
from uskat.supervision.access.policy import access_policy

START = datetime(2026, 6, 1, tzinfo=UTC)
TERMS = access_policy().login_failures


def test_a_few_failures_are_free_and_then_each_blocks_twice_as_long() -> None:
    state, at, blocks = NONE, START, []
    for _ in range(TERMS.free + 4):
        state = after_failure(state, at, terms=TERMS)
        blocks.append(state.blocked_until - at if state.blocked_until else None)
        at = state.blocked_until or at
    assert blocks[: TERMS.free] == [None] * TERMS.free
    assert blocks[TERMS.free :] == [TERMS.first_block * factor for factor in (1, 2, 4, 8)]


def test_failures_are_forgotten_after_their_term() -> None:
    state = NONE
    for _ in range(TERMS.free):
        state = after_failure(state, START, terms=TERMS)
    assert after_failure(state, START + TERMS.forget, terms=TERMS).count == 1
    assert after_failure(state, START + TERMS.forget / 2, terms=TERMS).blocked_until is not None


@given(st.lists(st.integers(0, 100_000), max_size=60))
def test_no_attack_blocks_longer_than_the_longest_block_nor_guesses_faster_than_the_policy(gaps: list[int]) -> None:
    state, at, tried = NONE, START, 0
    for gap in gaps:
        at += timedelta(seconds=gap)
        if state.blocked(at):
            assert after_failure(state, at, terms=TERMS) == state  # hammering does not lengthen the block
            continue
        state = after_failure(state, at, terms=TERMS)
        tried += 1
        assert state.blocked_until is None or timedelta(0) < state.blocked_until - at <= TERMS.longest_block
    days = (at - START) / timedelta(days=1)
    assert tried <= (TERMS.free + 7) * (1 + days) + days * timedelta(days=1) / TERMS.longest_block


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8::9", "2001:db8::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_counts_for_what_one_customer_holds(address: str, key: str) -> None:
    assert address_key(address) == key
