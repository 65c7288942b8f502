"""Tables for people: what runs, and where to look."""

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stack import operations
from stack.airflow import ADMIN
from stack.context import Stack
from stack.environment import airflow_url, console_url, simulator_url
from stack.ports import HOST
from stack.services import missing_for_health
from stack.supervisor import RUNNING, Supervisor
from stack.usage import memory_mib

EXAMPLE_SQL = (
    "SELECT observed_at, price_minor, currency FROM price_history "
    "WHERE domain = 'de' AND price_type = 'NEW' ORDER BY observed_at DESC LIMIT 10"
)
_NOT_SHOWN = "as `make urls` shows it on a terminal"


def status_rows(stack: Stack, supervisor: Supervisor) -> list[dict[str, Any]]:
    """Return a row a program of the full stack: its state, health, memory and ports."""
    states = supervisor.states()
    services, _ = operations.build(stack, ())
    memory = memory_mib({name: state.pid for name, state in states.items()})
    rows = []
    ports = stack.ports.as_dict()
    for service in services:
        state = states.get(service.name)
        running = state is not None and state.state == RUNNING
        problem = missing_for_health(service, state.started) if running and state else None
        healthy = running and problem is None
        rows.append(
            {
                "program": service.name,
                "title": service.title,
                "state": state.state.lower() if state else "not started",
                "healthy": healthy,
                "problem": problem or "",
                "waits": (service.waits() if healthy else None) or "",
                "pid": state.pid if state else 0,
                "seconds": int(time.time() - state.started) if running and state else 0,
                "memory_mib": memory.get(service.name, 0),
                "ports": [ports[name] for name in service.ports],
            }
        )
    return rows


def print_status(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    """Print the rows as a table."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, justify in (
        ("program", "left"),
        ("what", "left"),
        ("state", "left"),
        ("up", "right"),
        ("MiB", "right"),
        ("ports", "left"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        state, style = row["state"], "dim"
        if row["waits"]:
            state, style = f"degraded: {row['waits']}", "yellow"
        elif row["healthy"]:
            state, style = "healthy", "green"
        elif row["pid"]:
            state, style = f"{state}: {row['problem']}", "red"
        elif state == "fatal":
            style = "bold red"
        table.add_row(
            row["program"],
            row["title"],
            f"[{style}]{escape(state)}[/]",
            _span(row["seconds"]),
            str(row["memory_mib"] or ""),
            " ".join(str(port) for port in row["ports"]),
        )
    console.print(table)
    total = sum(row["memory_mib"] for row in rows)
    console.print(f"{total / 1024:.1f} GiB in all.", highlight=False)


def print_urls(console: Console, stack: Stack) -> None:
    """Print where to look: addresses, users, and how to ask in SQL.

    Passwords are shown on a terminal alone: what a pipe, a file or CI's log gets stays there.
    """
    ports, secrets = stack.ports, stack.credentials
    shows_passwords = console.is_terminal
    admin = f"password {secrets.airflow_admin}" if shows_passwords else f"password {_NOT_SHOWN}"
    login = f"keeper:{secrets.postgres_keeper}" if shows_passwords else "keeper"
    keepa = (
        f"{simulator_url(stack)}  (prices are simulated; set KEEPA_API_KEY for real ones)"
        if stack.uses_simulator
        else "Keepa itself, with your key"
    )
    lines = [
        ("Keeper", f"{console_url(stack)}/app/"),
        ("Airflow", f"{airflow_url(stack)}  user {ADMIN}, {admin}"),
        ("Caught mail", f"http://localhost:{ports.mail_web}"),
        ("PostgreSQL", f"postgresql://{login}@{HOST}:{ports.postgres}/keeper"),
        ("Elasticsearch", f"http://localhost:{ports.elasticsearch}/keeper-prices/_search?pretty"),
        ("Kafka", f"{HOST}:{ports.kafka}"),
        *(
            [
                ("Prometheus", f"http://localhost:{ports.prometheus}/alerts"),
                ("Alertmanager", f"http://localhost:{ports.alertmanager}"),
            ]
            if stack.is_observed
            else []
        ),
        ("Keepa", keepa),
        ("Files and logs", str(stack.layout.home)),
        ("SQL", f'make sql Q="{EXAMPLE_SQL}"'),
    ]
    for name, value in lines:
        # Never wrapped or cut: people copy these.
        console.print(f"[bold]{name:<14}[/] {value}", highlight=False, soft_wrap=True)


def _span(seconds: int) -> str:
    if not seconds:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes}:{rest:02d}"
