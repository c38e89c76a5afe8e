"""The first admin comes from the command line, with an invitation that the API takes."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from tests.integration.test_api.identity_world import populated

CREATE = ["admin", "account", "create", "Sidorova", "--name", "Сидорова (демо)", "--organisation", "inspection-demo"]


def test_accounts_are_made_switched_off_and_invited_anew(
    embedded_network_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("USKAT_DATABASE_URL", embedded_network_database)
    runner = CliRunner()
    made = runner.invoke(app, [*CREATE, "--role", "admin"])
    assert made.exit_code == 0, made.output
    for arguments, words in (
        ([*CREATE, "--role", "admin"], "already"),
        ([*CREATE[:3], "petrova", *CREATE[4:], "--role", "enterprise"], "gives no role"),
        ([*CREATE[:3], "п", *CREATE[4:], "--role", "admin"], "a login has"),
        (["admin", "account", "disable", "nobody"], "no account"),
    ):
        refused = runner.invoke(app, arguments)
        assert refused.exit_code == 1
        assert words in refused.stderr
    assert runner.invoke(app, ["admin", "account", "disable", "sidorova"]).exit_code == 0
    assert runner.invoke(app, ["admin", "account", "enable", "sidorova"]).exit_code == 0
    again = runner.invoke(app, ["admin", "account", "invite", "sidorova"])
    asyncio.run(_only_the_newest_invitation_opens(embedded_network_database, tmp_path, made.stdout, again.stdout))


async def _only_the_newest_invitation_opens(url: str, folder: Path, first: str, second: str) -> None:
    async with populated(url, folder) as people:
        old = await people.post("/enrolment", {"invitation": first.strip(), "password": "зелёный мост над рекой"})
        assert old.status_code == 401
        await people.enrol("sidorova", second.strip())
        assert (await people.sign_in("sidorova"))["access_token"]
        actions = [row["action"] for row in await people.rows("SELECT action FROM audit_log WHERE who = 'cli'")]
    assert actions == ["account.create", "account.disable", "account.enable", "account.invite"]
