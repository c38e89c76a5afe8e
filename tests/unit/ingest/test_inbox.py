"""The inbox holds what is not stored yet, says when it is full, and gives batches of a bounded size."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.inbox import BYTES_A_READING, Delivery, Inbox, SortedInbox
from services.ingest.receipts import Receipts
from services.storage.intake import Incoming


def delivery(mid: int, size: int = 60) -> Delivery:
    return Delivery(Incoming("uskat/v1/U-1/water", b"x" * size, 0), mid, 1, 1)


async def test_messages_leave_in_order_of_arrival_and_bytes_are_counted_back():
    inbox = Inbox(max_messages=100, max_bytes=10_000)
    for mid in range(10):
        inbox.put(delivery(mid, size=mid))
    assert (len(inbox), inbox.size_bytes) == (10, 45)
    taken = await inbox.take(max_readings=10_000)
    assert [one.mid for one in taken] == list(range(10))
    assert (len(inbox), inbox.size_bytes, inbox.full) == (0, 0, False)


async def test_it_is_full_by_number_or_by_bytes():
    inbox = Inbox(max_messages=2, max_bytes=1000)
    inbox.put(delivery(1))
    assert not inbox.full
    inbox.put(delivery(2))
    assert inbox.full
    heavy = Inbox(max_messages=100, max_bytes=1000)
    heavy.put(delivery(1, size=1000))
    assert heavy.full


async def test_a_batch_is_bounded_by_readings_but_never_empty():
    inbox = Inbox(max_messages=100, max_bytes=10**6)
    for mid in range(3):
        inbox.put(delivery(mid, size=10 * BYTES_A_READING))
    assert [one.mid for one in await inbox.take(max_readings=1)] == [0]
    assert [one.mid for one in await inbox.take(max_readings=12)] == [1, 2]


async def test_take_waits_for_a_message_and_wake_lets_it_go_with_nothing():
    inbox = Inbox(max_messages=100, max_bytes=10**6)
    waiting = asyncio.create_task(inbox.take(max_readings=10))
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.put(delivery(7))
    assert [one.mid for one in await waiting] == [7]
    waiting = asyncio.create_task(inbox.take(max_readings=10))
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.wake()
    assert await waiting == []


def test_all_messages_of_a_device_go_the_same_way_and_the_bounds_hold_together():
    mail = SortedInbox(pipelines=3, max_messages=60, max_bytes=10**6)
    places: dict[str, set[int]] = {}
    for mid in range(60):
        assert not mail.full
        device = f"U-{mid % 20}"
        before = [len(inbox) for inbox in mail.inboxes]
        mail.put(Delivery(Incoming(f"uskat/v1/{device}/{'water' if mid % 2 else 'status'}", b"x", 0), mid, 1, 1))
        places.setdefault(device, set()).add(next(i for i, n in enumerate(before) if len(mail.inboxes[i]) != n))
    assert mail.full
    assert len(mail) == 60
    assert all(len(used) == 1 for used in places.values())
    assert set().union(*places.values()) == {0, 1, 2}


@given(st.permutations(range(12)), st.integers(1, 5))
def test_receipts_leave_in_order_of_arrival_whatever_the_order_of_commits(order, size):
    receipts = Receipts()
    receipts.next_connection()
    for mid in range(12):
        receipts.received(mid)
    left: list[int] = []
    for first in range(0, 12, size):
        left += receipts.stored([delivery(mid) for mid in order[first : first + size]])
        committed = set(order[: first + size])
        assert left == [mid for mid in range(12) if set(range(mid + 1)) <= committed]
    assert left == list(range(12))


def test_a_message_of_an_earlier_connection_gets_no_receipt():
    receipts = Receipts()
    receipts.next_connection()
    receipts.received(5)
    receipts.next_connection()
    receipts.received(5)
    assert receipts.stored([delivery(5)]) == []  # generation 1: the broker has sent it again as generation 2
    assert receipts.stored([Delivery(Incoming("uskat/v1/U-1/water", b"x", 0), 5, 1, 2)]) == [5]
