import json
import subprocess
from collections.abc import Callable

from dotenv import dotenv_values

from stack.context import Stack, keepa_key_of
from stack.environment import (
    airflow_environment,
    export_lines,
    product_environment,
    write_env_file,
)


def test_without_a_key_everything_points_at_the_simulator(
    make_stack: Callable[..., Stack],
) -> None:
    environment = airflow_environment(make_stack())

    assert environment["KEEPER_KEEPA_URL"] == "http://127.0.0.1:8099"
    assert "KEEPA_API_KEY" not in environment
    connection = json.loads(environment["AIRFLOW_CONN_KEEPER_KEEPA"])
    assert connection["conn_type"] == "keepa"
    assert connection["extra"] == {"source": "simulator"}
    assert connection["host"] == "http://127.0.0.1:8099"


def test_with_a_key_nothing_points_at_the_simulator(make_stack: Callable[..., Stack]) -> None:
    environment = airflow_environment(make_stack(keepa_key="real"))

    assert environment["KEEPA_API_KEY"] == "real"
    assert "KEEPER_KEEPA_URL" not in environment
    connection = json.loads(environment["AIRFLOW_CONN_KEEPER_KEEPA"])
    assert connection["extra"] == {"source": "keepa"}
    assert connection["password"] == "real"
    assert connection["host"] == "https://api.keepa.com"


def test_a_users_settings_pass_and_the_stacks_own_addresses_win(
    make_stack: Callable[..., Stack],
) -> None:
    environ = {
        "KEEPER_BATCH_PRODUCTS": "7",
        "KEEPER_USER_EMAIL": "me@example.org",
        "KEEPER_STACK_HOME": "/x",
        "KEEPER_POSTGRES_PORT": "1",
        "DATABASE_URL": "postgresql://elsewhere/db",
    }

    environment = product_environment(make_stack(environ=environ))

    assert environment["KEEPER_BATCH_PRODUCTS"] == "7"
    assert environment["KEEPER_USER_EMAIL"] == "me@example.org"
    assert environment["DATABASE_URL"] == (
        "postgresql://keeper:keeper-password@127.0.0.1:5432/keeper"
    )
    assert not {"KEEPER_STACK_HOME", "KEEPER_POSTGRES_PORT"} & environment.keys()


def test_the_env_file_reads_back_as_it_was_meant(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(environ={"KEEPER_MAIL_FROM": "O'Keeper \\ Söhne <a@b.example> # $HOME"})

    write_env_file(stack)

    assert dotenv_values(stack.layout.env_file, interpolate=False) == product_environment(stack)


def test_the_export_lines_are_understood_by_a_shell(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(environ={"KEEPER_MAIL_FROM": "O'Keeper $HOME `id`"})
    script = export_lines(stack) + 'printf %s "$KEEPER_MAIL_FROM"'

    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout

    assert shown == "O'Keeper $HOME `id`"


def test_the_key_is_found_in_the_environment_then_in_the_env_file(
    make_stack: Callable[..., Stack],
) -> None:
    layout = make_stack().layout
    (layout.root / ".env").write_text("KEEPA_API_KEY=from-file\n")

    assert keepa_key_of(layout, {"KEEPA_API_KEY": "from-environment"}) == "from-environment"
    assert keepa_key_of(layout, {"KEEPA_API_KEY": " "}) == "from-file"
    (layout.root / ".env").write_text("KEEPA_API_KEY=\n")
    assert keepa_key_of(layout, {}) is None
