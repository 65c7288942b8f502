"""The first step of a deal run: which saved filters, for how many tokens each."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.sources.keepa.deal_requests import TOKENS_PER_PAGE
from keeper.stores.lake.deal_files import DealFolder
from keeper.stores.lake.paths import LakePath
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deal_filters import active_filters
from keeper.stores.postgres.runs import start_run

_LOG: Final = logging.getLogger(__name__)
_TURN_S: Final = 6 * 3600


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
) -> list[PlannedFilter]:
    """Share the run's tokens among the active filters and note the run's start.

    Every filter gets the same, at least a page's worth. When the tokens do not reach for a page of
    each, the filters take turns: every six hours the first to be left out is the next one's.
    """
    filters = active_filters(connection)
    if not filters:
        _LOG.warning("There is no active deal filter; save one, see keeper deals --help")
    first = int(started_at.timestamp() // _TURN_S) % len(filters) if filters else 0
    chosen = (filters[first:] + filters[:first])[: max_tokens // TOKENS_PER_PAGE]
    planned = []
    for found_by in chosen:
        # By the filter's own number: planned again, a run never takes one's pages for another's.
        number = found_by.filter_id or 0
        DealFolder.of(lake, run, number).write_filter(found_by)
        planned.append(PlannedFilter(run, number, found_by.name, max_tokens // len(chosen)))
    if left_out := [found_by.name for found_by in filters if found_by not in chosen]:
        _LOG.warning(
            "KEEPER_DEAL_TOKENS (%d) does not reach for %s; they are among the next run's",
            max_tokens,
            ", ".join(left_out),
        )
    start_run(
        connection,
        run_id=run,
        dag_id=dag_id,
        source=source,
        started_at=started_at,
        tokens_estimated=sum(filter_.tokens for filter_ in planned),
    )
    return planned
