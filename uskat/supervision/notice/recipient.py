"""Addresses by channel: what can be one at all. Whether it reaches anybody, only a message shows."""

import re
from urllib.parse import urlsplit

from uskat.supervision.notice.norms import Channel

LONGEST_MAIL = 254
# One @, no quotes, spaces or line breaks: what every mail server takes, and nothing that could write a header.
MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
TELEPHONE = re.compile(r"\+[1-9]\d{6,14}")
CHAT = re.compile(r"-?\d{1,20}|@[A-Za-z0-9_]{5,32}")


class AddressError(ValueError):
    """No address of its channel."""


def mail_address(text: str) -> str:
    """A mail address, its domain in lower case. Raises AddressError."""
    found = text.strip()
    if len(found) > LONGEST_MAIL or MAIL.fullmatch(found) is None:
        raise AddressError("this is no e-mail address")
    name, _, domain = found.rpartition("@")
    return f"{name}@{domain.lower()}"


def checked_address(channel: Channel, text: str) -> str:
    """The address in the form that is kept. Raises AddressError."""
    found = text.strip()
    if channel is Channel.EMAIL:
        return mail_address(found)
    if channel is Channel.SMS and TELEPHONE.fullmatch(found) is None:
        raise AddressError("a telephone is + and 7 to 15 digits")
    if channel is Channel.TELEGRAM and CHAT.fullmatch(found) is None:
        raise AddressError("a chat of Telegram is a number or @name")
    if channel is Channel.PUSH:
        raise AddressError("a browser subscribes by itself: its permission is the consent")
    if channel is Channel.WEBHOOK:
        _check_receiver(found)
    return found


def _check_receiver(address: str) -> None:
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise AddressError("this is no address of a receiver") from None
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        raise AddressError("a receiver is http(s)://HOST/…, without a password: the signature says who sends")
