"""Declared blasts as everybody reads them, and their history for the enterprise and its inspector."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking, Principal
from services.api.blast_answer import (
    BlastDetail,
    History,
    PublicBlast,
    declared_zones,
    history_steps,
    public_blast,
)
from services.api.context import Context, Shared
from services.api.errors import NotFound
from services.api.nitrogen_answer import rises_after
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import EARLIEST, INT32, LATEST, Code, Cursor, End, FormatName, Limit, PathCode, Start
from services.api.reply import MEDIA_TYPES, Format, features, fresh_reply, json_reply, next_link, wanted_format
from services.api.schema import answers
from services.api.state_word import LOCAL
from services.api.version import version_tag
from services.storage.blast_pairs import observed_of
from services.storage.blast_reading import BlastHead, find_blast, list_blasts
from services.storage.blast_registry import may_look_into, pit_outline
from services.storage.blast_store import StoredBlast, read_blast
from services.storage.observation_reading import EPOCH
from uskat.blast.passport.check_report import Observed
from uskat.blast.passport.in_order import passport_in_order, report_in_order
from uskat.blast.passport.lifecycle import BlastStatus

MAX_AGE_S = 30
MICROSECOND = timedelta(microseconds=1)
router = APIRouter(prefix=API, tags=["blasts"])

Enterprise = Annotated[Code | None, Query(description="code of an enterprise")]
Pit = Annotated[Code | None, Query(description="code of a pit")]
Documents = Annotated[bool, Query(description="with whole passports and reports")]

BLAST_EXAMPLE = {
    "enterprise": "kedrovaya-pad-demo", "enterprise_name": "Разрез Кедровая Падь (демо)", "blast_id": "kp-2026-061",
    "pit": "kedrovaya-pad", "pit_name": "Карьер Кедровая Падь (демо)", "block": "горизонт +210, блок 14",
    "status": "published",
    "state": {
        "code": "announced", "word": "Объявлен",
        "sentence": "Карьер Кедровая Падь (демо): 10.06.2026, окно 13:00–15:00. Опасная зона 500 м.",
        "shape": "square", "fill": "#ffffff", "text": "#12181f",
    },
    "version": 2, "planned_from": "2026-06-10T06:00:00Z", "planned_to": "2026-06-10T08:00:00Z",
    "announced_at": "2026-06-09T03:00:00Z", "fired_at": None, "reported_at": None, "longitude": 87.0876,
    "latitude": 54.1307, "danger_zone_m": 500.0, "postpone_reason": None, "moved_from": None, "closed_roads": [],
    "demo": True,
}  # fmt: skip
STEP_EXAMPLE = {
    "number": 2, "at": "2026-06-09T03:00:00Z", "by": "kedrovaya", "action": "publish", "before": "planned",
    "after": "published", "reason": None, "note": None, "fired_at": None, "irregular": None, "fields": [],
    "passport": None, "report": None,
}  # fmt: skip


@router.get(
    "/blasts",
    summary="Declared blasts: when, where, in what state",
    responses=answers(
        Page[PublicBlast],
        "A page, the latest window first",
        example={"items": [BLAST_EXAMPLE], "next": None},
        others={"application/geo+json": "the declared danger zone and the block of each"},
    ),
)
async def get_blasts(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    enterprise: Enterprise = None,
    pit: Pit = None,
    status: BlastStatus | None = None,
    start: Start = None,
    end: End = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    format_name: FormatName = None,
) -> Response:
    """Announced blasts, and those that happened; those not announced only to their enterprise and the inspector."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    question = ("blasts", enterprise, pit, str(status), str(start), str(end))
    found = await context.published.ask(
        list_blasts,
        own=asking.enterprise,
        everything=asking.runs_all,
        supervised=asking.supervised,
        enterprise=enterprise,
        pit=pit,
        status=status.value if status is not None else None,
        since=start or EARLIEST,
        until=end or LATEST,
        before=_before(cursor, question),
        limit=limit + 1,
    )
    heads, more = cut(list(found), limit)
    following = write_cursor(question, (_micros(heads[-1].planned_from), heads[-1].id)) if more else None
    headers = next_link(request, following)
    shown = [(head, public_blast(head, context.now())) for head in heads]
    content: Any = Page([blast for _, blast in shown], following)
    if form is Format.GEOJSON:
        content = features([_with_state(one, blast) for head, blast in shown for one in declared_zones(head)])
    return fresh_reply(request, content, max_age_s=MAX_AGE_S, media_type=MEDIA_TYPES[form], headers=headers)


