"""`uskat backup` and `uskat restore` before any database: what is refused, and with what words; addresses and books."""

import json

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from services.parts.postgres_tools import connection_settings, find_tools
from services.parts.process import PartNotFound
from services.storage.backup.books import TableBook, differences

NOWHERE = "postgresql://uskat@127.0.0.1:9/none"


def run(*words):
    return CliRunner().invoke(app, [*map(str, words)])


def test_a_folder_with_something_in_it_is_not_overwritten(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    told = run("backup", tmp_path, "--database-url", NOWHERE)
    assert told.exit_code == 1
    assert "is not empty" in told.output
    assert (tmp_path / "manifest.json").read_text() == "{}"


def test_a_database_that_does_not_answer_is_said_and_leaves_no_manifest(tmp_path):
    told = run("backup", tmp_path / "new", "--database-url", NOWHERE)
    assert told.exit_code == 1
    assert told.output.startswith("uskat: ")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (None, "no readable manifest.json"),
        ("{", "no readable manifest.json"),
        (json.dumps({"tables": {}, "format": 1}), "no readable manifest.json"),
        (json.dumps({"tables": {}, "format": 2, "dump": {"sha256": "0"}}), "this version reads 1"),
        (json.dumps({"tables": {}, "format": 1, "dump": {"sha256": "0"}}), "damaged"),
    ],
)
def test_what_is_no_backup_is_refused_before_the_database_is_asked(tmp_path, manifest, why):
    (tmp_path / "database.dump").write_bytes(b"PGDMP")
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    told = run("restore", tmp_path, "--database-url", NOWHERE)
    assert told.exit_code == 1
    assert why in told.output


def test_an_address_becomes_variables_and_no_argument():
    found = connection_settings("postgresql://us%40kat:p%2Fw@db.example:6543/us%20kat?sslmode=require")
    assert found == {
        "PGHOST": "db.example", "PGPORT": "6543", "PGUSER": "us@kat", "PGPASSWORD": "p/w", "PGDATABASE": "us kat",
        "PGSSLMODE": "require",
    }  # fmt: skip
    assert connection_settings("postgresql:///uskat?host=/run/postgresql") == {
        "PGHOST": "/run/postgresql", "PGDATABASE": "uskat",
    }  # fmt: skip


def test_programs_older_than_the_server_are_not_used(tmp_path):
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 16.4'\n")
        (tmp_path / name).chmod(0o755)
    assert find_tools(16, tmp_path).major == 16
    with pytest.raises(PartNotFound, match="version 16"):
        find_tools(17, tmp_path)
    with pytest.raises(PartNotFound, match="none"):
        find_tools(15, tmp_path / "nothing")


def test_books_that_differ_are_told_by_table():
    one, other = TableBook(3, "a"), TableBook(3, "b")
    assert differences({"t": one}, {"t": one}) == []
    assert differences({"t": one, "u": one}, {"t": other, "v": one}) == [
        "t: 3 rows, but not the same", "u: is missing", "v: only in the restored database",
    ]  # fmt: skip
    assert differences({"t": one}, {"t": TableBook(2, "a")}) == ["t: 2 rows instead of 3"]
