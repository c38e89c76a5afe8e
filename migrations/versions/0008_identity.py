"""People: accounts, sessions, territories."""

from alembic import op

revision = "0008_identity"
down_revision = "0007_alert_handling"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Create what is new."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
