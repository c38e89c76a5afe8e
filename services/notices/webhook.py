"""Signed webhooks and SMS over a gateway's HTTP, as notifiers of apprise.

A receiver checks `X-Uskat-Signature: v1=<hex>`: HMAC-SHA256 with the shared secret over the value of
`X-Uskat-Timestamp` (seconds since 1970), a full stop, and the body as received; and refuses old timestamps.
`X-Uskat-Notice` is the idempotency key: a copy has the same.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec
from apprise.plugins.base import NotifyBase

from services.notices.outcome import NotSent
from services.notices.wording import Wording

SIGNATURE_HEADER = "X-Uskat-Signature"
TIMESTAMP_HEADER = "X-Uskat-Timestamp"
KEY_HEADER = "X-Uskat-Notice"
VERSION = "v1"


def signature(secret: str, timestamp: str, *, body: bytes) -> str:
    """Value of the signature header."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"{VERSION}={digest}"


class _Posted(NotifyBase):  # type: ignore[no-untyped-call]  # apprise is typed in part
    service_name: Any = "Uskat"
    secure_protocol: Any = "uskat"
    service_retry = 0
    request_rate_per_sec = 0

    def __init__(self, address: str, *, wording: Wording, key: str, timeout_s: int) -> None:
        """address: where to post."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._address, self._wording, self._key, self._timeout_s = address, wording, key, timeout_s

    def url(self, *_arguments: Any, **_options: Any) -> str:
        """What apprise may print: no address, no secret."""
        return f"{self.secure_protocol}://"

    def _post(self, body: bytes, headers: Mapping[str, str]) -> bool:
        everything = {
            "Content-Type": "application/json",
            KEY_HEADER: self._key,
            "Idempotency-Key": self._key,
            **headers,
        }
        try:
            answer = httpx.post(self._address, content=body, headers=everything, timeout=self._timeout_s)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise NotSent(f"receiver: {type(error).__name__}") from None
        if not answer.is_success:  # a redirection too: the body is signed for this receiver
            raise NotSent(f"receiver: status {answer.status_code}")
        return True


class SignedWebhook(_Posted):  # type: ignore[no-untyped-call]
    """The notices of a message as JSON, signed."""

    def __init__(self, address: str, *, secret: str, clock: Callable[[], float] = time.time, **more: Any) -> None:
        """secret: shared with the receivers; clock: seconds since 1970."""
        super().__init__(address, **more)
        self._secret, self._clock = secret, clock

    def send(self, body: str, title: str = "", *_arguments: Any, **_options: Any) -> bool:
        """Post once. Raises NotSent."""
        payload = msgspec.json.encode({"key": self._key, "subject": title, "text": body, **self._wording.document})
        timestamp = str(int(self._clock()))
        signed = signature(self._secret, timestamp, body=payload)
        return self._post(payload, {TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: signed})


class SmsGateway(_Posted):  # type: ignore[no-untyped-call]
    """A gateway that takes `{"to": …, "text": …, "id": …}` with a bearer token."""

    def __init__(self, address: str, *, telephone: str, token: str | None, **more: Any) -> None:
        """address: of the gateway; telephone: of the recipient."""
        super().__init__(address, **more)
        self._telephone, self._token = telephone, token

    def send(self, body: str, title: str = "", *_arguments: Any, **_options: Any) -> bool:  # noqa: ARG002 - a telephone shows no subject
        """Post once. Raises NotSent."""
        payload = msgspec.json.encode({"to": self._telephone, "text": self._wording.short, "id": self._key})
        return self._post(payload, {"Authorization": f"Bearer {self._token}"} if self._token else {})
