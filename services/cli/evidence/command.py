"""The commands `uskat evidence …`."""

from __future__ import annotations

import typer

from services.cli.evidence.packs import pack, verify
from services.cli.evidence.seals import check, seal

evidence = typer.Typer(help="Evidence: sealed days, packs and their verification.", no_args_is_help=True)
evidence.command()(seal)
evidence.command()(check)
evidence.command()(pack)
evidence.command()(verify)
