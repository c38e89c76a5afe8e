"""How a complaint is told: to its citizen without anything personal, to the inspector of its territory in full."""

from datetime import datetime
from typing import Any

import msgspec

from services.storage.complaint_store import ComplaintFile, ComplaintRow, Personal
from uskat.supervision.complaint.filing import Topic
from uskat.supervision.complaint.machine import ENDED, Stage
from uskat.supervision.complaint.policy import complaint_policy
from uskat.supervision.complaint.words import TOPIC_WORDS, stage_sentence, told_step

EXAMPLE_LINK = {
    "kind": "shake", "reference": "station:S01", "at": "2026-06-02T05:03:00+00:00", "km": 2.0,
    "text": "В 12:03 сейсмостанция «Школа» в 2 км записала колебания: PPV 1,2 мм/с, допустимо (до 5 мм/с).",
    "text_en": "At 12:03 station Школа, 2 km away, recorded PPV 1.2 mm/s, allowed (to 5 mm/s).",
}  # fmt: skip


class ToldStep(msgspec.Struct):
    """A step in words, without names."""

    at: datetime
    text: str


class Followed(msgspec.Struct):
    """A complaint as its citizen follows it. answer_by: when an answer is owed; personal_kept: not forgotten yet."""

    stage: str
    text: str
    text_en: str
    topic: str
    received_at: datetime
    happened_at: datetime
    answer_by: datetime | None
    personal_kept: bool
    steps: list[ToldStep]
    links: list[dict[str, Any]]


class ComplaintAnswer(msgspec.Struct):
    """A complaint as the inspector of its territory sees it. personal null: deleted."""

    complaint: ComplaintRow
    owner: str | None
    answer_by: datetime | None
    references: list[str]
    personal: Personal | None
    links: list[dict[str, Any]]
    steps: list[dict[str, Any]]


def followed(found: ComplaintFile) -> Followed:
    """What the code shows."""
    text, text_en = stage_sentence(found.state)
    return Followed(
        found.row.stage, text, text_en, TOPIC_WORDS[Topic(found.row.topic)][0], found.row.received_at,
        found.row.happened_at, answer_by(found), not found.state.forgotten,
        [ToldStep(*told_step(step)) for step in found.steps], list(found.links),
    )  # fmt: skip


def complaint_answer(found: ComplaintFile) -> ComplaintAnswer:
    """What the inspector sees."""
    return ComplaintAnswer(
        found.row, found.state.owner, answer_by(found), list(found.state.links), found.personal, list(found.links),
        [step.to_json() for step in found.steps],
    )  # fmt: skip


def answer_by(found: ComplaintFile) -> datetime | None:
    """When the answer is owed; None when it was given or none is owed."""
    owed = found.state.stage is not Stage.ANSWERED and found.state.stage not in ENDED
    return found.row.received_at + complaint_policy().answer_within if owed else None
