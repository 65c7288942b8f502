"""`make restore-drill`: a stack is backed up, wiped and restored in a second home; with figures."""

import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psycopg
from rich.console import Console

from stack import operations
from stack.accounts import give
from stack.airflow_api import AirflowApi
from stack.context import Stack, load_stack
from stack.demo import DAG, run_demo
from stack.environment import airflow_environment, database_url
from stack.errors import StackError
from stack.layout import REPOSITORY, Layout
from stack.product import keeper_command, whole_environment

_RUN_TIMEOUT_S: Final = 900
_MOST_LOST_S: Final = 300.0
"""RPO: what PostgreSQL may lose, in seconds."""
_APART: Final = 2_000
EQUAL_TO_THE_MOMENT: Final = {
    "history": "SELECT * FROM price_history ORDER BY asin, domain, price_type, observed_at",
    "watches": "SELECT * FROM watched_products ORDER BY watch_id",
    "alert states": "SELECT * FROM alert_states ORDER BY watch_id, rule",
    "alerts": "SELECT alert_id, watch_id, price_minor, checked_at FROM price_alerts ORDER BY 1",
    "messages": "SELECT message_id, channel_id, alert_id, queued_at FROM outbox ORDER BY 1",
}


@dataclass(frozen=True, slots=True)
class Homes:
    """Where the drill takes place, all of it below one folder.

    Attributes:
        folder: The folder, which the drill makes and removes.
        environ: The environment of the command.
        port_offset: Of the first stack; the second's is larger.
    """

    folder: Path
    environ: Mapping[str, str]
    port_offset: int

    @property
    def backups(self) -> Path:
        """Where the backups go, which outlive the first home."""
        return self.folder / "backups"

    def stack(self, name: str, number: int) -> Stack:
        """Return one of the two stacks."""
        layout = Layout(self.folder / name, REPOSITORY)
        environ = {**self.environ, "KEEPER_BACKUPS": str(self.backups)}
        return load_stack(layout, environ, self.port_offset + number * _APART, durable=False)


@dataclass(frozen=True, slots=True)
class Moment:
    """What PostgreSQL held at a moment."""

    at: datetime
    contents: dict[str, list[tuple[object, ...]]]


def run_drill(homes: Homes, console: Console) -> None:
    """Demo, backup, more runs, everything wiped, restored in a second home, and compared.

    Raises:
        StackError: What came back is not what was there, or too much was lost.
    """
    if homes.folder.exists():
        raise StackError(f"{homes.folder} is there already; end what runs in it and remove it.")
    homes.folder.mkdir(parents=True)
    homes.folder.chmod(0o755)
    first = homes.stack("first", 0)
    try:
        run_demo(first, console)
        console.print("\n[bold]Backup[/]")
        # By the workers of the stack: one makes it, one receives the log until all of it is gone.
        _run(first, "back_up_stores", console)
        _keeper(first, ["backup", "list"])
        _run(first, DAG, console)
        moment = _moment(first)
        _run(first, DAG, console)
        last = _moment(first)
        lost = last.at
        operations.down(first.layout, homes.environ, console)
        _keep_secrets(first, homes)
        shutil.rmtree(first.layout.home)
        console.print("\n[bold]Everything is wiped; restoring in a second home[/]")
        _restore(homes, moment, last, lost, console)
    finally:
        for name in ("first", "second"):
            layout = Layout(homes.folder / name, REPOSITORY)
            operations.down(layout, homes.environ, console)
        shutil.rmtree(homes.folder)


