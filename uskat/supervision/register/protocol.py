"""The shape of the state register's packets and answers, as data (water/norms.md §4.2)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Protocol:
    """path: of the address, {system} filled in. settle: how long after an interval's end it is composed.

    state_codes: by state channel (ams, equipment, seal). duplicate: words of an answer that means «known already».
    """

    id: str
    verified: bool
    path: str
    interval: timedelta
    state_ok: str
    state_fault: str
    state_codes: Mapping[str, str]
    duplicate: str
    valid_share: float
    settle: timedelta
    first_pause: timedelta
    longest_pause: timedelta

    def pause(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts that failed: doubled each time, up to the longest."""
        if attempts < 1:
            raise ValueError("there is no pause before the first attempt")
        doublings: int = 1 << min(attempts - 1, 30)
        return min(self.longest_pause, self.first_pause * doublings)


@cache
def register_protocol() -> Protocol:
    """The protocol that ships with the product."""
    path = files("uskat.data").joinpath("supervision/register_protocol.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    return Protocol(
        id=str(document["id"]),
        verified=bool(document["verified"]),
        path=str(document["path"]),
        interval=timedelta(seconds=document["interval_s"]),
        state_ok=str(document["state_ok"]),
        state_fault=str(document["state_fault"]),
        state_codes=dict(document["state_codes"]),
        duplicate=str(document["duplicate_words"]),
        valid_share=float(document["valid_share"]),
        settle=timedelta(seconds=document["settle_s"]),
        first_pause=timedelta(seconds=document["first_pause_s"]),
        longest_pause=timedelta(seconds=document["longest_pause_s"]),
    )
