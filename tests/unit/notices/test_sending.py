"""Words, signatures, channels, pauses: without a database."""

import asyncio
import contextlib
import hashlib
import hmac
import random
from datetime import UTC, datetime
from importlib.resources import files

import msgspec
import pytest
from apprise.plugins.telegram import NotifyTelegram
from hypothesis import given
from hypothesis import strategies as st
from procrastinate import sql as procrastinate_sql
from procrastinate.jobs import Job
from pydantic import SecretStr

from services.notices.channels import Channels
from services.notices.mail import mail
from services.notices.outcome import NotConfigured, NotSent
from services.notices.queue import Backoff
from services.notices.webhook import signature
from services.notices.wording import word
from services.settings import Settings
from services.storage.notice_delivery import NoticeText, Outgoing
from services.storage.notice_queue import DEFER_FUNCTION
from uskat.supervision.notice.norms import Channel
from uskat.supervision.notice.recipient import AddressError, checked_address, mail_address

NOW = datetime(2026, 6, 1, 5, 0, tzinfo=UTC)
WORDS = {
    "alert": 5, "kind": "exceedance", "title": "Аммоний-ион выше норматива", "title_en": "Ammonium above its limit",
    "station": "U-1", "station_name": "Ускат у моста (демо)", "started_at": "2026-06-01T03:00:00+00:00",
    "at": "2026-06-01T04:00:00+00:00", "occasion_title": "Норматив превышен", "occasion_title_en": "A limit is exceeded",
    "reasons": ["Среднее за 20 минут выше норматива."], "why": "", "to": "", "demo": True,
}  # fmt: skip


def outgoing(channel="email", address="duty@demo.test", *, event="opened", language="ru", token=None, **words):
    notice = NoticeText(5, None, event, "violation", "violation", NOW, WORDS | words)
    recipient = "contact:1" if token is None else "subscription:1"
    return Outgoing(
        1, "n-0123", "notice", recipient, channel, True, "waiting", address, language, token, "settlement:x", (notice,)
    )  # fmt: skip


def worded(**more):
    return word(outgoing(**more), public_url="https://uskat.test/", now=NOW)


def test_a_notice_says_what_where_since_when_in_local_time_and_in_the_readers_language():
    russian, english = worded(), worded(language="en")
    assert russian.subject == "Аммоний-ион выше норматива – Ускат у моста (демо)"
    assert "01.06.2026 10:00 (время новокузнецкое, UTC+7)" in russian.body
    assert "https://uskat.test/api/v1/alerts/5" in russian.body
    assert english.subject == "Ammonium above its limit – Ускат у моста (демо)"
    assert "Норматив" not in english.body
    assert worded(language="kk").subject == russian.subject


def test_only_residents_read_how_to_leave():
    assert worded().leave_url is None
    mine = worded(token="a/b c")
    assert mine.leave_url == "https://uskat.test/subscription/leave?token=a/b%20c"
    assert mine.leave_url in mine.body


@pytest.mark.parametrize("event", ["opened", "updated", "reopened", "returned", "withdrawn", "escalated"])
@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_title_cannot_write_a_header_or_a_second_subject(event, language):
    evil = "Вода\r\nBcc: all@demo.test"
    wording = worded(event=event, language=language, title=evil, title_en=evil)
    assert "\n" not in wording.subject
    assert "\r" not in wording.subject


def test_every_template_has_its_other_language():
    names = {one.name for one in files("services.notices").joinpath("templates").iterdir()}
    assert names == {f"{name}.{language}.txt" for name in ("notice", "confirm") for language in ("ru", "en")}


def test_the_signature_is_bound_to_time_and_body():
    signed = signature("secret", "1780000000", body=b'{"a":1}')
    assert signed == "v1=" + hmac.new(b"secret", b'1780000000.{"a":1}', hashlib.sha256).hexdigest()
    others = [
        ("other", "1780000000", b'{"a":1}'),
        ("secret", "1780000001", b'{"a":1}'),
        ("secret", "1780000000", b"{}"),
    ]
    assert all(signature(secret, at, body=body) != signed for secret, at, body in others)


@pytest.mark.parametrize("channel", list(Channel))
async def test_a_channel_that_is_not_open_says_which_setting_is_missing(channel):
    with pytest.raises(NotConfigured, match="USKAT_NOTICE_"):
        await Channels(Settings()).send(outgoing(channel.value), worded())


