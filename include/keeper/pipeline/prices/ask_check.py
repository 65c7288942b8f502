"""Prices fetched now, because somebody asks: what that costs, and the run of `track_prices` for it.

A check's id names who asked, so that nobody else sees it, and cannot be guessed.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

from keeper.domain.tokens.candidates import RequestPolicy
from keeper.domain.tokens.prices import USUAL_PRICES
from keeper.domain.users.access import Account
from keeper.domain.users.limits import Limit, Limits
from keeper.errors import TransientError
from keeper.pipeline.prices.stored import UnknownProductError
from keeper.pipeline.users.audit import Doer, record
from keeper.pipeline.users.limits import use_limit
from keeper.sources.airflow.api import (
    AirflowApi,
    AirflowRejectedError,
    AirflowSilentError,
    AirflowUnavailableError,
)
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.product_pages import ProductKey, watched_keys
from keeper.stores.postgres.runs.check_runs import CheckRun, find_check_run
from keeper.stores.postgres.users.visibility import visible_to
from keeper.stores.postgres.watches.watch_list import watched_products

__all__ = [
    "AirflowRejectedError",
    "AirflowUnavailableError",
    "CheckCost",
    "CheckRun",
    "CheckState",
    "CheckWanted",
    "NoAirflowError",
    "ProductKey",
    "UnknownCheckError",
    "ask_check",
    "check_cost",
    "check_state",
    "known_check",
    "next_checks_at",
]
_DAG_ID: Final = "track_prices"
_STATES: Final = {"RUNNING": "running", "SUCCESS": "success", "FAILED": "failed"}


class NoAirflowError(TransientError):
    """Nobody has said where Airflow is, or how to log in there."""

    def __init__(self) -> None:
        """Name the settings."""
        super().__init__("KEEPER_AIRFLOW_URL and KEEPER_AIRFLOW_API_PASSWORD are not both set")


class UnknownCheckError(LookupError):
    """There is no such check, or none of this user's."""


class CheckState(StrEnum):
    """How far a check is."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CheckWanted:
    """A check that somebody wants.

    Attributes:
        account: Who.
        only: The product; None for all that they watch, for an operator all that anybody watches.
        policy: How much is asked of products.
        at: Now.
    """

    account: Account
    only: ProductKey | None
    policy: RequestPolicy
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckCost:
    """What is fetched, and about how many of Keepa's tokens it costs."""

    keys: Collection[ProductKey]
    tokens: int


def check_cost(connection: Connection, wanted: CheckWanted) -> CheckCost:
    """Return what a check fetches and costs; nothing is asked or used up.

    Raises:
        UnknownProductError: The user watches no such product, or none at all.
    """
    keys = watched_keys(connection, visible_to(wanted.account))
    if wanted.only is not None:
        keys &= {wanted.only}
    if not keys:
        only = wanted.only
        what = "anything" if only is None else f"{only.asin} in {only.domain}"
        raise UnknownProductError(f"there is no active watch of {what} to check")
    watched = [
        one
        for one in watched_products(connection, at=wanted.at)
        if ProductKey(one.asin, one.domain) in keys
    ]
    chosen = list(wanted.policy.candidates(watched, at=wanted.at, in_any_case=True))
    tokens = sum(USUAL_PRICES.estimate(one.detail, 1) for one in chosen)
    return CheckCost({ProductKey(one.asin, one.domain) for one in chosen}, tokens)


def ask_check(
    connection: Connection,
    airflow: AirflowApi | None,
    wanted: CheckWanted,
    *,
    doer: Doer,
    limits: Limits,
) -> tuple[str, CheckCost]:
    """Have products fetched now, and return the check's id and cost.

    What the user may do in an hour and a day is used up only if Airflow takes the run, or does not
    say whether it did: the check's state then shows which.

    Raises:
        UnknownProductError: The user watches no such product, or none at all.
        LimitReachedError: They have asked for as much as they may.
        NoAirflowError: Nobody has said where Airflow is.
        AirflowUnavailableError: Airflow does not answer.
        AirflowRejectedError: It refuses the login.
    """
    cost = check_cost(connection, wanted)
    if airflow is None:
        raise NoAirflowError
    account, at = wanted.account, wanted.at
    check_id = f"console__{account.user_id}__{uuid4().hex}"
    with connection.transaction():
        use_limit(connection, account, Limit.CHECKS_AN_HOUR, 1, at=at, defaults=limits)
        use_limit(connection, account, Limit.TOKENS_A_DAY, cost.tokens, at=at, defaults=limits)
        result = f"{len(cost.keys)} products, about {cost.tokens} tokens"
        record(connection, doer, at, "check asked for", check_id, result)
        # A run that has begun unnoticed would cost tokens that nobody counts, and be begun again.
        with suppress(AirflowSilentError):
            airflow.start_run(_DAG_ID, check_id, _params(cost.keys))
    return check_id, cost


def _params(keys: Collection[ProductKey]) -> dict[str, Any]:
    """Return what the run is about; it may take in a product in one locale more than asked for."""
    return {
        "domains": sorted({key.domain for key in keys}),
        "asins": sorted({key.asin for key in keys}),
    }


def known_check(connection: Connection, account: Account, check_id: str) -> CheckRun | None:
    """Return what a check that a user asked for has done; None before its run has begun.

    An operator sees those of others.

    Raises:
        UnknownCheckError: It is another's.
    """
    owner = visible_to(account).owner_id
    if owner is not None and check_id.split("__")[1] != str(owner):
        raise UnknownCheckError(f"there is no check {check_id}")
    return find_check_run(connection, f"{_DAG_ID}/{check_id}")


def check_state(airflow: AirflowApi | None, check_id: str, run: CheckRun | None) -> CheckState:
    """Return how far a check is; Airflow is asked only while its run has not ended.

    Raises:
        UnknownCheckError: There is no such check.
        NoAirflowError: Only Airflow knows, and nobody has said where it is.
        AirflowUnavailableError: Only Airflow knows, and it does not answer.
        AirflowRejectedError: It refuses the login.
    """
    if run is not None and run.finished_at is not None:
        return CheckState(_STATES[run.state])
    if airflow is None:
        raise NoAirflowError
    state = airflow.run_state(_DAG_ID, check_id)
    if state is None and run is None:
        raise UnknownCheckError(f"there is no check {check_id}")
    return CheckState(state or CheckState.FAILED)


def next_checks_at(airflow: AirflowApi) -> datetime | None:
    """Return when all prices are checked next; None while nobody lets them be.

    Raises:
        AirflowUnavailableError: Airflow does not answer.
        AirflowRejectedError: It refuses the login.
    """
    return airflow.next_run_at(_DAG_ID)
