"""One cause of many alerts; policies that an agency sets."""

from alembic import op

revision = "0013_alert_causes"
down_revision = "0012_citizens"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE alert_cause (
        alert_id BIGINT NOT NULL,
        parent_id BIGINT NOT NULL,
        rule TEXT NOT NULL,
        rules TEXT NOT NULL,
        joined_at TIMESTAMP WITH TIME ZONE NOT NULL,
        suppressed_at TIMESTAMP WITH TIME ZONE,
        left_at TIMESTAMP WITH TIME ZONE,
        left_why TEXT,
        CONSTRAINT pk_alert_cause PRIMARY KEY (alert_id)
    )
    """,
    "CREATE INDEX ix_alert_cause_parent ON alert_cause (parent_id)",
    "CREATE INDEX ix_alert_cause_open ON alert_cause (alert_id) WHERE left_at IS NULL",
    """
    CREATE TABLE alert_policy (
        id TEXT NOT NULL,
        valid_from DATE NOT NULL,
        document JSONB NOT NULL,
        entered_by TEXT NOT NULL,
        entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_alert_policy PRIMARY KEY (id)
    )
    """,
)


def upgrade() -> None:
    """Create the tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables; alerts stay suppressed by a reference that says nothing any more."""
    op.execute("DROP TABLE alert_cause, alert_policy")
