"""Comparisons of Elasticsearch with PostgreSQL."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from keeper.console.api.operators import READ
from keeper.console.api.shapes import Moment, Reply
from keeper.console.auth import OperationsReader
from keeper.console.context import Context
from keeper.console.paging import (
    NEWEST,
    TOTAL,
    Cursor,
    Limit,
    WithTotal,
    next_page,
    read_number,
    with_total,
)
from keeper.console.problems import BAD_CURSOR, answers
from keeper.pipeline.runs.listed import count_reconciliations_of, reconciliations_of

router = APIRouter(prefix="/reconciliations", tags=["reconciliations"])


class ReconciliationReply(Reply):
    """A comparison of an index with PostgreSQL."""

    id: int
    mirror: str = Field(description="prices or deals.")
    run_id: str | None = Field(description="Null for a command's.")
    compared_at: Moment
    is_dry_run: bool = Field(description="Whether nothing was put right.")
    days: int
    different: int = Field(description="Days on which the stores differed.")
    missing: int
    outdated: int
    surplus: int
    in_motion: int = Field(description="Left to the workers.")
    refused: int
    examples: list[str]


class ReconciliationPage(Reply):
    """A page of comparisons."""

    items: list[ReconciliationReply]
    next_cursor: str | None
    total: int | None = Field(description=TOTAL)


@router.get("", responses=READ | answers(BAD_CURSOR), name="list")
async def list_reconciliations(
    caller: OperationsReader,
    context: Context,
    mirror: Annotated[
        Literal["prices", "deals"] | None, Query(description="Only of this index.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    total: WithTotal = False,
) -> ReconciliationPage:
    """List comparisons of Elasticsearch with PostgreSQL, the newest first; operators only."""
    before = read_number(cursor, NEWEST)
    page = partial(
        reconciliations_of, account=caller.account, mirror=mirror, before=before, most=limit + 1
    )
    count = partial(count_reconciliations_of, account=caller.account, mirror=mirror)
    found, counted = await context.database.run(with_total(page, count, is_asked=total))
    shown = [
        ReconciliationReply(
            id=row.reconciliation_id,
            mirror=row.mirror,
            run_id=row.run_id,
            compared_at=row.compared_at,
            is_dry_run=row.is_dry_run,
            days=row.days,
            different=row.different,
            missing=row.missing,
            outdated=row.outdated,
            surplus=row.surplus,
            in_motion=row.in_motion,
            refused=row.refused,
            examples=row.examples,
        )
        for row in found[:limit]
    ]
    return ReconciliationPage(
        items=shown,
        next_cursor=next_page(found, limit, NEWEST, lambda row: row.reconciliation_id),
        total=counted,
    )
