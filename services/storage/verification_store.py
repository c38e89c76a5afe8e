"""The register of instruments: verifications and attested methods, append-only; the newest row of a paper speaks."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import row_values
from uskat.supervision.evidence.record_facts import QUANTITIES
from uskat.supervision.evidence.verification import LOCAL, Method, Verification, verification_at

_NEWEST = """
SELECT DISTINCT ON (v.instrument_id, v.docnum) v.id, i.code, st.code, d.code, v.vri_id, v.docnum, v.mit_number,
    v.mi_number, v.type_name, v.verified_on, v.valid_until, v.organisation, v.applicable, v.source, v.entered_by,
    v.entered_at
FROM instrument_verification v JOIN instrument i ON i.id = v.instrument_id
JOIN device d ON d.id = i.device_id JOIN station st ON st.id = d.station_id
WHERE {where} ORDER BY v.instrument_id, v.docnum, v.id DESC"""
_LIST = text(
    f"""SELECT * FROM ({
        _NEWEST.format(
            where="uskat_at_station(d.station_id) AND (CAST(:instrument AS text) IS NULL OR i.code = :instrument)"
        )
    }) n
    WHERE n.id < :before ORDER BY n.id DESC LIMIT :limit"""
)
_OF_INSTRUMENT = text(_NEWEST.format(where="v.instrument_id = :instrument"))
_LAST = text(
    """SELECT docnum, vri_id, mit_number, mi_number, type_name, verified_on, valid_until, organisation, applicable
    FROM instrument_verification WHERE instrument_id = :instrument AND docnum = :docnum ORDER BY id DESC LIMIT 1"""
)
_INSTRUMENT = text(
    """SELECT i.id FROM instrument i JOIN device d ON d.id = i.device_id
    WHERE i.code = :code AND uskat_at_station(d.station_id)"""
)
_ENTER = text(
    """INSERT INTO instrument_verification (instrument_id, vri_id, mit_number, mi_number, type_name, docnum,
        verified_on, valid_until, organisation, applicable, source, raw, entered_by)
    VALUES (:instrument, :vri_id, :mit_number, :mi_number, :type_name, :docnum, :verified_on, :valid_until,
        :organisation, :applicable, :source, CAST(:raw AS jsonb), :by) RETURNING id"""
)
_METHOD = text(
    """INSERT INTO measuring_method (instrument_id, parameter, method, low, high, uncertainty_absolute,
        uncertainty_relative, valid_from, valid_until, source, entered_by)
    SELECT i.id, p.code, :method, :low, :high, :absolute, :relative, :valid_from, :valid_until, :source, :by
    FROM instrument i JOIN device d ON d.id = i.device_id
    CROSS JOIN (SELECT code FROM parameter UNION SELECT unnest(CAST(:quantities AS text[]))) p
    WHERE i.code = :instrument AND p.code = :parameter AND uskat_at_station(d.station_id) RETURNING id"""
)
_METHODS = text(
    """SELECT parameter, method, low, high, uncertainty_absolute, uncertainty_relative, valid_from, valid_until
    FROM measuring_method WHERE instrument_id = :instrument ORDER BY id"""
)
_INSTRUMENTS = text(
    """SELECT i.id, i.code, st.code, i.type_name, i.serial_number, coalesce(i.properties->>'mit_number', '')
    FROM instrument i JOIN device d ON d.id = i.device_id JOIN station st ON st.id = d.station_id
    WHERE uskat_at_station(d.station_id) AND i.removed_at IS NULL
    AND (CAST(:code AS text) IS NULL OR i.code = :code) ORDER BY i.code"""
)


class NoSuchInstrument(Exception):
    """There is no such instrument, or it does not measure such a parameter."""


class VerificationRow(Struct):
    """A record of the register. source: arshin, or manual; vri_id: its number in ФГИС «Аршин»."""

    id: int
    instrument: str
    station: str
    device: str
    vri_id: str | None
    docnum: str
    mit_number: str
    mi_number: str
    type_name: str
    verified_on: date
    valid_until: date | None
    organisation: str
    applicable: bool
    source: str
    entered_by: str
    entered_at: datetime


class Expiring(Struct):
    """An instrument whose verification ends soon, has ended (days_left < 0), or was never entered (null)."""

    instrument: str
    station: str
    type_name: str
    serial_number: str | None
    docnum: str | None
    valid_until: date | None
    days_left: int | None


class RegisteredInstrument(Struct, frozen=True):
    """An instrument as an import looks it up. mit_number: registry number of its type, empty: not entered."""

    id: int
    code: str
    station: str
    type_name: str
    serial_number: str | None
    mit_number: str


async def list_verifications(
    connection: AsyncConnection, *, instrument: str | None, before: int, limit: int
) -> list[VerificationRow]:
    """What speaks of each paper, the newest entry first, ids below `before`."""
    rows = await connection.execute(_LIST, {"instrument": instrument, "before": before, "limit": limit})
    return [VerificationRow(*row_values(row)) for row in rows]


async def papers_of(connection: AsyncConnection, instrument_id: int) -> tuple[list[Verification], list[Method]]:
    """Verifications and methods of one instrument."""
    bound = {"instrument": instrument_id}
    rows = [VerificationRow(*row_values(row)) for row in await connection.execute(_OF_INSTRUMENT, bound)]
    methods = [Method(*row_values(row)) for row in await connection.execute(_METHODS, bound)]
    return [_value(row) for row in rows], methods


async def verification_rows(connection: AsyncConnection, instrument_id: int) -> list[VerificationRow]:
    """Every record that speaks for one instrument."""
    return [
        VerificationRow(*row_values(r)) for r in await connection.execute(_OF_INSTRUMENT, {"instrument": instrument_id})
    ]


async def enter_verification(
    connection: AsyncConnection, instrument: str, record: Verification, *, source: str, vri_id: str | None,
    raw: Any, by: str,
) -> bool:  # fmt: skip
    """Keep a record; False when the newest of this paper says the same already. Raises NoSuchInstrument."""
    identifier = await connection.scalar(_INSTRUMENT, {"code": instrument})
    if identifier is None:
        raise NoSuchInstrument(f"there is no instrument {instrument!r}")
    last = (await connection.execute(_LAST, {"instrument": identifier, "docnum": record.docnum})).first()
    told = (
        record.docnum, vri_id, record.mit_number, record.mi_number, record.type_name, record.verified_on,
        record.valid_until, record.organisation, record.applicable,
    )  # fmt: skip
    if last is not None and row_values(last) == told:
        return False
    bound = {
        "instrument": identifier, "vri_id": vri_id, "mit_number": record.mit_number, "mi_number": record.mi_number,
        "type_name": record.type_name, "docnum": record.docnum, "verified_on": record.verified_on,
        "valid_until": record.valid_until, "organisation": record.organisation, "applicable": record.applicable,
        "source": source, "raw": msgspec.json.encode(raw).decode(), "by": by,
    }  # fmt: skip
    await connection.execute(_ENTER, bound)
    return True


async def enter_method(connection: AsyncConnection, instrument: str, method: Method, *, source: str, by: str) -> int:
    """Keep an attested method of a parameter, or of a quantity of seismic records. Raises NoSuchInstrument."""
    bound = {
        "instrument": instrument, "parameter": method.parameter, "method": method.method, "low": method.low,
        "high": method.high, "absolute": method.uncertainty_absolute, "relative": method.uncertainty_relative,
        "valid_from": method.valid_from, "valid_until": method.valid_until, "source": source, "by": by,
        "quantities": [one.code for one in QUANTITIES],
    }  # fmt: skip
    made = await connection.scalar(_METHOD, bound)
    if made is None:
        raise NoSuchInstrument(f"there is no instrument {instrument!r}, or no parameter {method.parameter!r}")
    return int(made)


async def registered_instruments(connection: AsyncConnection, *, code: str | None = None) -> list[RegisteredInstrument]:
    """Instruments in use, by code."""
    return [RegisteredInstrument(*row_values(row)) for row in await connection.execute(_INSTRUMENTS, {"code": code})]


async def expiring(connection: AsyncConnection, *, now: datetime, within: timedelta) -> list[Expiring]:
    """Instruments in use whose verification ends within a span from now, or is not there; the most urgent first."""
    found = []
    today = now.astimezone(LOCAL).date()
    for one in await registered_instruments(connection):
        records, _ = await papers_of(connection, one.id)
        record = verification_at(records, now) or _last(records)
        until = record.valid_until if record is not None else None
        if record is not None and record.applicable and until is None:
            continue
        left = None if until is None else (until - today).days
        if record is None or not record.applicable or left is None or left <= within.days:
            docnum = record.docnum if record is not None else None
            found.append(Expiring(one.code, one.station, one.type_name, one.serial_number, docnum, until, left))
    return sorted(found, key=lambda one: (one.days_left is not None, one.days_left or 0, one.instrument))


def _last(records: Sequence[Verification]) -> Verification | None:
    return max(records, key=lambda one: one.verified_on, default=None)


def _value(row: VerificationRow) -> Verification:
    return Verification(
        row.docnum, row.mit_number, row.mi_number, row.type_name, row.verified_on, row.valid_until, row.organisation,
        row.applicable,
    )  # fmt: skip
