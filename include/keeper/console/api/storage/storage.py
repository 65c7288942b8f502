"""What the database takes."""

from functools import partial

from fastapi import APIRouter
from pydantic import Field

from keeper.console.api.operators import READ
from keeper.console.api.shapes import Moment, Reply
from keeper.console.auth import OperationsReader
from keeper.console.context import Context
from keeper.pipeline.services.overview import storage_of

router = APIRouter(prefix="/storage", tags=["storage"])


class TableReply(Reply):
    """A table, or a partition of price_points."""

    name: str
    rows: int = Field(description="As PostgreSQL estimates them.")
    bytes: int = Field(description="With its indexes.")
    since: Moment | None = Field(description="Of a partition: the time its points begin with.")
    until: Moment | None = Field(description="Of a partition: the time they are before.")


class StorageReply(Reply):
    """What the database takes, and what needs a hand."""

    bytes: int = Field(description="All together.")
    tables: list[TableReply]
    problems: list[str] = Field(description="Each with its remedy; empty if all is well.")


@router.get("", responses=READ, name="get")
async def get_storage(caller: OperationsReader, context: Context) -> StorageReply:
    """Show the size of every table and partition, and what needs a hand; operators only."""
    work = partial(storage_of, account=caller.account, at=context.clock())
    found = await context.database.run(work)
    return StorageReply(
        bytes=sum(table.bytes for table in found.tables),
        tables=[
            TableReply(
                name=table.name,
                rows=table.rows,
                bytes=table.bytes,
                since=table.since,
                until=table.until,
            )
            for table in found.tables
        ],
        problems=found.problems,
    )
