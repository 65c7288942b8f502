"""`keeper health`: which parts are live, ready or degraded, and what they wait for."""

import os
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from keeper.cli.options import JsonOption
from keeper.cli.records import print_records
from keeper.cli.streams.heartbeats import LastHeartbeat, last_heartbeat, path_of, workers_seen
from keeper.cli.tables import harmless, harmless_lines
from keeper.streams.workers import WORKERS

_WORKERS: Final = tuple(worker.name for worker in WORKERS)
_SILENT_S: Final = {worker.name: worker.silent_s for worker in WORKERS}
_ANY_WORKER_S: Final = 120.0

WorkerArgument = Annotated[
    str | None,
    typer.Argument(help=f"{', '.join(_WORKERS)}; all parts if not given."),
]


class WorkerState(StrEnum):
    """How a worker is, by its last heartbeat."""

    READY = "ready"
    DEGRADED = "degraded"
    NOT_LIVE = "not live"


def health(
    worker: WorkerArgument = None,
    max_age: Annotated[
        float | None,
        typer.Option(help="Oldest heartbeat, in seconds; 120 if not given, 1500 of the deliverer."),
    ] = None,
    ready: Annotated[
        bool, typer.Option("--ready", help="Exit 1 also if something is only degraded.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show which services answer and which side workers live, are ready, or degraded and why.

    Of one worker also what it has done; the times are seconds spent by stage since its start.
    Exit 1 if a service is down or a worker does not live. A worker that waits for a service is
    degraded: restarting it would not help. Other machines' and containers' workers are not seen.
    Example: keeper health
    """
    if worker is None:
        _report_all(max_age, ready=ready, as_json=as_json)
    else:
        _report_one(worker, max_age, ready=ready, as_json=as_json)


def _report_one(worker: str, max_age: float | None, *, ready: bool, as_json: bool) -> None:
    sign = last_heartbeat(worker)
    if sign is None:
        if worker in _WORKERS:
            reason = f"{worker} has given no heartbeat in {path_of(worker).parent}"
        else:
            reason = f"There is no worker {worker}; there are {', '.join(_WORKERS)}."
        typer.echo(harmless(reason), err=True)
        raise typer.Exit(1)
    state = state_of(worker, sign, max_age)
    if as_json:
        record = {"part": worker, "state": state, "says": says_of(sign), "metrics": sign.metrics}
        print_records([record])
    else:
        typer.echo(f"{worker}: {state}, last heartbeat {sign.age_s:.0f} s ago")
        for line in sign.says():
            typer.echo(f"  {harmless(line)}")
        if sign.metrics is not None:
            typer.echo(harmless_lines("\n".join(_metric_lines(sign.metrics))))
    if state is WorkerState.NOT_LIVE or (ready and sign.waits):
        raise typer.Exit(1)


def _report_all(max_age: float | None, *, ready: bool, as_json: bool) -> None:
    from keeper.cli.tables import print_table
    from keeper.pipeline.services.health import HealthState, health_of
    from keeper.settings import load_settings

    found: list[tuple[str, str, str]] = [
        (one.part, one.state.value, one.says) for one in health_of(load_settings())
    ]
    found += [
        (name, state_of(name, sign, max_age).value, says_of(sign)) for name, sign in live_workers()
    ]
    if as_json:
        print_records(dict(zip(("part", "state", "says"), one, strict=True)) for one in found)
    else:
        print_table(("part", "state", "says"), found, wrap=("says",))
    states = {state for _, state, _ in found}
    if states & {HealthState.DOWN, WorkerState.NOT_LIVE} or (
        ready and states & {HealthState.DEGRADED, WorkerState.DEGRADED}
    ):
        raise typer.Exit(1)


def live_workers() -> list[tuple[str, LastHeartbeat]]:
    """Return the workers of this run directory and their last heartbeats."""
    given = {name for name, value in os.environ.items() if value}
    # One that nobody wants any more has left its last heartbeat behind.
    unwanted = {worker.name for worker in WORKERS if not worker.is_wanted(given)}
    seen = [(name, last_heartbeat(name)) for name in workers_seen() if name not in unwanted]
    return [(name, sign) for name, sign in seen if sign is not None]


def says_of(sign: LastHeartbeat) -> str:
    """Return what a worker waited for, or how long ago its last heartbeat was."""
    return "; ".join(sign.says()) or f"last heartbeat {sign.age_s:.0f} s ago"


def state_of(name: str, sign: LastHeartbeat, max_age: float | None = None) -> WorkerState:
    """Return how a worker is by its last heartbeat, which may be so many seconds old."""
    if max_age is None:
        max_age = _SILENT_S.get(name, _ANY_WORKER_S)
    if sign.age_s > max_age:
        return WorkerState.NOT_LIVE
    return WorkerState.DEGRADED if sign.waits else WorkerState.READY


def _metric_lines(metrics: dict[str, Any]) -> list[str]:
    """Return a worker's metrics as lines of `name value`."""
    seconds = {f"seconds in {stage}": spent for stage, spent in metrics["seconds"].items()}
    return [
        f"  {name.replace('_', ' '):<18} {'unknown' if value is None else f'{value:,}'}"
        for name, value in (metrics | seconds).items()
        if name != "seconds"
    ]
