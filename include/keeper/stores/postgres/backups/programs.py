"""Running PostgreSQL's client programs, with no password among their arguments."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from keeper.errors import SettingsError, TerminalError, TransientError
from keeper.stores.postgres.connection import Connection, PostgresConfig, session

_SETTING: Final = "KEEPER_POSTGRES_PROGRAMS"
_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)(\S*)")
_LINES: Final = 5


class ProgramFailedError(TransientError):
    """One of PostgreSQL's programs failed; what it said last.

    Attributes:
        printed: What it had printed before.
    """

    def __init__(self, sentence: str, printed: str = "") -> None:
        """Keep what it had printed."""
        super().__init__(sentence)
        self.printed = printed


class OlderClientError(TerminalError):
    """A program is older than the server, whose data it does not understand."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of itself: its version, as 180004 for 18.4, and what clusters it is of."""

    version: int
    system: str | None = None

    @property
    def major(self) -> int:
        """The first part of its version, which programs and data must fit."""
        return self.version // 10_000

    @property
    def text(self) -> str:
        """The version as people write it."""
        return f"{self.major}.{self.version % 10_000}"


@dataclass(frozen=True, slots=True)
class Programs:
    """PostgreSQL's client programs of one version.

    Attributes:
        folder: Where they are; None for wherever PATH has them.
    """

    folder: Path | None = None

    def path_of(self, program: str) -> str:
        """Return where a program is.

        Raises:
            SettingsError: It is not there.
        """
        found = shutil.which(program, path=None if self.folder is None else str(self.folder))
        if found is None:
            where = "on PATH" if self.folder is None else f"in {self.folder}"
            raise SettingsError(
                f"{program} is not {where}; {_SETTING} names the folder of PostgreSQL's programs, "
                "of the server's version or a newer one"
            )
        return found

    def major_of(self, program: str) -> int:
        """Return the major version of a program."""
        said = run([self.path_of(program), "--version"])
        found = _VERSION.search(said)
        if found is None:
            raise SettingsError(f"{program} --version says {said.strip()!r}, which is no version")
        return int(found[1])

    def require_as_new_as(self, program: str, server: Server) -> None:
        """Refuse a program that is older than the server.

        Raises:
            OlderClientError: It is.
        """
        major = self.major_of(program)
        if major < server.major:
            raise OlderClientError(
                f"{program} is of PostgreSQL {major} and cannot back up or restore PostgreSQL "
                f"{server.major}; {_SETTING} must name a folder with programs of version "
                f"{server.major} or newer"
            )


def server_of(config: PostgresConfig) -> Server:
    """Ask a server for its version, and for its cluster's number if the login may know it.

    Raises:
        DatabaseUnavailableError: It does not answer.
        DatabaseRejectedError: It refuses the login.
    """
    with session(config) as connection:
        row = connection.execute(
            "SELECT has_function_privilege('pg_control_system()', 'execute') AS may"
        ).fetchone()
        system = None
        if row and row["may"]:
            found = connection.execute(
                "SELECT system_identifier::text AS system FROM pg_control_system()"
            ).fetchone()
            system = found["system"] if found else None
        return Server(connection.info.server_version, system)


def server_time(connection: Connection) -> datetime:
    """Return the time by the server's clock."""
    row = connection.execute("SELECT clock_timestamp() AS now").fetchone()
    if row is None:
        raise AssertionError("a SELECT without FROM has a row")
    now: datetime = row["now"]
    return now


def timeline_of(connection: Connection) -> int:
    """Return the timeline a server writes; each recovery that ends begins another."""
    row = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn()) AS file").fetchone()
    if row is None:
        raise AssertionError("a SELECT without FROM has a row")
    return int(row["file"][:8], 16)


def database_name(config: PostgresConfig) -> str:
    """Return the name of the database that a login is for."""
    known = conninfo_to_dict(config.url)
    return str(known.get("dbname") or known.get("user") or "")


def has_started_with(connection: Connection, other: Connection) -> bool:
    """Return whether two connections are to the same server: no other started at that moment."""
    query = "SELECT pg_postmaster_start_time() AS at"
    return connection.execute(query).fetchone() == other.execute(query).fetchone()


def without_password(url: str) -> tuple[str, dict[str, str]]:
    """Return a connection string without its password, and the environment that has it.

    Everybody on the machine may read the arguments of a process.
    """
    known = {name: str(value) for name, value in conninfo_to_dict(url).items() if value}
    password = known.pop("password", None)
    environment = {} if password is None else {"PGPASSWORD": password}
    return make_conninfo("", **known), environment


def run(arguments: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return what it printed.

    Raises:
        ProgramFailedError: It failed; with the last lines of what it said.
    """
    done = subprocess.run(
        [os.fspath(part) for part in arguments],
        env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-_LINES:]
        raise ProgramFailedError(
            f"{Path(arguments[0]).name} failed with exit code {done.returncode}: "
            + (" | ".join(said) or "it said nothing"),
            done.stdout.decode("utf-8", "replace"),
        )
    return done.stdout.decode("utf-8", "replace")
