"""Explosives as they are answered: products with what follows from their composition, verdicts, scores."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.api.context import Context
from services.api.state_word import LOCAL
from services.storage.explosive_store import (
    AcceptanceRow,
    ProductEntry,
    list_acceptances,
    list_permits,
    own_products,
)
from services.storage.fired_blasts import reported_papers
from services.storage.fume_store import worst_fumes
from uskat.blast.explosive.acceptance import judge_acceptance
from uskat.blast.explosive.quality import (
    BlastFacts,
    blast_facts,
    enterprise_quality,
    oxygen_word,
    product_quality,
    quality_rules,
)
from uskat.blast.explosive.register import Permit, Product, Register, explosive_register
from uskat.blast.passport.report import Acceptance
from uskat.blast.passport.rules import passport_rules


class ProductAnswer(Struct):
    """A product with what follows from its composition. version null: packaged, else the agency's entry.

    gas_l_kg: computed at 0 °C and 101.3 kPa; null where the composition says nothing.
    """

    product: dict[str, Any]
    version: int | None
    entered_by: str | None
    oxygen_balance_percent: float | None
    oxygen_word: str | None
    gas_l_kg: float | None


class AcceptanceAnswer(Struct):
    """A measurement and its verdict: density_ok, vod_ok – null where nothing can be compared; what it was judged by."""

    measurement: AcceptanceRow
    verdict: dict[str, Any]


class ExplosiveQuality(Struct):
    """Scores of reported blasts in [start, end). enterprise: as a whole, null when not asked for.

    A score is null when too little was assessed. reasons: costliest first, each with its level. not_registered:
    products that were fired and are in no register.
    """

    start: datetime
    end: datetime
    enterprise: dict[str, Any] | None
    products: list[dict[str, Any]]
    not_registered: list[str]


@dataclass(frozen=True, slots=True)
class ExplosiveBooks:
    """What quality is judged from. permits None: nobody entered any, so they are not assessed."""

    register: Register
    facts: tuple[BlastFacts, ...]
    permits: tuple[Permit, ...] | None
    delivered: tuple[Acceptance, ...]


async def read_books(context: Context, enterprise: str | None, *, since: datetime, until: datetime) -> ExplosiveBooks:
    """Reported blasts, permits and deliveries of an enterprise, or of all; the worst rating of a cloud counts."""
    ask = context.database.ask
    entries = await ask(own_products)
    register = explosive_register().with_products([entry.product for entry in entries])
    papers = await ask(reported_papers, enterprise=enterprise, since=since, until=until)
    fumes = await ask(worst_fumes, enterprise=enterprise, since=since, until=until)
    facts = []
    for passport, report in papers:
        fact = blast_facts(passport, report)
        levels = [
            level for level in (fact.fume_level, fumes.get((fact.enterprise, fact.blast_id))) if level is not None
        ]
        facts.append(replace(fact, fume_level=max(levels, default=None)))
    permits = [
        permit for row in await ask(list_permits, enterprise=enterprise) for permit in _by_name(row.permit, register)
    ]
    rows = await ask(list_acceptances, enterprise=enterprise, since=since, until=until)
    return ExplosiveBooks(register, tuple(facts), tuple(permits) or None, tuple(row.acceptance for row in rows))


def product_answer(product: Product, register: Register, entry: ProductEntry | None) -> ProductAnswer:
    """A product of the register; entry: the agency's version of it."""
    balance = register.oxygen_balance_percent(product)
    return ProductAnswer(
        product=product.to_json(),
        version=entry.version if entry else None,
        entered_by=entry.entered_by if entry else None,
        oxygen_balance_percent=balance,
        oxygen_word=None if balance is None else oxygen_word(balance, quality_rules())[0],
        gas_l_kg=register.gas_l_kg(product),
    )


def acceptance_answer(row: AcceptanceRow, register: Register) -> AcceptanceAnswer:
    """A measurement with its verdict."""
    rules = quality_rules()
    verdict = judge_acceptance(
        row.acceptance, register.product(row.product), density_tolerance=rules.density_tolerance,
        vod_share=rules.vod_share,
    )  # fmt: skip
    return AcceptanceAnswer(row, verdict.to_json())


def quality_of_product(product: Product, books: ExplosiveBooks) -> dict[str, Any]:
    """Score of a product from all blasts of the books."""
    return product_quality(
        product, books.facts, register=books.register, rules=quality_rules(), permits=books.permits,
        delivered=books.delivered, zone=LOCAL,
    ).to_json()  # fmt: skip


def quality_of_enterprise(
    enterprise: str, books: ExplosiveBooks, *, since: datetime, until: datetime
) -> ExplosiveQuality:
    """Scores of an enterprise and of every product it fired."""
    whole = enterprise_quality(
        enterprise, books.facts, register=books.register, rules=quality_rules(), passport_rules=passport_rules(),
        permits=books.permits, delivered=books.delivered, zone=LOCAL,
    )  # fmt: skip
    fired = sorted({code for fact in books.facts for code in fact.mass_kg})
    known = {product.code: product for code in fired if (product := books.register.product(code)) is not None}
    unknown = [code for code in fired if books.register.product(code) is None]
    products = [quality_of_product(product, books) for _, product in sorted(known.items())]
    return ExplosiveQuality(since, until, whole.to_json(), products, unknown)


def _by_name(permit: Permit, register: Register) -> list[Permit]:
    """The permit under every name of its product: reports may use an alias."""
    product = register.product(permit.product)
    names = {permit.product} if product is None else {product.code, *product.aliases}
    return [permit.model_copy(update={"product": name}) for name in sorted(names)]
