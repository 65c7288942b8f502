"""`keeper top`: workers, runs, lag, tokens and messages in a terminal, again and again."""

import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from keeper.cli.moments import time_text
from keeper.cli.services.health import live_workers, says_of, state_of
from keeper.cli.tables import harmless, harmless_lines
from keeper.streams.workers import LOADERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Group
    from rich.table import Table

    from keeper.pipeline.metrics.glance import Glance, Records
    from keeper.pipeline.metrics.kafka import TopicNumbers

_RUNS: Final = 8
_UNKNOWN: Final = "unknown"
_GROUPS: Final = {name: loader.group for name, loader in LOADERS.items()}
_STYLES: Final = {
    **dict.fromkeys(("ready", "SUCCESS"), "green"),
    **dict.fromkeys(("degraded", "RUNNING"), "yellow"),
    **dict.fromkeys(("not live", "FAILED"), "bold red"),
}


def top(
    interval: Annotated[
        float, typer.Option(min=0.5, help="Seconds between two looks.", metavar="SECONDS")
    ] = 2.0,
    once: Annotated[
        bool, typer.Option("--once", help="Print one look and end, as in a pipe.")
    ] = False,
) -> None:
    """Watch workers, runs, unread messages, tokens and waiting messages until Ctrl-C.

    A store that does not answer says so in its place, and the others go on. Of workers those are
    seen whose run directory this is; other containers' are not. Example: keeper top --interval 5
    """
    from rich.console import Console
    from rich.live import Live

    from keeper.clock import utc_now
    from keeper.pipeline.metrics.glance import glance_at
    from keeper.settings import load_settings

    settings = load_settings()

    def look() -> "Group":
        return _drawn(glance_at(settings, at=utc_now(), runs=_RUNS))

    if once or not sys.stdout.isatty():
        Console().print(look())
        return
    try:
        with Live(look(), screen=True, auto_refresh=False) as live:
            while True:
                # At the pace that was asked for; nothing is waited for.
                time.sleep(interval)
                live.update(look(), refresh=True)
    except KeyboardInterrupt:
        # Ending it is how it ends.
        return


def _drawn(glance: "Glance") -> "Group":
    from rich.console import Group
    from rich.text import Text

    parts = [
        Text(f"Keeper, {time_text(glance.at, seconds=True)}", style="bold"),
        *(
            Text(harmless_lines(why), style="bold red")
            for _, why in sorted(glance.problems.items())
        ),
    ]
    tables = [_workers(glance.topics)]
    if glance.records is not None:
        parts += map(Text, _sentences(glance.records, glance.at))
        tables.append(_runs(glance.records))
    if glance.topics is not None:
        letters = {name: count for name, count in glance.topics.dead_letters.items() if count}
        said = ", ".join(f"{count:,} in {name}" for name, count in sorted(letters.items()))
        parts.append(Text(f"Dead letters: {said or 'none'}"))
    return Group(*parts, *tables)


def _sentences(records: "Records", at: datetime) -> "Iterator[str]":
    tokens, figures = records.tokens, records.figures
    if tokens is None:
        yield "Tokens: unknown until Keepa has been asked"
    else:
        reading = tokens.reading
        whose = " of the simulator" if tokens.is_simulated else ""
        yield (
            f"Tokens{whose}: {reading.tokens_left:,} at {time_text(reading.read_at)}, "
            f"{reading.refill:,} more each minute, {tokens.reserve:,} kept back"
        )
    waiting = ", ".join(
        f"{one.messages:,} by {harmless(one.kind)}"
        + (f" ({one.held:,} held)" if one.held else "")
        + (f", the first due for {_span(at - one.due_at)}" if one.due_at else "")
        for one in records.waiting
    )
    yield f"Messages that wait: {waiting or 'none'}"
    yield (
        f"Open notices: {figures.open_notices:,}; of the last 24 hours: "
        f"{figures.failed_runs:,} failed runs, "
        f"{figures.quarantined_records:,} records in quarantine"
    )


def _workers(topics: "TopicNumbers | None") -> "Table":
    unread = {} if topics is None else {group: n for (group, _), n in topics.unread.items()}
    rows = []
    for name, sign in live_workers():
        group = _GROUPS.get(name)
        count = unread.get(group) if group else None
        behind = "" if group is None else _UNKNOWN if count is None else f"{count:,}"
        rows.append((name, state_of(name, sign).value, behind, says_of(sign)))
    return _table("workers", ("worker", "state", "unread", "says"), rows)


def _runs(records: "Records") -> "Table":
    rows = [
        (
            run.dag_id,
            run.state.value,
            time_text(run.started_at),
            "" if run.finished_at is None else _span(run.finished_at - run.started_at),
            f"{run.products_fetched:,}",
            f"{run.points_stored:,}",
            f"{run.alerts_raised:,}",
            run.problem or "",
        )
        for run in records.runs
    ]
    columns = ("dag", "state", "started", "took", "fetched", "points", "alerts", "problem")
    return _table("runs", columns, rows)


def _table(title: str, columns: tuple[str, ...], rows: "Iterable[tuple[str, ...]]") -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        is_number = name in ("unread", "took", "fetched", "points", "alerts")
        table.add_column(
            name,
            justify="right" if is_number else "left",
            no_wrap=name not in ("says", "problem"),
            overflow="ellipsis" if name in ("says", "problem") else "fold",
        )
    for row in rows:
        table.add_row(*(Text(harmless_lines(cell), style=_STYLES.get(cell, "")) for cell in row))
    return table


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7_200 else f"{seconds // 3_600} h"
