"""Notices: whom the norms of reaction name, what was decided to tell, what was sent and reached; subscriptions.

The queue of deliveries is procrastinate's and lives in a PostgreSQL schema of its own, `notice_queue` (ADR 0013).
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Identity, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import UniqueConstraint

from services.storage.registry_tables import metadata, moment


def _number() -> "Column[int]":
    return Column("id", BigInteger, Identity(), primary_key=True)


notice_pending = Table(  # what happened to an alert and nobody has yet decided whom to tell; written with the event
    "notice_pending", metadata,
    _number(),
    Column("alert_id", BigInteger),  # of an alert
    Column("alert_event_id", BigInteger),  # either an entry of the machine
    Column("step_seq", Integer),  # or an escalation, or the end of a suppression: number of the step
    moment("at", now=True),
    Column("case_id", Integer),  # or of a case, with the number of its step
)  # fmt: skip

reaction_norm = Table(  # versions of uskat/data/supervision/reaction_norms.json that an agency entered
    "reaction_norm", metadata,
    Column("id", Text, primary_key=True),
    moment("valid_from"),
    Column("document", JSONB, nullable=False),
    Column("entered_by", Text, nullable=False),
    moment("entered_at", now=True),
    Index("ix_reaction_norm_valid_from", "valid_from"),
)  # fmt: skip

contact = Table(  # where a duty, an agency, a service or a company is reached
    "contact", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("role", Text, nullable=False),  # audience of the norms: duty | head | enterprise | dispatch_service | …
    Column("organisation_id", Integer),  # of an enterprise: told of its own alerts only
    Column("territory", Text),  # null: of all territories
    Column("name", Text, nullable=False),
    Column("channel", Text, nullable=False),  # email | telegram | webhook | sms
    Column("address", Text, nullable=False),
    Column("language", Text, nullable=False, server_default="ru"),
    moment("created_at", now=True),
    Column("created_by", Text, nullable=False),
    moment("removed_at", nullable=True),
    Column("person", Text),  # login of whoever is reached there: called when the roster says they are on duty
    Index("ix_contact_role", "role"),
    Index("ix_contact_person", "person", postgresql_where=text("person IS NOT NULL")),
)  # fmt: skip

subscription = Table(  # a resident's; deleted when they leave, unconfirmed ones after two days
    "subscription", metadata,
    _number(),
    Column("address", Text, nullable=False),  # e-mail or endpoint of a browser, nothing else is known of the person
    Column("area_kind", Text, nullable=False),  # reach | settlement | pit
    Column("area_code", Text, nullable=False),
    Column("language", Text, nullable=False, server_default="ru"),
    Column("token", Text, nullable=False, unique=True),  # confirms and leaves; only the mails carry it
    moment("created_at", now=True),
    moment("confirmed_at", nullable=True),
    Column("channel", Text, nullable=False, server_default="email"),  # email | push
    Column("push_keys", JSONB),  # of a browser: p256dh and auth (RFC 8291)
    UniqueConstraint("address", "area_kind", "area_code"),
    Index("ix_subscription_area_kind", "area_kind", "area_code"),
)  # fmt: skip

notice_message = Table(  # what is sent to one recipient over one channel: a notice, or what quiet hours gathered
    "notice_message", metadata,
    _number(),
    Column("key", Text, nullable=False, unique=True),  # idempotency key: the same for every copy that arrives
    Column("kind", Text, nullable=False),  # notice | digest | confirm
    Column("recipient", Text, nullable=False),  # contact:<id> | subscription:<id>
    Column("channel", Text, nullable=False),
    Column("urgent", Boolean, nullable=False),
    moment("send_at"),
    Column("state", Text, nullable=False),  # waiting | delivered | dead | dropped
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    moment("created_at", now=True),
    moment("settled_at", nullable=True),
    Column("problem", Text),  # why the last attempt failed, without addresses and secrets
    Index("ix_notice_message_state", "state"),
    Index("ix_notice_message_recipient", "recipient"),
)  # fmt: skip

notice = Table(  # decided: this recipient hears of this happening over this channel; one row each
    "notice", metadata,
    _number(),
    Column("alert_id", BigInteger),  # of an alert
    Column("source", Text, nullable=False),  # event:<alert_event.id> | step:<number of the step>
    Column("event", Text, nullable=False),
    Column("occasion", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("norm", Text, nullable=False),  # id of the norms of reaction in force
    Column("recipient", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("message_id", BigInteger, ForeignKey("notice_message.id"), nullable=False),
    moment("decided_at"),
    moment("due_at"),  # by when the norm wants it told
    Column("words", JSONB, nullable=False),  # what is said, as the alert stood then
    Column("case_id", Integer),  # or of a case
    UniqueConstraint("alert_id", "source", "recipient", "channel"),
    UniqueConstraint("case_id", "source", "recipient", "channel"),
    Index("ix_notice_message", "message_id"),
    Index("ix_notice_recipient", "recipient", "decided_at"),
)  # fmt: skip

notice_attempt = Table(  # delivery log; append-only
    "notice_attempt", metadata,
    _number(),
    Column("message_id", BigInteger, ForeignKey("notice_message.id"), nullable=False),
    moment("at"),
    Column("outcome", Text, nullable=False),  # delivered | failed | dead
    Column("detail", Text),
    Index("ix_notice_attempt_message", "message_id"),
)  # fmt: skip
