"""What citizens tell, what agencies restrict, what goes to the state register.

Everything personal of a complaint lies in one row of `complaint_person`: to forget a person is to delete that row.
"""

from sqlalchemy import BigInteger, Column, Double, Identity, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.registry_tables import metadata, moment

complaint = Table(  # holds nothing personal; coordinates are rounded to about a kilometre
    "complaint", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("code_hash", LargeBinary, nullable=False, unique=True),  # SHA-256 of the citizen's code of 100 random bits
    moment("received_at"),
    moment("happened_at"),
    Column("topic", Text, nullable=False),  # uskat.supervision.complaint.filing.Topic
    Column("settlement", Text),  # code of a place
    Column("longitude", Double),
    Column("latitude", Double),
    Column("territory", Text),  # of the settlement, else of the nearest one; null: of none
    Column("stage", Text, nullable=False),  # uskat.supervision.complaint.machine.Stage
    Column("seq", Integer, nullable=False),  # of the last step
    moment("closed_at", nullable=True),
    moment("relink_at", nullable=True),  # when stored data are searched again for what happened there and then
    moment("forgotten_at", nullable=True),  # when its personal row was deleted
    Index("ix_complaint_territory", "territory", "id"),
    Index("ix_complaint_relink_at", "relink_at", postgresql_where=text("relink_at IS NOT NULL")),
)  # fmt: skip

complaint_person = Table(  # everything personal: one row, deleted on request and by term
    "complaint_person", metadata,
    Column("complaint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact", Text),
    Column("words", Text, nullable=False),  # the complaint's text; people write names and addresses into it
    Column("longitude", Double),  # exact, as given
    Column("latitude", Double),
    Column("photograph", LargeBinary),  # encoded anew, without metadata
    Column("media_type", Text),
    moment("keep_until"),
    Index("ix_complaint_person_keep", "keep_until"),
)  # fmt: skip

complaint_step = Table(  # append-only (uskat.supervision.complaint.step)
    "complaint_step", metadata,
    Column("complaint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    moment("at"),
    Column("action", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("body", JSONB, nullable=False),  # the whole step
)  # fmt: skip

complaint_link = Table(  # what the instruments showed there and then; computed anew while data still come
    "complaint_link", metadata,
    Column("complaint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # reading | blast | event | alert | silence
    Column("reference", Text, nullable=False),
    Column("body", JSONB, nullable=False),  # uskat.supervision.complaint.link.Link
)  # fmt: skip

restriction_decision = Table(  # a decision as it stands; what led there is in restriction_version
    "restriction_decision", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("number", Text, nullable=False, unique=True),  # of the agency's paper
    Column("agency", Text, nullable=False),  # code of the organisation that decided
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),  # issued | withdrawn
    Column("territory", Text),
    moment("starts_at"),
    moment("ends_at"),
    Column("addressees", ARRAY(Text), nullable=False),  # codes of enterprises
    Index("ix_restriction_decision_period", "starts_at", "ends_at"),
)  # fmt: skip

restriction_version = Table(  # append-only
    "restriction_version", metadata,
    Column("restriction_id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    moment("at"),
    Column("by", Text, nullable=False),
    Column("action", Text, nullable=False),  # issue | amend | withdraw
    Column("reason", Text, nullable=False),
    Column("body", JSONB, nullable=False),  # uskat.supervision.restriction.decision.Decision
)  # fmt: skip

restriction_acknowledgement = Table(  # append-only; of a version: an amended decision is to be acknowledged anew
    "restriction_acknowledgement", metadata,
    Column("restriction_id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("enterprise", Text, primary_key=True),
    moment("at"),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
)  # fmt: skip

register_packet = Table(  # outbox of the state register: exactly these bytes are sent, again and again, until accepted
    "register_packet", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("system", Text, nullable=False),  # the automatic control system, as the register knows it
    moment("interval_start"),
    Column("key", Text, nullable=False, unique=True),  # idempotency: system and interval
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),  # waiting | accepted | refused
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    moment("composed_at"),
    moment("next_at", nullable=True),  # null: nothing more is tried
    moment("accepted_at", nullable=True),
    Column("answer", Text),  # the last one, shortened
    Index("uq_register_packet_interval", "system", "interval_start", unique=True),
    Index("ix_register_packet_due", "interval_start", postgresql_where=text("state = 'waiting'")),
)  # fmt: skip
