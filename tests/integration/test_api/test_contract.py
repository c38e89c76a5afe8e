"""Real answers fit the documented schemas, and no odd question breaks the server."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from services.api.access import ACCESS
from tests.integration.test_api.world import DEVICE, World, raise_alert

odd_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
odd_number = st.integers(-(2**70), 2**70).map(str)
odd_moment = st.sampled_from(
    ["2026-06-02T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-06-02", "now", "1e400",
     "-1", "2026-06-02T00:00:00", "253402300799", "1970-01-01T00:00:00Z", "2199-12-31T23:59:59.999999Z"]
)  # fmt: skip
odd_value = odd_text | odd_number | odd_moment | st.just("")
NAMES = (
    "station", "parameter", "start", "end", "resolution", "as_of", "limit", "cursor", "format", "kind", "state", "since",
    "device", "day", "first", "last", "reason", "open", "year", "threshold", "magnitude", "type", "zone", "enterprise",
    "pit", "status",
)  # fmt: skip
FILLED = {"series_id": "1", "code": DEVICE, "record_id": "1", "alert_id": "1", "raw_id": "1", "name": "start.js",
          "device": DEVICE, "kind": "water", "pack": "fishery-552-2016", "enterprise": "kedrovaya-pad-demo",
          "blast_id": "kp-2026-061", "pit": "kedrovaya-pad", "paper": "passport", "product": "anfo",
          "sha256": "9f" * 32, "case_id": "1", "complaint_id": "1", "restriction_id": "1", "day": "2026-06-01",
          "indicator": "self_detected", "login": "ivanova"}  # fmt: skip
READS = [path for method, path in ACCESS if method == "GET" and not path.endswith("/events")]


async def test_answers_fit_their_schemas(world: World) -> None:
    await raise_alert(world)
    document = (await world.client.get("/openapi.json")).json()
    checked = 0
    for path, methods in document["paths"].items():
        if "get" not in methods or path.endswith("/events"):
            continue
        answer = await world.client.get(
            path.format(**FILLED | {"series_id": str(world.of("ph"))}), headers=world.token("operate")
        )
        if answer.status_code != 200 or not answer.headers["content-type"].startswith("application/json"):
            continue
        schema = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        faults = list(Draft202012Validator(schema | {"components": document["components"]}).iter_errors(answer.json()))
        assert not faults, (path, faults[0].message)
        checked += 1
    assert checked >= 14


@pytest.mark.parametrize("resolution", ["raw", "20min"])
async def test_pages_of_observations_fit_their_schema(world: World, resolution: str) -> None:
    document = (await world.client.get("/openapi.json")).json()
    path = "/api/v1/series/{series_id}/observations"
    schema: dict[str, Any] = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    page = await world.get(f"/series/{world.of('ph')}/observations", resolution=resolution)
    assert page["items"]
    Draft202012Validator(schema | {"components": document["components"]}).validate(page)


@pytest.mark.timeout(600)
async def test_no_odd_question_breaks_the_server(world: World) -> None:
    client = world.client
    series = str(world.of("ph"))

    @settings(
        max_examples=300, deadline=None, derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(
        path=st.sampled_from(READS),
        params=st.dictionaries(st.sampled_from(NAMES), odd_value, max_size=5),
        odd=st.none() | odd_number | odd_text.filter(lambda text: text.strip("./") and "/" not in text),
    )
    def questions(path: str, params: dict[str, str], odd: str | None) -> None:
        collected.append((path, params, odd))

    collected: list[tuple[str, dict[str, str], str | None]] = []
    questions()
    for path, params, odd in collected:
        values = {name: odd if odd is not None else known for name, known in (FILLED | {"series_id": series}).items()}
        url = path.format(**{name: quote(value, safe="") for name, value in values.items()})
        answer = await client.get(url, params=params, headers=world.token("operate"))
        assert answer.status_code < 500, (path, params, odd, answer.text)
        if answer.status_code >= 400:
            expected = "application/problem+json"
            if path.startswith("/fdsnws/"):  # the standard has its own form
                expected = "text/plain; charset=utf-8"
            elif (path, answer.status_code) == ("/alerts/{alert_id}", 404):  # a page for people
                expected = "text/html; charset=utf-8"
            assert answer.headers["content-type"] == expected
