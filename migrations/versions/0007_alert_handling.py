"""Alerts in people's hands: append-only steps, and where each alert stands."""

from alembic import op

revision = "0007_alert_handling"
down_revision = "0006_interval_pending"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE alert_step (
        alert_id BIGINT NOT NULL,
        seq INTEGER NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        action TEXT NOT NULL,
        by TEXT NOT NULL,
        body JSONB NOT NULL,
        CONSTRAINT pk_alert_step PRIMARY KEY (alert_id, seq),
        CONSTRAINT fk_alert_step_alert_id_alert FOREIGN KEY(alert_id) REFERENCES alert (id)
    )
    """,
    """
    CREATE TABLE alert_handling (
        alert_id BIGINT NOT NULL,
        seq INTEGER NOT NULL,
        last_event BIGINT NOT NULL,
        attention TEXT NOT NULL,
        review TEXT NOT NULL,
        severity TEXT NOT NULL,
        policy TEXT NOT NULL,
        since TIMESTAMP WITH TIME ZONE NOT NULL,
        owner TEXT,
        until TIMESTAMP WITH TIME ZONE,
        due_at TIMESTAMP WITH TIME ZONE,
        reason TEXT,
        restless BOOLEAN NOT NULL,
        CONSTRAINT pk_alert_handling PRIMARY KEY (alert_id),
        CONSTRAINT fk_alert_handling_alert_id_alert FOREIGN KEY(alert_id) REFERENCES alert (id)
    )
    """,
    "CREATE INDEX ix_alert_handling_due_at ON alert_handling (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX ix_alert_handling_attention ON alert_handling (attention)",
)


def upgrade() -> None:
    """Create the tables; the alerts that are there enter them with the next look."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables and with them what people decided."""
    op.execute("DROP TABLE alert_handling, alert_step")
