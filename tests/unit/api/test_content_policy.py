"""The pages work under their own content security policy: nothing inline that runs, nothing from elsewhere."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from lxml import html
from pydantic import SecretStr

import services.api
from services.api.main import create_app
from services.api.middleware import SECURITY_HEADERS
from services.settings import Settings

TEMPLATES = sorted((Path(services.api.__file__).parent / "templates").glob("*.html"))
POLICY = {
    words[0]: words[1:]
    for part in SECURITY_HEADERS["Content-Security-Policy"].split(";")
    for words in [part.split()]
}  # fmt: skip


def breaches(page: str) -> list[str]:
    """What a browser would refuse to run, load or send under the policy."""
    found = []
    for element in html.fromstring(page).iter():
        if not isinstance(element.tag, str):
            continue
        found += [f"{name} of <{element.tag}>" for name in element.attrib if re.fullmatch("on[a-z]+", name.lower())]
        if element.tag == "script" and element.get("type", "") != "application/json" and not element.get("src"):
            found.append("an inline script")
        for name in ("src", "href", "action", "data"):
            target = urlsplit(element.get(name) or "")
            loads = name != "href" or element.tag == "link"
            if target.scheme == "javascript" or (loads and (target.netloc or target.scheme not in {"", "data"})):
                found.append(f"{name}={element.get(name)}")
    return found


def test_the_policy_lets_no_script_run_that_is_not_ours() -> None:
    scripts = POLICY.get("script-src", POLICY["default-src"])
    assert scripts == ["'self'"]
    assert POLICY["frame-ancestors"] == POLICY["base-uri"] == POLICY["object-src"] == ["'none'"]
    assert POLICY["form-action"] == ["'self'"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_asks_for_what_the_policy_forbids(template: Path) -> None:
    assert breaches(template.read_text()) == []


@pytest.mark.parametrize(
    "page",
    ["<p onclick='x()'>", "<script>1</script>", "<script src='https://elsewhere.test/x.js'></script>",
     "<a href='javascript:x()'>", "<form action='https://elsewhere.test/'></form>"],
)  # fmt: skip
def test_a_breach_is_seen(page: str) -> None:
    assert breaches(f"<div>{page}</div>")


async def test_the_reference_and_everything_it_loads_are_served_under_the_policy() -> None:
    app = create_app(Settings(database_url=SecretStr("postgresql://uskat@127.0.0.1:9/none"), log_level="error"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://uskat.test") as client:
        page = await client.get("/docs")
        assert page.headers["content-security-policy"] == SECURITY_HEADERS["Content-Security-Policy"]
        assert breaches(page.text) == []
        loaded = [
            element.get("src") or element.get("href") for element in html.fromstring(page.text).iter("script", "link")
        ]
        ours = [path for path in loaded if path and path.startswith("/")]
        assert any(path.endswith(".js") for path in ours)
        for path in ours:
            answer = await client.get(path)
            assert answer.status_code == 200, path
            assert answer.headers["x-content-type-options"] == "nosniff"
            if path.endswith(".js"):
                assert "javascript" in answer.headers["content-type"]
