"""Merkle roots against published vectors, statements of days, and the strict container."""

import contextlib
import hashlib
import io
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.storage.intake.identity import next_link, raw_id_at
from uskat.supervision.evidence import seal
from uskat.supervision.evidence.container import read_container, write_container
from uskat.supervision.evidence.link import GENESIS, link_hash
from uskat.supervision.evidence.merkle import audit_path, leaf_hash, levels_of, node_hash, root_by_path, root_of

# Inputs and roots of the reference implementation of RFC 6962 (certificate-transparency, merkle_tree_test).
INPUTS = [
    bytes.fromhex(x)
    for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference_implementation(size):
    assert root_of([leaf_hash(one) for one in INPUTS[:size]]).hex() == ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing():
    assert root_of([]) == hashlib.sha256(b"").digest()


def _by_definition(leaves):
    """§2.1 word for word: split at the largest power of two below n."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(_by_definition(leaves[:half]), _by_definition(leaves[half:]))


@given(st.integers(1, 70), st.data())
def test_a_path_leads_to_the_root_and_no_other_leaf_place_or_path_does(size, data):
    leaves = [leaf_hash(bytes([i])) for i in range(size)]
    levels, root = levels_of(leaves), root_of(leaves)
    assert root == _by_definition(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = audit_path(levels, index)
    assert root_by_path(leaves[index], path, index=index, size=size) == root
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index)) if size > 1 else None
    if other is not None:
        assert root_by_path(leaves[other], path, index=index, size=size) != root
        with contextlib.suppress(ValueError):  # at another place the path has another length
            assert root_by_path(leaves[index], path, index=other, size=size) != root
        with pytest.raises(ValueError, match="short"):
            root_by_path(leaves[index], path[:-1], index=index, size=size)
    with pytest.raises(ValueError, match="long"):
        root_by_path(leaves[index], [*path, root], index=index, size=size)


def test_the_link_is_the_one_that_ingest_writes():
    raw_id = raw_id_at(1_780_000_000_000_000, 3)
    first, _ = next_link(None, raw_id=raw_id, topic="uskat/v1/U-1/water", payload=b"{}")
    assert first.digest == link_hash(GENESIS, raw_id=raw_id, topic="uskat/v1/U-1/water", payload=b"{}")
    second, before = next_link(first, raw_id=raw_id + 4096, topic="т", payload=b"x")
    assert second.digest == link_hash(before, raw_id=raw_id + 4096, topic="т", payload=b"x")


def test_a_day_is_that_of_storing():
    midnight = datetime(2026, 6, 2, tzinfo=UTC)
    first, end = seal.raw_ids_of(date(2026, 6, 2))
    assert first == raw_id_at(round(midnight.timestamp() * 1e6))
    assert [seal.day_of(x) for x in (first - 1, first, end - 1, end)] == [
        date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 2), date(2026, 6, 3),
    ]  # fmt: skip
    assert seal.final_at(date(2026, 6, 2), timedelta(hours=1)) == midnight + timedelta(hours=25)


STATEMENT = seal.DayStatement(date(2026, 6, 2), 3, "ab" * 32, None, seal.key_id_of(KEY.public_key()))


def test_a_statement_is_signed_in_one_spelling_only():
    signature = seal.sign_day(STATEMENT, KEY)
    assert seal.statement_of(STATEMENT.text()) == STATEMENT
    assert seal.day_signed_by(KEY.public_key(), signature, text=STATEMENT.text())
    for other in (STATEMENT.text().replace("3", "4", 1), STATEMENT.text() + " "):
        assert not seal.day_signed_by(KEY.public_key(), signature, text=other)
    for wrong in (STATEMENT.text() + " ", STATEMENT.text().replace(",", ", "), "{}", "[]", "x"):
        with pytest.raises(ValueError, match="not"):
            seal.statement_of(wrong)
    manifest = KEY.sign(seal.MANIFEST_PREFIX + STATEMENT.text().encode())
    assert not seal.day_signed_by(KEY.public_key(), manifest, text=STATEMENT.text())


def test_a_key_of_another_kind_is_refused():
    with pytest.raises(seal.KeyUnusable):
        seal.private_key(seal.public_pem(KEY.public_key()).encode())
    with pytest.raises(seal.KeyUnusable):
        seal.public_key(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")


CONTENTS = {"manifest.json": b"{}", "raw/1.bin": bytes(range(200)), "акт.txt": "привет".encode()}


def test_any_program_reads_the_container():
    with zipfile.ZipFile(io.BytesIO(write_container(CONTENTS))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == CONTENTS
    assert read_container(write_container(CONTENTS)).contents == CONTENTS
    assert read_container(write_container(CONTENTS)).damages == []


@given(st.data())
def test_no_byte_of_the_container_can_be_changed_added_or_taken(data):
    made = write_container(CONTENTS)
    at = data.draw(st.integers(0, len(made) - 1))
    wrong = bytes([made[at] ^ data.draw(st.integers(1, 255))])
    added = data.draw(st.binary(min_size=1, max_size=3))
    for changed in (made[:at] + wrong + made[at + 1 :], made[:at] + added + made[at:], made[:at], made + added):
        read = read_container(changed)
        assert read.damages, at
        assert all(0 <= damage.at <= len(changed) for damage in read.damages)


def test_foreign_bytes_are_no_container():
    assert read_container(b"").damages
    assert read_container(b"PK\x03\x04").damages
