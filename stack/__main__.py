"""The command line of the local stack: `python -m stack --help`."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stack import operations, pages_commands, report
from stack.catalogue import GROUPS
from stack.context import Stack, load_stack
from stack.environment import database_url, export_lines
from stack.errors import InterruptedByUserError, StackError
from stack.layout import REPOSITORY, Layout
from stack.logs import follow_logs, log_files, show_logs
from stack.postgres import binaries
from stack.supervisor import Supervisor

app = typer.Typer(
    name="python -m stack",
    help="Keeper's local stack: every service without Docker, under one folder.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
console = Console(highlight=False)

app.add_typer(pages_commands.app, name="pages", help="Build and check the pages of the browser.")

OnlyOption = Annotated[
    str | None,
    typer.Option(help=f"Only these groups and what they need: {','.join(GROUPS)}."),
]


@dataclass(frozen=True, slots=True)
class Choice:
    """The options before the command."""

    layout: Layout
    port_offset: int | None
    durable: bool

    def load(self) -> Stack:
        """Gather the stack's facts, making its home if it is new."""
        return load_stack(self.layout, os.environ, self.port_offset, durable=self.durable)

    def load_existing(self) -> Stack:
        """Gather the facts of a stack that has been started before."""
        if not self.layout.state_file.is_file():
            raise StackError(f"There is no stack in {self.layout.home} yet; `make up` starts one.")
        return self.load()


@app.callback()
def choose(
    context: typer.Context,
    home: Annotated[
        Path,
        typer.Option(envvar="KEEPER_STACK_HOME", help="Folder of all the stack writes."),
    ] = REPOSITORY / ".keeper",
    port_offset: Annotated[
        int | None,
        typer.Option(envvar="KEEPER_PORT_OFFSET", help="Added to every default port."),
    ] = None,
    durable: Annotated[
        bool,
        typer.Option(
            "--durable/--throwaway",
            help="Throwaway: starts quicker, for tests; a crash of the machine may cost the data.",
        ),
    ] = True,
) -> None:
    """Choose which stack is meant."""
    context.obj = Choice(Layout(home.expanduser().absolute()), port_offset, durable)


@app.command()
def check(context: typer.Context, only: OnlyOption = None) -> None:
    """Say what is missing before anything is started."""
    operations.check(_choice(context).load(), _groups(only), console)
    console.print("Everything needed is there.")


@app.command()
def up(context: typer.Context, only: OnlyOption = None) -> None:
    """Start the stack and wait until every part is healthy; what runs already stays."""
    groups = _groups(only)
    stack = operations.up(_choice(context).load(), groups, console)
    if not groups:
        console.print()
        report.print_urls(console, stack)


@app.command()
def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show each part's state, health and memory; exit 3 unless all are healthy.

    A worker that waits for a service is degraded, and healthy: starting it anew would not help.
    """
    choice = _choice(context)
    stack = choice.load_existing()
    rows = report.status_rows(stack, Supervisor(choice.layout, os.environ))
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        report.print_status(console, rows)
    if not all(row["healthy"] for row in rows):
        raise typer.Exit(3)


@app.command()
def logs(
    context: typer.Context,
    programs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Programs, or groups such as workers or airflow; all if none is named."
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they grow.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="Last lines of each.", min=0)] = 20,
) -> None:
    """Show the programs' logs. Example: python -m stack logs console workers."""
    from keeper.cli.tables import harmless

    files = log_files(_choice(context).layout, programs or [], GROUPS)
    width = max((len(name) for name in files), default=0)

    def write(name: str, line: str) -> None:
        # Servers indent by tabs; whatever else they log may hold a title from outside.
        shown = harmless(line.expandtabs())
        print(f"{name:<{width}} | {shown}" if len(files) > 1 else shown, flush=follow)

    show_logs(files, lines, write)
    if follow:
        follow_logs(files, write)


@app.command()
def pictures(context: typer.Context) -> None:
    """Take the pictures of docs/pictures: Airflow's pages, an alert, a report; after a demo."""
    from stack.pictures import take_pictures

    stack = _choice(context).load_existing()
    take_pictures(stack, stack.layout.root / "docs" / "pictures", console)


@app.command()
def urls(context: typer.Context) -> None:
    """Print where to look: addresses, user and password, example SQL."""
    report.print_urls(console, _choice(context).load_existing())


@app.command()
def env(context: typer.Context) -> None:
    """Print `export` lines for a shell: eval "$(.venv/bin/python -m stack env)"."""
    print(export_lines(_choice(context).load_existing()), end="")


@app.command()
def sql(
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(help="A query; interactive without.")] = None,
) -> None:
    """Open psql on the `keeper` database, or run one query."""
    from stack.schema import libpq_variables

    stack = _choice(context).load_existing()
    psql = str(binaries() / "psql")
    arguments = [psql, "--no-psqlrc"]
    if query:
        arguments += ["--command", query]
    where = libpq_variables(database_url(stack))
    os.execve(psql, arguments, {"PAGER": "cat", **os.environ, **where})  # noqa: S606


@app.command()
def stop(
    context: typer.Context,
    programs: Annotated[list[str], typer.Argument(help="As `status` names them.")],
) -> None:
    """End some programs, consume-prices, say; `up` starts them again."""
    operations.stop(_choice(context).layout, os.environ, programs, console)


@app.command()
def down(context: typer.Context) -> None:
    """End everything; data stays."""
    operations.down(_choice(context).layout, os.environ, console)


@app.command()
def clean(context: typer.Context) -> None:
    """End everything and remove the folder with all data."""
    operations.clean(_choice(context).layout, os.environ, console)


@app.command()
def demo(
    context: typer.Context,
    hold: Annotated[
        bool,
        typer.Option("--hold", help="Leave the simulator's time standing afterwards."),
    ] = False,
) -> None:
    """Start the stack, run `track_prices` on a demo watch list, and prove what it did.

    Afterwards the simulator's time runs, so that prices change.
    """
    from stack.demo import run_demo

    run_demo(_choice(context).load(), console, release=not hold)


@app.command("restore-drill")
def restore_drill(context: typer.Context) -> None:
    """Back a stack up, wipe it, restore it in a second home, compare, and say how long it took.

    It has homes and ports of its own, beside those of the stack, and removes them at its end.
    """
    from stack.restore_drill import Homes, run_drill

    choice = _choice(context)
    offset = (choice.port_offset or 0) + 3_000
    run_drill(Homes(choice.layout.home / "restore-drill", os.environ, offset), console)


def _choice(context: typer.Context) -> Choice:
    choice: Choice = context.obj
    return choice


def _groups(only: str | None) -> list[str]:
    return [name.strip() for name in (only or "").split(",") if name.strip()]


def main() -> None:
    """Run a command; a known problem is one sentence on stderr and exit code 1."""
    try:
        app()
    except StackError as error:
        Console(stderr=True, highlight=False).print(
            f"\n{error}", style="red", markup=False, soft_wrap=True
        )
        sys.exit(130 if isinstance(error, InterruptedByUserError) else 1)


if __name__ == "__main__":
    main()
