"""A pack of evidence as one file: documents, raw bytes, proofs, a manifest with SHA-256 of every member, a signature.

Equal contents make equal bytes. What each member holds: docs/explanation/evidence.md.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from uskat.supervision.evidence.container import write_container
from uskat.supervision.evidence.seal import MANIFEST_PREFIX, canonical, key_id_of, public_pem

FORMAT = "uskat-evidence-1"
MANIFEST, SIGNATURE, PUBLIC_KEY, README, ACT = (
    "manifest.json",
    "manifest.sig",
    "public-key.pem",
    "README.txt",
    "act.pdf",
)
RAW_INDEX, PROOFS, DAYS = "raw/index.json", "proofs.json", "days.json"
READINGS, REGISTRY, GRADE, RECORDS = "readings.json", "registry.json", "grade.json", "records.json"
README_TEXT = """ПАКЕТ ДОКАЗАТЕЛЬСТВ «Ускат»

act.pdf – акт для чтения; всё остальное – данные, из которых он составлен, и доказательства их неизменности.
Проверка без сети и без базы данных:

    uskat evidence verify ПАКЕТ.zip --key public-key-полученный-отдельно.pem

Ключ внутри пакета ничего не доказывает: сравните его с опубликованным ведомством.

EVIDENCE PACK of "Uskat". act.pdf is for reading, everything else is the data it was made of and proofs that nothing was
changed. Check it offline with the command above; take the public key from the agency, not from the pack.
"""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A raw message with its link. before, link: hash of the link before, and its own; device: None for unknown."""

    raw_id: int
    device: str | None
    topic: str
    payload: bytes
    chain_seq: int
    before: bytes
    link: bytes


@dataclass(frozen=True, slots=True)
class DayProof:
    """A closed day and the paths of its messages in the pack: raw_id → (place, path)."""

    statement: str
    signature: str
    public_key: str
    paths: Mapping[int, tuple[int, Sequence[bytes]]]


@dataclass(frozen=True, slots=True)
class PackContents:
    """What goes into a pack. subject: what it is about; documents: JSON values by file name; act: the PDF."""

    subject: Mapping[str, Any]
    made_at: datetime
    made_by: str
    documents: Mapping[str, Any]
    raw: Sequence[RawRecord]
    days: Sequence[DayProof]
    act: bytes


@dataclass(frozen=True, slots=True)
class Pack:
    """The file, and the SHA-256 of its manifest by which it is known again."""

    data: bytes
    manifest_sha256: bytes


def raw_name(raw_id: int) -> str:
    """Member that holds the bytes of a raw message."""
    return f"raw/{raw_id}.bin"


def build_pack(contents: PackContents, key: Ed25519PrivateKey) -> Pack:
    """The file of a pack. Raises ContainerTooLarge, ValueError for a number that JSON cannot hold."""
    public = key.public_key()
    members = {PUBLIC_KEY: public_pem(public).encode(), README: README_TEXT.encode(), ACT: contents.act}
    members |= {name: canonical(value) for name, value in sorted(contents.documents.items())}
    members[RAW_INDEX] = canonical([_entry(one) for one in contents.raw])
    members[DAYS] = canonical([
        {"statement": day.statement, "signature": day.signature, "public_key": day.public_key} for day in contents.days
    ])  # fmt: skip
    members[PROOFS] = canonical([
        {"raw_id": raw_id, "day": number, "index": index, "path": [step.hex() for step in path]}
        for number, day in enumerate(contents.days)
        for raw_id, (index, path) in sorted(day.paths.items())
    ])  # fmt: skip
    members |= {raw_name(one.raw_id): one.payload for one in contents.raw}
    manifest = canonical({
        "format": FORMAT, "subject": contents.subject, "made_at": contents.made_at.isoformat(),
        "made_by": contents.made_by, "key_id": key_id_of(public),
        "files": {name: {"sha256": _sha256(body), "bytes": len(body)} for name, body in members.items()},
    })  # fmt: skip
    return sealed_pack(manifest, members, key=key)


def sealed_pack(manifest: bytes, members: Mapping[str, bytes], *, key: Ed25519PrivateKey) -> Pack:
    """Manifest, its signature and the members as the file."""
    signature = key.sign(MANIFEST_PREFIX + manifest).hex().encode()
    data = write_container({MANIFEST: manifest, SIGNATURE: signature, **members})
    return Pack(data, hashlib.sha256(manifest).digest())


def _entry(one: RawRecord) -> dict[str, Any]:
    return {
        "raw_id": one.raw_id, "device": one.device, "topic": one.topic, "chain_seq": one.chain_seq,
        "prev_hash": one.before.hex(), "hash": one.link.hex(), "bytes": len(one.payload),
    }  # fmt: skip


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
