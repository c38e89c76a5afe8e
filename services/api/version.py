"""Changes that name the version they were made from: ETag out, If-Match in."""

import re

from fastapi import Request

from services.api.errors import InvalidRequest, VersionNeeded

_VERSION = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})"')


def version_tag(version: int) -> str:
    """ETag of a version."""
    return f'"{version}"'


def version_of(request: Request) -> int:
    """The version that the change was made from. Raises VersionNeeded, InvalidRequest."""
    named = request.headers.get("if-match")
    if named is None:
        raise VersionNeeded('send If-Match with the ETag of what you read, for example If-Match: "3"')
    found = _VERSION.fullmatch(named.strip())
    if found is None:
        raise InvalidRequest('If-Match holds one version, for example "3"')
    return int(found[1])
