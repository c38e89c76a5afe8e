"""Web push: a message to a browser through its push service, encrypted for it alone (RFC 8030, 8291, 8292).

apprise's own `vapid://` keeps subscriptions in a file and lets a message live a minute at most; ours stand in the
database and wait for a telephone that is off. Its encryption is used, its delivery is not.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
from apprise.plugins.base import NotifyBase
from apprise.utils.pem import ApprisePEMController

from services.notices.outcome import Gone, NotConfigured, NotSent
from services.notices.wording import Wording
from uskat.supervision.notice.push import PushError, public_text, push_point, push_secret, vapid_header, vapid_key

KEPT_S = 24 * 3600
"""How long the push service keeps it for a browser that is not there; later it would be no news."""
LONGEST_BODY = 1000
LONGEST_PAYLOAD = 3900
"""Bytes: a record holds 4096 with its header of 86, its tag of 16 and the mark of its end (RFC 8291 §4)."""
TOPIC_LENGTH = 32


def utc_now() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)


class WebPush(NotifyBase):  # type: ignore[no-untyped-call]  # apprise is typed in part
    """One message to one browser."""

    service_name: Any = "Uskat"
    secure_protocol: Any = "uskat-push"
    service_retry = 0
    request_rate_per_sec = 0

    def __init__(
        self, endpoint: str, *, keys: dict[str, str], pem: bytes, contact: str, urgent: bool, wording: Wording,
        key: str, timeout_s: int, clock: Callable[[], datetime] = utc_now,
    ) -> None:  # fmt: skip
        """keys: `p256dh` and `auth` of the browser; pem: our key. Raises NotConfigured, NotSent for keys of nobody."""
        super().__init__()  # type: ignore[no-untyped-call]
        try:
            self._vapid = vapid_key(pem)
        except PushError as error:
            raise NotConfigured(f"USKAT_NOTICE_PUSH_KEY_FILE: {error}") from None
        try:
            self._point, self._auth = push_point(keys["p256dh"]), push_secret(keys["auth"])
        except (PushError, KeyError):
            raise NotSent("push: keys of the browser do not fit") from None
        self._endpoint, self._contact, self._urgent, self._wording = endpoint, contact, urgent, wording
        self._key, self._timeout_s, self._clock = key, timeout_s, clock

    def url(self, *_arguments: Any, **_options: Any) -> str:
        """What apprise may print: no endpoint, no key."""
        return f"{self.secure_protocol}://"

    def send(self, body: str, title: str = "", *_arguments: Any, **_options: Any) -> bool:
        """Post once. Raises NotSent; Gone when the browser has left (RFC 8030 §7.3)."""
        said = {
            "key": self._key, "title": self._wording.short or title, "body": body[:LONGEST_BODY],
            "url": self._wording.page_url, "leave_url": self._wording.leave_url, "urgent": self._urgent,
        }  # fmt: skip
        payload = msgspec.json.encode(said)
        if len(payload) > LONGEST_PAYLOAD:  # the title alone says what, and where; the page has the rest
            payload = msgspec.json.encode(said | {"body": ""})
        sealed = ApprisePEMController("").encrypt_webpush(payload, public_key=self._point, auth_secret=self._auth)
        headers = {
            "Authorization": vapid_header(self._vapid, self._endpoint, contact=self._contact, now=self._clock()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_S),
            "Urgency": "high" if self._urgent else "normal",
            "Topic": self._key.replace("-", "")[-TOPIC_LENGTH:],  # a copy replaces the one that still waits
        }
        try:
            answer = httpx.post(self._endpoint, content=sealed, headers=headers, timeout=self._timeout_s)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise NotSent(f"push service: {type(error).__name__}") from None
        if answer.status_code in {404, 410}:
            raise Gone(f"push service: status {answer.status_code}")
        if not answer.is_success:
            raise NotSent(f"push service: status {answer.status_code}")
        return True


def key_of(file: Path | None, *, published: str | None) -> bytes:
    """Our key from its file. published: the public half that browsers are given. Raises NotConfigured."""
    if file is None:
        raise NotConfigured("USKAT_NOTICE_PUSH_KEY_FILE is not set")
    try:
        pem = file.read_bytes()
        public = public_text(vapid_key(pem).public_key())
    except OSError as error:
        raise NotConfigured(f"USKAT_NOTICE_PUSH_KEY_FILE: {type(error).__name__}") from None
    except PushError as error:
        raise NotConfigured(f"USKAT_NOTICE_PUSH_KEY_FILE: {error}") from None
    if published and published.rstrip("=") != public:
        raise NotConfigured("USKAT_PUSH_PUBLIC_KEY is of another key than USKAT_NOTICE_PUSH_KEY_FILE")
    return pem
