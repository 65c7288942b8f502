"""`keeper metrics`: shows Prometheus what stores hold. `keeper alertmanager`: whom it calls."""

from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Final

import typer

from keeper.cli.streams.heartbeats import HeartbeatWriter
from keeper.cli.streams.workers import stopped_by_signals
from keeper.metrics import Waits

if TYPE_CHECKING:
    from keeper.pipeline.metrics.stores import StoreNumbers
    from keeper.settings import Settings

_BEAT_S: Final = 5.0


def metrics(
    once: Annotated[bool, typer.Option("--once", help="Print the numbers and end.")] = False,
) -> None:
    """Show Prometheus what waits, was sent, spent, checked and stored, at /metrics.

    It listens where KEEPER_METRICS_LISTEN says, and asks PostgreSQL and Kafka no more often than
    every KEEPER_METRICS_EVERY_S seconds. The workers show their own numbers; docs/METRICS.md names
    all of them. Example: keeper metrics --once
    """
    from keeper.errors import SettingsError
    from keeper.settings import load_settings

    settings = load_settings()
    numbers = _numbers(settings)
    if once:
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(numbers)
        typer.echo(generate_latest(registry).decode(), nl=False)
        return
    if settings.metrics.listen is None:
        raise SettingsError("KEEPER_METRICS_LISTEN says where to listen, such as 127.0.0.1:9400")
    stopping = Event()
    sign = HeartbeatWriter("metrics", Waits(), beside=(numbers,))
    with stopped_by_signals(stopping.set):
        while not stopping.wait(_BEAT_S):
            sign.beat()


def alertmanager(
    folder: Annotated[Path, typer.Argument(help="Where its files go; it is made.")],
) -> None:
    """Write Alertmanager's configuration: whom it calls, from the settings of mail and messages.

    The files hold secrets and are readable by their owner alone: the account that runs Alertmanager
    must be that owner, and find the folder at the same path. Example: keeper alertmanager
    /etc/alertmanager && chown -R prometheus /etc/alertmanager
    """
    from keeper.pipeline.metrics.alertmanager import write_alertmanager
    from keeper.settings import load_settings

    typer.echo(f"wrote {write_alertmanager(load_settings(), folder)}")


def _numbers(settings: "Settings") -> "StoreNumbers":
    from keeper.pipeline.metrics.kafka import read_kafka
    from keeper.pipeline.metrics.postgres import read_postgres
    from keeper.pipeline.metrics.stores import Source, StoreNumbers
    from keeper.pipeline.services.configuration import kafka_config, postgres_config

    postgres, kafka = postgres_config(settings), kafka_config(settings)
    return StoreNumbers(
        [
            Source("postgres", lambda: read_postgres(postgres, settings.runs.request_policy)),
            Source("kafka", lambda: read_kafka(kafka)),
        ],
        every_s=settings.metrics.every_s,
    )