@pytest.mark.parametrize(
    ("channel", "address", "settings"),
    [
        ("email", "duty@demo.test", {"notice_mail_url": "mailto://user:s3cr3t@127.0.0.1:9/?from=u@demo.test&mode=insecure"}),
        ("webhook", "http://127.0.0.1:9/s3cr3t", {"notice_webhook_secret": "s3cr3t"}),
        ("sms", "+70000000000", {"notice_sms_url": "http://127.0.0.1:9/s3cr3t", "notice_sms_token": "s3cr3t"}),
    ],
)  # fmt: skip
async def test_a_failure_is_told_without_address_and_secret(channel, address, settings):
    opened = Settings(**{name: SecretStr(value) for name, value in settings.items()}, notice_timeout_s=2)
    with pytest.raises(NotSent) as failure:
        await Channels(opened).send(outgoing(channel, address), worded())
    assert address not in str(failure.value)
    assert "s3cr3t" not in str(failure.value) + repr(opened)


def test_a_password_of_the_mail_server_may_be_percent_encoded():
    url = "mailtos://user:p%40ss@smtp.demo.test:465/?from=uskat@demo.test&mode=ssl"
    made = mail(url, "duty@demo.test", worded(), key="n-0123", timeout_s=1)
    assert (made.smtp_host, made.port, made.user, made.password) == ("smtp.demo.test", 465, "user", "p@ss")
    assert made.secure_mode == "ssl"
    with pytest.raises(NotConfigured):
        mail("mailtos://smtp.demo.test", "duty@demo.test", worded(), key="n-0123", timeout_s=1)


@contextlib.asynccontextmanager
async def gateway(answer=b"{}"):
    """Address of a server that takes POSTs, and what it took: (head, body)."""
    taken = []

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        taken.append((head, (await reader.readexactly(length)).decode()))
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", taken


async def test_an_sms_names_its_message_and_goes_to_the_gateway():
    async with gateway() as (address, taken):
        opened = Settings(notice_sms_url=SecretStr(address), notice_sms_token=SecretStr("t0ken"))
        await Channels(opened).send(outgoing("sms", "+70000000000"), worded())
    [(head, body)] = taken
    assert b"authorization: bearer t0ken" in head.lower()
    assert msgspec.json.decode(body) == {"to": "+70000000000", "text": worded().subject, "id": "n-0123"}


async def test_telegram_gets_the_words_in_the_chat(monkeypatch):
    async with gateway(b'{"ok":true,"result":{}}') as (address, taken):
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"{address}bot")
        opened = Settings(notice_telegram_token=SecretStr("123456789:abcdefg_hijklmnop"))
        await Channels(opened).send(outgoing("telegram", "-100123"), worded())
    [(head, body)] = taken
    assert b"POST /bot123456789:abcdefg_hijklmnop/sendMessage" in head
    sent = msgspec.json.decode(body)
    assert str(sent["chat_id"]) == "-100123"
    assert "Аммоний-ион выше норматива" in sent["text"]
    assert "время новокузнецкое" in sent["text"]


@given(st.integers(0, 1000), st.integers(0, 2**32))
def test_pauses_double_are_jittered_and_bounded(attempts, seed):
    backoff = Backoff(attempts=14, first_s=10, longest_s=3600, source=random.Random(seed))
    steady = min(10 * 2.0 ** min(attempts, 60), 3600)
    assert 0.5 * steady <= backoff.pause(attempts).total_seconds() <= 1.5 * steady


def test_the_last_attempt_is_the_last():
    backoff = Backoff(attempts=3, first_s=1, longest_s=1)

    def job(attempts):
        return Job(id=1, queue="notices", lock=None, queueing_lock=None, task_name="deliver", attempts=attempts)

    decisions = [backoff.get_retry_decision(exception=NotSent(), job=job(attempts)) for attempts in range(3)]
    assert [one is not None for one in decisions] == [True, True, False]
    assert [backoff.is_final(attempts) for attempts in range(3)] == [False, False, True]


def test_jobs_enter_the_queue_as_the_library_would_put_them():
    assert DEFER_FUNCTION in procrastinate_sql.queries["defer_jobs"]
    frozen = files("migrations").joinpath("sql", "procrastinate_3_10.sql").read_text(encoding="utf-8")
    ours = files("procrastinate.sql").joinpath("schema.sql").read_text(encoding="utf-8")
    assert frozen.endswith(ours), "another procrastinate: a migration of its own brings its schema (ADR 0013)"


@given(st.text(max_size=300))
def test_no_text_that_is_taken_for_a_mail_address_can_write_a_header(text):
    try:
        address = mail_address(text)
    except AddressError:
        return
    assert address.count("@") == 1
    assert not set(address) & set(' \r\n\t,;<>"\x00')


@pytest.mark.parametrize(
    ("channel", "wrong"),
    [
        (Channel.SMS, "80000000000"), (Channel.TELEGRAM, "name"), (Channel.WEBHOOK, "ftp://demo.test"),
        (Channel.WEBHOOK, "https://user:pass@demo.test/"), (Channel.WEBHOOK, "http://[::1"), (Channel.EMAIL, "a@b"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_address_of_its_channel_is_refused(channel, wrong):
    with pytest.raises(AddressError):
        checked_address(channel, wrong)
