"""The command `uskat`: the one composition root. Commands import what they start, so that help is quick."""

from __future__ import annotations

import typer

from services.cli.accounts import account
from services.cli.admin import admin
from services.cli.backtest import backtest
from services.cli.backup import backup, restore
from services.cli.blast.command import blast
from services.cli.catalogue import import_catalogue
from services.cli.demo.command import demo
from services.cli.evaluate.blasts import blasts, catalogue
from services.cli.evaluate.command import evaluate
from services.cli.evidence.arshin import arshin
from services.cli.evidence.command import evidence
from services.cli.evidence.seals import evidence_key
from services.cli.intake import import_command, reparse_command
from services.cli.ledger import audit, ledger
from services.cli.parts import broker, database
from services.cli.passwords import follow_passwords
from services.cli.processes import alerts, api, ingest, migrate, notices, register_export, simulate
from services.cli.push import push_key
from services.cli.weather import weather

app = typer.Typer(
    name="uskat",
    help="River water quality and blasting monitoring: measured, judged, evidenced, public.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(migrate)
app.command()(ingest)
app.command()(alerts)
app.command()(notices)
app.command()(api)
app.command("register-export")(register_export)
app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)(simulate)
app.command("import")(import_command)
app.command("reparse")(reparse_command)
app.command("import-catalogue")(import_catalogue)
app.command()(weather)
app.command()(ledger)
app.command()(audit)
app.command()(broker)
app.command()(database)
app.command()(backtest)
app.command()(backup)
app.command()(restore)
evaluate.command()(blasts)
evaluate.command()(catalogue)
app.add_typer(evaluate, name="evaluate")
app.add_typer(blast, name="blast")
app.add_typer(evidence, name="evidence")
app.add_typer(arshin, name="arshin")
admin.command("evidence-key")(evidence_key)
admin.command("push-key")(push_key)
admin.add_typer(account, name="account")
admin.command("follow-passwords")(follow_passwords)
app.add_typer(admin, name="admin")

if __name__ == "__main__":
    app(prog_name="uskat")
