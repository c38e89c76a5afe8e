"""Declared charges that the magnitudes of a regional catalogue speak against, as findings (kind `charge`).

For the agency's eyes: a law of an enterprise's own past is a reason to ask, it proves nothing.
"""

from collections.abc import Iterable
from datetime import timedelta

from uskat.blast.magnitude.charge import ChargeVerdict
from uskat.blast.magnitude.enterprise import EnterpriseCharges, JudgedCharge
from uskat.blast.magnitude.law import magnitude_pack
from uskat.finding import Figure, Finding, FindingKind, Severity, number_en, number_ru

DETECTOR = "charge"
LAW = "charge_ml"
"""Head of the keys, beside `charge:` of the network's own judgement by velocities."""
WIDTH = timedelta(minutes=2)
"""Of the episode: the moment of a blast may be judged anew by a fraction of it and stays the same alert."""
UNFIT = frozenset({ChargeVerdict.TOO_STRONG, ChargeVerdict.TOO_WEAK})


def charge_key(blast_id: int) -> str:
    """Key of what a catalogue says about the charge of one blast (its number in storage)."""
    return f"{LAW}:{blast_id}"


def charge_findings(found: Iterable[EnterpriseCharges]) -> list[Finding]:
    """One finding for every blast outside its enterprise's interval; none where no law is carried."""
    return [_finding(one, judged) for one in found for judged in one.judged if judged.check.verdict in UNFIT]


def _finding(found: EnterpriseCharges, judged: JudgedCharge) -> Finding:
    blast, pair, check, law = judged.sized.blast, judged.sized.pair, judged.check, judged.law
    rules = magnitude_pack().charge_regression
    strong = check.verdict is ChargeVerdict.TOO_STRONG
    ru, en = ("сильнее", "stronger") if strong else ("слабее", "weaker")
    size = number_ru(pair.magnitude), number_en(pair.magnitude)
    scale = f"{found.magnitude_type} {found.network}".strip()
    away = number_ru(judged.sized.apart_s), number_ru(judged.sized.apart_km)
    count = 0 if law is None else law.n
    figures = {"magnitude": Figure(pair.magnitude, "ML"), "charge": Figure(pair.charge_t * 1000, "кг")}
    for name, value in (("expected", check.expected), ("low", check.low), ("high", check.high)):
        figures |= {name: Figure(value, "ML")} if value is not None else {}
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.CHARGE,
        severity=Severity.NOTICE,
        key=charge_key(blast.blast_id),
        started_at=blast.at,
        knowable_at=max(blast.at, judged.sized.event.at),
        ended_at=blast.at + WIDTH,
        settled_at=max(blast.at + WIDTH, judged.sized.event.at),
        title=f"Взрыв {blast.name}: магнитуда {size[0]} {ru}, чем у его заявленного заряда",
        title_en=f"Blast {blast.name}: magnitude {size[1]} is {en} than its declared charge gives",
        station_id=blast.station_id,
        figures=figures,
        reasons=(
            check.reason,
            f"Закон: магнитуда {scale} от заряда по {count} другим взрывам предприятия.",
            f"Событие каталога {judged.sized.event.id}: {away[0]} с и {away[1]} км от взрыва.",
        ),
        norm={"max": rules.interval, "unit": "доля", "verified": False, "level": rules.level.value,
              "source": rules.source, "clause": rules.clause},
        detail=judged.to_json() | {"law": None if law is None else law.to_json(), "law_kind": "magnitude"},
        published=False,
    )  # fmt: skip
