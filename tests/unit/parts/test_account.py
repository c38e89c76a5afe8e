from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.parts.account import Account, can_enter, unprivileged_account

STRANGER = Account(uid=54321, gid=54321)


@pytest.fixture
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree") / "inner"
    folder.mkdir()
    return folder


def test_a_closed_parent_closes_all_below(tree: Path) -> None:
    tree.chmod(0o755)
    tree.parent.chmod(0o700)
    assert not can_enter(tree, STRANGER)


def test_the_owner_is_judged_by_the_owner_bits(tree: Path) -> None:
    me = Account(tree.stat().st_uid, 54321)
    tree.chmod(0o077)
    assert not can_enter(tree, me)


def test_the_root_folder_is_open_to_all() -> None:
    assert can_enter(Path("/"), STRANGER)


def test_only_root_needs_another_account() -> None:
    account = unprivileged_account()
    if os.geteuid() == 0:
        assert account is not None
        assert account.uid != 0
    else:
        assert account is None
