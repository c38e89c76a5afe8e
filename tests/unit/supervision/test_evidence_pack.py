"""A pack verifies offline; whatever is changed in it is caught and located, also by who may sign it anew."""

import hashlib
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.storage.evidence_decoding import decode_again, measure_again
from tests.unit.supervision.evidence_world import KEY, OTHER_KEY, contents, raw_records, shaking
from uskat.supervision.evidence.container import read_container, write_container
from uskat.supervision.evidence.merkle import leaf_hash
from uskat.supervision.evidence.pack import (
    DAYS,
    GRADE,
    MANIFEST,
    PROOFS,
    PUBLIC_KEY,
    RAW_INDEX,
    READINGS,
    RECORDS,
    SIGNATURE,
    PackContents,
    build_pack,
    raw_name,
    sealed_pack,
)
from uskat.supervision.evidence.seal import canonical, public_pem, sign_day, statement_of
from uskat.supervision.evidence.verify import PackReport, verify_pack

CHANGES = 1_000
CONTENTS = contents()
PACK = build_pack(CONTENTS, KEY).data
MEMBERS = read_container(PACK).contents
TRUSTED = KEY.public_key()


def verified(data: bytes, *, trusted: Any = TRUSTED) -> PackReport:
    return verify_pack(data, trusted=trusted, decode=decode_again, measure=measure_again)


def places(report: PackReport) -> str:
    return "\n".join(map(str, report.faults))


def test_what_was_handed_out_has_nothing_wrong_with_it():
    report = verified(PACK)
    assert report.faults == []
    assert (report.messages, report.proved, report.readings, report.records) == (13, 13, 24, 1)
    assert report.subject == {"alert": 5}
    assert build_pack(CONTENTS, KEY).data == PACK


def test_without_a_key_it_says_so_and_another_key_is_named():
    assert verified(PACK, trusted=None).trusted is False
    assert verified(PACK, trusted=None).faults == []
    report = verified(PACK, trusted=OTHER_KEY.public_key())
    assert PUBLIC_KEY in places(report)
    assert SIGNATURE in places(report)


def member_at(at: int) -> str:
    """Name of the member in whose header or content a byte lies; the directory belongs to the container."""
    place = 0
    for name, content in MEMBERS.items():
        place += 30 + len(name.encode()) + len(content)
        if at < place:
            return name
    return ""


def test_each_of_a_thousand_changes_is_caught_and_located():
    draw = random.Random(20261125)
    missed = []
    for number in range(CHANGES):
        change = draw.choice([one_byte, one_byte, one_byte, rezipped_byte, record, deleted, inserted, swapped])
        changed, words = change(draw)
        assert changed != PACK
        report = verified(changed)
        if not any(word in places(report) for word in words):
            missed.append((number, change.__name__, words, places(report)[:300]))
    assert missed == []


def one_byte(draw: random.Random) -> tuple[bytes, list[str]]:
    at = draw.randrange(len(PACK))
    changed = PACK[:at] + bytes([PACK[at] ^ draw.randrange(1, 256)]) + PACK[at + 1 :]
    return changed, [member_at(at)] if member_at(at) else ["directory at the end"]


def rezipped_byte(draw: random.Random) -> tuple[bytes, list[str]]:
    """One byte of a member, and the file written anew with a checksum that fits."""
    name = draw.choice(list(MEMBERS))
    body = bytearray(MEMBERS[name])
    body[draw.randrange(len(body))] ^= draw.randrange(1, 256)
    assert zlib.crc32(bytes(body)) != zlib.crc32(MEMBERS[name])
    return write_container(MEMBERS | {name: bytes(body)}), [name]


def record(draw: random.Random) -> tuple[bytes, list[str]]:
    """A record of a list changed, left out or doubled, the file written anew."""
    name = draw.choice([RAW_INDEX, PROOFS, DAYS, READINGS, RECORDS, "notices.json"])
    document = json.loads(MEMBERS[name])
    rows = document["rows"] if name == READINGS else document
    at = draw.randrange(len(rows))
    kind = draw.choice(["drop", "double", "move"])
    if kind == "drop":
        del rows[at]
    elif kind == "double":
        rows.append(rows[at])
    else:
        rows.insert(0, {"заметка": 1} if name == "notices.json" else rows[-1])
    return write_container(MEMBERS | {name: canonical(document)}), [name]


def deleted(draw: random.Random) -> tuple[bytes, list[str]]:
    name = draw.choice(list(MEMBERS))
    return write_container({key: body for key, body in MEMBERS.items() if key != name}), [name]


def inserted(draw: random.Random) -> tuple[bytes, list[str]]:
    name = f"raw/{draw.randrange(10**6)}.bin"
    return write_container(MEMBERS | {name: b"{}"}), [name]


def swapped(draw: random.Random) -> tuple[bytes, list[str]]:
    one, other = draw.sample([raw_name(item.raw_id) for item in CONTENTS.raw], 2)
    return write_container(MEMBERS | {one: MEMBERS[other], other: MEMBERS[one]}), [one]


