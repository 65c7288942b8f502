"""The relay: publishes what commits have changed, for the console's cache and live feed."""

from threading import Event

import typer

from keeper.cli.streams.heartbeats import HeartbeatWriter
from keeper.cli.streams.workers import stopped_by_signals
from keeper.cli.tables import harmless
from keeper.metrics import Waits

_PAUSE_S = 1.0


def relay() -> None:
    """Publish what commits change in PostgreSQL to the topic keeper-changes.

    The console reads there what to drop from its cache and what to show live; without the relay it
    asks PostgreSQL each time. Of several one works, the others stand by. Example: keeper relay
    """
    from keeper.errors import TransientError
    from keeper.pipeline.changes.relay import Relay
    from keeper.pipeline.services.configuration import kafka_config, postgres_config
    from keeper.settings import load_settings

    settings = load_settings()
    stopping, waits = Event(), Waits()
    beat = HeartbeatWriter("relay", waits).beat
    relaying = Relay(
        postgres_config(settings),
        kafka_config(settings),
        report_turn=lambda: waits.record("services", None),
    )

    def stopped() -> bool:
        beat()
        return stopping.is_set()

    with stopped_by_signals(stopping.set):
        while not stopped():
            try:
                relaying.run(stopped=stopped, wait=stopping.wait)
            except TransientError as error:
                waits.record("services", str(error))
                typer.echo(harmless(f"{error}; again in {_PAUSE_S:g} s"), err=True)
                stopping.wait(_PAUSE_S)
