"""Everything one stack is made of, gathered once a command."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from stack.accounts import Account, server_account
from stack.artifacts import artifacts_present
from stack.credentials import Credentials, load_credentials
from stack.debian_java import java_folder
from stack.errors import StackError
from stack.given import has_own_redis
from stack.java import LONG_RUN, QUICK_START, Java, describe_java, find_java
from stack.layout import Layout
from stack.maven import (
    MavenRepository,
    repository_from_environment,
    repository_from_settings,
)
from stack.ports import Ports, resolve_ports

REDIS: Final = "KEEPER_STACK_REDIS"
OBSERVE: Final = "KEEPER_STACK_OBSERVE"
"""The variable that says whether the stack has a Redis, 1 or 0; at first it has none."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The facts every service's definition is made from.

    Attributes:
        layout: Where files lie.
        ports: Where services listen.
        credentials: Generated passwords and keys.
        account: Who the servers run as; None for the present user.
        java: The runtime Kafka and Elasticsearch use; None if there is none.
        java_too_old: A Java that was found but is too old, for the error message.
        maven: The `mvn` command; None if there is none.
        repository: Where Kafka and Elasticsearch are fetched from without Maven; None if Maven
            fetches them, or there is none.
        keepa_key: A real Keepa key; None means the simulator.
        simulator_at: The instant at which the simulator's clock stands at first, ISO 8601.
        simulator_runs: Whether its clock runs instead, as after the first demo.
        durable: Whether PostgreSQL's data must outlive a crash of the machine, and Java's servers
            run for long.
        environ: The environment of the command.
        uses_redis: Whether the console keeps its answers in a Redis of the stack's.
        is_observed: Whether a Prometheus of the stack's reads the numbers of its parts.
    """

    layout: Layout
    ports: Ports
    credentials: Credentials
    account: Account | None
    java: Java | None
    java_too_old: Java | None
    maven: str | None
    repository: MavenRepository | None
    keepa_key: str | None
    simulator_at: str
    durable: bool
    environ: Mapping[str, str]
    simulator_runs: bool = False
    uses_redis: bool = False
    is_observed: bool = False

    @property
    def uses_simulator(self) -> bool:
        """True when no Keepa key is set."""
        return self.keepa_key is None

    @property
    def server_jvm(self) -> tuple[str, ...]:
        """Options of the JVM of a server."""
        return LONG_RUN if self.durable else QUICK_START


def keepa_key_of(layout: Layout, environ: Mapping[str, str]) -> str | None:
    """Return KEEPA_API_KEY from the environment or `.env`; blank counts as absent."""
    value = environ.get("KEEPA_API_KEY", "").strip()
    if not value:
        value = (dotenv_values(layout.root / ".env").get("KEEPA_API_KEY") or "").strip()
    return value or None


def wants(name: str, environ: Mapping[str, str], remembered: bool) -> bool:
    """Return whether a part is asked for by the variable of this name, else as last time.

    Raises:
        StackError: The variable is neither 1 nor 0.
    """
    text = environ.get(name, "").strip()
    if text not in {"", "0", "1"}:
        raise StackError(f"{name} must be 1 or 0, not {text!r}.")
    return text == "1" if text else remembered


def repository_of(
    layout: Layout, environ: Mapping[str, str], maven: str | None
) -> MavenRepository | None:
    """Return where to fetch Kafka and Elasticsearch without Maven, if they are to be fetched so.

    KEEPER_MAVEN_URL counts first, then Maven itself, then the mirror in Maven's settings.
    """
    named = repository_from_environment(environ)
    if named or maven or artifacts_present(layout):
        return named
    home = Path(environ.get("HOME") or Path.home())
    return repository_from_settings(home / ".m2" / "settings.xml", environ)


def load_stack(
    layout: Layout,
    environ: Mapping[str, str],
    port_offset: int | None = None,
    *,
    durable: bool = True,
) -> Stack:
    """Gather the facts and remember those that must not change until `make clean`.

    Args:
        layout: Where the stack lies.
        environ: The environment of the command.
        port_offset: See `resolve_ports`.
        durable: Of a new home, whether its data must outlive a crash of the machine.

    Raises:
        StackError: A setting is wrong or the home cannot be written.
    """
    account = server_account(layout.root, environ)
    layout.make_folders()
    state = layout.read_state()
    ports = resolve_ports(environ, port_offset, state.get("ports", {}))
    simulator_at = (
        state.get("simulator_at")
        or datetime.now(UTC).replace(minute=0, second=0, microsecond=0).isoformat()
    )
    durable = state.get("durable", durable)
    redis = wants(REDIS, environ, state.get("redis", False))
    observed = wants(OBSERVE, environ, state.get("observed", False))
    facts = {
        "ports": ports.as_dict(),
        "simulator_at": simulator_at,
        "durable": durable,
        "redis": redis,
        "observed": observed,
    }
    if any(state.get(name) != value for name, value in facts.items()):
        layout.remember(**facts)
    places = (Path("/usr/lib/jvm"), java_folder(layout) / "usr/lib/jvm")
    java, too_old = find_java(environ, describe_java, places)
    maven = shutil.which("mvn", path=environ.get("PATH", ""))
    return Stack(
        layout=layout,
        ports=ports,
        credentials=load_credentials(layout),
        account=account,
        java=java,
        java_too_old=too_old,
        maven=maven,
        repository=repository_of(layout, environ, maven),
        keepa_key=keepa_key_of(layout, environ),
        simulator_at=simulator_at,
        durable=durable,
        environ=environ,
        simulator_runs=state.get("simulator_runs", False),
        uses_redis=redis and not has_own_redis(layout, environ),
        is_observed=observed,
    )
