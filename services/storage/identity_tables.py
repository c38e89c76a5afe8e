"""People and what they may: territories, accounts, sign-ins, failures to sign in, the audit log.

Secrets are kept as hashes only; the one that must be read back, the TOTP secret, is encrypted. `station.territory` and
`place.territory` hold a territory's code without a foreign key, so that a network file may be loaded in any order.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.registry_tables import metadata, moment

territory = Table(  # where an agency supervises; cases, complaints and alerts belong to that of their station or place
    "territory", metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
)  # fmt: skip

agency_territory = Table(
    "agency_territory", metadata,
    Column("organisation_id", Integer, ForeignKey("organisation.id"), primary_key=True, autoincrement=False),
    Column("territory", Text, ForeignKey("territory.code"), primary_key=True),
)  # fmt: skip

account = Table(
    "account", metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("login", Text, nullable=False, unique=True),  # lower case
    Column("name", Text, nullable=False),  # of the person, as screens show it
    Column("organisation_id", Integer, ForeignKey("organisation.id"), nullable=False),
    Column("roles", ARRAY(Text), nullable=False),  # uskat.supervision.access.roles.AccountRole
    Column("password_hash", Text),  # argon2id; null: none set yet
    Column("totp_secret", LargeBinary),  # encrypted with the installation's key; null: none yet
    moment("totp_confirmed_at", nullable=True),  # the first code was right
    Column("totp_last_step", BigInteger),  # 30-second step of the newest accepted code: no code is taken twice
    Column("oidc_issuer", Text),
    Column("oidc_subject", Text),
    Column("invitation_hash", LargeBinary),  # SHA-256 of a code that lets set a password and a TOTP secret, once
    moment("invitation_expires_at", nullable=True),
    moment("disabled_at", nullable=True),
    moment("created_at"),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("oidc_issuer", "oidc_subject"),
    Index("uq_account_invitation", "invitation_hash", unique=True),
)  # fmt: skip

session_family = Table(  # one sign-in on one device: its refresh tokens follow one another, none is used twice
    "session_family", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False),
    Column("method", Text, nullable=False),  # password | password+totp | oidc | oidc+totp
    Column("address", Text, nullable=False),
    moment("created_at"),
    moment("expires_at"),  # no refresh goes beyond it
    moment("revoked_at", nullable=True),
    Column("revoked_why", Text),  # uskat.supervision.access.family.Ending
    Index("ix_session_family_account", "account_id"),
)  # fmt: skip

refresh_token = Table(
    "refresh_token", metadata,
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256 of 256 random bits
    Column("family_id", BigInteger, ForeignKey("session_family.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    moment("issued_at"),
    moment("used_at", nullable=True),
    UniqueConstraint("family_id", "seq"),
)  # fmt: skip

access_token = Table(
    "access_token", metadata,
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256 of 256 random bits
    Column("family_id", BigInteger, ForeignKey("session_family.id"), nullable=False),
    moment("expires_at"),
    Index("ix_access_token_family", "family_id"),
    Index("ix_access_token_expires", "expires_at"),
)  # fmt: skip

sign_in_failure = Table(  # what the lock-out policy remembers; of logins that do not exist just the same
    "sign_in_failure", metadata,
    Column("kind", Text, primary_key=True),  # login | address
    Column("key", Text, primary_key=True),  # SHA-256 of a login, hexadecimal; an address or its /64
    Column("failures", Integer, nullable=False),
    moment("last_at"),
    moment("blocked_until", nullable=True),
)  # fmt: skip

sign_in_request = Table(  # a sign-in that waits for the OpenID provider, or for the second factor after it
    "sign_in_request", metadata,
    Column("state_hash", LargeBinary, primary_key=True),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),  # PKCE
    moment("expires_at"),
    Column("account_id", Integer, ForeignKey("account.id")),  # set: the provider has named them
)  # fmt: skip

audit_log = Table(  # append-only by trigger
    "audit_log", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    moment("at", now=True),
    Column("who", Text, nullable=False),
    Column("organisation", Text),  # code; null: of none
    Column("action", Text, nullable=False),  # e.g. account.create
    Column("kind", Text, nullable=False),  # of the object
    Column("object_id", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Index("ix_audit_log_object", "kind", "object_id", "id"),
    Index("ix_audit_log_organisation", "organisation", "id"),
)  # fmt: skip
