"""Is a pack of evidence what was handed out, and does it follow from the raw bytes? Without database or network.

Four circles, each checked whatever the ones before said: the file byte by byte, the signed manifest, raw messages with
their links and proofs up to signed days, and readings decoded anew. A fault names the member, the record and what is
wrong with it.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from uskat.supervision.evidence.container import read_container
from uskat.supervision.evidence.grade import Fact, Requirement, grade_of, parse_rules
from uskat.supervision.evidence.keyring import KeyRing, TrustedKey, ring_of
from uskat.supervision.evidence.link import link_hash
from uskat.supervision.evidence.merkle import root_by_path
from uskat.supervision.evidence.pack import (
    FORMAT,
    GRADE,
    MANIFEST,
    PROOFS,
    PUBLIC_KEY,
    RAW_INDEX,
    READINGS,
    RECORDS,
    REGISTRY,
    SIGNATURE,
    RawRecord,
    raw_name,
)
from uskat.supervision.evidence.published import SignedDay
from uskat.supervision.evidence.report import BROKEN, Opened, PackFault, PackReport
from uskat.supervision.evidence.seal import (
    LANES,
    MANIFEST_PREFIX,
    KeyUnusable,
    day_of,
    key_id_of,
    message_leaf,
    public_key,
    signed_by,
    statement_of,
)
from uskat.supervision.evidence.verify_days import days_of

__all__ = ["Decode", "DecodedRow", "Measure", "PackFault", "PackReport", "verify_pack"]

DecodedRow = tuple[int, int, float, int]
"""Series id, microseconds since 1970, value, flag."""
Measure = Callable[[Mapping[str, Any], RawRecord], Any]
"""Measures the bytes of a seismic record by the calibration that the pack carries; JSON values, as they are stored."""
Decode = Callable[[Mapping[str, Any], Sequence[RawRecord]], Mapping[int, Sequence[DecodedRow]]]
"""Decodes raw messages with the registry of the pack: readings by raw_id."""


def verify_pack(
    data: bytes, *, trusted: KeyRing | Ed25519PublicKey | None, decode: Decode, measure: Measure,
    kept: Sequence[SignedDay] = (),
) -> PackReport:  # fmt: skip
    """Check a pack. trusted: keys one of which must have signed it; None: the one inside, which proves no origin.

    kept: statements of days that somebody saved when they were published, oldest first.
    """
    ring = ring_of([TrustedKey(trusted)]) if isinstance(trusted, Ed25519PublicKey) else trusted
    report = PackReport(trusted=ring is not None)
    container = read_container(data)
    for damage in container.damages:
        report.fault(damage.member or "container", f"byte {damage.at}", what=damage.what)
    key = _key(container.contents, ring, report=report)
    opened = Opened(container.contents, report, key, ring, kept)
    report.members = len(container.contents)
    _manifest(opened)
    raw = _raw(opened)
    _proofs(opened, raw)
    _readings(opened, raw, decode)
    _records(opened, raw, measure)
    _grade(opened)
    return report


def _key(members: Mapping[str, bytes], ring: KeyRing | None, *, report: PackReport) -> Ed25519PublicKey | None:
    try:
        inside = public_key(members.get(PUBLIC_KEY, b""))
    except KeyUnusable as error:
        report.fault(PUBLIC_KEY, "", what=str(error))
        return None
    report.key_id = key_id_of(inside)
    if ring is None:
        return inside
    found = ring.find(report.key_id)
    if found is None:
        trusted = ", ".join(sorted(ring.keys)) or "none"
        report.fault(PUBLIC_KEY, report.key_id, what=f"is not the key you trust, {trusted}")
        return None
    return found.key


def _manifest(opened: Opened) -> None:
    report, members = opened.report, opened.members
    manifest = opened.json(MANIFEST)
    try:
        signature = bytes.fromhex(members.get(SIGNATURE, b"").decode("ascii"))
    except ValueError:
        signature = b""
    body = MANIFEST_PREFIX + members.get(MANIFEST, b"")
    if opened.key is None or not signed_by(opened.key, signature, message=body):
        report.fault(SIGNATURE, "", what=f"does not sign {MANIFEST} with key {report.key_id or '–'}")
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(manifest, dict) or not isinstance(files, dict) or manifest.get("format") != FORMAT:
        report.fault(MANIFEST, "", what="is no manifest of this format")
        return
    report.subject = manifest.get("subject")
    if manifest.get("key_id") != report.key_id:
        report.fault(MANIFEST, "key_id", what=f"names key {manifest.get('key_id')!r}")
    _term(opened, manifest.get("made_at"))
    for name, told in files.items():
        if name not in members:
            report.fault(name, "", what="is missing")
        elif not isinstance(told, dict) or told.get("sha256") != hashlib.sha256(members[name]).hexdigest():
            report.fault(name, "", what=f"is not the file of the manifest ({len(members[name])} bytes)")
    for name in members.keys() - files.keys() - {MANIFEST, SIGNATURE}:
        report.fault(name, "", what="is not in the manifest")


def _term(opened: Opened, made_at: Any) -> None:
    found = opened.ring.find(opened.report.key_id) if opened.ring is not None else None
    try:
        day = datetime.fromisoformat(made_at).astimezone(UTC).date()
    except BROKEN:
        opened.report.fault(MANIFEST, "made_at", what="is no moment")
        return
    if found is not None and not found.signed_on(day):
        opened.report.fault(MANIFEST, "made_at", what=f"key {found.key_id} was not in force on {day}")


def _raw(opened: Opened) -> dict[int, RawRecord]:
    found: dict[int, RawRecord] = {}
    last: dict[tuple[str | None, int], RawRecord] = {}
    for place, entry in enumerate(opened.json(RAW_INDEX) or ()):
        try:
            name = raw_name(int(entry["raw_id"]))
            one = RawRecord(
                int(entry["raw_id"]), entry["device"], str(entry["topic"]), opened.members[name],
                int(entry["chain_seq"]), bytes.fromhex(entry["prev_hash"]), bytes.fromhex(entry["hash"]),
            )  # fmt: skip
        except BROKEN as error:
            opened.report.fault(RAW_INDEX, place, what=f"cannot be used: {error!r}")
            continue
        if link_hash(one.before, raw_id=one.raw_id, topic=one.topic, payload=one.payload) != one.link:
            opened.report.fault(name, one.raw_id, what="its bytes are not those of its link in the chain")
        before = last.get((one.device, one.raw_id % LANES))
        if before is not None and (one.chain_seq == before.chain_seq + 1) != (one.before == before.link):
            opened.report.fault(RAW_INDEX, one.raw_id, what=f"does not follow from message {before.raw_id}")
        if one.raw_id in found or (found and one.raw_id < max(found)):
            opened.report.fault(RAW_INDEX, one.raw_id, what="is there twice, or out of order")
        found[one.raw_id] = last[one.device, one.raw_id % LANES] = one
    opened.report.messages = len(found)
    return found


def _proofs(opened: Opened, raw: Mapping[int, RawRecord]) -> None:
    report, days = opened.report, days_of(opened)
    closed = set(report.days)
    waiting = set(raw)
    for proof in opened.json(PROOFS) or ():
        try:
            one, statement = raw[proof["raw_id"]], statement_of(days[proof["day"]]["statement"])
            path = [bytes.fromhex(step) for step in proof["path"]]
            leaf = message_leaf(one.raw_id, one.link)
            root = root_by_path(leaf, path, index=proof["index"], size=statement.messages)
        except BROKEN as error:
            report.fault(PROOFS, proof.get("raw_id", "?") if isinstance(proof, dict) else "?", what=repr(error))
            continue
        if root.hex() != statement.root or statement.day != day_of(one.raw_id):
            report.fault(PROOFS, one.raw_id, what=f"does not lead to the signed root of {statement.day}")
        waiting.discard(one.raw_id)
    report.proved = len(raw) - len(waiting)
    unsealed = set(opened.json(REGISTRY).get("unsealed", ()) if isinstance(opened.json(REGISTRY), dict) else ())
    for raw_id in sorted(waiting):
        if raw_id not in unsealed or day_of(raw_id) in closed:
            report.fault(PROOFS, raw_id, what="no proof, though its day was closed")


def _readings(opened: Opened, raw: Mapping[int, RawRecord], decode: Decode) -> None:
    report, told = opened.report, opened.json(READINGS)
    try:
        series, low, high = set(told["series"]), int(told["since_us"]), int(told["until_us"])
        rows = [(int(s), int(t), float(v), int(f), int(r)) for s, t, v, f, r in told["rows"]]
        made = decode(opened.json(REGISTRY), list(raw.values()))
    except BROKEN as error:
        report.fault(READINGS, "", what=f"cannot be compared: {error!r}")
        return
    report.readings = len(rows)
    decoded = {(*row, raw_id) for raw_id, found in made.items() for row in found}
    for row in rows:
        if row not in decoded:
            report.fault(READINGS, f"series {row[0]} at {row[1]}", what=f"raw message {row[4]} does not say {row[2]!r}")
    values = {row[:3] for row in rows}
    if len(values) != len(rows) or rows != sorted(rows):
        report.fault(READINGS, "", what="a reading is there twice, or out of order")
    for row in sorted(decoded):
        if row[0] in series and low <= row[1] < high and row[:3] not in values:
            report.fault(READINGS, f"series {row[0]} at {row[1]}", what=f"{row[2]!r} of message {row[4]} is left out")


def _records(opened: Opened, raw: Mapping[int, RawRecord], measure: Measure) -> None:
    for place, told in enumerate(opened.json(RECORDS) or ()):
        try:
            one = raw[int(told["raw_id"])]
            if one.device != told["device"]:
                raise ValueError(f"device {told['device']!r}, the message is of {one.device!r}")
            different = _difference(told["measures"], measure(told["calibration"], one), "measures")
        except BROKEN as error:
            opened.report.fault(RECORDS, place, what=f"cannot be measured anew: {error!r}")
            continue
        opened.report.records += 1
        if different:
            opened.report.fault(RECORDS, one.raw_id, what=f"{different} is not what the bytes say")


def _difference(told: Any, made: Any, name: str) -> str:
    """Name of the first value that differs; numbers may by rounding of another machine's arithmetic."""
    if isinstance(told, dict) and isinstance(made, dict) and told.keys() == made.keys():
        return next((found for key in told if (found := _difference(told[key], made[key], f"{name}.{key}"))), "")
    if isinstance(told, float | int) and isinstance(made, float | int):
        return "" if math.isclose(told, made, rel_tol=1e-6, abs_tol=1e-9) else name
    return "" if told == made else name


def _grade(opened: Opened) -> None:
    told = opened.json(GRADE)
    try:
        facts = [Fact(Requirement(f["requirement"]), f["holds"], f["words"], f["words_en"]) for f in told["facts"]]
        grade = grade_of(facts, parse_rules(told["rules"])).grade.value
    except BROKEN as error:
        opened.report.fault(GRADE, "", what=f"cannot be followed: {error!r}")
        return
    if grade != told.get("grade"):
        opened.report.fault(GRADE, "grade", what=f"its facts make {grade}, it says {told.get('grade')}")
