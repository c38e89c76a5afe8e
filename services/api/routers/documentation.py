"""OpenAPI and its pages; every byte comes from this server, none from a CDN."""

from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from services.api.errors import NotFound
from services.api.reply import fresh_reply

ASSETS = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon.png": "image/png",
}
START_SCRIPT = b"""window.addEventListener("load", function () {
  SwaggerUIBundle({url: "/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null});
});
"""
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Uskat API</title>
<link rel="icon" href="/docs/assets/favicon.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<div id="docs"><noscript>This page needs JavaScript; <a href="/openapi.json">openapi.json</a> does not.</noscript></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/start.js"></script>
</html>
"""
AGE_S = 300
router = APIRouter(include_in_schema=False)


@cache
def _asset(name: str) -> bytes:
    return files("fastapi_offline").joinpath("static", name).read_bytes()


@router.get("/docs")
async def get_docs() -> Response:
    """The reference, to read and to try."""
    return HTMLResponse(PAGE)


@router.get("/docs/assets/{name}")
async def get_asset(name: str) -> Response:
    """Scripts and styles of the reference."""
    headers = {"Cache-Control": "public, max-age=86400"}
    if name == "start.js":
        return Response(START_SCRIPT, media_type="text/javascript; charset=utf-8", headers=headers)
    if name not in ASSETS:
        raise NotFound("no such asset")
    return Response(_asset(name), media_type=ASSETS[name], headers=headers)


@router.get("/openapi.json")
async def get_openapi(request: Request) -> Response:
    """The contract."""
    return fresh_reply(request, request.app.openapi(), max_age_s=AGE_S)
