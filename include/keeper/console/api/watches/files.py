"""Watches as CSV, in and out."""

from functools import partial
from typing import Annotated, Final, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from keeper.console.api.shapes import Reply
from keeper.console.auth import WatchReader, WatchWriter, doer_of
from keeper.console.context import Context
from keeper.console.database import LONG_ANSWER_S
from keeper.console.problems import (
    LIMIT_REACHED,
    NOT_SIGNED_IN,
    OTHER_SITE,
    SCOPE_MISSING,
    TOO_LARGE,
    ProblemError,
    answers,
)
from keeper.pipeline.watches.import_file import (
    ImportedRow,
    ImportResult,
    Saved,
    TooManyRowsError,
    WatchGoneError,
    export_watches,
    import_watches,
)

_CSV: Final = "text/csv"
router = APIRouter(prefix="/watches", tags=["watches"])


class ImportedRowReply(Reply):
    """What became of a row."""

    row: int = Field(description="Its number, as a spreadsheet shows it.")
    outcome: Saved | None = Field(description="Null for a bad row.")
    problem: str | None = Field(description="Why it is bad; null for a good one.")
    asin: str | None
    domain: str | None
    price_type: str | None
    changes: list[str]
    notes: list[str]

    @classmethod
    def of_row(cls, row: ImportedRow) -> Self:
        """Return what the API says of a row."""
        return cls(
            row=row.row,
            outcome=row.outcome,
            problem=row.problem,
            asin=row.asin,
            domain=row.domain,
            price_type=row.price_type,
            changes=list(row.changes),
            notes=list(row.notes),
        )


class ImportReply(Reply):
    """What became of a file."""

    is_dry_run: bool = Field(description="Whether nothing was changed.")
    added: int
    changed: int
    unchanged: int
    bad: int
    notes: list[str] = Field(description="How the file was read, where that is not plain.")
    rows: list[ImportedRowReply]

    @classmethod
    def of_result(cls, result: ImportResult, *, is_dry_run: bool) -> Self:
        """Return what the API says of an import."""
        return cls(
            is_dry_run=is_dry_run,
            added=result.count(Saved.ADDED),
            changed=result.count(Saved.CHANGED),
            unchanged=result.count(Saved.UNCHANGED),
            bad=result.count(None),
            notes=list(result.notes),
            rows=[ImportedRowReply.of_row(row) for row in result.rows],
        )


@router.post(
    "/import",
    responses=answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE, TOO_LARGE, LIMIT_REACHED),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "CSV as `keeper watch import` reads it: UTF-8, UTF-16 or Windows-1252.",
            "content": {_CSV: {"schema": {"type": "string"}}},
        }
    },
    name="import",
)
async def import_(
    caller: WatchWriter,
    context: Context,
    request: Request,
    dry_run: Annotated[bool, Query(description="Only say what would become of each row.")] = False,
) -> ImportReply:
    """Add and change watches of one's own list as a file says; a bad row costs only itself."""
    work = partial(
        import_watches,
        account=caller.account,
        content=await request.body(),
        is_dry_run=dry_run,
        doer=doer_of(request, caller),
        at=context.clock(),
        limits=context.limits,
    )
    try:
        result = await context.database.run(work, answer_s=LONG_ANSWER_S)
    except TooManyRowsError as error:
        raise ProblemError(TOO_LARGE, str(error)) from None
    except WatchGoneError:
        raise ProblemError(NOT_SIGNED_IN) from None
    return ImportReply.of_result(result, is_dry_run=dry_run)


@router.get(
    "/export",
    responses=answers(NOT_SIGNED_IN, SCOPE_MISSING)
    | {200: {"description": "CSV.", "content": {_CSV: {"schema": {"type": "string"}}}}},
    response_class=Response,
    name="export",
)
async def export(caller: WatchReader, context: Context) -> Response:
    """Return one's own list as CSV that an import reads back; removed watches are left out."""
    text = await context.database.run(partial(export_watches, account=caller.account))
    headers = {"Content-Disposition": 'attachment; filename="watches.csv"'}
    return Response(text, media_type=f"{_CSV}; charset=utf-8", headers=headers)
