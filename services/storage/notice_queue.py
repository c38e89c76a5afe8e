"""The queue of deliveries: jobs of procrastinate in the schema notice_queue, put there in the caller's transaction."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

SCHEMA = "notice_queue"
QUEUE = "notices"
TASK = "deliver"
URGENT_PRIORITY = 10
# The function that procrastinate's own client calls (its queries.sql, defer_jobs); a test compares.
DEFER_FUNCTION = "procrastinate_defer_jobs_v1"
_DEFER = text(
    f"""SELECT {SCHEMA}.{DEFER_FUNCTION}(ARRAY[ROW('{QUEUE}', '{TASK}', CAST(:priority AS integer), NULL,
        CAST(:key AS text), jsonb_build_object('message', CAST(:message AS bigint)), CAST(:send_at AS timestamptz))
        ::{SCHEMA}.procrastinate_job_to_defer_v1])"""
)
_DEPTH = text(
    f"""SELECT count(*) FILTER (WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())),
        count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()), count(*) FILTER (WHERE status = 'doing')
    FROM {SCHEMA}.procrastinate_jobs"""
)


async def defer_delivery(
    connection: AsyncConnection, message: int, *, key: str, send_at: datetime | None, urgent: bool
) -> None:
    """Put the delivery of a message into the queue; send_at None: at once. Needs an open transaction."""
    priority = URGENT_PRIORITY if urgent else 0
    await connection.execute(_DEFER, {"priority": priority, "key": key, "message": message, "send_at": send_at})


async def queue_depth(connection: AsyncConnection) -> tuple[int, int, int]:
    """Jobs that are due, that wait for their time, that are being done."""
    row = (await connection.execute(_DEPTH)).one()
    return int(row[0]), int(row[1]), int(row[2])
