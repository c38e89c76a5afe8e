"""Cases: every step, where each stands, what it speaks of; and who is on duty."""

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Identity, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.registry_tables import metadata, moment

case_file = Table(  # what the steps lead to, so that queues need not replay them
    "case_file", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("agency", Text, nullable=False),  # code of the organisation that opened it: nobody else sees it
    Column("territory", Text),
    Column("subject", Text, nullable=False),  # water | blast
    Column("title", Text, nullable=False),
    Column("station", Text),  # code
    Column("enterprise", Text),  # code of the organisation that was asked to explain
    moment("opened_at"),
    Column("seq", Integer, nullable=False),  # of the last step
    Column("stage", Text, nullable=False),
    Column("verdict", Text),
    Column("severity", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("assignee", Text),
    moment("since"),  # in this stage
    Column("clock", Text),  # the term that runs out next
    moment("deadline", nullable=True),  # when it does
    moment("due_at", nullable=True),  # when the machine has something to do
    Column("baseless", Boolean, nullable=False),  # data withdrew every alert it was opened from
    Index("ix_case_file_agency", "agency", "id"),
    Index("ix_case_file_enterprise", "enterprise", postgresql_where=text("enterprise IS NOT NULL")),
    Index("ix_case_file_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
)  # fmt: skip

case_step = Table(  # append-only (uskat.supervision.case.step)
    "case_step", metadata,
    Column("case_id", Integer, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    moment("at"),
    Column("action", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("body", JSONB, nullable=False),  # the whole step
)  # fmt: skip

case_alert = Table(  # alerts of a case, as the case last heard of them; alerts come and go by their own rules
    "case_alert", metadata,
    Column("case_id", Integer, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("alert_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Index("ix_case_alert_alert", "alert_id"),
)  # fmt: skip

case_complaint = Table(
    "case_complaint", metadata,
    Column("case_id", Integer, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("complaint_id", BigInteger, primary_key=True, autoincrement=False),
    Index("ix_case_complaint_complaint_id", "complaint_id"),
)  # fmt: skip

case_photograph = Table(  # only whoever sees the case sees it
    "case_photograph", metadata,
    Column("case_id", Integer, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("sha256", Text, primary_key=True),
    Index("ix_case_photograph_sha256", "sha256"),
)  # fmt: skip

case_policy = Table(  # versions of uskat/data/supervision/case_policy.json that an agency entered
    "case_policy", metadata,
    Column("id", Text, primary_key=True),
    Column("valid_from", Date, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("entered_by", Text, nullable=False),
    moment("entered_at"),
)  # fmt: skip

duty_shift = Table(  # who is on duty; what was entered by mistake stays, struck out
    "duty_shift", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("agency", Text, nullable=False),
    Column("territory", Text),  # null: every one of the agency's
    Column("person", Text, nullable=False),  # login
    Column("duty", Text, nullable=False),  # inspector | senior_inspector | head
    moment("since"),
    moment("until"),
    Column("entered_by", Text, nullable=False),
    moment("entered_at"),
    Column("struck_by", Text),
    moment("struck_at", nullable=True),
    Index("ix_duty_shift_agency", "agency", "until"),
)  # fmt: skip
