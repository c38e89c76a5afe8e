"""After a rotation a pack spans keys: each signs what its term allows, and a copy of published days tells a rewrite."""

from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest

from services.storage.evidence_decoding import decode_again, measure_again
from tests.unit.supervision.evidence_world import KEY, OTHER_KEY, contents
from uskat.supervision.evidence.keyring import KeyRing, TrustedKey, read_keys, ring_of
from uskat.supervision.evidence.pack import DayProof, Pack, build_pack
from uskat.supervision.evidence.published import PublishedError, SignedDay, read_days
from uskat.supervision.evidence.seal import KeyUnusable, key_id_of, public_pem, sign_day, statement_of
from uskat.supervision.evidence.verify import PackReport, verify_pack

OLD, NEW = KEY.public_key(), OTHER_KEY.public_key()
FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)


def signed(proof: DayProof, key, **changes) -> DayProof:
    """A day as the holder of a key would have closed it."""
    statement = replace(statement_of(proof.statement), key_id=key_id_of(key.public_key()), **changes)
    return replace(
        proof, statement=statement.text(), signature=sign_day(statement, key).hex(),
        public_key=public_pem(key.public_key()),
    )  # fmt: skip


CONTENTS = replace(contents(), made_at=contents().made_at + timedelta(days=3))
OLD_DAY, NEW_DAY = CONTENTS.days[0], signed(CONTENTS.days[1], OTHER_KEY)
ROTATED = build_pack(replace(CONTENTS, days=[OLD_DAY, NEW_DAY]), OTHER_KEY)


def ring(until: date | None = None, begin: date | None = None) -> KeyRing:
    return ring_of([TrustedKey(OLD, None, until), TrustedKey(NEW, begin, None)])


def verified(pack: Pack, trusted, kept=()) -> PackReport:
    return verify_pack(pack.data, trusted=trusted, decode=decode_again, measure=measure_again, kept=kept)


def said(report: PackReport) -> str:
    return "\n".join(map(str, report.faults))


def copy_of(*days: DayProof) -> list[SignedDay]:
    """The days as somebody saved them from the API."""
    items = [{"statement": one.statement, "signature": one.signature, "public_key": "…"} for one in days]
    return read_days(msgspec.json.encode({"items": items[::-1], "next": None}))


def test_a_pack_over_a_rotation_says_which_key_signed_which_day():
    report = verified(ROTATED, ring(until=SECOND, begin=SECOND))
    assert report.faults == []
    assert report.days == {FIRST: key_id_of(OLD), SECOND: key_id_of(NEW)}
    assert report.key_id == key_id_of(NEW)
    assert report.proved == report.messages


@pytest.mark.parametrize("one", [OLD, NEW])
def test_one_key_of_two_is_not_enough_and_the_missing_one_is_named(one):
    missing = key_id_of(NEW if one is OLD else OLD)
    assert f"key {missing} is none of those you trust" in said(verified(ROTATED, one))


def test_a_key_signs_nothing_after_its_term():
    assert "was in force to 2026-06-01 only, and signs 2026-06-01" in said(verified(ROTATED, ring(until=FIRST)))
    late = build_pack(CONTENTS, KEY)
    assert "was not in force on 2026-06-04" in said(verified(late, ring(until=date(2026, 6, 3))))
    assert verified(late, ring(until=date(2026, 6, 4))).faults == []


def test_days_that_do_not_follow_from_one_another_are_named():
    torn = build_pack(replace(CONTENTS, days=[OLD_DAY, signed(NEW_DAY, OTHER_KEY, previous="0" * 64)]), OTHER_KEY)
    assert "[2026-06-02]: it does not follow from the statement of 2026-06-01" in said(verified(torn, ring()))


def test_a_copy_of_published_days_tells_a_day_that_the_holder_of_the_key_wrote_anew():
    kept = copy_of(OLD_DAY, NEW_DAY)
    report = verified(ROTATED, ring(), kept)
    assert (report.faults, report.compared) == ([], 2)
    rewritten = signed(OLD_DAY, KEY, previous="1" * 64)
    follows = signed(NEW_DAY, OTHER_KEY, previous=statement_of(rewritten.statement).digest())
    anew = build_pack(replace(CONTENTS, days=[rewritten, follows]), OTHER_KEY)
    assert verified(anew, ring()).faults == []  # fits itself, with the right keys
    assert "two different statements of the same day" in said(verified(anew, ring(), kept))
    assert "it does not follow from the statement of 2026-06-01" in said(verified(anew, ring(), kept[:1]))


def test_keys_are_read_from_pem_and_from_a_list_with_terms():
    body = {"keys": [
        {"public_key": public_pem(OLD), "valid_until": "2026-06-02"},
        {"public_key": public_pem(NEW), "valid_from": "2026-06-02"},
    ]}  # fmt: skip
    keys = read_keys(msgspec.json.encode(body))
    assert [(one.key_id, one.valid_from, one.valid_until) for one in keys] == [
        (key_id_of(OLD), None, SECOND), (key_id_of(NEW), SECOND, None),
    ]  # fmt: skip
    assert [one.key_id for one in read_keys(public_pem(OLD).encode())] == [key_id_of(OLD)]
    for broken in (b"{", b"{}", b"x", b'{"keys": [{"public_key": "x"}]}'):
        with pytest.raises(KeyUnusable):
            read_keys(broken)
    ended = {"keys": [{"public_key": public_pem(OLD), "valid_from": "2026-06-02", "valid_until": "2026-06-01"}]}
    with pytest.raises(KeyUnusable, match="before"):
        read_keys(msgspec.json.encode(ended))
    with pytest.raises(KeyUnusable, match="two different terms"):
        ring_of([TrustedKey(OLD), TrustedKey(OLD, FIRST, None)])


@pytest.mark.parametrize("broken", [b"", b"3", b'{"items": 3}', b'{"items": [{"statement": "x", "signature": ""}]}'])
def test_what_is_no_saved_answer_is_refused(broken):
    with pytest.raises(PublishedError):
        read_days(broken)
