"""Alerts of one cause under their parent, and policies that an agency set beside the packaged ones."""

from sqlalchemy import BigInteger, Column, Date, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.registry_tables import metadata, moment

alert_cause = Table(  # an alert belongs to one cause once; what left it is not gathered again
    "alert_cause", metadata,
    Column("alert_id", BigInteger, primary_key=True, autoincrement=False),  # the child
    Column("parent_id", BigInteger, nullable=False),
    Column("rule", Text, nullable=False),  # id of the rule in its version of alert_causes.json
    Column("rules", Text, nullable=False),  # id of that version
    moment("joined_at"),
    moment("suppressed_at", nullable=True),
    moment("left_at", nullable=True),
    Column("left_why", Text),  # closed: the parent closed first; alone: the cause fell apart; merged; over
    Index("ix_alert_cause_parent", "parent_id"),
    Index("ix_alert_cause_open", "alert_id", postgresql_where=text("left_at IS NULL")),
)  # fmt: skip

alert_policy = Table(  # append-only: a policy is never changed, a newer one is entered
    "alert_policy", metadata,
    Column("id", Text, primary_key=True),
    Column("valid_from", Date, nullable=False),
    Column("document", JSONB, nullable=False),  # as uskat/data/supervision/alert_policy.json
    Column("entered_by", Text, nullable=False),
    moment("entered_at"),
)  # fmt: skip
