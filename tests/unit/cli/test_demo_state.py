from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.cli.demo.outcome import Account
from services.cli.demo.state import MOST_FOLDERS, NoStateFolder, take_state_folder


def test_a_free_folder_is_taken_and_can_be_taken_again_later(tmp_path: Path) -> None:
    wanted = tmp_path / ".uskat"
    first = take_state_folder(wanted)
    assert first.path == wanted
    assert first.logs.is_dir()
    first.release()
    again = take_state_folder(wanted)
    assert again.path == wanted
    again.release()


def test_a_second_demo_takes_the_next_folder(tmp_path: Path) -> None:
    first, second = take_state_folder(tmp_path / ".uskat"), take_state_folder(tmp_path / ".uskat")
    assert (first.path.name, second.path.name) == (".uskat", ".uskat-2")
    first.release()
    third = take_state_folder(tmp_path / ".uskat")
    assert third.path.name == ".uskat"
    second.release()
    third.release()


def test_there_is_an_end_to_it(tmp_path: Path) -> None:
    taken = [take_state_folder(tmp_path / "s") for _ in range(MOST_FOLDERS)]
    with pytest.raises(NoStateFolder):
        take_state_folder(tmp_path / "s")
    for folder in taken:
        folder.release()


def test_the_first_meeting_with_a_database_is_remembered(tmp_path: Path) -> None:
    folder = take_state_folder(tmp_path / "s")
    assert folder.baseline("embedded", Account(stored=5)).stored == 5
    assert folder.baseline("embedded", Account(stored=500)).stored == 5
    assert folder.baseline("postgresql://other/db", Account(stored=70)).stored == 70
    folder.release()


def test_passwords_are_kept_for_the_owner_only(tmp_path: Path) -> None:
    folder = take_state_folder(tmp_path / "s")
    folder.keep_credentials({"a": "1"})
    folder.keep_credentials({"b": "2"})
    folder.keep_credentials({})
    assert json.loads(folder.credentials.read_text()) == {"a": "1", "b": "2"}
    assert folder.credentials.stat().st_mode & 0o077 == 0
    folder.release()
