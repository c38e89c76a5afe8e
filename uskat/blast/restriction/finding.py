"""What a fired blast broke – a warning of НМУ, wind, hours, distances – as a finding (kind `blast_restriction`).

For the agency's eyes: most of the rules are project rules that nobody has put beside their acts yet, and are told so.
"""

from datetime import datetime, timedelta

from uskat.blast.provenance import weakest
from uskat.blast.restriction.conflict import Conflict, Gravity, Judgement
from uskat.finding import Figure, Finding, FindingKind, Severity

DETECTOR = "blast_restriction"
WIDTH = timedelta(minutes=2)
"""Of the episode: a firing whose moment is told again a little otherwise stays the same alert."""
SEVERITY = {Gravity.STOP: Severity.VIOLATION, Gravity.WARNING: Severity.NOTICE}


def firing_key(blast_id: int) -> str:
    """Key of what one blast (its number in storage) broke."""
    return f"{DETECTOR}:{blast_id}"


def firing_findings(
    blast_id: int, judged: Judgement, *, name: str, fired_at: datetime, station_id: int | None
) -> list[Finding]:
    """One finding of everything that one firing broke, by its gravest; none for notes, which spoil no order.

    name: enterprise/number, for people. judged: of the firing (`restriction.conflict.judge_firing`).
    """
    broken = [one for one in judged.conflicts if one.gravity in SEVERITY]
    return [_finding(blast_id, name, broken, judged, fired_at, station_id)] if broken else []


def _finding(
    blast_id: int, name: str, broken: list[Conflict], judged: Judgement, fired_at: datetime, station_id: int | None
) -> Finding:
    first = broken[0]
    more = len(broken) - 1
    level = weakest([one.level for one in broken])
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.BLAST_RESTRICTION,
        severity=SEVERITY[first.gravity],
        key=firing_key(blast_id),
        started_at=fired_at,
        knowable_at=fired_at,
        ended_at=fired_at + WIDTH,
        settled_at=fired_at + WIDTH,
        title=f"Взрыв {name}: {first.text.rstrip('.')}" + (f" и ещё {more}" if more else ""),
        title_en=f"Blast {name}: {first.text_en.rstrip('.')}" + (f" and {more} more" if more else ""),
        station_id=station_id,
        figures={"conflicts": Figure(float(len(broken)), "шт.")},
        reasons=(*(one.text for one in broken), *judged.unchecked),
        norm={"title": first.source, "verified": False, "level": level.value, "source": first.source},
        detail={"blast": name, "conflicts": [one.to_json() for one in broken], "unchecked": list(judged.unchecked)},
        published=False,
    )
