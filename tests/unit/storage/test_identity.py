"""raw_id orders the past; the chain cannot be changed unnoticed."""

import hashlib
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.storage.intake.identity import GENESIS, LANES, RawClock, moment_of, next_link, raw_id_at

moments = st.integers(10**15, 4 * 10**15)


@given(calls=st.lists(st.tuples(moments, st.integers(1, 500)), min_size=1, max_size=30), lane=st.integers(0, LANES - 1))
def test_raw_ids_of_a_lane_increase_strictly_whatever_the_wall_clock_does(calls, lane):
    clock = RawClock(lane)
    taken = []
    for now_us, count in calls:
        first = clock.take(count, now_us)
        assert first >= now_us
        taken += [raw_id_at(first + place, lane) for place in range(count)]
    assert all(later > earlier for earlier, later in pairwise(taken))
    assert {raw_id % LANES for raw_id in taken} == {lane}


@given(last=moments, lane=st.integers(0, LANES - 1), back_us=st.integers(0, 10**12))
def test_a_restarted_writer_goes_on_after_its_last_id_even_if_the_clock_stepped_back(last, lane, back_us):
    last_raw_id = raw_id_at(last, lane)
    assert raw_id_at(RawClock(lane, last_raw_id).take(1, last - back_us), lane) > last_raw_id


@given(moment=moments, lane=st.integers(0, LANES - 1))
def test_the_bound_of_an_as_of_read_parts_what_was_stored_before_from_what_came_after(moment, lane):
    assert raw_id_at(moment - 1, LANES - 1) < raw_id_at(moment) <= raw_id_at(moment, lane)
    assert moment_of(raw_id_at(moment, lane)) == moment


def test_a_link_is_the_documented_hash_by_hand():
    link, before = next_link(None, raw_id=258, topic="ü", payload=b"payload")
    assert before == GENESIS == bytes(32)
    expected = hashlib.sha256(bytes(32) + bytes(6) + b"\x01\x02" + b"\0\0\0\x02" + "ü".encode() + b"payload").digest()
    assert (link.chain_seq, link.digest) == (1, expected)
    second, before = next_link(link, raw_id=259, topic="t", payload=b"")
    assert (second.chain_seq, before) == (2, link.digest)


@given(
    parts=st.lists(
        st.tuples(st.text(st.characters(codec="utf-8"), max_size=5), st.binary(max_size=5)),
        min_size=2,
        max_size=6,
        unique=True,
    )
)
def test_no_two_messages_can_change_places_or_borders_unnoticed(parts):
    """The length of the topic is hashed, so (“ab”, “c”) and (“a”, “bc”) differ."""
    digests = {next_link(None, raw_id=1, topic=topic, payload=payload)[0].digest for topic, payload in parts}
    assert len(digests) == len(parts)