def signed_anew(**changes: bytes) -> bytes:
    """Members changed, and the manifest made and signed anew by who holds the key."""
    members = {name: body for name, body in MEMBERS.items() if name not in {MANIFEST, SIGNATURE}} | changes
    manifest = json.loads(MEMBERS[MANIFEST])
    manifest["files"] = {
        name: {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)} for name, body in members.items()
    }
    return sealed_pack(canonical(manifest), members, key=KEY).data


RAW, SHAKING = raw_records(), shaking()
FIRST, SECOND = RAW[3], RAW[4]


def edited(name: str, change: Callable[[Any], Any]) -> bytes:
    document = json.loads(MEMBERS[name])
    change(document)
    return signed_anew(**{name: canonical(document)})


def _reading(document: Any) -> None:
    document["rows"][2][2] += 0.25


def _flag(document: Any) -> None:
    row = next(row for row in document["rows"] if row[3] == 4)  # outside the physical range, made to pass
    row[3] = 1


def _left_out(document: Any) -> None:
    del document["rows"][5]


def _weaker(document: Any) -> None:
    document[0]["measures"]["ppv_max_mm_s"] /= 2


def _other_scale(document: Any) -> None:
    document[0]["calibration"]["channels"]["GHZ"]["counts_per_unit"] *= 2


def _other_day(document: Any) -> None:
    document[0]["day"], document[0]["index"] = 1, 0


def _better(document: Any) -> None:
    document["grade"] = "E4"


def _gone(document: Any) -> None:
    del document[0]


def _root(document: Any) -> None:
    statement = replace(statement_of(document[0]["statement"]), root=leaf_hash(b"x").hex())
    document[0] |= {"statement": statement.text(), "signature": sign_day(statement, OTHER_KEY).hex()}


@pytest.mark.parametrize(
    ("made", "place"),
    [
        (lambda: signed_anew(**{raw_name(FIRST.raw_id): SECOND.payload}), f"{raw_name(FIRST.raw_id)} [{FIRST.raw_id}]"),
        (lambda: edited(READINGS, _reading), f"{READINGS} [series 11 at"),
        (lambda: edited(READINGS, _flag), f"{READINGS} [series 11 at"),
        (lambda: edited(READINGS, _left_out), "is left out"),
        (lambda: edited(RECORDS, _weaker), f"{RECORDS} [{SHAKING.raw_id}]: measures.ppv_max_mm_s"),
        (lambda: edited(RECORDS, _other_scale), f"{RECORDS} [{SHAKING.raw_id}]: measures."),
        (lambda: edited(PROOFS, _other_day), f"{PROOFS} [{RAW[0].raw_id}]"),
        (lambda: edited(PROOFS, _gone), f"{PROOFS} [{RAW[0].raw_id}]: no proof"),
        (lambda: edited(DAYS, _root), f"{DAYS} [0]"),
        (lambda: edited(GRADE, _better), f"{GRADE} [grade]: its facts make E3"),
        (lambda: edited(RAW_INDEX, _gone), "index.json"),
    ],
)  # fmt: skip
def test_who_holds_the_key_of_the_manifest_still_cannot_change_what_was_measured(made, place):
    """Raw bytes, readings, proofs, grade: they must follow from one another, not only be signed."""
    found = places(verified(made()))
    if place == "index.json":  # one message less with everything else as it was
        assert "is left out" not in found
        assert READINGS in found
        assert PROOFS in found
    else:
        assert place in found
        assert MANIFEST not in found


def test_a_key_of_ones_own_inside_the_pack_is_seen_against_the_trusted_one():
    forged = build_pack(replace(CONTENTS, made_by="никто"), OTHER_KEY).data
    assert public_pem(OTHER_KEY.public_key()).encode() in forged
    assert PUBLIC_KEY in places(verified(forged))


def test_foreign_files_are_no_packs_and_say_so():
    for data in (b"", b"PK\x03\x04", b"%PDF", write_container({}), write_container({MANIFEST: b"[]"})):
        assert MANIFEST in places(verified(data))


def test_messages_of_a_day_that_is_not_closed_are_told_apart():
    documents = dict(CONTENTS.documents)
    documents["registry.json"] = documents["registry.json"] | {"unsealed": [one.raw_id for one in CONTENTS.raw]}
    early: PackContents = replace(CONTENTS, days=[], documents=documents)
    report = verified(build_pack(early, KEY).data)
    assert (report.faults, report.messages, report.proved) == ([], 13, 0)


def test_a_message_of_a_closed_day_cannot_pass_for_one_of_an_open_day():
    documents = dict(CONTENTS.documents)
    hidden = CONTENTS.raw[0].raw_id
    documents["registry.json"] = documents["registry.json"] | {"unsealed": [hidden]}
    first = replace(
        CONTENTS.days[0], paths={key: path for key, path in CONTENTS.days[0].paths.items() if key != hidden}
    )
    report = verified(build_pack(replace(CONTENTS, days=[first, CONTENTS.days[1]], documents=documents), KEY).data)
    assert places(report) == f"{PROOFS} [{hidden}]: no proof, though its day was closed"
