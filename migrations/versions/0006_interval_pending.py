"""Increments of 20-minute intervals kept with their batch until they are folded in (ADR 0010)."""

from alembic import op

revision = "0006_interval_pending"
down_revision = "0005_blast_state"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE interval_pending (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        lane SMALLINT NOT NULL,
        stations INTEGER[] NOT NULL,
        increments BYTEA NOT NULL,
        CONSTRAINT pk_interval_pending PRIMARY KEY (id)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)
    """,
    # Numbers of a binary form compress badly and slowly.
    "ALTER TABLE interval_pending ALTER COLUMN increments SET STORAGE EXTERNAL",
)


def upgrade() -> None:
    """Create the table."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop it; refused while it holds what is not folded in yet (ingest stopped cleanly leaves nothing)."""
    op.execute(
        """DO $$ BEGIN
        IF EXISTS (SELECT 1 FROM interval_pending) THEN RAISE EXCEPTION 'interval_pending is not empty'; END IF;
        END $$"""
    )
    op.execute("DROP TABLE interval_pending")
