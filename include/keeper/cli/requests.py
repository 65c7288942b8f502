"""The worker that carries out what users ask the API for."""

from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated, Final

import typer

from keeper.cli.streams.heartbeats import HeartbeatWriter
from keeper.cli.streams.workers import stopped_by_signals
from keeper.cli.tables import harmless
from keeper.metrics import Waits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keeper.pipeline.requests.carry_out import Lane, Options

_BEAT_S: Final = 1.0


OnceOption = Annotated[bool, typer.Option("--once", help="Carry out what is due, then end.")]
IntervalOption = Annotated[
    float, typer.Option(help="Seconds between two looks; a new request wakes it up.", min=0.1)
]


def carry_out(once: OnceOption = False, interval: IntervalOption = 2) -> None:
    """Carry out what users ask the API for: replays, rebuilds, tests of channels.

    Long requests hold no quick one up. Several workers may run at once. One that is ended while
    it carries a request out leaves it to the next. Example: keeper carry-out --once
    """
    from keeper.pipeline.requests.carry_out import LANES

    serve("carry-out", LANES, once=once, interval=interval)


def serve(worker: str, lanes: "Sequence[Lane]", *, once: bool, interval: float) -> None:
    """Carry out the requests of some lanes until the worker is asked to end.

    Args:
        worker: The worker's name.
        lanes: The lanes.
        once: Whether to end when nothing is due.
        interval: Seconds between two looks.
    """
    from keeper.pipeline.requests.carry_out import Options, carry_out_due
    from keeper.pipeline.services.configuration import postgres_config
    from keeper.settings import load_settings
    from keeper.stores.postgres.connection import session

    settings = load_settings()
    stopping, waits = Event(), Waits()
    options = Options(
        settings=settings,
        config=postgres_config(settings),
        stopping=stopping.is_set,
        wait=stopping.wait,
    )
    sign = HeartbeatWriter(worker, waits)
    with stopped_by_signals(stopping.set):
        if once:
            with session(options.config) as connection:
                made = sum(carry_out_due(connection, lane.kinds, options) for lane in lanes)
            typer.echo(f"{made} attempts made")
            return
        threads = [
            Thread(target=_run, args=(lane, options, waits, interval), name=lane.name)
            for lane in lanes
        ]
        for thread in threads:
            thread.start()
        # A lane that ends by a mistake ends the worker, and whoever started it starts it again.
        while all(thread.is_alive() for thread in threads) and not stopping.wait(_BEAT_S):
            sign.beat()
        is_wanted = stopping.is_set()
        stopping.set()
        for thread in threads:
            thread.join()
    if not is_wanted:
        raise typer.Exit(1)


def _run(lane: "Lane", options: "Options", waits: Waits, interval: float) -> None:
    """Carry out a lane's requests until the worker is asked to end, two seconds later at most."""
    from keeper.errors import TransientError
    from keeper.pipeline.requests.carry_out import carry_out_due
    from keeper.stores.postgres.connection import require_writable, session
    from keeper.stores.postgres.requests.queue import listen, wait_for_requests

    while not options.stopping():
        try:
            with session(options.config) as connection:
                require_writable(connection)
                waits.record(f"database, {lane.name}", None)
                # Before the first look, so that nothing is added in between unnoticed.
                listen(connection)
                while not options.stopping():
                    carry_out_due(connection, lane.kinds, options)
                    wait_for_requests(connection, interval)
        except TransientError as error:
            if waits.record(f"database, {lane.name}", str(error)):
                typer.echo(harmless(f"{error}; looking again in {interval:g} s"), err=True)
            options.wait(interval)
