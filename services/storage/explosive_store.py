"""Explosives as the agency and the enterprises enter them: products, permits, acceptance measurements; append-only."""

from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values
from uskat.blast.explosive.register import Permit, Product
from uskat.blast.passport.report import Acceptance

_PRODUCTS = text(
    """SELECT DISTINCT ON (code) code, version, body, entered_by, entered_at FROM explosive_product
    ORDER BY code, version DESC"""
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('uskat:explosives'))")
_ENTER_PRODUCT = text(
    """INSERT INTO explosive_product (code, version, body, entered_by, entered_at)
    SELECT :code, coalesce(max(version), 0) + 1, CAST(:body AS jsonb), :by, :at FROM explosive_product
    WHERE code = :code RETURNING version"""
)
_PERMIT = """SELECT e.id, e.number, e.product, o.code, e.valid_from, e.valid_to, e.entered_by, e.entered_at
    FROM explosive_permit e LEFT JOIN organisation o ON o.id = e.organisation_id"""
_PERMITS = text(
    f"""{_PERMIT} WHERE CAST(:enterprise AS text) IS NULL OR o.code = :enterprise OR e.organisation_id IS NULL
    ORDER BY e.id DESC LIMIT 1000"""
)
_ENTER_PERMIT = text(
    """INSERT INTO explosive_permit (number, product, organisation_id, valid_from, valid_to, entered_by, entered_at)
    SELECT :number, :product, (SELECT id FROM organisation WHERE code = CAST(:enterprise AS text)), :valid_from,
        :valid_to, :by, :at
    WHERE CAST(:enterprise AS text) IS NULL OR EXISTS (SELECT 1 FROM organisation WHERE code = :enterprise)
    RETURNING id"""
)
_ONE_PERMIT = text(f"{_PERMIT} WHERE e.id = :id")
_ACCEPTANCE = """SELECT a.id, o.code, a.product, a.batch, a.measured_at, a.density_g_cm3, a.vod_m_s, a.laboratory,
    a.entered_by, a.entered_at FROM explosive_acceptance a JOIN organisation o ON o.id = a.organisation_id"""
_ACCEPTANCES = text(
    f"""{_ACCEPTANCE} WHERE (CAST(:enterprise AS text) IS NULL OR o.code = :enterprise) AND a.measured_at >= :since
    AND a.measured_at < :until ORDER BY a.measured_at DESC, a.id DESC LIMIT :limit"""
)
_ENTER_ACCEPTANCE = text(
    """INSERT INTO explosive_acceptance (organisation_id, product, batch, measured_at, density_g_cm3, vod_m_s,
        laboratory, entered_by, entered_at)
    SELECT id, :product, :batch, :measured_at, :density_g_cm3, :vod_m_s, :laboratory, :by, :at FROM organisation
    WHERE code = :enterprise RETURNING id"""
)
_ONE_ACCEPTANCE = text(f"{_ACCEPTANCE} WHERE a.id = :id")


class ProductEntry(Struct):
    """An entry of the agency in the register. body: `Product`; the newest version of a code speaks."""

    code: str
    version: int
    body: dict[str, Any]
    entered_by: str
    entered_at: datetime

    @property
    def product(self) -> Product:
        """The same as the domain has it."""
        return Product.model_validate(self.body)


class PermitRow(Struct):
    """A permission to use a product over [valid_from, valid_to), local dates. enterprise null: everybody's."""

    id: int
    number: str
    product: str
    enterprise: str | None
    valid_from: date
    valid_to: date | None
    entered_by: str
    entered_at: datetime

    @property
    def permit(self) -> Permit:
        """The same as the domain has it."""
        return Permit(
            number=self.number, product=self.product, enterprise=self.enterprise, valid_from=self.valid_from,
            valid_to=self.valid_to,
        )  # fmt: skip


class AcceptanceRow(Struct):
    """A measurement of explosives on delivery or at loading."""

    id: int
    enterprise: str
    product: str
    batch: str | None
    measured_at: datetime
    density_g_cm3: float | None
    vod_m_s: float | None
    laboratory: str | None
    entered_by: str
    entered_at: datetime

    @property
    def acceptance(self) -> Acceptance:
        """The same as the domain has it."""
        return Acceptance(
            product=self.product, batch=self.batch, measured_at=self.measured_at, density_g_cm3=self.density_g_cm3,
            vod_m_s=self.vod_m_s, laboratory=self.laboratory,
        )  # fmt: skip


async def own_products(connection: AsyncConnection) -> list[ProductEntry]:
    """The agency's entries, newest versions, by code."""
    rows = [row_values(row) for row in await connection.execute(_PRODUCTS)]
    return [ProductEntry(*values[:2], json_value(values[2]), *values[3:]) for values in rows]  # type: ignore[call-arg]


async def enter_product(connection: AsyncConnection, product: Product, *, by: str, at: datetime) -> ProductEntry:
    """A new version of a product."""
    await connection.execute(_LOCK)
    body = product.to_json()
    bound = {"code": product.code, "body": msgspec.json.encode(body).decode(), "by": by, "at": at}
    version = (await connection.execute(_ENTER_PRODUCT, bound)).scalar_one()
    return ProductEntry(product.code, version, body, by, at)


async def list_permits(connection: AsyncConnection, *, enterprise: str | None) -> list[PermitRow]:
    """Permits of an enterprise and those of everybody; None: all. The newest entry first."""
    rows = await connection.execute(_PERMITS, {"enterprise": enterprise})
    return [PermitRow(*row_values(row)) for row in rows]


async def enter_permit(connection: AsyncConnection, permit: Permit, *, by: str, at: datetime) -> PermitRow | None:
    """Keep a permit; None when its enterprise is not registered."""
    found = (await connection.execute(_ENTER_PERMIT, permit.model_dump() | {"by": by, "at": at})).first()
    if found is None:
        return None
    return PermitRow(*row_values((await connection.execute(_ONE_PERMIT, {"id": found.id})).one()))


async def list_acceptances(
    connection: AsyncConnection, *, enterprise: str | None, since: datetime, until: datetime, limit: int = 5000
) -> list[AcceptanceRow]:
    """Measurements in [since, until), the newest first."""
    bound = {"enterprise": enterprise, "since": since, "until": until, "limit": limit}
    return [AcceptanceRow(*row_values(row)) for row in await connection.execute(_ACCEPTANCES, bound)]


async def enter_acceptance(
    connection: AsyncConnection, test: Acceptance, *, enterprise: str, by: str, at: datetime
) -> AcceptanceRow | None:
    """Keep a measurement; None when the enterprise is not registered."""
    bound = test.model_dump() | {"enterprise": enterprise, "by": by, "at": at}
    found = (await connection.execute(_ENTER_ACCEPTANCE, bound)).first()
    if found is None:
        return None
    return AcceptanceRow(*row_values((await connection.execute(_ONE_ACCEPTANCE, {"id": found.id})).one()))
