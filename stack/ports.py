"""Which loopback port each service listens on."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from stack.errors import StackError

HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """One port a listener; the defaults are those of the composed stack."""

    airflow: int = 8080
    postgres: int = 5432
    kafka: int = 9092
    kafka_controller: int = 9093
    elasticsearch: int = 9200
    elasticsearch_transport: int = 9300
    simulator: int = 8099
    smtp: int = 1025
    mail_web: int = 8025
    console: int = 8000
    redis: int = 6379
    prometheus: int = 9090
    alertmanager: int = 9097
    # The first of as many as there are workers.
    metrics: int = 9400
    # The first of a few.
    exporters: int = 9450

    def as_dict(self) -> dict[str, int]:
        """Return the ports by name."""
        return {field.name: int(getattr(self, field.name)) for field in fields(self)}


def variable_of(name: str) -> str:
    """Return the environment variable that overrides the port called `name`."""
    return f"KEEPER_{name.upper()}_PORT"


def resolve_ports(
    environ: Mapping[str, str], offset: int | None, remembered: Mapping[str, int]
) -> Ports:
    """Choose the ports: a KEEPER_…_PORT variable, else default plus offset, else as last time.

    Args:
        environ: The environment to read the overrides from.
        offset: Added to every default; None keeps what `remembered` says.
        remembered: The ports this home was started with before, by name; empty on first use.

    Raises:
        StackError: A variable is no port number, or two services would share one.
    """
    chosen: dict[str, int] = {}
    for name, default in Ports().as_dict().items():
        text = environ.get(variable_of(name), "").strip()
        if text:
            chosen[name] = _port(variable_of(name), text)
        elif offset is not None:
            chosen[name] = _port(f"--port-offset {offset} for {name}", str(default + offset))
        else:
            chosen[name] = remembered.get(name, default)
    holders: dict[int, str] = {}
    for name, port in chosen.items():
        if port in holders:
            raise StackError(
                f"{variable_of(holders[port])} and {variable_of(name)} are both {port}; "
                "give each its own port."
            )
        holders[port] = name
    return Ports(**chosen)


def _port(source: str, text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise StackError(f"{source} must be a port between 1 and 65535, not {text!r}.")
    return int(text)
