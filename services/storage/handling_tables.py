"""What people and terms do about alerts: every step, and where each alert stands now."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.registry_tables import metadata, moment

alert_step = Table(  # append-only (uskat.supervision.handling.step)
    "alert_step", metadata,
    Column("alert_id", BigInteger, ForeignKey("alert.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    moment("at"),
    Column("action", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("body", JSONB, nullable=False),  # the whole step
)  # fmt: skip

alert_handling = Table(  # what the steps lead to, so that queues need not replay them
    "alert_handling", metadata,
    Column("alert_id", BigInteger, ForeignKey("alert.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),  # of the last step
    Column("last_event", BigInteger, nullable=False),  # last entry of alert_event that was taken in
    Column("attention", Text, nullable=False),
    Column("review", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("policy", Text, nullable=False),
    moment("since"),
    Column("owner", Text),
    moment("until", nullable=True),
    moment("due_at", nullable=True),
    Column("reason", Text),
    Column("restless", Boolean, nullable=False),
    Index("ix_alert_handling_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    Index("ix_alert_handling_attention", "attention"),
)  # fmt: skip
