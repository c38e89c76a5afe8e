"""Mail through apprise's SMTP, composed here: apprise makes a new Message-ID for every try, we keep one."""

import re
import smtplib
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any

from apprise.exception import AppriseException
from apprise.plugins.email.base import NotifyEmail
from apprise.plugins.email.smtp import AppriseSMTPController

from services.notices.outcome import NotConfigured, NotSent
from services.notices.wording import Wording

UNSUBSCRIBE_POST = "List-Unsubscribe=One-Click"
HOST = re.compile(r"[A-Za-z0-9.-]{1,100}")


class KeyedMail(NotifyEmail):  # type: ignore[no-untyped-call]  # apprise is typed in part
    """One mail to one address; the same key gives the same Message-ID."""

    service_retry = 0

    def __init__(self, wording: Wording, *, key: str, timeout_s: int, **settings: Any) -> None:
        """settings: what `NotifyEmail.parse_url` makes of the address of the mail server."""
        super().__init__(**settings)  # type: ignore[no-untyped-call]
        self._timeout_s, self._wording, self._key = timeout_s, wording, key

    def send(self, body: Any, title: Any = "", *_arguments: Any, **_options: Any) -> bool:
        """Hand the mail over. Raises NotSent with the reason, without addresses."""
        named, recipient = self.from_addr, self.targets[0][1]
        sender = (str(named[0] or "Ускат"), str(named[1]))
        message = EmailMessage()
        message["From"] = formataddr(sender)
        message["To"], message["Subject"] = recipient, title
        message["Date"] = format_datetime(self._wording.at)
        message["Message-ID"] = f"<{self._key}@{_domain(sender[1])}>"
        message["X-Uskat-Notice"] = self._key
        message["Auto-Submitted"] = "auto-generated"
        if self._wording.leave_url is not None:  # RFC 2369 and RFC 8058: one click leaves
            message["List-Unsubscribe"] = f"<{self._wording.leave_url}>"
            message["List-Unsubscribe-Post"] = UNSUBSCRIBE_POST
        message.set_content(body)
        try:
            with AppriseSMTPController(
                host=str(self.smtp_host), port=int(self.port or 0), secure_mode=str(self.secure_mode), user=self.user,
                password=self.password, verify_certificate=self.verify_certificate,
                socket_connect_timeout=self._timeout_s,
            ) as smtp:  # fmt: skip
                taken = smtp.sendmail(sender[1], [recipient], message.as_string())
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"mail server: code {error.smtp_code}") from None
        except (OSError, smtplib.SMTPException, RuntimeError, AppriseException) as error:
            raise NotSent(f"mail server: {type(error).__name__}") from None
        if not taken:
            raise NotSent("mail server: not taken")
        return True


def mail(url: str, recipient: str, wording: Wording, *, key: str, timeout_s: int) -> KeyedMail:
    """The mail of one recipient. url: apprise's mailto:// or mailtos:// address. Raises NotConfigured."""
    settings = NotifyEmail.parse_url(url)  # type: ignore[no-untyped-call]
    if not settings or not settings.get("from_addr"):
        raise NotConfigured("USKAT_NOTICE_MAIL_URL is not mailto://HOST:PORT/?from=ADDRESS")
    return KeyedMail(wording, key=key, timeout_s=timeout_s, **{**settings, "targets": [recipient], "retry": 0})


def _domain(address: str) -> str:
    domain = address.rpartition("@")[2]
    return domain if HOST.fullmatch(domain) else "uskat.invalid"
