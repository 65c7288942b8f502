"""`keeper receive-wal`: the worker that keeps backups young."""

from threading import Event

import typer

from keeper.cli.streams.heartbeats import HeartbeatWriter
from keeper.cli.streams.workers import stopped_by_signals
from keeper.cli.tables import harmless
from keeper.metrics import Waits

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0


def receive_wal() -> None:
    """Receive PostgreSQL's write-ahead log, so that any moment since a backup can be restored.

    It goes to KEEPER_BACKUPS within moments of each commit, from the server that
    KEEPER_BACKUP_SERVER_URL names. New replies of Keepa are copied beside it every minute. While
    it does not run the server keeps the log for it. Example: keeper receive-wal
    """
    from keeper.errors import TransientError
    from keeper.pipeline.backups.receive import receive_wal as receive
    from keeper.settings import load_settings

    settings = load_settings()
    stopping, waits = Event(), Waits()
    beat = HeartbeatWriter("receive-wal", waits).beat
    pause = _FIRST_PAUSE_S

    def stopped() -> bool:
        beat()
        return stopping.is_set()

    def received() -> None:
        nonlocal pause
        pause = _FIRST_PAUSE_S
        waits.record("postgres", None)

    def shipped(problem: str | None) -> None:
        if waits.record("storage of backups", problem) and problem is not None:
            typer.echo(harmless(f"{problem}; the log stays here until then"), err=True)

    with stopped_by_signals(stopping.set):
        while not stopped():
            try:
                receive(
                    settings,
                    stopped=stopped,
                    wait=stopping.wait,
                    received=received,
                    shipped=shipped,
                )
            except TransientError as error:
                waits.record("postgres", str(error))
                typer.echo(harmless(f"{error}; again in {pause:g} s"), err=True)
                stopping.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
