"""Terms of decisions that restrict, and from when on an instrument's word counts against one: versioned data."""

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """acknowledge: term from a version's issue. outlet_probability: from which an attributed outlet is told.

    look_back: how long after its end a decision is checked again. pit_km: an undeclared blast this near a restricted
    pit is told under the decision.
    """

    id: str
    verified: bool
    source: str
    acknowledge: timedelta
    longest: timedelta
    look_back: timedelta
    outlet_probability: float
    pit_km: float


@cache
def decision_rules() -> DecisionRules:
    """The rules of the project."""
    path = files("uskat.data").joinpath("supervision/restriction_decision_rules.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    return DecisionRules(
        id=str(document["id"]),
        verified=bool(document["verified"]),
        source=str(document["source"]),
        acknowledge=timedelta(hours=document["acknowledge_within_h"]),
        longest=timedelta(days=document["longest_days"]),
        look_back=timedelta(days=document["look_back_days"]),
        outlet_probability=float(document["outlet_named_from_probability"]),
        pit_km=float(document["pit_within_km"]),
    )
