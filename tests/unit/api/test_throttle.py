"""Rate limits and security headers: what is told, what is refused, what is left alone."""

import httpx
from hypothesis import given
from hypothesis import strategies as st
from limits import parse
from limits.strategies import FixedWindowRateLimiter
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from services.api import throttle
from services.api.metrics import Metrics
from services.api.middleware import Edge
from services.api.throttle import Throttle, WindowMemory
from services.settings import Settings

TOKEN = {"Authorization": "Bearer good"}


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


async def answer(request):
    told = request.headers.get("authorization")
    return PlainTextResponse("x", status_code=401 if told not in {None, TOKEN["Authorization"]} else 200)


async def sign_in(request):
    return PlainTextResponse("x", status_code=401)


def client(clock, *, come_from="192.0.2.1", base="http://uskat.test", **limits):
    app = Starlette(
        routes=[
            Route("/x", answer), Route("/health/live", answer),
            Route("/api/v1/session", sign_in, methods=["POST"]),
        ]
    )  # fmt: skip
    settings = Settings(**{f"rate_limit_{name}": value for name, value in limits.items()})
    wrapped = Edge(Throttle(app, settings, clock), Metrics())
    return httpx.AsyncClient(transport=httpx.ASGITransport(wrapped, client=(come_from, 1)), base_url=base)


async def test_every_answer_tells_the_window_and_what_remains():
    clock = Clock()
    async with client(clock, come_from="2001:db8::1") as asking:
        first = await asking.get("/x")
        clock.now += 20.5
        second = await asking.get("/x")
        named = await asking.get("/x", headers=TOKEN)
        alive = await asking.get("/health/live")
    assert first.headers["ratelimit-policy"] == '"address";q=1200;w=60'
    assert first.headers["ratelimit"] == '"address";r=1199;t=60'
    assert second.headers["ratelimit"] == '"address";r=1198;t=40'
    assert named.headers["ratelimit"] == '"token";r=11999;t=60'
    assert "ratelimit" not in alive.headers


async def test_what_is_too_much_is_refused_until_the_window_ends():
    clock = Clock()
    async with client(clock, address="2/minute") as asking:
        codes = [(await asking.get("/x")).status_code for _ in range(3)]
        clock.now += 10
        refused = await asking.get("/x")
        clock.now += 50
        codes.append((await asking.get("/x")).status_code)
    assert codes == [200, 200, 429, 200]
    assert (refused.headers["retry-after"], refused.headers["content-type"]) == ("50", "application/problem+json")
    assert refused.json()["type"].endswith("#too-many-requests")
    assert refused.headers["ratelimit"] == '"address";r=0;t=50'


async def test_a_token_has_a_window_of_its_own_and_guessing_tokens_is_stopped_by_address():
    clock = Clock()
    async with client(clock, address="1/minute", token="2/minute", tries="3/minute") as asking:
        assert [(await asking.get("/x")).status_code for _ in range(2)] == [200, 429]
        assert [(await asking.get("/x", headers=TOKEN)).status_code for _ in range(3)] == [200, 200, 429]
        guessed = [
            (await asking.get("/x", headers={"Authorization": f"Bearer {number}"})).status_code for number in range(5)
        ]
        assert guessed == [401, 401, 401, 429, 429]
        assert (await asking.post("/api/v1/session")).status_code == 429


async def test_sign_ins_that_fail_count_as_tries():
    clock = Clock()
    async with client(clock, tries="2/minute") as asking:
        assert [(await asking.post("/api/v1/session")).status_code for _ in range(3)] == [401, 401, 429]
        assert (await asking.get("/x")).status_code == 200  # who reads without a token is not shut out by it


async def test_limits_can_be_switched_off():
    async with client(Clock(), address="", token="", tries="") as asking:
        answers = [await asking.get("/x") for _ in range(3)]
    assert all(one.status_code == 200 and "ratelimit" not in one.headers for one in answers)


async def test_strict_transport_only_behind_tls():
    for base, told in (("http://uskat.test", False), ("https://uskat.test", True)):
        async with client(Clock(), base=base) as asking:
            headers = (await asking.get("/x")).headers
        assert ("strict-transport-security" in headers) == told
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "microphone=()" in headers["permissions-policy"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 40)), max_size=60))
def test_no_window_ever_lets_more_through_than_its_quota(asked):
    clock = Clock()
    limiter, limit = FixedWindowRateLimiter(WindowMemory(clock)), parse("3/minute")
    passed = []
    for key, pause in asked:
        clock.now += pause
        if limiter.hit(limit, key):
            passed.append((key, clock.now))
    for key, moment in passed:  # a fixed window: at most twice the quota in any sixty seconds
        assert sum(other == key and moment <= at < moment + 60 for other, at in passed) <= 6


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(throttle, "MOST_KEYS", 10)
    memory = WindowMemory(Clock())
    for number in range(1000):
        memory.incr(str(number), 60)
    assert memory.reset() <= 11
