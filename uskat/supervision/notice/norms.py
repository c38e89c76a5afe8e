"""Norms of reaction: who is told of what, over which channel, within what time. Versioned data, kept with each notice.

The project's own are `uskat/data/supervision/reaction_norms*.json`; an agency enters later versions. No act that was
found sets these terms (shared sheet `water/norms.md` §2.4), so each rule says its source and whether it is verified.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from uskat.finding import FindingKind, Severity

PACKAGED = ("reaction_norms.json", "reaction_norms_2.json")
"""Versions side by side: every notice names the one it was decided by, so none is ever changed or taken away."""
CITIZENS = "citizens"
ENTERPRISE = "enterprise"
DUTY = "duty"
NEVER_HELD = "an extremely high pollution, a dangerous flood and an undeclared blast are told at once"
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class NormsError(ValueError):
    """Norms that nobody could act by; the message names the place."""


class Channel(StrEnum):
    """How a recipient is reached."""

    EMAIL = "email"
    TELEGRAM = "telegram"
    WEBHOOK = "webhook"
    SMS = "sms"
    PUSH = "push"


class Pace(StrEnum):
    """at_once: whatever the hour. daytime: not in quiet hours. digest: gathered, told at the hours of the digest."""

    AT_ONCE = "at_once"
    DAYTIME = "daytime"
    DIGEST = "digest"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Told(_Model):
    """One audience of a rule. within_min: minutes from the happening; a term of the norm, measured, not enforced."""

    audience: Word
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    within_min: Annotated[int, Field(gt=0, le=60 * 24 * 31)]
    pace: Pace

    @property
    def within(self) -> timedelta:
        """The term."""
        return timedelta(minutes=self.within_min)


class When(_Model):
    """Findings that a rule speaks of: any of the kinds in any of the severities."""

    kinds: Annotated[tuple[FindingKind, ...], Field(min_length=1)]
    severities: Annotated[tuple[Severity, ...], Field(min_length=1)]

    def fits(self, kind: FindingKind, severity: Severity) -> bool:
        """True when the rule speaks of such a finding."""
        return kind in self.kinds and severity in self.severities


class Rule(_Model):
    """Whom an occasion is told. source: where it comes from; verified: found in an act that is in force."""

    occasion: Word
    title: str
    title_en: str
    when: When
    tell: Annotated[tuple[Told, ...], Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    verified: bool

    @model_validator(mode="after")
    def _grave_is_not_held(self) -> Self:
        grave = Severity.EXTREME in self.when.severities or FindingKind.UNDECLARED in self.when.kinds
        if grave and any(one.pace is not Pace.AT_ONCE for one in self.tell):
            raise ValueError(f"{self.occasion}: {NEVER_HELD}")
        return self


class Aftermath(_Model):
    """End or withdrawal: told to whoever was told of the alert, as urgently as they were told."""

    within_min: Annotated[int, Field(gt=0)]


class Quiet(_Model):
    """Quiet hours from `begins` to `ends` (over midnight if need be) and hours of the digest, Asia/Novokuznetsk."""

    begins: time
    ends: time
    digest_at: Annotated[tuple[time, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _times(self) -> Self:
        if self.begins == self.ends or any(one.tzinfo for one in (self.begins, self.ends, *self.digest_at)):
            raise ValueError("quiet: local times without a zone, and not the whole day")
        return self


class Flood(_Model):
    """So many messages to one recipient within a time are a flood: what is not grave is then gathered for a while.

    gather_min: gathered messages go out at whole multiples of it since 1970 UTC.
    """

    messages: Annotated[int, Field(ge=1, le=10_000)]
    within_min: Annotated[int, Field(gt=0, le=60 * 24)]
    gather_min: Annotated[int, Field(gt=0, le=60 * 24)]


class Reach(_Model):
    """How far residents are told: so many km down the river, and so many km around."""

    downstream_km: Annotated[float, Field(gt=0, le=500)]
    around_km: Annotated[float, Field(gt=0, le=100)]


class ReactionNorms(_Model):
    """One version, in force from `valid_from` on until a later one begins."""

    schema_version: Annotated[int, Field(alias="schema", ge=1, le=1)]
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,60}$")]
    title: str
    title_en: str
    valid_from: AwareDatetime
    source: Annotated[str, Field(min_length=1)]
    verified: bool
    quiet: Quiet
    reach: Reach
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    escalation: Told
    over: Aftermath
    withdrawn: Aftermath
    flood: Flood | None = None

    @model_validator(mode="after")
    def _one_rule_each(self) -> Self:
        seen: dict[tuple[FindingKind, Severity], str] = {}
        for rule in self.rules:
            for pair in _pairs(rule.when):
                if pair in seen:
                    raise ValueError(f"{rule.occasion}: {pair[0]} {pair[1]} is spoken of by {seen[pair]} already")
                seen[pair] = rule.occasion
        return self

    def rule_for(self, kind: FindingKind, severity: Severity) -> Rule | None:
        """The rule that speaks of such a finding; None: nobody is told of it."""
        return next((rule for rule in self.rules if rule.when.fits(kind, severity)), None)


def parse_norms(document: Any) -> ReactionNorms:
    """Read a document. Raises NormsError: a field missing or unknown, two rules for one finding, a grave one held."""
    try:
        return ReactionNorms.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(key) for key in first["loc"])
        raise NormsError(f"{place}: {first['msg']}" if place else first["msg"]) from None


@cache
def packaged_versions() -> tuple[ReactionNorms, ...]:
    """The norms of the project, the oldest first; an agency replaces them."""
    folder = files("uskat.data").joinpath("supervision")
    read = [ReactionNorms.model_validate_json(folder.joinpath(name).read_text(encoding="utf-8")) for name in PACKAGED]
    return tuple(sorted(read, key=lambda one: one.valid_from))


def packaged_norms() -> ReactionNorms:
    """The newest norms of the project."""
    return packaged_versions()[-1]


def norms_at(versions: Iterable[ReactionNorms], moment: datetime) -> ReactionNorms:
    """The version in force at a moment: the one that began last; the project's own before any began."""
    begun = [one for one in versions if one.valid_from <= moment]
    ours = [one for one in packaged_versions() if one.valid_from <= moment] or packaged_versions()[:1]
    return max(begun, key=lambda one: one.valid_from, default=ours[-1])


def _pairs(when: When) -> Iterator[tuple[FindingKind, Severity]]:
    return ((kind, severity) for kind in when.kinds for severity in when.severities)
