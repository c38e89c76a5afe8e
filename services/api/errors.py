"""What a request can be refused for.

ApiError
├── NotFound               there is no such thing, or the reader may not see it
├── InvalidRequest         the question cannot be answered as asked; `errors` say where
├── Conflict               what is asked for contradicts what is there
├── Unauthenticated        no token, or one that is unknown, revoked or expired
├── Forbidden              the token's scopes do not cover this
├── VersionNeeded          a change must name the version it was made from
├── PayloadTooLarge        the body exceeds the limit
├── UnsupportedMediaType   the body is of a kind that this route does not read
├── TooManyRequests        one address asks too often; `retry_after_s` says when to come back
├── ProviderAway           the OpenID provider does not answer, or not as it should
└── Overloaded             our own queue is full; ask again in a moment
"""

from typing import Any


class ApiError(Exception):
    """Base; `detail` is a sentence for the caller and holds nothing internal."""

    def __init__(self, detail: str, *, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []


class NotFound(ApiError):
    """There is no such thing, or the reader may not see it."""


class InvalidRequest(ApiError):
    """The question cannot be answered as asked."""


class Conflict(ApiError):
    """What is asked for contradicts what is there."""


class VersionNeeded(ApiError):
    """A change must name the version it was made from (If-Match)."""


class Unauthenticated(ApiError):
    """No valid token where one is needed."""


class Forbidden(ApiError):
    """The token does not cover this."""


class PayloadTooLarge(ApiError):
    """The body exceeds the limit."""


class UnsupportedMediaType(ApiError):
    """The body is of a kind that this route does not read."""


class TooManyRequests(ApiError):
    """One address asks too often; `retry_after_s`: seconds until it may again."""

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class ProviderAway(ApiError):
    """The OpenID provider does not answer, or not as it should."""


class Overloaded(ApiError):
    """Our own queue is full."""
