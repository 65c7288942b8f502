"""What people may choose when they trigger a DAG, as Airflow's dialog asks for it.

Airflow checks the values against these schemas wherever a run is made; keeper.domain checks again
what they mean.
"""

from collections.abc import Mapping
from typing import Any, Final

from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowSkipException

from keeper.domain.asins import ASIN_PATTERN
from keeper.domain.locales import LOCALES

_OPTIONAL_LIST: Final = ["null", "array"]
OPTIONAL_FLAG: Final = ["null", "boolean"]
"""Of a field that may stay empty: Airflow's form puts a red star on every other."""
_DOMAINS: Final = [locale.domain for locale in LOCALES]

NOT_BACKFILLED: Final = (
    "scheduled",
    "manual",
    "operator_triggered",
    "asset_triggered",
    "asset_materialization",
)
"""The kinds of runs of DAGs that are about the present; `airflow backfill create` refuses them."""


def domains_param() -> Param:
    """Return the choice of locales."""
    return Param(
        [],
        type=_OPTIONAL_LIST,
        uniqueItems=True,
        items={"type": "string", "enum": _DOMAINS},
        examples=_DOMAINS,
        title="Locales",
        description="All if none is chosen.",
    )


def asins_param() -> Param:
    """Return the choice of watched products."""
    return Param(
        [],
        type=_OPTIONAL_LIST,
        uniqueItems=True,
        items={"type": "string", "pattern": ASIN_PATTERN},
        title="ASINs",
        description="One a line, of watched products; all of them if empty.",
    )


def filters_param() -> Param:
    """Return the choice of saved deal filters."""
    return Param(
        [],
        type=_OPTIONAL_LIST,
        uniqueItems=True,
        items={"type": "string", "minLength": 1},
        title="Deal filters",
        description="Their names, one a line; all active ones if empty.",
    )


def dry_run_param() -> Param:
    """Return the choice only to plan."""
    return Param(
        False,
        type=OPTIONAL_FLAG,
        title="Dry run",
        description="Only say what would be done and what it would cost; nothing is asked, "
        "published or delivered.",
    )


def skip_in_dry_run(params: Mapping[str, Any]) -> None:
    """End a task that a dry run does not need.

    Raises:
        AirflowSkipException: This is a dry run.
    """
    if params["dry_run"]:
        raise AirflowSkipException("a dry run; its plan says what would be done")
