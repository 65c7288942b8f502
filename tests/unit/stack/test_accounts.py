import os
from pathlib import Path

import pytest

from stack import accounts
from stack.accounts import Account, can_read, run_as, server_account
from stack.errors import StackError

STRANGER = Account("stranger", 54321, 54321)


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder whose parents everyone may traverse, as far as the test made them."""
    place = tmp_path
    while place != place.parent and place.stat().st_uid == os.getuid():
        place.chmod(place.stat().st_mode | 0o5)
        place = place.parent
    return tmp_path


def test_a_plain_user_runs_servers_as_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert server_account(tmp_path, {}) is None
    assert run_as(None, [tmp_path]) == ()


def test_root_never_runs_servers_as_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    account = server_account(tmp_path, {})

    assert account is not None
    assert account.uid != 0


@pytest.mark.parametrize("name", ["root", "no-such-user-here"])
def test_a_wrong_account_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    with pytest.raises(StackError, match=f"KEEPER_STACK_USER={name} is not an unprivileged user"):
        server_account(tmp_path, {"KEEPER_STACK_USER": name})


def test_a_private_folder_hides_what_is_in_it(open_folder: Path) -> None:
    private = open_folder / "private"
    private.mkdir(mode=0o700)
    (private / "file").touch(mode=0o644)
    (open_folder / "file").touch(mode=0o644)
    (open_folder / "secret").touch(mode=0o600)

    assert not can_read(STRANGER, private / "file")
    assert not can_read(STRANGER, open_folder / "secret")


def test_the_right_to_search_is_kept_only_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accounts, "can_read", lambda account, path: path != Path("/mnt/private/x"))

    monkeypatch.setattr(accounts, "_grantable_right", lambda: "dac_read_search")
    plain = run_as(STRANGER, [Path("/srv/x")])
    privileged = run_as(STRANGER, [Path("/srv/x"), Path("/mnt/private/x")])

    assert not any("caps" in part for part in plain)
    assert "--no-new-privs" in plain
    assert any(part == "--ambient-caps=+dac_read_search" for part in privileged)
    assert "--reuid=54321" in privileged


def test_without_the_right_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "can_read", lambda account, path: False)
    monkeypatch.setattr(accounts, "_grantable_right", lambda: None)

    with pytest.raises(StackError, match="cannot reach /mnt/private/x; move the checkout"):
        run_as(STRANGER, [Path("/mnt/private/x")])
