"""Answers of ФГИС «Аршин» (federal fund of verifications) as values.

Shape after public clients of `https://fgis.gost.ru/fundmetrology/eapi/vri` (norms sheet §4.3): `result.items[]` with
dates as 28.09.2022. The live service was not asked: what it leaves out is refused with its reason, not guessed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from uskat.supervision.evidence.verification import Verification

LONGEST_WORD = 200


class ArshinAnswerError(ValueError):
    """Not an answer of the service."""


@dataclass(frozen=True, slots=True)
class ArshinRecord:
    """A record of an answer. vri_id: its number in the fund; raw: as it came."""

    vri_id: str
    record: Verification
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An item that cannot be used: its place in the answer, and why."""

    place: int
    why: str


@dataclass(frozen=True, slots=True)
class ArshinAnswer:
    """Records of one answer; count: how many the service has in all."""

    records: tuple[ArshinRecord, ...]
    refused: tuple[RefusedItem, ...]
    count: int


def read_answer(payload: bytes) -> ArshinAnswer:
    """Records of an answer; a bad item takes no other with it. Raises ArshinAnswerError when nothing can be read."""
    try:
        document = json.loads(payload)
        items = document["result"]["items"]
        count = int(document["result"].get("count", len(items)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ArshinAnswerError(f"no result.items in the answer: {type(error).__name__}") from None
    if not isinstance(items, list):
        raise ArshinAnswerError("result.items is not a list")
    records, refused = [], []
    for place, item in enumerate(items):
        try:
            records.append(_record(item))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            why = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
            refused.append(RefusedItem(place, why[:LONGEST_WORD]))
    return ArshinAnswer(tuple(records), tuple(refused), count)


def with_detail(found: ArshinRecord, payload: bytes) -> ArshinRecord:
    """A record completed from the answer of `/vri/{vri_id}`: organisation, number of the approved type.

    Raises ArshinAnswerError. The list does not always tell them; without the type's number a record counts for nothing.
    """
    try:
        result = json.loads(payload)["result"]
        organisation = str(result["vriInfo"]["organization"]).strip()
        kinds = [one for one in result["miInfo"].values() if isinstance(one, dict)]
        number = next((str(one["mitypeNumber"]) for one in kinds if one.get("mitypeNumber")), "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ArshinAnswerError(f"no vriInfo in the answer: {type(error).__name__}") from None
    known = found.record
    record = replace(
        known,
        organisation=known.organisation or organisation[:LONGEST_WORD],
        mit_number=known.mit_number or number.strip()[:LONGEST_WORD],
    )
    return replace(found, record=record, raw={**found.raw, "detail": result})


def _record(item: Mapping[str, Any]) -> ArshinRecord:
    applicable = item["applicability"]
    if not isinstance(applicable, bool):
        raise TypeError(f"applicability is {applicable!r}, not true or false")
    verified = _date(item["verification_date"])
    until = _date(item["valid_date"]) if item.get("valid_date") else None
    if until is not None and until < verified:
        raise ValueError(f"valid until {until}, before it was verified on {verified}")
    record = Verification(
        _word(item, "result_docnum"), str(item.get("mit_number") or "").strip()[:LONGEST_WORD],
        _word(item, "mi_number"),
        str(item.get("mi_modification") or item.get("mit_title") or "")[:LONGEST_WORD], verified, until,
        str(item.get("org_title") or item.get("organization") or "")[:LONGEST_WORD], applicable,
    )  # fmt: skip
    return ArshinRecord(_word(item, "vri_id"), record, item)


def _word(item: Mapping[str, Any], name: str) -> str:
    value = str(item[name] if item[name] is not None else "").strip()
    if not value or len(value) > LONGEST_WORD or "\x00" in value:
        raise ValueError(f"{name} is {value[:40]!r}")
    return value


def _date(value: Any) -> date:
    return datetime.strptime(str(value), "%d.%m.%Y").date()  # noqa: DTZ007 - a date without time has no zone
