"""Notices and subscriptions."""

from alembic import op

revision = "0010_notices"
down_revision = "0009_cases"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Create what is new."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
