"""Answers: JSON straight from storage's structs, entity tags, links to the next page, the format a reader wants."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi import Request
from fastapi.responses import Response

from services.api.errors import InvalidRequest

_encoder = msgspec.json.Encoder(decimal_format="number", uuid_format="canonical")


class Format(StrEnum):
    """How an answer may be written."""

    JSON = "json"
    CSV = "csv"
    GEOJSON = "geojson"
    HTML = "html"


MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.GEOJSON: "application/geo+json",
    Format.HTML: "text/html; charset=utf-8",
}
_ACCEPTED = {"text/csv": Format.CSV, "application/geo+json": Format.GEOJSON, "application/json": Format.JSON,
             "text/html": Format.HTML}  # fmt: skip


def wanted_format(request: Request, asked: str | None, offered: tuple[Format, ...]) -> Format:
    """The format asked for by `?format=`, else by the first known type of Accept, else JSON. Raises InvalidRequest."""
    if asked is not None:
        if asked not in offered:
            raise InvalidRequest(f"format {asked[:40]!r} is not offered here; use one of: {', '.join(offered)}")
        return Format(asked)
    for part in request.headers.get("accept", "").split(","):
        known = _ACCEPTED.get(part.partition(";")[0].strip().lower())
        if known in offered:
            return Format(known)
    return Format.JSON


def json_reply(
    content: Any,
    *,
    media_type: str = MEDIA_TYPES[Format.JSON],
    headers: Mapping[str, str] | None = None,
    status_code: int = 200,
) -> Response:
    """An answer from a struct."""
    return Response(_encoder.encode(content), status_code, dict(headers or {}), media_type)


def fresh_reply(
    request: Request,
    content: Any,
    *,
    max_age_s: int,
    media_type: str = MEDIA_TYPES[Format.JSON],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A cacheable answer with an entity tag; 304 when the reader has it already."""
    body = _encoder.encode(content)
    tag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    anonymous = "authorization" not in request.headers
    caching = {
        "ETag": tag,
        "Cache-Control": f"{'public' if anonymous else 'private'}, max-age={max_age_s}",
        "Vary": "Accept, Authorization",
        **(headers or {}),
    }
    known = request.headers.get("if-none-match", "")
    if known == "*" or tag in [part.strip() for part in known.split(",")]:
        return Response(None, 304, caching)
    return Response(body, 200, caching, media_type)


def next_link(request: Request, cursor: str | None) -> dict[str, str]:
    """Link header to the next page: the same question with another cursor."""
    if cursor is None:
        return {}
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"Link": f'<{request.url.path}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'}


def point(longitude: float, latitude: float) -> dict[str, Any]:
    """GeoJSON point, WGS84."""
    return {"type": "Point", "coordinates": [longitude, latitude]}


def feature(geometry: Any, properties: Any, *, identifier: int | str | None = None) -> dict[str, Any]:
    """GeoJSON feature."""
    found: dict[str, Any] = {"type": "Feature", "geometry": geometry, "properties": properties}
    if identifier is not None:
        found["id"] = identifier
    return found


def features(items: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    """GeoJSON feature collection; further members are allowed by RFC 7946 §6.1."""
    return {"type": "FeatureCollection", "features": items, **members}
