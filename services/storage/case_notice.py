"""A term of a case that ran out: whoever has the duty now is told, as the terms and the norms of reaction name them."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.calling import called
from services.storage.notice_writing import Addressee, Telling, tell
from services.storage.reading import json_value
from uskat.finding import Severity
from uskat.supervision.case.paper import Clock
from uskat.supervision.case.words import CLOCK_WORDS
from uskat.supervision.notice.deciding import ESCALATION
from uskat.supervision.notice.norms import ReactionNorms

TERM = "term"
"""Event of a notice that speaks of a term."""
_CASE = text(
    """SELECT f.id, f.title, f.severity, f.territory, f.opened_at, f.stage, st.name AS station_name, f.station,
        coalesce(st.demo, false) AS demo, s.at, s.body::text AS body
    FROM case_file f JOIN case_step s ON s.case_id = f.id AND s.seq = :seq LEFT JOIN station st ON st.code = f.station
    WHERE f.id = :case"""
)


async def tell_term(
    connection: AsyncConnection, case_id: int, seq: int, *, norms: ReactionNorms, now: datetime
) -> int | None:
    """Tell of the escalation that a step is; how many are told. None: there is no such step (any more).

    Whoever took the case in hand since then is told all the same: the step stands in the history.
    """
    row = (await connection.execute(_CASE, {"case": case_id, "seq": seq})).first()
    if row is None:
        return None
    paper = json_value(row.body)["paper"]
    recipients = await called(
        connection, paper["to"], persons=[paper["person"]] if paper.get("person") else [],
        channels=norms.escalation.channels, territory=row.territory,
    )  # fmt: skip
    telling = Telling(
        alert=None, case=case_id, source=f"step:{seq}", event=TERM, occasion=ESCALATION,
        severity=Severity(row.severity), words=_words(row, paper), grave=row.severity == Severity.EXTREME,
    )  # fmt: skip
    for recipient, channel in recipients:
        to = Addressee(recipient, channel, norms.escalation.pace, row.at + norms.escalation.within)
        await tell(connection, to, telling, norms=norms, now=now)
    return len(recipients)


def _words(row: Any, paper: dict[str, Any]) -> dict[str, Any]:
    word, word_en = CLOCK_WORDS[Clock(paper["clock"])]
    return {
        "case": row.id, "title": row.title, "title_en": row.title, "station": row.station or "",
        "station_name": row.station_name or "", "started_at": row.opened_at, "at": row.at, "demo": row.demo,
        "clock": word, "clock_en": word_en, "reference": paper.get("reference") or "", "to": paper["to"],
        "person": paper.get("person") or "",
    }  # fmt: skip
