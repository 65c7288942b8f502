"""What operations for operators alone have in common."""

from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import StringConstraints

from keeper.console.api.shapes import TEXT
from keeper.console.problems import (
    NOT_SIGNED_IN,
    OPERATORS_ONLY,
    OTHER_SITE,
    SCOPE_MISSING,
    answers,
)

READ: Final[dict[int | str, dict[str, Any]]] = answers(NOT_SIGNED_IN, SCOPE_MISSING, OPERATORS_ONLY)
"""What an operation that changes nothing may answer instead of its result."""
WRITE: Final[dict[int | str, dict[str, Any]]] = answers(
    NOT_SIGNED_IN, SCOPE_MISSING, OPERATORS_ONLY, OTHER_SITE
)
"""So one that changes something."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=TEXT)]
RunFilter = Annotated[Word | None, Query(alias="run_id", description="Only of this run.")]
