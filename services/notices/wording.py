"""Words of a message, in Russian or English, by Jinja templates; plain words (UX.md §5): what, where, since when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.storage.notice_delivery import NoticeText, Outgoing

LOCAL = ZoneInfo("Asia/Novokuznetsk")
LANGUAGES = ("ru", "en")
SHORT_LENGTH = 300
RESIDENT = "subscription:"


@dataclass(frozen=True, slots=True)
class Wording:
    """subject and body for people, short for a telephone, document for machines. at: when the newest was decided.

    leave_url: of a resident's message, where one click leaves. page_url: what a notification opens.
    """

    subject: str
    body: str
    short: str
    document: dict[str, Any]
    at: datetime
    leave_url: str | None = None
    page_url: str = ""


def _local(moment: datetime | str) -> str:
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return found.astimezone(LOCAL).strftime("%d.%m.%Y %H:%M")


_environment = Environment(
    loader=PackageLoader("services.notices"), autoescape=False, undefined=StrictUndefined,  # noqa: S701 - plain text
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_environment.filters["local"] = _local


def word(outgoing: Outgoing, *, public_url: str, now: datetime) -> Wording:
    """Words of a message in the recipient's language."""
    language = outgoing.language if outgoing.language in LANGUAGES else LANGUAGES[0]
    base = public_url.rstrip("/")
    leave_url = _page(base, "leave", outgoing.token)
    values = {
        "notices": outgoing.notices, "public": outgoing.recipient.startswith(RESIDENT), "base": base,
        "digest": outgoing.kind == "digest", "area": outgoing.area or "",
        "leave_url": leave_url, "confirm_url": _page(base, "confirm", outgoing.token),
    }  # fmt: skip
    name = "confirm" if outgoing.kind == "confirm" else "notice"
    text = _environment.get_template(f"{name}.{language}.txt").render(values)
    subject, _, body = text.strip().partition("\n")
    return Wording(
        subject=" ".join(subject.split()),
        body=body.strip() + "\n",
        short=" ".join(subject.split())[:SHORT_LENGTH],
        document={"kind": outgoing.kind, "notices": [_machine(one, base) for one in outgoing.notices]},
        at=max((one.decided_at for one in outgoing.notices), default=now),
        leave_url=leave_url,
        page_url=f"{base}/alerts/{outgoing.notices[0].alert}" if len(outgoing.notices) == 1 else f"{base}/",
    )


def _page(base: str, name: str, token: str | None) -> str | None:
    return None if token is None else f"{base}/subscription/{name}?token={quote(token)}"


def _record(base: str, notice: NoticeText) -> str:
    return f"{base}/api/v1/alerts/{notice.alert}" if notice.case is None else f"{base}/api/v1/cases/{notice.case}"


def _machine(notice: NoticeText, base: str) -> dict[str, Any]:
    return {
        "alert": notice.alert, "case": notice.case, "event": notice.event, "occasion": notice.occasion,
        "severity": notice.severity, "decided_at": notice.decided_at, "url": _record(base, notice), **notice.words,
    }  # fmt: skip
