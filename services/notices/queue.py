"""The queue's worker (procrastinate): retries with growing, jittered pauses; jobs of the dead are put back."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job

from services.notices import metrics
from services.notices.delivery import Delivery
from services.settings import Settings
from services.storage.engine import libpq_url
from services.storage.notice_queue import QUEUE, SCHEMA, TASK

HEARTBEATS_A_STALL = 3
POLL_S = 5.0
GRACE_S = 6.0

log = structlog.get_logger(__name__)


class Backoff(BaseRetryStrategy):
    """Pause `first_s`, doubled with every attempt up to `longest_s`, times a random 0.5 to 1.5."""

    def __init__(self, *, attempts: int, first_s: float, longest_s: float, source: random.Random | None = None) -> None:
        """attempts: all of them, the first included."""
        self.attempts, self._first_s, self._longest_s = attempts, first_s, longest_s
        self._random = source or random.Random()  # noqa: S311 - spreads load, keeps no secret

    def is_final(self, attempts_before: int) -> bool:
        """True when no attempt follows the one after so many."""
        return attempts_before + 1 >= self.attempts

    def pause(self, attempts_before: int) -> timedelta:
        """Pause after a failed attempt."""
        steady = min(self._first_s * 2.0 ** min(attempts_before, 60), self._longest_s)
        return timedelta(seconds=steady * (0.5 + self._random.random()))

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002
        """When the job is done again; None: never."""
        if self.is_final(job.attempts):
            return None
        return RetryDecision(retry_at=datetime.now(UTC) + self.pause(job.attempts))


class DeliveryQueue:
    """A worker of the queue and its care for jobs of workers that died."""

    def __init__(self, settings: Settings, delivery: Delivery) -> None:
        self._stalled_s = settings.notice_stalled_s
        self._concurrency = settings.notice_concurrency
        self._app = App(
            connector=PsycopgConnector(
                conninfo=libpq_url(settings.database_url.get_secret_value()),
                kwargs={"options": f"-c search_path={SCHEMA},public", "application_name": "uskat-notices-queue"},
                min_size=1,
                max_size=settings.notice_concurrency + 3,
                timeout=10,
            )
        )
        retry = Backoff(
            attempts=settings.notice_attempts,
            first_s=settings.notice_retry_first_s,
            longest_s=settings.notice_retry_longest_s,
        )

        @self._app.task(name=TASK, queue=QUEUE, pass_context=True, retry=retry)
        async def deliver(context: JobContext, message: int) -> None:
            await delivery.deliver(message, final=retry.is_final(context.job.attempts))

    async def work(self) -> None:
        """Work until cancelled. Raises what procrastinate raises when the database is lost."""
        async with self._app.open_async():
            await self.revive()
            await self._app.run_worker_async(
                queues=[QUEUE],
                name="notices",
                concurrency=self._concurrency,
                install_signal_handlers=False,
                delete_jobs="always",  # the log of deliveries is ours
                fetch_job_polling_interval=min(POLL_S, self._stalled_s),
                shutdown_graceful_timeout=GRACE_S,
                update_heartbeat_interval=self._stalled_s / HEARTBEATS_A_STALL,
                stalled_worker_timeout=self._stalled_s,
            )

    async def revive(self) -> int:
        """Put jobs back whose worker gives no sign of life."""
        manager = self._app.job_manager
        stalled: list[Any] = list(await manager.get_stalled_jobs(seconds_since_heartbeat=self._stalled_s))
        for job in stalled:
            await manager.retry_job(job)
            metrics.REVIVED.inc()
            log.warning("notice.revived", job=job.id)
        return len(stalled)
