"""The deliverer: hands messages to the channels as they fall due."""

from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING, Annotated, Final

import typer

from keeper.cli.streams.heartbeats import HeartbeatWriter
from keeper.cli.streams.workers import stopped_by_signals
from keeper.cli.tables import harmless
from keeper.metrics import Waits

if TYPE_CHECKING:
    from keeper.pipeline.messages.options import Delivery
    from keeper.stores.postgres.connection import Connection

_WAIT_ONCE_S: Final = 60.0


def deliver(
    once: Annotated[bool, typer.Option("--once", help="Deliver what is due, then end.")] = False,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed", help="First make those due again that failed or had no channel."
        ),
    ] = False,
    interval: Annotated[
        float, typer.Option(help="Seconds between two looks; a new message wakes it up.", min=0.1)
    ] = 5,
) -> None:
    """Deliver alerts, reports and notices by mail, Telegram, Discord and Apprise as they fall due.

    Several may run at once; a channel is used by one of them at a time.
    Example: keeper deliver --once
    """
    from keeper.errors import TransientError
    from keeper.pipeline.services.configuration import delivery, postgres_config
    from keeper.settings import load_settings
    from keeper.stores.postgres.connection import require_writable, session
    from keeper.stores.postgres.messages.outbox import requeue_undelivered

    settings = load_settings()
    stopping = Event()
    waits = Waits()
    beat = HeartbeatWriter("deliver", waits).beat

    def stopped() -> bool:
        beat()
        return stopping.is_set()

    how = delivery(
        settings,
        wait=stopping.wait,
        timeout_s=_WAIT_ONCE_S if once else interval,
        stopped=stopped,
        report_closed=waits.record,
    )
    config = postgres_config(settings)
    if retry_failed:
        with session(config) as connection:
            typer.echo(f"{requeue_undelivered(connection)} messages are due again")
    with stopped_by_signals(stopping.set):
        while not stopped():
            try:
                with session(config) as connection:
                    require_writable(connection)
                    waits.record("database", None)
                    _deliver_until(stopped, connection, how, once=once, interval=interval)
                    if once:
                        return
            except TransientError as error:
                if once:
                    raise
                waits.record("database", str(error))
                typer.echo(harmless(f"{error}; looking again in {interval:g} s"), err=True)
                stopping.wait(interval)


def _deliver_until(
    stopped: Callable[[], bool],
    connection: "Connection",
    options: "Delivery",
    *,
    once: bool,
    interval: float,
) -> None:
    """Deliver what is due, again and again until `stopped` or once, and say what was done."""
    from keeper.pipeline.messages.deliver import deliver_due
    from keeper.stores.postgres.messages.outbox import listen, wait_for_messages

    # Before the first look, so that nothing is put in between unnoticed.
    listen(connection)
    while not stopped():
        counts = deliver_due(connection, options)
        if once or any(counts.values()):
            typer.echo(", ".join(f"{n} {name}" for name, n in counts.items() if n or once))
        if once:
            return
        wait_for_messages(connection, interval)
