"""Laws of sites: every fit is kept with the records it was made from; the newest of a pit speaks."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values
from uskat.blast.propagation.fit import SiteFit
from uskat.blast.propagation.law import PpvRecord, SiteLaw, law_of_json

_NEWEST = text(
    """SELECT l.version, l.fitted_at, l.usable, l.n, l.fit, l.records FROM site_law l JOIN pit p ON p.id = l.pit_id
    WHERE p.code = :pit ORDER BY l.version DESC LIMIT 1"""
)
_KEEP = text(
    """INSERT INTO site_law (pit_id, version, fitted_at, usable, n, fit, records)
    SELECT p.id, coalesce((SELECT max(version) FROM site_law WHERE pit_id = p.id), 0) + 1, :at, :usable, :n,
        CAST(:fit AS jsonb), CAST(:records AS jsonb)
    FROM pit p WHERE p.code = :pit RETURNING version"""
)


class StoredLaw(Struct):
    """A fit. fit: `SiteFit.to_json`; records: what it was made from."""

    version: int
    fitted_at: datetime
    usable: bool
    n: int
    fit: dict[str, Any]
    records: list[dict[str, Any]]

    @property
    def law(self) -> SiteLaw:
        """The law as the domain has it."""
        return law_of_json(self.fit["law"])

    @property
    def ppv_records(self) -> list[PpvRecord]:
        """The records as the domain has them."""
        return [PpvRecord(**record) for record in self.records]


async def newest_law(connection: AsyncConnection, pit: str) -> StoredLaw | None:
    """The newest fit of a pit; None when there is none."""
    row = (await connection.execute(_NEWEST, {"pit": pit})).first()
    if row is None:
        return None
    *plain, fit, records = row_values(row)
    return StoredLaw(plain[0], plain[1], plain[2], plain[3], json_value(fit), json_value(records))


async def keep_law(
    connection: AsyncConnection, pit: str, *, fit: SiteFit, records: Sequence[PpvRecord], at: datetime
) -> int:
    """Store a fit as the newest of its pit; returns its version. Raises LookupError for an unknown pit."""
    bound = {
        "pit": pit, "at": at, "usable": not fit.law.refused, "n": fit.law.n, "fit": _text(fit.to_json()),
        "records": _text([asdict(record) for record in records]),
    }  # fmt: skip
    version = (await connection.execute(_KEEP, bound)).scalar()
    if version is None:
        raise LookupError(f"pit {pit!r} is not registered")
    return int(version)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
