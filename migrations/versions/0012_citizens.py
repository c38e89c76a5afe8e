"""Complaints, restrictions, state register."""

from alembic import op

revision = "0012_citizens"
down_revision = "0011_evidence"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Create what is new."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
