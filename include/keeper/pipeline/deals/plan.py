"""The first step of a deal run: which saved filters, for how many tokens each."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.domain.deals.deal import DealFilter
from keeper.errors import TerminalError
from keeper.sources.keepa.deals.requests import TOKENS_PER_PAGE
from keeper.stores.lake.deal_files import DealFolder
from keeper.stores.lake.paths import LakePath
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.filters import active_filters
from keeper.stores.postgres.runs.runs import start_run

_LOG: Final = logging.getLogger(__name__)
_TURN_S: Final = 6 * 3600


class UnknownFilterError(TerminalError):
    """A run was asked for filters that are not there or not active."""


@dataclass(frozen=True, slots=True)
class PlannedFilter:
    """One filter's part of a run.

    Attributes:
        run: Keeper's id of the run.
        batch: Its number.
        label: The filter's name.
        tokens: What it may cost.
    """

    run: str
    batch: int
    label: str
    tokens: int


def plan_deals(
    connection: Connection,
    lake: LakePath,
    *,
    run: str,
    dag_id: str,
    source: str,
    max_tokens: int,
    started_at: datetime,
    only: Collection[str] = (),
) -> list[PlannedFilter]:
    """Share the run's tokens among the active filters and record the run's start.

    Every filter gets the same, at least a page's worth. When the tokens do not reach for a page of
    each, the filters take turns: every six hours the first to be left out is the next one's.

    Args:
        connection: Where the filters are.
        lake: Where their files go.
        run: Keeper's id of the run.
        dag_id: Its DAG.
        source: What the data is marked as.
        max_tokens: The most it may cost.
        started_at: Now.
        only: Names of filters; all active ones without.

    Raises:
        UnknownFilterError: One of `only` is no active filter; the run has its row by then.
    """
    began_at = start_run(
        connection, run_id=run, dag_id=dag_id, source=source, started_at=started_at
    )
    # Planned again, a run chooses by its first start: what it paid for is among its filters still.
    chosen = _chosen(connection, only, max_tokens=max_tokens, at=began_at)
    planned = []
    for found_by in chosen:
        # By the filter's own number: planned again, a run never takes one's pages for another's.
        number = found_by.filter_id or 0
        DealFolder.of(lake, run, number).write_filter(found_by)
        planned.append(PlannedFilter(run, number, found_by.name, max_tokens // len(chosen)))
    start_run(
        connection,
        run_id=run,
        dag_id=dag_id,
        source=source,
        started_at=started_at,
        tokens_estimated=sum(filter_.tokens for filter_ in planned),
    )
    return planned


def preview_deals(
    connection: Connection, *, max_tokens: int, at: datetime, only: Collection[str] = ()
) -> str:
    """Say in one line what plan_deals would plan, and what it may cost; notes nothing.

    Raises:
        UnknownFilterError: One of `only` is no active filter.
    """
    chosen = _chosen(connection, only, max_tokens=max_tokens, at=at)
    if not chosen:
        return "no filters, no tokens"
    names = ", ".join(found_by.name for found_by in chosen)
    each = max_tokens // len(chosen)
    return (
        f"{len(chosen)} filters ({names}) for at most {each} tokens each: {TOKENS_PER_PAGE} a page "
        "of deals, 1 a product's history"
    )


def _chosen(
    connection: Connection, only: Collection[str], *, max_tokens: int, at: datetime
) -> Sequence[DealFilter]:
    """Return the filters whose turn it is."""
    active = active_filters(connection)
    names = {found_by.name for found_by in active}
    if unknown := sorted(set(only) - names):
        there = ", ".join(sorted(names)) or "none"
        raise UnknownFilterError(
            f"no active deal filter is called {', '.join(map(repr, unknown))}; active are: {there}"
        )
    filters = [found_by for found_by in active if not only or found_by.name in only]
    if not filters:
        _LOG.warning("There is no active deal filter; save one, see keeper deals --help")
        return []
    first = int(at.timestamp() // _TURN_S) % len(filters)
    chosen = (filters[first:] + filters[:first])[: max_tokens // TOKENS_PER_PAGE]
    if left_out := [found_by.name for found_by in filters if found_by not in chosen]:
        _LOG.warning(
            "KEEPER_DEAL_TOKENS (%d) does not reach for %s; they are among the next run's",
            max_tokens,
            ", ".join(left_out),
        )
    return chosen