@router.get(
    "/blasts/{enterprise}/{blast_id}",
    summary="One declared blast",
    responses=answers(
        BlastDetail,
        "The blast; passport, report and what does not fit only for its enterprise and the inspector. `ETag`: version",
        example={
            "blast": BLAST_EXAMPLE, "zones": {"type": "FeatureCollection", "features": []}, "passport": None,
            "passport_discrepancies": None, "report": None, "report_discrepancies": None, "water": None,
        },
        others={"application/geo+json": "the declared danger zone and the block"},
        problems=(404, 422),
    ),
)  # fmt: skip
async def get_blast(
    request: Request,
    context: Shared,
    asking: Asking,
    enterprise: PathCode,
    blast_id: PathCode,
    format_name: FormatName = None,
) -> Response:
    """In plain words for everybody; whole for whom it concerns."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    head = await seen_blast(context, asking, enterprise=enterprise, blast_id=blast_id)
    zones = features(declared_zones(head))
    headers = {"ETag": version_tag(head.version), "Cache-Control": "no-cache", "Vary": "Accept, Authorization"}
    if form is Format.GEOJSON:
        return json_reply(zones, media_type=MEDIA_TYPES[form], headers=headers)
    detail = BlastDetail(public_blast(head, context.now()), zones)
    if asking.looks_into(enterprise, head.territory):
        stored = await context.guarded.ask(read_blast, enterprise=enterprise, code=blast_id)
        outline = await context.guarded.ask(pit_outline, stored.declaration.passport.pit)
        seen = await context.guarded.ask(observed_of, enterprise=enterprise, code=blast_id)
        _add_papers(detail, stored, outline=outline, observed=seen)
        detail.water = await rises_after(context, asking, stored.declaration)
        headers["ETag"] = version_tag(stored.version)
    return json_reply(detail, headers=headers)


@router.get(
    "/blasts/{enterprise}/{blast_id}/history",
    summary="Everything that was done to a blast: who, when, what changed",
    responses=answers(
        History,
        "All steps, the oldest first",
        example={"enterprise": "kedrovaya-pad-demo", "blast_id": "kp-2026-061", "steps": [STEP_EXAMPLE]},
        problems=(401, 403, 404, 422),
    ),
    openapi_extra={"security": [{"token": []}]},
)
async def get_history(
    *,
    context: Shared,
    asking: Asking,
    enterprise: PathCode,
    blast_id: PathCode,
    documents: Documents = False,
) -> Response:
    """Append-only: nothing that was filed is ever changed. For the enterprise itself and the inspector."""
    ensure_insider(asking, enterprise)
    stored = await context.database.ask(read_blast, enterprise=enterprise, code=blast_id)
    steps = history_steps(stored.declaration.history, documents=documents)
    headers = {"ETag": version_tag(stored.version), "Cache-Control": "no-cache"}
    return json_reply(History(enterprise, blast_id, steps), headers=headers)


async def seen_blast(context: Context, asking: Principal, *, enterprise: str, blast_id: str) -> BlastHead:
    """A blast that the reader may see. Raises NotFound."""
    head = await context.published.ask(
        find_blast, enterprise=enterprise, code=blast_id, own=asking.enterprise, everything=asking.runs_all,
        supervised=asking.supervised,
    )  # fmt: skip
    if head is None:
        raise NotFound(f"{enterprise!r} has announced no blast {blast_id!r}")
    return head


def ensure_insider(asking: Principal, enterprise: str) -> None:
    """Raise NotFound for another enterprise: it is not told whether there is such a blast.

    Of inspectors the database asks the territory of the pit.
    """
    if not (asking.sees_everything or asking.enterprise == enterprise):
        raise NotFound(f"{enterprise!r} shows you no such blast")


async def ensure_books_open(context: Context, asking: Principal, enterprise: str) -> None:
    """Raise NotFound where the books of an enterprise are neither one's own nor of a territory one supervises."""
    ensure_insider(asking, enterprise)
    if not await context.guarded.ask(may_look_into, enterprise):
        raise NotFound(f"{enterprise!r} shows you no books")


def _add_papers(detail: BlastDetail, stored: StoredBlast, *, outline: Any, observed: Observed | None) -> None:
    passport, report = stored.declaration.passport, stored.declaration.report
    detail.passport = passport.to_json()
    detail.passport_discrepancies = [
        item.to_json() for item in passport_in_order(passport, zone=LOCAL, outline=outline)
    ]
    if report is not None:
        detail.report = report.to_json()
        detail.report_discrepancies = [item.to_json() for item in report_in_order(report, passport, observed=observed)]


def _before(cursor: str | None, question: tuple[Any, ...]) -> tuple[datetime, int]:
    """Begin of the window and id under which the next page lies."""
    if cursor is None:
        return LATEST, INT32
    micros, last = read_cursor(cursor, question, (int, int))
    return EPOCH + min(micros, _micros(LATEST)) * MICROSECOND, min(last, INT32)


def _with_state(zone: dict[str, Any], blast: PublicBlast) -> dict[str, Any]:
    return zone | {"properties": zone["properties"] | {"state": blast.state}}


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND
