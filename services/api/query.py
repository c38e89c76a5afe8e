"""Types of query and path parameters, bounded so that no question can reach the database that it cannot take."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, StringConstraints

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
INT32 = 2**31 - 1
INT64 = 2**63 - 1
PLAIN_TEXT = r"^[^\x00-\x1f\x7f]*$"


def _within_reason(moment: datetime) -> datetime:
    if not EARLIEST <= moment <= LATEST:
        raise ValueError(f"must lie between {EARLIEST.year} and {LATEST.year}")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_within_reason)]
Code = Annotated[str, StringConstraints(max_length=100, pattern=PLAIN_TEXT)]
PathCode = Annotated[str, Path(max_length=100, pattern=PLAIN_TEXT)]
Cursor = Annotated[str | None, Query(description="`next` of the page before", max_length=400)]
FormatName = Annotated[str | None, Query(alias="format", description="overrides the Accept header", max_length=40)]
Identifier = Annotated[int, Path(ge=1, le=INT32)]
LongIdentifier = Annotated[int, Path(ge=1, le=INT64)]
Limit = Annotated[int, Query(ge=1, le=1000, description="items on a page")]
StationFilter = Annotated[Code | None, Query(description="code of a station")]
Start = Annotated[Moment | None, Query(description="RFC 3339 with zone; included")]
End = Annotated[Moment | None, Query(description="RFC 3339 with zone; excluded")]
