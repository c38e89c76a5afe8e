"""`uskat blast precheck`: what a passport will do, without a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from uskat.blast.passport.model import Passport
    from uskat.blast.precheck.outlook import Precheck
    from uskat.blast.restriction.conflict import Circumstances
    from uskat.blast.surroundings import Surroundings

UNFIT, UNREADABLE = 1, 2
LOCAL = ZoneInfo("Asia/Novokuznetsk")


def precheck(
    file: Annotated[Path, typer.Argument(help="The passport: JSON or filled XLSX form")],
    receptors: Annotated[Path, typer.Option(help="Pits and receptors, like uskat/data/blast/demo_surroundings.json")],
    records: Annotated[Path | None, typer.Option(help="CSV of the pit's own records, as for `fit`")] = None,
    wind: Annotated[str | None, typer.Option(help="Where it comes from and how fast: DEGREES,M_S")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines")] = False,
    as_geojson: Annotated[bool, typer.Option("--geojson", help="Zones and receptors for a map")] = False,
) -> None:
    """Say what a blast will do at every receptor. Exit 1 when it should not be fired so, 2 when not readable."""
    from uskat.blast.precheck.outlook import Outcome
    from uskat.blast.precheck.words import precheck_lines
    from uskat.blast.precheck.zones import precheck_features

    try:
        found = _found(file, receptors, records=records, wind=wind)
    except (ValueError, OSError) as error:
        typer.echo(f"uskat blast precheck: {error}", err=True)
        raise typer.Exit(UNREADABLE) from error
    lines = precheck_lines(found)
    if as_geojson:
        typer.echo(json.dumps(precheck_features(found), ensure_ascii=False))
    elif as_json:
        told = found.to_json() | {"lines": [line.to_json() for line in lines]}
        typer.echo(json.dumps(told, ensure_ascii=False, allow_nan=False))
    else:
        for line in lines:
            typer.echo(line.text)
    if found.outcome in {Outcome.STOP, Outcome.ABOVE}:
        raise typer.Exit(UNFIT)


def _found(file: Path, receptors: Path, *, records: Path | None, wind: str | None) -> Precheck:
    """The pre-check; raises ValueError (also those of the readers) that says which file is wrong and where."""
    from services.cli.blast.law import read_table
    from uskat.blast.precheck.compose import Surrounded, ground_of
    from uskat.blast.precheck.compose import precheck as checked
    from uskat.blast.propagation.fit import fit_site
    from uskat.blast.surroundings import load_surroundings

    passport = _passport(file)
    around = load_surroundings(receptors.read_bytes())
    nowhere = [one.code for one in around.receptors if one.shape is None]
    for code in nowhere:
        typer.echo(f"{code}: лежит в сети, а не в файле; без сервера не учтён", err=True)
    own = read_table(records) if records is not None else []
    ground = ground_of(fit_site(own).law if own else None, own)
    outline = next((pit.outline for pit in around.pits if pit.code == passport.pit), None)
    known = Surrounded([one for one in around.receptors if one.shape is not None], ground, outline)
    return checked(passport, known, circumstances=_circumstances(passport, around, wind), now=datetime.now(UTC))


def _passport(file: Path) -> Passport:
    from services.cli.blast.document import DocumentError, read_document
    from uskat.blast.passport.model import Passport

    document, cells = read_document(file, LOCAL)
    if cells:
        first = cells[0]
        raise DocumentError(
            f"{file.name}: {first.sheet}!{first.cell} {first.title}: {first.problem} (всего {len(cells)})"
        )
    if not isinstance(document, Passport):
        raise DocumentError(f"{file.name} is no passport")
    return document


def _circumstances(passport: Passport, around: Surroundings, wind: str | None) -> Circumstances:
    """Places of the file and the wind of the options; nothing is known of warnings, rules and other blasts."""
    from uskat.blast.emission.puff import Wind
    from uskat.blast.restriction.conflict import Circumstances
    from uskat.blast.restriction.rules import Place
    from uskat.blast.restriction.weather import Weather
    from uskat.blast.surroundings import PROTECTED_PLACES

    weather = []
    if wind is not None:
        window = passport.window
        moments = (window.planned_from, window.planned_from + (window.planned_to - window.planned_from) / 2)
        try:
            from_deg, speed = (float(part) for part in wind.split(","))
            told = Wind(from_deg=from_deg, speed_m_s=speed)
        except ValueError as error:
            raise ValueError(f"--wind {wind!r}: нужно ГРАДУСЫ,М_С, например 160,3") from error
        weather = [
            Weather(at=moment, source="задан при запуске", wind=told) for moment in (*moments, window.planned_to)
        ]
    places = [
        Place(name=one.name, longitude=one.shape.middle[0], latitude=one.shape.middle[1], zone=one.nmu_zone)
        for one in around.receptors
        if one.shape is not None and one.kind in PROTECTED_PLACES
    ]
    return Circumstances(zone=LOCAL, weather=weather, places=places)
