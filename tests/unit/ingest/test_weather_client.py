"""The weather client: patience with a feed that is busy, an end of patience, and a reason in words."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from services.ingest.weather_client import ATTEMPTS, LONGEST_ANSWER, MOST_PLACES, WeatherAwayError, WeatherClient
from uskat.blast.restriction.rules import restriction_rules

ANSWER = (Path(__file__).parents[1] / "blast" / "weather_feed" / "two_pits.json").read_bytes()
SITES = {"sukhoy-log": (87.048, 54.1585), "kedrovaya-pad": (87.0872, 54.1305)}
URL = "https://weather.example/v1/forecast"


class Feed:
    """Answers as told, one after another, the last one for ever; keeps the questions and the pauses."""

    def __init__(self, *answers: httpx.Response | type[Exception]) -> None:
        self.answers = list(answers)
        self.questions: list[httpx.URL] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.questions.append(request.url)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, httpx.Response):
            return answer
        raise answer("no", request=request)  # type: ignore[call-arg]

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def client(self) -> WeatherClient:
        transport: Callable[[httpx.Request], httpx.Response] = self
        http = httpx.AsyncClient(transport=httpx.MockTransport(transport))
        return WeatherClient(http, URL, rules=restriction_rules(), pause=self.pause)


async def test_sites_are_asked_for_in_one_question_and_answered_by_name() -> None:
    feed = Feed(httpx.Response(200, content=ANSWER))
    found = await feed.client().ask(SITES)
    assert {item.site for item in found.weather} == set(SITES)
    [question] = feed.questions
    assert question.params["latitude"] == "54.1305,54.1585"  # in the order of the codes, as the answer is read
    assert found.weather[0].weather.source == "модель погоды, weather.example"


@pytest.mark.parametrize("trouble", [httpx.ConnectTimeout, httpx.ReadTimeout, httpx.ConnectError, httpx.Response(503)])
async def test_a_feed_in_trouble_is_asked_again_after_growing_pauses(trouble: httpx.Response | type[Exception]) -> None:
    feed = Feed(trouble, trouble, httpx.Response(200, content=ANSWER))
    assert len((await feed.client().ask(SITES)).weather) == 12
    assert feed.pauses == [2.0, 4.0]


async def test_patience_ends_with_the_reason() -> None:
    feed = Feed(httpx.ReadTimeout)
    with pytest.raises(WeatherAwayError, match=r"weather\.example: ReadTimeout"):
        await feed.client().ask(SITES)
    assert len(feed.questions) == ATTEMPTS


async def test_a_refusal_is_not_asked_again() -> None:
    feed = Feed(httpx.Response(400, json={"error": True, "reason": "Latitude must be in range"}))
    with pytest.raises(WeatherAwayError, match="400"):
        await feed.client().ask(SITES)
    assert len(feed.questions) == 1


async def test_what_is_no_weather_is_no_answer() -> None:
    for content in (b"<html>login</html>", b"[]", b" " * (LONGEST_ANSWER + 1)):
        with pytest.raises(WeatherAwayError):
            await Feed(httpx.Response(200, content=content)).client().ask(SITES)


async def test_many_sites_are_asked_for_in_parts() -> None:
    one = httpx.Response(200, content=b'{"hourly": {"time": []}, "hourly_units": {"time": "unixtime"}}')
    full = httpx.Response(200, json=[{"hourly": {"time": []}, "hourly_units": {"time": "unixtime"}}] * MOST_PLACES)
    feed = Feed(full, one)
    await feed.client().ask({f"pit-{place:03}": (87.0, 54.0) for place in range(MOST_PLACES + 1)})
    assert [len(url.params["latitude"].split(",")) for url in feed.questions] == [MOST_PLACES, 1]
