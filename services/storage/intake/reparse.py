"""Send refused messages through today's decoder and registry again (`uskat reparse`)."""

from collections.abc import Callable
from dataclasses import dataclass
from time import time_ns

from sqlalchemy.ext.asyncio import AsyncEngine

from services.storage.engine import reading, unit_of_work
from services.storage.intake.identity import moment_of, raw_id_at
from services.storage.intake.intake import Intake
from services.storage.intake.message import Incoming
from services.storage.rejects import RefusedMessage, open_refused, resolve
from uskat.wire.errors import WireError
from uskat.wire.topic import MessageKind, parse_topic

MESSAGES_A_BATCH = 500
AGAIN = "reparse:"


@dataclass(slots=True)
class ReparseReport:
    """How many refused messages were tried, how many are wholly accepted now, readings stored by it."""

    tried: int = 0
    accepted: int = 0
    still_refused: int = 0
    stored: int = 0


async def reparse(
    engine: AsyncEngine,
    intake: Intake,
    *,
    reason: str | None = None,
    device: str | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> ReparseReport:
    """Store again the bytes of messages that have open rejects, and close those rejects.

    They come in as new raw messages (topic `reparse:…`), so chain and ledger show when they were accepted; parts that
    had been stored before count as duplicates, what is refused again has new rejects. The clock is judged by the
    moment of the first receipt: waiting does not make a wrong device time right.
    """
    report = ReparseReport()
    after, until = 0, raw_id_at(time_ns() // 1000)
    while True:
        async with reading(engine) as connection:
            refused = await open_refused(
                connection, after=after, until=until, limit=MESSAGES_A_BATCH, reason=reason, device=device
            )
        if not refused:
            return report
        after = refused[-1].raw_id
        outcomes = await intake.store([_again(message) for message in refused])
        async with unit_of_work(engine) as connection:
            pairs = [(old.raw_id, new.raw_id) for old, new in zip(refused, outcomes, strict=True)]
            await resolve(connection, pairs)
        report.tried += len(refused)
        report.accepted += sum(not outcome.refusals for outcome in outcomes)
        report.still_refused = report.tried - report.accepted
        report.stored += sum(outcome.stored for outcome in outcomes)
        progress(report.tried)


def _again(message: RefusedMessage) -> Incoming:
    origin = message.topic.removeprefix(AGAIN)
    device, kind = sender_of(origin)
    return Incoming(AGAIN + origin, message.payload, moment_of(message.raw_id), device, kind)


def sender_of(topic: str) -> tuple[str | None, MessageKind | None]:
    """Device and kind of an MQTT topic, of `http:<device>/<kind>` or of `import:<device>/<file>`."""
    way, _, rest = topic.partition(":")
    if way == "import":
        return rest.split("/", 1)[0], MessageKind.WATER
    if way == "http":
        device, _, kind = rest.partition("/")
        return device, MessageKind(kind)
    try:
        return parse_topic(topic)
    except WireError:
        return None, None
