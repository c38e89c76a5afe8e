"""The access log: who asked for what, and nothing that says whose a complaint is."""

import pytest
import structlog

from services.api.metrics import Metrics
from services.api.middleware import Edge


async def logged(path: str, principal: str) -> dict[str, object]:
    async def app(scope, receive, send):
        scope["principal"] = principal
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def nothing(*_):
        return {"type": "http.request"}

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "client": ("192.0.2.7", 5000)}
    with structlog.testing.capture_logs() as entries:
        await Edge(app, Metrics())(scope, nothing, nothing)
    [entry] = entries
    return dict(entry)


@pytest.mark.parametrize(
    ("path", "principal", "client"),
    [
        ("/complaints", "anonymous", None),
        ("/api/v1/complaints/status", "anonymous", None),
        ("/subscription/leave", "anonymous", None),
        ("/api/v1/subscriptions", "anonymous", None),
        ("/api/v1/complaints/5", "ivanova", "192.0.2.7"),
        ("/api/v1/alerts", "anonymous", "192.0.2.7"),
        ("/complaintsX", "anonymous", "192.0.2.7"),
    ],
)
async def test_the_address_of_a_resident_who_complains_is_not_in_the_log(path, principal, client):
    entry = await logged(path, principal)
    assert (entry["path"], entry["client"]) == (path, client)
