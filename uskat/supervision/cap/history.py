"""Which entries of an alert's history are news for the public, and so a CAP message each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from uskat.supervision.cap.message import CapEvent
from uskat.supervision.handling.step import Action
from uskat.supervision.reconcile import AlertEvent

NEWS = frozenset({*(event.value for event in AlertEvent), Action.CONFIRM, Action.REJECT, Action.RESOLVE,
                  Action.RECONSIDER})  # fmt: skip
"""What the machine changed and what people found; who has it in hand is not the public's affair."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of either history. key: `e…` of alert_event, `s…` of alert_step; word: the event or the action.

    why: of a withdrawal by the machine.
    """

    key: str
    word: str
    at: datetime
    why: str = ""


def messages(entries: Iterable[Entry]) -> list[CapEvent]:
    """Messages, oldest first. While an alert is taken back nothing of it is news but that it no longer is."""
    told: list[CapEvent] = []
    withdrawn = rejected = was = False
    for entry in sorted(entries, key=lambda one: one.at):
        if entry.word not in NEWS:
            continue
        if entry.word in {AlertEvent.WITHDRAWN, AlertEvent.REOPENED, AlertEvent.OPENED}:
            withdrawn = entry.word == AlertEvent.WITHDRAWN
        if entry.word in {Action.REJECT, Action.RECONSIDER}:
            rejected = entry.word == Action.REJECT
        cancels = withdrawn or rejected
        if not (cancels and was):
            told.append(CapEvent(entry.key, entry.at, cancels, entry.why if cancels else ""))
        was = cancels
    return told
