"""What makes readings evidence: verifications of instruments, attested methods, sealed days, packs handed out."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.registry_tables import metadata, moment

instrument_verification = Table(  # поверка; append-only, the newest row of (instrument, docnum) speaks
    "instrument_verification", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("instrument_id", Integer, ForeignKey("instrument.id"), nullable=False),
    Column("vri_id", Text),  # identifier in ФГИС «Аршин»; null: entered by hand
    Column("mit_number", Text, nullable=False),  # registry number of the type approval
    Column("mi_number", Text, nullable=False),  # serial number of the instrument
    Column("type_name", Text, nullable=False),
    Column("docnum", Text, nullable=False),  # number of the certificate or of the notice of unfitness
    Column("verified_on", Date, nullable=False),
    Column("valid_until", Date),  # the last day; null: without term
    Column("organisation", Text, nullable=False),
    Column("applicable", Boolean, nullable=False),  # false: found unfit, or annulled
    Column("source", Text, nullable=False),  # arshin | manual
    Column("raw", JSONB, nullable=False),  # the answer as it came, or what was entered
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
    Index("ix_instrument_verification_instrument", "instrument_id", "docnum", "id"),
)  # fmt: skip

measuring_method = Table(  # attested method of a parameter by an instrument; append-only
    "measuring_method", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("instrument_id", Integer, ForeignKey("instrument.id"), nullable=False),
    Column("parameter", Text, nullable=False),
    Column("method", Text, nullable=False),  # registration number of the method (ФР.1.31.…) or its document
    Column("low", Double, nullable=False),  # range of measurement, unit of the parameter
    Column("high", Double, nullable=False),
    Column("uncertainty_absolute", Double, nullable=False),  # U (k = 2) is the larger of the two
    Column("uncertainty_relative", Double, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("source", Text, nullable=False),
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
    Index("ix_measuring_method_instrument", "instrument_id", "parameter"),
)  # fmt: skip

sealed_day = Table(  # a UTC day of storing (raw_id), closed by a signed Merkle root; never changed
    "sealed_day", metadata,
    Column("day", Date, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("statement", Text, nullable=False),  # what is signed, byte for byte (uskat.supervision.evidence.seal)
    Column("signature", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("public_key", Text, nullable=False),  # PEM; what counts is the copy that others keep
    moment("sealed_at"),
)  # fmt: skip

seal_check = Table(  # a sealed day computed anew from what is stored; fault null: it agreed
    "seal_check", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("day", Date, nullable=False),
    moment("checked_at"),
    Column("fault", Text),
    Index("ix_seal_check_day", "day", "id"),
)  # fmt: skip

evidence_pack = Table(  # a pack that was handed out: to whom, and the digest by which it is known again
    "evidence_pack", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("alert_id", Integer, nullable=False),
    Column("manifest_sha256", LargeBinary, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    moment("made_at"),
    Index("ix_evidence_pack_alert", "alert_id"),
)  # fmt: skip
