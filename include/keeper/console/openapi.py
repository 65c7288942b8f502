"""Writes docs/openapi.json: `make openapi`."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from keeper.console.application import make_console
from keeper.console.context import ConsoleContext
from keeper.console.database import ConsoleDatabase
from keeper.stores.postgres.connection import PostgresConfig


def openapi_document() -> dict[str, Any]:
    """Return the API's description; nothing is asked."""
    context = ConsoleContext(
        database=ConsoleDatabase(PostgresConfig("postgresql://")),
        operators=frozenset(),
        public_url=None,
        allows_insecure_cookie=False,
        old_after=lambda price_type: timedelta(),
    )
    return make_console(context).openapi()


def as_text(document: dict[str, Any]) -> str:
    """Return a description as the file holds it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(as_text(openapi_document()), encoding="utf-8")
