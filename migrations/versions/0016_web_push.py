"""Web push."""

from alembic import op

revision = "0016_web_push"
down_revision = "0015_more_isolation"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = ()
REVERSE: tuple[str, ...] = ()


def upgrade() -> None:
    """To this version."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Back to the version before."""
    for statement in REVERSE:
        op.execute(statement)
