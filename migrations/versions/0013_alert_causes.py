"""One cause of many alerts."""

from alembic import op

revision = "0013_alert_causes"
down_revision = "0012_citizens"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Create what is new."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
