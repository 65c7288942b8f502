"""Keeper's own processes in the stack: mail catcher, simulator, migration, side workers."""

import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from keeper.streams.workers import WORKERS
from stack.commands import run_logged
from stack.context import Stack
from stack.environment import database_url, product_environment, simulator_url
from stack.errors import StackError
from stack.launch import environment_of
from stack.layout import write_private
from stack.ports import HOST
from stack.programs import Program
from stack.services import Service, Step

# A worker touches its file at least this often.
_HEARTBEAT_TIMEOUT_S: Final = 60
BOT: Final = "bot"
EXPORTER: Final = "metrics"
METRICS: Final = "KEEPER_METRICS_LISTEN"
BOT_TOKEN: Final = "bot-token"  # noqa: S105 -- a step's name


def keeper_command(stack: Stack) -> Path:
    """Return the product's command."""
    return stack.layout.venv_bin / "keeper"


def process_environment(stack: Stack) -> dict[str, str]:
    """Return what every Python process of the stack gets beside its own settings."""
    variables = {"PYTHONUNBUFFERED": "1"}
    # multiprocessing puts sockets there, whose paths are limited.
    if len(str(stack.layout.tmp)) <= 60:
        variables["TMPDIR"] = str(stack.layout.tmp)
    return variables


def whole_environment(stack: Stack, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a one-off command: the same a program would get."""
    own = {**settings, **process_environment(stack)}
    return environment_of({"bare": False, "env": own}, stack.environ)


def mail_service(stack: Stack) -> Service:
    """Describe the mail catcher."""
    ports = stack.ports
    return Service(
        program=Program(
            name="mail",
            argv=(
                sys.executable,
                *("-m", "stack.mail_catcher", "--store", str(stack.layout.mail)),
                *("--smtp-port", str(ports.smtp), "--web-port", str(ports.mail_web)),
            ),
            env=process_environment(stack),
            directory=str(stack.layout.root),
        ),
        title="mail catcher",
        probe=lambda _: _probe_mail(stack),
        memory_mib=60,
        ports=("smtp", "mail_web"),
    )


def simulator_service(stack: Stack) -> Service:
    """Describe the Keepa simulator; its clock stands until the first demo has been proved."""
    clock = ("run",) if stack.simulator_runs else ("hold", "--at", stack.simulator_at)
    return Service(
        program=Program(
            name="simulator",
            argv=(
                str(keeper_command(stack)),
                *("simulate-keepa", "--host", HOST, "--port", str(stack.ports.simulator)),
                *("--clock", *clock),
                # One of Keepa's larger plans, so that demos in a row never wait for tokens.
                *("--refill-rate", "1000"),
            ),
            env=product_environment(stack) | process_environment(stack),
            directory=str(stack.layout.root),
        ),
        title="Keepa simulator",
        probe=lambda _: _probe_http(f"{simulator_url(stack)}/token?key=simulator"),
        memory_mib=150,
        ports=("simulator",),
    )


def console_service(stack: Stack) -> Service:
    """Describe the console, which serves the links in messages."""
    needs = {"migrate", "redis"} if stack.uses_redis else {"migrate"}
    return Service(
        program=Program(
            name="console",
            argv=(
                str(keeper_command(stack)),
                *("console", "--host", HOST, "--port", str(stack.ports.console)),
            ),
            env=product_environment(stack)
            | process_environment(stack)
            | {"DATABASE_URL": database_url(stack, "keeper_console")},
            directory=str(stack.layout.root),
        ),
        title="console",
        probe=lambda _: _probe_http(f"http://{HOST}:{stack.ports.console}/health"),
        needs=frozenset(needs),
        memory_mib=90,
        ports=("console",),
    )


def worker_services(stack: Stack) -> list[Service]:
    """Describe the side workers, those of the table of workers that are wanted."""
    return [
        Service(
            program=Program(
                name=worker.name,
                argv=(str(keeper_command(stack)), *worker.service_command),
                env=product_environment(stack)
                | process_environment(stack)
                | {"DATABASE_URL": database_url(stack, "keeper_app")}
                | (_bot_environment(stack) if worker.name == BOT else {})
                | _metrics_environment(stack, worker.name),
                directory=str(stack.layout.root),
            ),
            title=worker.title,
            probe=partial(_probe_heartbeat, stack, worker.name),
            waits=partial(_what_it_waits_for, stack, worker.name),
            needs=frozenset({"migrate", *((BOT_TOKEN,) if worker.name == BOT else ())}),
            timeout=90,
            memory_mib=130,
        )
        for worker in WORKERS
        if worker.name not in unwanted_workers(stack)
    ]


def unwanted_workers(stack: Stack) -> frozenset[str]:
    """Return the workers that need a setting which nobody has given."""
    given = {**product_environment(stack), **_metrics_environment(stack, EXPORTER)}
    return frozenset(worker.name for worker in WORKERS if not worker.is_wanted(given))


def metrics_addresses(stack: Stack) -> dict[str, str]:
    """Return where the workers show their numbers, each at a port of its own, by their names."""
    first = stack.ports.metrics
    return {worker.name: f"{HOST}:{first + place}" for place, worker in enumerate(WORKERS)}


def bot_token_step(stack: Stack) -> Step:
    """Describe the step that makes the token by which the bot asks the API, the first time."""

    def make() -> str:
        file = _bot_token_file(stack)
        if file.exists() or "KEEPER_BOT_API_TOKEN" in product_environment(stack):
            return "there"
        made = keeper_output(stack, "api-tokens", "make", "local-stack", "--bot", "--days", "366")
        write_private(file, made)
        return "made"

    return Step(BOT_TOKEN, "the bot's token for the API", make, frozenset({"migrate"}))


def _metrics_environment(stack: Stack, name: str) -> dict[str, str]:
    # Not of a shell beside the stack, whose commands would want the same port.
    return {METRICS: metrics_addresses(stack)[name]} if stack.is_observed else {}


def _bot_environment(stack: Stack) -> dict[str, str]:
    if "KEEPER_BOT_API_TOKEN" in product_environment(stack):
        return {}
    return {"KEEPER_BOT_API_TOKEN_FILE": str(_bot_token_file(stack))}


def _bot_token_file(stack: Stack) -> Path:
    return stack.layout.secrets / "bot_api_token"


def migrate_step(stack: Stack) -> Step:
    """Describe the step that makes tables, topics and index templates."""
    return Step(
        "migrate",
        "tables, topics, index templates",
        lambda: run_keeper(stack, "migrate"),
        frozenset({"databases", "kafka", "elasticsearch"}),
    )


def run_keeper(stack: Stack, *arguments: str) -> str:
    """Run one of the product's commands to its end, with the stack's settings.

    Raises:
        StackError: It failed; with its last lines.
    """
    run_logged(
        f"keeper {' '.join(arguments)}",
        [keeper_command(stack), *arguments],
        log=stack.layout.log_of(f"keeper-{arguments[0]}"),
        env=whole_environment(stack, product_environment(stack)),
        cwd=stack.layout.root,
    )
    return "done"


def keeper_output(stack: Stack, *arguments: str) -> str:
    """Run one of the product's commands and return what it prints.

    Raises:
        StackError: It failed; with what it said.
    """
    done = subprocess.run(
        [keeper_command(stack), *arguments],
        env=whole_environment(stack, product_environment(stack)),
        cwd=stack.layout.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join(f"  | {line}" for line in done.stderr.splitlines()[-15:])
        raise StackError(
            f"keeper {' '.join(arguments)} failed with exit code {done.returncode}.\n{said}"
        )
    return done.stdout


def _probe_mail(stack: Stack) -> str | None:
    with socket.create_connection((HOST, stack.ports.smtp), timeout=3) as connection:
        connection.settimeout(3)
        banner = connection.recv(200)
    if not banner.startswith(b"220"):
        return "no SMTP greeting yet"
    return _probe_http(f"http://{HOST}:{stack.ports.mail_web}/messages")


def _probe_http(url: str) -> str | None:
    status = httpx.get(url, timeout=5, trust_env=False).status_code
    return None if status < 500 else f"answers with HTTP {status}"


def _probe_heartbeat(stack: Stack, name: str, started: float) -> str | None:
    try:
        seen = _heartbeat_file(stack, name).stat().st_mtime
    except FileNotFoundError:
        return "no heartbeat yet"
    # Supervisor knows the start in whole seconds.
    if seen < started - 1:
        return "no heartbeat since its start"
    age = time.time() - seen
    return None if age < _HEARTBEAT_TIMEOUT_S else f"last heartbeat {age:.0f} s ago"


def _what_it_waits_for(stack: Stack, name: str) -> str | None:
    # Imports the whole command line, which only those pay who want to know.
    from keeper.cli.streams.heartbeats import heartbeat_in

    sign = heartbeat_in(_heartbeat_file(stack, name))
    return "; ".join(sign.says()) or None if sign else None


def _heartbeat_file(stack: Stack, name: str) -> Path:
    return stack.layout.run / f"{name}.alive"
