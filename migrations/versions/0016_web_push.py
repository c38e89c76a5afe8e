"""Web push, notices of cases, people's contacts, case policies that an agency sets."""

from alembic import op

revision = "0016_web_push"
down_revision = "0015_more_isolation"
branch_labels = None
depends_on = None

OF_ALERT = "uskat_everything() OR EXISTS (SELECT FROM alert a WHERE a.id = alert_id AND uskat_at_station(a.station_id))"

STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE subscription ADD COLUMN channel TEXT NOT NULL DEFAULT 'email'",
    "ALTER TABLE subscription ADD COLUMN push_keys JSONB",
    "ALTER TABLE contact ADD COLUMN person TEXT",
    "CREATE INDEX ix_contact_person ON contact (person) WHERE person IS NOT NULL",
    "ALTER TABLE notice_pending ALTER COLUMN alert_id DROP NOT NULL",
    "ALTER TABLE notice_pending ADD COLUMN case_id INTEGER",
    "ALTER TABLE notice ALTER COLUMN alert_id DROP NOT NULL",
    "ALTER TABLE notice ADD COLUMN case_id INTEGER",
    "ALTER TABLE notice ADD CONSTRAINT uq_notice_case_id UNIQUE (case_id, source, recipient, channel)",
    "CREATE INDEX ix_notice_recipient ON notice (recipient, decided_at)",
    """
    CREATE TABLE case_policy (
        id TEXT NOT NULL,
        valid_from DATE NOT NULL,
        document JSONB NOT NULL,
        entered_by TEXT NOT NULL,
        entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_case_policy PRIMARY KEY (id)
    )
    """,
    "CREATE OR REPLACE VIEW contact_role WITH (security_barrier) AS SELECT id, role, person FROM contact",
    f"ALTER POLICY seen ON notice USING ({OF_ALERT} OR EXISTS (SELECT FROM case_file f WHERE f.id = case_id))",
)
REVERSE: tuple[str, ...] = (
    f"ALTER POLICY seen ON notice USING ({OF_ALERT})",
    "DROP VIEW contact_role",
    "CREATE VIEW contact_role WITH (security_barrier) AS SELECT id, role FROM contact",
    "DROP TABLE case_policy",
    "DELETE FROM notice WHERE alert_id IS NULL",
    "DROP INDEX ix_notice_recipient",
    "ALTER TABLE notice DROP CONSTRAINT uq_notice_case_id",
    "ALTER TABLE notice DROP COLUMN case_id",
    "ALTER TABLE notice ALTER COLUMN alert_id SET NOT NULL",
    "DELETE FROM notice_pending WHERE alert_id IS NULL",
    "ALTER TABLE notice_pending DROP COLUMN case_id",
    "ALTER TABLE notice_pending ALTER COLUMN alert_id SET NOT NULL",
    "ALTER TABLE contact DROP COLUMN person",
    "DELETE FROM subscription WHERE channel <> 'email'",
    "ALTER TABLE subscription DROP COLUMN push_keys",
    "ALTER TABLE subscription DROP COLUMN channel",
)


def upgrade() -> None:
    """To this version."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Back to the version before."""
    for statement in REVERSE:
        op.execute(statement)
