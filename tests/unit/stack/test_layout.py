import os
import stat
from pathlib import Path

import pytest

from stack.credentials import load_credentials
from stack.errors import StackError
from stack.layout import (
    LONGEST_SOCKET_PATH,
    Layout,
    choose_socket_path,
    make_socket_folder,
)

LONG_HOME = Path("/srv") / ("deep" * 30)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_socket_lies_in_the_home_if_its_path_is_short() -> None:
    assert choose_socket_path(Path("/srv/keeper"), {}) == Path("/srv/keeper/run/supervisor.sock")


def test_a_long_home_puts_the_socket_into_the_runtime_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    path = choose_socket_path(LONG_HOME, {"XDG_RUNTIME_DIR": "."})

    assert path.parent == Path()
    assert path.name.startswith("keeper-")


@pytest.mark.parametrize("runtime", ["", "/does/not/exist"], ids=["unset", "missing"])
def test_without_a_runtime_folder_it_goes_below_tmp(runtime: str) -> None:
    path = choose_socket_path(LONG_HOME, {"XDG_RUNTIME_DIR": runtime}, Path("/t"))

    assert path.parent == Path(f"/t/keeper-{os.getuid()}")
    assert len(os.fsencode(path)) <= LONGEST_SOCKET_PATH


def test_two_long_homes_have_two_sockets() -> None:
    assert choose_socket_path(LONG_HOME, {}) != choose_socket_path(LONG_HOME / "b", {})


def test_the_limit_counts_bytes_not_characters() -> None:
    home = Path("/srv") / ("ü" * 40)

    assert choose_socket_path(home, {}, Path("/t")).is_relative_to("/t")


def test_the_sockets_folder_is_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "keeper-1" / "x.sock"

    make_socket_folder(path)
    make_socket_folder(path)

    assert mode_of(path.parent) == 0o700


def test_a_link_in_place_of_the_sockets_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "keeper-1").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StackError, match="belongs to another user"):
        make_socket_folder(tmp_path / "keeper-1" / "x.sock")


def test_secrets_are_private_and_stay(layout: Layout) -> None:
    first = load_credentials(layout)

    assert load_credentials(layout) == first
    assert mode_of(layout.secrets) == 0o700
    assert mode_of(layout.secrets / "credentials.json") == 0o600


def test_others_on_the_machine_read_nothing_that_the_stack_keeps(layout: Layout) -> None:
    layout.mail.chmod(0o755)

    layout.make_folders()

    open_to_others = {path.name for path in layout.home.iterdir() if mode_of(path) & 0o077}
    assert open_to_others == {"tmp"}


def test_a_new_secret_is_added_and_the_known_ones_stay(layout: Layout) -> None:
    file = layout.secrets / "credentials.json"
    file.write_text('{"postgres_keeper": "known", "dropped_one": "x"}')

    credentials = load_credentials(layout)

    assert credentials.postgres_keeper == "known"
    assert credentials.airflow_admin
    assert load_credentials(layout) == credentials


def test_what_is_remembered_adds_up(layout: Layout) -> None:
    layout.remember(a=1)
    layout.remember(b=2)

    assert layout.read_state() == {"a": 1, "b": 2}
    assert mode_of(layout.state_file) == 0o600


def test_a_damaged_state_file_is_said(layout: Layout) -> None:
    layout.state_file.write_text("{")

    with pytest.raises(StackError, match="make clean"):
        layout.read_state()