def _restore(homes: Homes, moment: Moment, last: Moment, lost: datetime, console: Console) -> None:
    layout = Layout(homes.folder / "second", REPOSITORY)
    layout.make_folders()
    shutil.copytree(homes.folder / "secrets", layout.secrets, dirs_exist_ok=True)
    second = homes.stack("second", 1)
    reached = _reached(homes)
    operations.up(second, ("kafka", "elasticsearch"), console)
    began = time.monotonic()
    home = second.layout.home / "postgres"
    home.mkdir()
    give(second.account, home)
    offset = str(homes.port_offset + _APART)
    start = [sys.executable, "-m", "stack", "--throwaway", "--home", str(second.layout.home)]
    start += ["--port-offset", offset, "up", "--only", "postgres"]
    command = ["restore", str(homes.backups), "--at", moment.at.isoformat()]
    place = ["--data", str(home / "data"), "--start", shlex.join(start)]
    _keeper(second, [*command, *place, "--no-replay"])
    back = _moment(second)
    _require_equal(moment, back)
    console.print(
        "\nEqual to the moment: "
        + ", ".join(f"{len(rows):,} {name}" for name, rows in back.contents.items())
    )
    _keeper(second, command)
    operations.up(second, (), console)
    seconds = time.monotonic() - began
    _require_prices(last, _moment(second))
    rpo = max((lost - reached).total_seconds(), 0)
    console.print(
        f"\nRPO {rpo:.1f} s: the log reached {reached:%H:%M:%S} UTC, PostgreSQL was lost at "
        f"{lost:%H:%M:%S}\nRTO {seconds:.0f} s, until every part was up again"
    )
    if rpo > _MOST_LOST_S:
        raise StackError(f"More than {_MOST_LOST_S:.0f} s of PostgreSQL were lost.")


def _require_equal(then: Moment, back: Moment) -> None:
    wrong = [name for name in then.contents if then.contents[name] != back.contents[name]]
    if wrong:
        raise StackError(f"Not as they were at the moment: {', '.join(wrong)}.")


def _require_prices(last: Moment, back: Moment) -> None:
    """Refuse if a price of before the loss is missing, whoever brought it back."""
    there = {row[:5] for row in back.contents["history"]}
    missing = [row[:5] for row in last.contents["history"] if row[:5] not in there]
    if missing:
        raise StackError(f"{len(missing)} prices of before the loss are missing: {missing[0]}.")


def _run(stack: Stack, dag: str, console: Console) -> None:
    run_id = f"drill__{time.time_ns()}"
    with AirflowApi.of(stack) as api:
        api.trigger(dag, run_id, None)
        deadline = time.monotonic() + _RUN_TIMEOUT_S
        while (state := api.run_state(dag, run_id)) not in {"success", "failed"}:
            if time.monotonic() > deadline:
                raise StackError(f"The run {run_id} has not ended in time.")
            time.sleep(0.5)
    if state != "success":
        raise StackError(f"The run {run_id} failed.")
    console.print(f"{dag} ran")


def _moment(stack: Stack) -> Moment:
    with psycopg.connect(database_url(stack)) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        contents = {
            name: connection.execute(query.encode()).fetchall()
            for name, query in EQUAL_TO_THE_MOMENT.items()
        }
    if row is None:
        raise StackError("PostgreSQL has no clock.")
    return Moment(row[0].astimezone(UTC), contents)


def _reached(homes: Homes) -> datetime:
    from keeper.pipeline.backups.choose import choose
    from keeper.pipeline.backups.place import place_at
    from keeper.stores.postgres.backups.programs import Programs
    from stack.postgres import binaries

    place = place_at(str(homes.backups), homes.backups)
    return choose(place, None, Programs(binaries())).moment


def _keep_secrets(stack: Stack, homes: Homes) -> None:
    """Take the secrets along, as an operator decrypts them from the backup."""
    shutil.copytree(stack.layout.secrets, homes.folder / "secrets")


def _keeper(stack: Stack, words: Sequence[str]) -> None:
    done = subprocess.run(
        [keeper_command(stack), *words],
        env=whole_environment(stack, airflow_environment(stack)),
        cwd=stack.layout.root,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        raise StackError(f"keeper {words[0]} failed with exit code {done.returncode}.")
