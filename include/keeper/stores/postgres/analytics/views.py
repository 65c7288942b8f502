"""Views and functions for analysts: `sql/analytics/`, a file each, in the schema `analytics`."""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

from psycopg import sql

from keeper.stores.postgres.connection import SQL_DIR, Connection
from keeper.stores.postgres.lock_waits import LOCK_TIMEOUT

_SIGNATURE: Final = re.compile(
    r"CREATE OR REPLACE (FUNCTION|VIEW) (analytics\.\w+)\s*(\((.*?)\) RETURNS)?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Analysis:
    """A view or function.

    Attributes:
        name: With its schema.
        kind: FUNCTION or VIEW.
        summary: What it returns, in a sentence.
        text: What else there is to know.
        columns: What it gives.
        example: A query that uses it.
        parameters: As declared; empty for a view.
        definition: The statement that makes it.
    """

    name: str
    kind: str
    summary: str
    text: str
    columns: str
    example: str
    parameters: str
    definition: str

    @classmethod
    def of_file(cls, file: Path) -> "Analysis":
        """Read a file: a comment that describes it, an empty line, the statement.

        Raises:
            ValueError: A part is missing.
        """
        head, _, definition = file.read_text("utf-8").partition("\n\nCREATE")
        definition = f"CREATE{definition}".strip()
        lines = [line.removeprefix("--").removeprefix(" ") for line in head.splitlines()]
        description, _, rest = "\n".join(lines).partition("\n\n")
        columns, _, example = rest.partition("\nExample: ")
        summary, _, text = description.partition("\n")
        signature = _SIGNATURE.match(definition)
        if not (signature and summary and columns.startswith("Columns: ") and example):
            raise ValueError(f"{file.name} lacks its description, columns, example or statement")
        kind, name, _, parameters = signature.groups()
        return cls(
            name,
            kind,
            summary,
            " ".join(text.split("\n")),
            " ".join(columns.removeprefix("Columns: ").split("\n")),
            example.strip(),
            " ".join((parameters or "").split()),
            definition,
        )


@cache
def analyses() -> tuple[Analysis, ...]:
    """Return all of them: functions first, since views may use them, then by name."""
    files = sorted((SQL_DIR / "analytics").glob("*.sql"))
    found = map(Analysis.of_file, files)
    return tuple(sorted(found, key=lambda analysis: (analysis.kind, analysis.name)))


def install_analytics(connection: Connection, *, anew: bool = False) -> bool:
    """Make or replace the views and functions; False if they were these already.

    What analysts have made beside them, and their rights, stay.

    Args:
        connection: Outside a transaction.
        anew: Replace them in any case.

    Raises:
        LockNotAvailable: Somebody uses one of them, as whoever reads it does; nothing was changed.
    """
    mark = blake2b(repr(analyses()).encode(), digest_size=16).hexdigest()
    with connection.transaction():
        connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'".encode())
        connection.execute("CREATE SCHEMA IF NOT EXISTS analytics")
        row = connection.execute(
            "SELECT obj_description('analytics'::regnamespace) AS mark"
        ).fetchone()
        comment = f"Views and functions for analysts: docs/ANALYTICS.md. Version {mark}."
        if row and row["mark"] == comment and not anew:
            return False
        # They use each other.
        connection.execute("SET LOCAL check_function_bodies = off")
        for analysis in analyses():
            connection.execute(analysis.definition)
            connection.execute(
                sql.SQL("COMMENT ON {} {} IS {}").format(
                    sql.SQL(analysis.kind),
                    sql.Identifier(*analysis.name.split(".")),
                    sql.Literal(analysis.summary),
                )
            )
        connection.execute(
            sql.SQL("COMMENT ON SCHEMA analytics IS {}").format(sql.Literal(comment))
        )
    return True
