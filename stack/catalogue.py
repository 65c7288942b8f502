"""Which services there are, and which of them a command means."""

from collections.abc import Iterable, Sequence
from typing import Final

from keeper.streams.workers import WORKERS
from stack import (
    airflow,
    elasticsearch,
    kafka,
    observing,
    pages,
    postgres,
    product,
    prometheus,
    redis,
)
from stack.artifacts import fetch_artifacts
from stack.context import Stack
from stack.errors import StackError
from stack.services import Service, Step

_WORKERS: Final = tuple(worker.name for worker in WORKERS)
# What `--only` accepts, and the programs and steps each word stands for.
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "postgres": ("postgres", "databases"),
    "kafka": ("kafka",),
    "elasticsearch": ("elasticsearch",),
    "mail": ("mail",),
    "simulator": ("simulator",),
    "redis": ("redis",),
    "prometheus": ("prometheus",),
    "migrate": ("migrate",),
    "workers": _WORKERS,
    "console": ("console", "pages"),
    "airflow": airflow.PROGRAMS,
}
_NEEDS: Final = {
    "databases": ("postgres",),
    "kafka": ("artifacts",),
    "elasticsearch": ("artifacts",),
    "redis": ("redis-software",),
    "prometheus": ("prometheus-software",),
    observing.ALERTMANAGER: (observing.SOFTWARE,),
    "migrate": ("databases", "kafka", "elasticsearch"),
    "airflow-migrate": ("databases",),
    "console": ("migrate",),
    **dict.fromkeys(_WORKERS, ("migrate",)),
    **dict.fromkeys(airflow.PROGRAMS, ("airflow-migrate",)),
    product.BOT: (product.BOT_TOKEN,),
    product.BOT_TOKEN: ("migrate",),
}


def names_of(stack: Stack, only: Sequence[str]) -> frozenset[str]:
    """Return the programs and steps that `only` means, with all they need.

    Args:
        stack: The stack; with a Keepa key it has no simulator, and a Redis only if asked to.
        only: Groups by name; empty means everything.

    Raises:
        StackError: There is no such group.
    """
    unknown = sorted(set(only) - set(GROUPS))
    if unknown:
        raise StackError(
            f"There is no service group {', '.join(unknown)}; choose from {', '.join(GROUPS)}."
        )
    wanted = {name for group in only or GROUPS for name in GROUPS[group]}
    wanted -= product.unwanted_workers(stack)
    if not stack.uses_simulator:
        wanted.discard("simulator")
    if not stack.uses_redis:
        wanted.discard("redis")
    elif "console" in wanted:
        wanted.add("redis")
    if not stack.is_observed:
        wanted.discard("prometheus")
    elif "prometheus" in wanted:
        wanted |= _observing(stack, wanted)
    return _with_needs(wanted)


def build(stack: Stack, names: frozenset[str]) -> tuple[list[Service], list[Step]]:
    """Return the services and steps called `names`."""
    services: list[Service] = []
    if "postgres" in names:
        services.append(postgres.service(stack))
    if "kafka" in names:
        services.append(kafka.service(stack))
    if "elasticsearch" in names:
        services.append(elasticsearch.service(stack))
    if "mail" in names:
        services.append(product.mail_service(stack))
    if "simulator" in names:
        services.append(product.simulator_service(stack))
    if "redis" in names:
        services.append(redis.service(stack))
    if "prometheus" in names:
        services.append(prometheus.service(stack))
    services += [service for service in observing.services(stack) if service.name in names]
    if names & set(_WORKERS):
        services += [s for s in product.worker_services(stack) if s.name in names]
    if "console" in names:
        services.append(product.console_service(stack))
    if names & set(airflow.PROGRAMS):
        services += airflow.services(stack)
    steps = [
        Step("artifacts", "Kafka and Elasticsearch software", lambda: _fetch(stack)),
        redis.software_step(stack),
        prometheus.software_step(stack),
        observing.software_step(stack),
        Step("pages", "pages in the browser", lambda: pages.build_pages(stack.layout)),
        postgres.databases_step(stack),
        airflow.migrate_step(stack),
        product.migrate_step(stack),
        product.bot_token_step(stack),
    ]
    return services, [step for step in steps if step.name in names]


def _observing(stack: Stack, wanted: Iterable[str]) -> set[str]:
    """Return Alertmanager, and the exporters of those services that are wanted too."""
    there = _with_needs(wanted)
    shown = {one.program for one in observing.exporters(stack) if one.needs <= there}
    return {observing.ALERTMANAGER, observing.SOFTWARE, *shown}


def _fetch(stack: Stack) -> str:
    fetch_artifacts(stack.layout, stack.maven or "mvn", stack.repository)
    return "there"


def _with_needs(names: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _NEEDS.get(name, ())
    return frozenset(found)
