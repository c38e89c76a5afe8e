from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simulators.delivery import Delivery


def test_packets_go_out_in_the_order_they_were_made_and_no_more_than_the_window():
    delivery = Delivery(window=3, resend_after_s=10)
    delivery.add([1, 2, 3, 4, 5])
    assert delivery.take(0.0) == [1, 2, 3]
    assert delivery.take(0.0) == []
    delivery.settle([2])
    assert delivery.take(0.0) == [4]


def test_what_nobody_confirms_is_sent_again_after_a_while():
    delivery = Delivery(window=10, resend_after_s=10)
    delivery.add([1, 2])
    assert delivery.take(0.0) == [1, 2]
    delivery.settle([1])
    assert delivery.take(9.9) == []
    assert delivery.take(10.0) == [2]


def test_a_lost_connection_puts_the_unconfirmed_before_everything_newer():
    delivery = Delivery(window=2, resend_after_s=10)
    delivery.add([1, 2, 3])
    delivery.take(0.0)
    delivery.connection_lost()
    assert delivery.take(0.0) == [1, 2]


def test_disorder_and_repetition_keep_the_set():
    delivery = Delivery(window=100, resend_after_s=10, disorder=True, repeat=2, seed=1)
    delivery.add(range(50))
    sent = delivery.take(0.0)
    assert sorted(sent) == sorted([*range(50), *range(50)])
    assert sent != sorted(sent)


class AnyInterleaving(RuleBasedStateMachine):
    """Whatever the order of events, every packet is waiting, sent or settled – never two of them, never none."""

    @initialize(window=st.integers(1, 6), repeat=st.integers(1, 3), disorder=st.booleans())
    def start(self, window, repeat, disorder):
        self.delivery = Delivery(window=window, resend_after_s=5, repeat=repeat, disorder=disorder)
        self.made: set[int] = set()
        self.settled: set[int] = set()
        self.now = 0.0

    @rule(count=st.integers(1, 5))
    def measure(self, count):
        new = range(len(self.made), len(self.made) + count)
        self.made.update(new)
        self.delivery.add(new)

    @rule(seconds=st.floats(0, 6), limit=st.none() | st.integers(0, 4))
    def publish(self, seconds, limit):
        self.now += seconds
        taken = self.delivery.take(self.now, limit)
        assert set(taken) <= self.made - self.settled
        assert limit is None or len(set(taken)) <= limit

    @rule(data=st.data())
    def confirm(self, data):
        if self.made:
            some = data.draw(st.sets(st.sampled_from(sorted(self.made)), max_size=4))
            self.delivery.settle(some)
            self.settled |= some

    @rule(data=st.data())
    def send_again(self, data):
        if self.made:
            self.delivery.retry(data.draw(st.sets(st.sampled_from(sorted(self.made)), max_size=4)))

    @rule()
    def lose_connection(self):
        self.delivery.connection_lost()
        assert self.delivery.unconfirmed == 0

    @invariant()
    def nothing_is_lost_or_invented(self):
        if hasattr(self, "made"):
            assert len(self.delivery) == len(self.made - self.settled)
            assert self.delivery.unconfirmed <= self.delivery.window

    def teardown(self):
        if not hasattr(self, "made"):
            return
        self.delivery.connection_lost()
        sent: set[int] = set()
        while taken := self.delivery.take(self.now):
            sent.update(taken)
            self.delivery.settle(taken)
        assert sent == self.made - self.settled


TestAnyInterleaving = AnyInterleaving.TestCase


@given(st.lists(st.integers(0, 20)))
def test_adding_a_packet_twice_changes_nothing(ids):
    delivery = Delivery(window=100, resend_after_s=1)
    delivery.add(ids)
    delivery.add(ids)
    assert len(delivery) == len(set(ids)) == len(delivery.take(0.0))
