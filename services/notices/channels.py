"""From a message to the recipient's side, by apprise; every failure is told as NotSent."""

from typing import Any

from apprise import Apprise, AppriseAsset, NotifyFormat
from apprise.plugins.telegram import NotifyTelegram
from pydantic import SecretStr

from services.notices.mail import mail
from services.notices.outcome import NotConfigured, NotSent
from services.notices.web_push import WebPush, key_of
from services.notices.webhook import SignedWebhook, SmsGateway
from services.notices.wording import Wording
from services.settings import Settings
from services.storage.notice_delivery import Outgoing

ASSET = AppriseAsset(app_id="Uskat", app_desc="Uskat", secure_logging=True, async_mode=True)


class Channels:
    """The channels that the settings open."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def send(self, outgoing: Outgoing, wording: Wording) -> None:
        """Send once. Raises NotSent; NotConfigured where the installation has no access to the channel."""
        service = self._service(outgoing, outgoing.address or "", wording)
        service.asset = ASSET
        sender = Apprise(asset=ASSET)
        sender.add(service)
        failures: list[NotSent] = []
        send = service.send

        def told(*arguments: Any, **options: Any) -> bool:
            try:
                return bool(send(*arguments, **options))
            except NotSent as error:  # apprise swallows what its services raise
                failures.append(error)
                return False

        service.send = told
        taken = await sender.async_notify(body=wording.body, title=wording.subject, body_format=NotifyFormat.TEXT)
        if failures:
            raise failures[0]
        if not taken:
            raise NotSent(f"{outgoing.channel}: not taken")

    def _service(self, outgoing: Outgoing, address: str, wording: Wording) -> Any:
        settings = self._settings
        common: dict[str, Any] = {"key": outgoing.key, "timeout_s": settings.notice_timeout_s}
        if outgoing.channel == "email":
            url = _needed(settings.notice_mail_url, "USKAT_NOTICE_MAIL_URL")
            return mail(url, address, wording, **common)
        if outgoing.channel == "webhook":
            secret = _needed(settings.notice_webhook_secret, "USKAT_NOTICE_WEBHOOK_SECRET")
            return SignedWebhook(address, secret=secret, wording=wording, **common)
        if outgoing.channel == "sms":
            gateway = _needed(settings.notice_sms_url, "USKAT_NOTICE_SMS_URL")
            token = settings.notice_sms_token.get_secret_value() if settings.notice_sms_token else None
            return SmsGateway(gateway, telephone=address, token=token, wording=wording, **common)
        if outgoing.channel == "telegram":
            bot = _needed(settings.notice_telegram_token, "USKAT_NOTICE_TELEGRAM_TOKEN")
            return NotifyTelegram(bot_token=bot, targets=[address])  # type: ignore[no-untyped-call]
        if outgoing.channel == "push":
            pem = key_of(settings.notice_push_key_file, published=settings.push_public_key)
            return WebPush(
                address, keys=outgoing.push_keys or {}, pem=pem, contact=settings.notice_push_contact,
                urgent=outgoing.urgent, wording=wording, **common,
            )  # fmt: skip
        raise NotConfigured(f"there is no channel {outgoing.channel!r}")


def _needed(secret: SecretStr | None, name: str) -> str:
    if secret is None or not secret.get_secret_value():
        raise NotConfigured(f"{name} is not set")
    return secret.get_secret_value()
