"""A small pack of evidence from invented readings, by the product's own decoder, chain, tree and signature."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.storage.evidence_decoding import decode_again, measure_again
from services.storage.intake.identity import Link, next_link, raw_id_at
from uskat.supervision.evidence.grade import Grade, Requirement, grade_rules
from uskat.supervision.evidence.merkle import audit_path, levels_of, root_of
from uskat.supervision.evidence.pack import GRADE, READINGS, RECORDS, REGISTRY, DayProof, PackContents, RawRecord
from uskat.supervision.evidence.seal import DayStatement, day_of, key_id_of, message_leaf, public_pem, sign_day
from uskat.wire.seismic import Channel, encode_miniseed
from uskat.wire.water import WaterPacket, encode_water

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
START = datetime(2026, 6, 1, 20, tzinfo=UTC)
DEVICE, MESSAGES = "U-43", 12
EVENING = START + timedelta(hours=2)
CALIBRATION = {
    "channels": {
        f"GH{axis}": {"component": name, "unit": "mm/s", "counts_per_unit": 1e4}
        for axis, name in (("Z", "V"), ("N", "L"), ("E", "T"))
    },
}  # fmt: skip
SERIES_REGISTRY = {
    "devices": [{"id": 7, "code": DEVICE, "station_id": 3}],
    "series": [
        {"id": 11, "device": DEVICE, "station_id": 3, "parameter": "ph", "gross_min": 0.0, "gross_max": 14.0, "scale": 6},
        {"id": 12, "device": DEVICE, "station_id": 3, "parameter": "temp", "gross_min": -0.5, "gross_max": 35.0, "scale": 6},
    ],
}  # fmt: skip


def raw_records() -> list[RawRecord]:
    """Messages of one device, half of them before midnight UTC; one is out of the physical range, one in service."""
    found, last = [], None
    for number in range(MESSAGES):
        moment = EVENING + timedelta(minutes=20 * number)
        body = WaterPacket(t=moment, v={"ph": 7.5 + number / 7, "temp": 11.25}, seq=number)
        payload = encode_water(body if number else WaterPacket(t=moment, v={"ph": 99.0, "temp": 11.25}))
        raw_id = raw_id_at(round(moment.timestamp() * 1e6), 5)
        topic = f"uskat/v1/{DEVICE}/water"
        link, before = next_link(last, raw_id=raw_id, topic=topic, payload=payload)
        found.append(RawRecord(raw_id, DEVICE, topic, payload, link.chain_seq, before, link.digest))
        last = Link(link.chain_seq, link.digest)
    return found


def shaking() -> RawRecord:
    """A record of a seismograph, the first of its chain, a minute behind the first message of the logger."""
    samples = (1e5 * np.exp(-np.arange(600) / 90) * np.sin(np.arange(600) / 3)).astype(np.int32)
    moment = EVENING + timedelta(minutes=1)
    payload = encode_miniseed([Channel(f"XX.S1..{code}", moment, 256.0, samples) for code in CALIBRATION["channels"]])
    raw_id, topic = raw_id_at(round(moment.timestamp() * 1e6), 5), "uskat/v1/S-1/seismic"
    link, before = next_link(None, raw_id=raw_id, topic=topic, payload=payload)
    return RawRecord(raw_id, "S-1", topic, payload, link.chain_seq, before, link.digest)


def day_proofs(raw: list[RawRecord]) -> list[DayProof]:
    """Both days closed, each with messages of other devices around ours."""
    days, previous = [], None
    for day in sorted({day_of(one.raw_id) for one in raw}):
        own = {one.raw_id: message_leaf(one.raw_id, one.link) for one in raw if day_of(one.raw_id) == day}
        leaves = own | {raw_id + 1: message_leaf(raw_id + 1, bytes(32)) for raw_id in own}
        order = sorted(leaves)
        levels = levels_of([leaves[raw_id] for raw_id in order])
        root = root_of([leaves[raw_id] for raw_id in order])
        statement = DayStatement(day, len(order), root.hex(), previous, key_id_of(KEY.public_key()))
        previous = statement.digest()
        paths = {raw_id: (order.index(raw_id), audit_path(levels, order.index(raw_id))) for raw_id in own}
        signature = sign_day(statement, KEY).hex()
        days.append(DayProof(statement.text(), signature, public_pem(KEY.public_key()), paths))
    return days


def contents() -> PackContents:
    """Everything of the pack."""
    water, record, registry = raw_records(), shaking(), SERIES_REGISTRY | {"unsealed": []}
    raw = sorted([*water, record], key=lambda one: one.raw_id)
    decoded = decode_again(registry, raw)
    rows = sorted([*row, raw_id] for raw_id, found in decoded.items() for row in found)
    records = [{
        "raw_id": record.raw_id, "device": record.device, "calibration": CALIBRATION,
        "measures": measure_again(CALIBRATION, record),
    }]  # fmt: skip
    documents: Mapping[str, Any] = {
        READINGS: {"series": [11, 12], "since_us": rows[0][1], "until_us": rows[-1][1] + 1, "rows": rows},
        REGISTRY: registry, RECORDS: records, GRADE: grade_document(), "alert.json": {"alert": {"id": 5, "title": "Демо"}},
        "notices.json": [{"role": "duty", "channel": "email", "state": "delivered"}],
        "verifications.json": {"verifications": [{"docnum": "С-ДЕМО/1"}], "methods": []},
    }  # fmt: skip
    return PackContents(
        {"alert": 5}, START, "тест", documents, raw, day_proofs(raw), b"%PDF-1.3 \xd0\xb4\xd0\xb5\xd0\xbc\xd0\xbe"
    )


def grade_document() -> dict[str, Any]:
    """Grade E3 with all its facts and the rules."""
    rules = grade_rules()
    grades = {grade.value: {"needs": list(rules.needs[grade]), "meaning": "", "meaning_en": ""} for grade in Grade}
    facts = [
        {"requirement": one, "holds": one is not Requirement.SAMPLE, "words": "", "words_en": ""}
        for grade in Grade for one in rules.needs[grade]
    ]  # fmt: skip
    document = {"id": rules.id, "valid_from": "2026-01-01", "verified": False, "source": "", "grades": grades}
    return {"grade": "E3", "facts": facts, "rules": document}
