"""The register of explosives: what each product is, and until when it may be used.

Products: `uskat/data/blast/explosives.json` from `blasting/norms.md` §5.1–5.3, every number with its level. Permits
belong to an enterprise and come from its own list; the package knows none.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Self

from pydantic import model_validator

from uskat.blast.explosive.composition import CompositionError, gas_l_kg, mixture_balance_percent
from uskat.blast.provenance import Act, Frozen, Number, Sourced, Span, parse_data


class Substance(Frozen):
    """A pure component."""

    code: str
    name: str
    formula: str


class Composition(Sourced):
    """Parts of a product: {substance code: share of mass}, water included."""

    parts: dict[str, float]


class Product(Frozen):
    """One explosive. Numbers are published ranges; None: not published anywhere we read."""

    code: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    family: str
    composition: Composition | None = None
    oxygen_balance: Number | None = None
    density_g_cm3: Span | None = None
    vod_m_s: Span | None = None
    heat_mj_kg: Span | None = None
    gas_l_kg: Span | None = None
    note: str | None = None


class Permit(Frozen):
    """A permission to use a product; half-open local dates, valid_to None: without a term."""

    number: str
    product: str
    enterprise: str | None = None
    valid_from: date
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """True on a local date inside its term."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class Register(Act):
    """All products and the substances they are made of."""

    substances: tuple[Substance, ...]
    products: tuple[Product, ...]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        codes = [product.code for product in self.products]
        known = {substance.code for substance in self.substances}
        if len(set(codes)) < len(codes):
            raise ValueError("two products have the same code")
        for product in self.products:
            if product.composition is not None and not set(product.composition.parts) <= known:
                raise ValueError(f"{product.code}: unknown substances {sorted(set(product.composition.parts) - known)}")
        return self

    def product(self, code: str) -> Product | None:
        """A product by code or alias; None for one that is not registered."""
        return next((item for item in self.products if code == item.code or code in item.aliases), None)

    def shares(self, product: Product) -> Mapping[str, float] | None:
        """Composition by formula; None when it is not known."""
        if product.composition is None:
            return None
        formulas = {substance.code: substance.formula for substance in self.substances}
        shares: dict[str, float] = {}
        for code, share in product.composition.parts.items():
            shares[formulas[code]] = shares.get(formulas[code], 0.0) + share
        return shares

    def oxygen_balance_percent(self, product: Product) -> float | None:
        """From the composition, else as published, else None."""
        shares = self.shares(product)
        if shares is not None:
            return mixture_balance_percent(shares)
        return product.oxygen_balance.value if product.oxygen_balance else None

    def gas_l_kg(self, product: Product) -> float | None:
        """Gas volume computed from the composition, l/kg; None when that says nothing."""
        shares = self.shares(product)
        return None if shares is None else gas_l_kg(shares)

    def with_products(self, products: Iterable[Product]) -> "Register":
        """The register with an agency's own products, which replace packaged ones of the same code."""
        own = {product.code: product for product in products}
        kept = [product for product in self.products if product.code not in own]
        return self.model_validate(self.to_json() | {"products": [item.to_json() for item in (*kept, *own.values())]})


def permit_of(permits: Iterable[Permit], product: str, *, enterprise: str, day: date) -> Permit | None:
    """A permit of the product that holds on a local date for the enterprise; None when there is none."""
    return next(
        (
            permit
            for permit in permits
            if permit.product == product and permit.enterprise in {None, enterprise} and permit.holds_on(day)
        ),
        None,
    )


@cache
def explosive_register() -> Register:
    """The packaged register; raises CompositionError when a composition is no whole."""
    register = parse_data("explosives.json", Register)
    for product in register.products:
        try:
            register.oxygen_balance_percent(product)
        except CompositionError as error:
            raise CompositionError(f"{product.code}: {error}") from error
    return register
