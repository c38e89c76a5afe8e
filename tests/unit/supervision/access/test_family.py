"""The chain of refresh tokens under every order of honest and stolen use."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from uskat.supervision.access.family import Ending, Family, Outcome, end, present

START = datetime(2026, 6, 1, tzinfo=UTC)


class Chain(RuleBasedStateMachine):
    """Two holders present tokens of one chain as they like; a plain list of used numbers says what should come."""

    def __init__(self) -> None:
        super().__init__()
        self.at = START
        self.family = Family(1, START + timedelta(hours=12))
        self.used: set[int] = set()
        self.over = False

    @rule(minutes=st.integers(0, 200))
    def wait(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(data=st.data())
    def come_with_any_token(self, data: st.DataObject) -> None:
        seq = data.draw(st.integers(1, self.family.newest))
        was = self.family
        self.family, outcome = present(self.family, seq, at=self.at)
        if self.over or self.at >= was.expires_at:
            assert outcome is Outcome.OVER
            assert self.family == was
        elif seq in self.used:
            assert outcome is Outcome.REUSED
            assert self.family.ended is Ending.REUSED
            self.over = True
        else:
            assert outcome is Outcome.ROTATED
            assert self.family.newest == was.newest + 1
            self.used.add(seq)

    @precondition(lambda self: not self.over)
    @rule(why=st.sampled_from(Ending))
    def leave(self, why: Ending) -> None:
        self.family = end(self.family, why)
        self.over = True

    @rule(why=st.sampled_from(Ending))
    def a_second_end_changes_nothing(self, why: Ending) -> None:
        if self.over:
            assert end(self.family, why) == self.family

    @invariant()
    def only_the_newest_token_is_unused(self) -> None:
        assert self.used == set(range(1, self.family.newest))

    @invariant()
    def what_is_over_stays_over(self) -> None:
        assert self.family.alive(self.at) == (not self.over and self.at < self.family.expires_at)


TestChain = Chain.TestCase
TestChain.settings = settings(max_examples=60, stateful_step_count=25)


def test_a_number_that_was_never_given_out_is_a_mistake_of_ours() -> None:
    for seq in (0, 2):
        with pytest.raises(ValueError, match="never given out"):
            present(Family(1, START), seq, at=START)
