"""The first step of a run: which products, in which batches, for how many tokens."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from keeper.clock import utc_now
from keeper.domain.intervals import Interval
from keeper.domain.locales import UnknownLocaleError, locale_of
from keeper.domain.messages.notices import Trouble
from keeper.domain.naming import some_of
from keeper.domain.prices.detail import Detail
from keeper.domain.runs.events import KeeperEvent
from keeper.domain.tokens.balance import TokenReading
from keeper.domain.tokens.candidates import RequestPolicy, WatchedProduct
from keeper.domain.tokens.plan import Candidate, TokenPlan, plan_tokens
from keeper.domain.watches.product_choice import EVERYTHING, ProductChoice
from keeper.domain.watches.watch import ProductToCheck
from keeper.errors import TransientError
from keeper.pipeline.runs.events import PublishEvent, publish_nothing
from keeper.pipeline.runs.keepa_account import KeepaAccount
from keeper.sources.keepa.products.requests import COLLECT_NOTHING, ProductQuery
from keeper.stores.lake.paths import LakePath
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.lake.run_plans import keep_plan, plan_paid_for
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.notices import raise_notice
from keeper.stores.postgres.runs.runs import reopen_run, start_run
from keeper.stores.postgres.tokens.ledger import TokenLedger
from keeper.stores.postgres.watches.simulated import pause_products, simulated_products
from keeper.stores.postgres.watches.watch_list import products_to_check, watched_products

_LOG: Final = logging.getLogger(__name__)
_HORIZON_SHARE: Final = 0.75
"""Of the interval between two runs, how much a run may spend waiting for refills."""


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """A batch of a run.

    Attributes:
        run: Keeper's id of the run.
        batch: Its number.
        products: How many it holds.
        label: What it holds, for people: "de 500: B000000001, B000000002, …".
        urgent: Its products are about to alert and may use the token reserve.
        page_products: Most products one request may ask for, so that the tokens can ever reach.
        detail: How much is asked of them.
        tokens_each: Tokens a product is expected to cost.
        update_h: Keepa looks again at data older than so many hours; see ProductQuery.
        interval: The past interval whose points are wanted; None for a check of today's prices.
    """

    run: str
    batch: int
    products: int
    label: str
    urgent: bool = False
    page_products: int = Detail.BASIC.page_products
    interval: Interval | None = None
    detail: Detail = Detail.BASIC
    tokens_each: float = 1
    update_h: int | None = None

    @property
    def query(self) -> ProductQuery:
        """What is asked of its products."""
        return query_of(asdict(self))


def query_of(planned: Mapping[str, Any]) -> ProductQuery:
    """Return what is asked of a batch's products.

    Args:
        planned: The batch as Airflow hands it on, a plain mapping; one that an earlier version
            planned says nothing of it, and is a basic one.
    """
    return ProductQuery(
        Detail(planned.get("detail", Detail.BASIC)),
        update_h=planned.get("update_h"),
        tokens_each=planned.get("tokens_each"),
    )


def plan_run(
    connection: Connection,
    lake: LakePath,
    account: KeepaAccount,
    *,
    run: str,
    dag_id: str,
    batch_products: int,
    policy: RequestPolicy,
    reserve_share: float,
    started_at: datetime,
    publish: PublishEvent = publish_nothing,
    only: ProductChoice = EVERYTHING,
    operator: str | None = None,
) -> list[PlannedBatch]:
    """Choose the products the tokens reach for, divide them into batches, record the run's start.

    What they do not reach for is left for the next run, by value; see plan_tokens. A product in a
    locale Keepa lacks is left out with a warning. An empty watch list gives no batches. `publish`
    is called when products have to wait. A batch costs about as much as `batch_products` basic
    products do, so that a dear one does not keep its prices back for long. A run that is planned
    again after it paid for something keeps its plan: by another one some of that would be paid for
    again, and some never be published. The first run that asks Keepa itself pauses the watches of
    the simulator's products, and notifies `operator`.

    Raises:
        TerminalError: Keepa refuses the key, or nobody watches the products asked for; the run has
            its row by then.
    """
    if kept := _resumed_plan(connection, lake, run):
        return kept
    source = account.client.config.source
    start_run(connection, run_id=run, dag_id=dag_id, source=source, started_at=started_at)
    plan = plan_of(
        connection,
        account,
        at=started_at,
        policy=policy,
        reserve_share=reserve_share,
        only=only,
    )
    if plan.simulated:
        pause_simulated_watches(connection, plan.simulated, operator, started_at)
    if only.is_everything:
        # Some products say nothing of how many others are about to alert.
        account.ledger.keep_back(plan.reserve)
    products = {(p.domain, p.asin): p for p in products_to_check(connection)}
    planned = []
    for number, chunk in enumerate(_batches(plan, batch_products)):
        BatchFolder.of(lake, run, number).write_plan(
            products[candidate.domain, candidate.asin].only(candidate.price_types)
            for candidate in chunk
        )
        first = chunk[0]
        planned.append(
            PlannedBatch(
                run,
                number,
                len(chunk),
                label_of(chunk),
                urgent=first.is_about_to_alert,
                page_products=_page_of(first.detail, plan.reading),
                detail=first.detail,
                tokens_each=plan.prices.each(first.detail),
                # They cost nothing if Keepa still does not know them.
                update_h=COLLECT_NOTHING if first.is_unknown else None,
            )
        )
    keep_plan(lake, run, planned)
    start_run(
        connection,
        run_id=run,
        dag_id=dag_id,
        source=source,
        started_at=started_at,
        products_planned=len(plan.now),
        products_postponed=len(plan.later),
        tokens_estimated=plan.cost,
    )
    if waiting := len(plan.later):
        publish(
            KeeperEvent(event_type="tokens_short", occurred_at=utc_now(), count=waiting, run_id=run)
        )
    if not products:
        _LOG.warning("Nobody watches anything; add a product: keeper watch add ASIN --target 25")
    _LOG.info(
        "%d products in %d batches; %s", len(plan.now), len(planned), plan.summary(started_at)
    )
    return planned


def _resumed_plan(connection: Connection, lake: LakePath, run: str) -> list[PlannedBatch]:
    """Return the plan of a run that has paid for something by it, and record that it goes on."""
    kept = plan_paid_for(lake, run, PlannedBatch)
    if kept:
        reopen_run(connection, run)
        _LOG.info("%d batches, as they were planned first: replies of them are stored", len(kept))
    return kept


def preview_run(
    connection: Connection,
    account: KeepaAccount,
    *,
    batch_products: int,
    policy: RequestPolicy,
    reserve_share: float,
    at: datetime,
    only: ProductChoice = EVERYTHING,
) -> str:
    """Say in one line what plan_run would plan, and what it would cost; spends and records nothing.

    Raises:
        InvalidChoiceError: Nobody watches the products asked for.
        TerminalError: Keepa refuses the key.
    """
    plan = plan_of(
        connection, account, at=at, policy=policy, reserve_share=reserve_share, only=only
    )
    batches = sum(1 for _ in _batches(plan, batch_products))
    what = f" ({label_of(plan.now)})" if plan.now else ""
    return f"{len(plan.now)} products{what} in {batches} batches; {plan.summary(at)}"


def plan_of(
    connection: Connection,
    account: KeepaAccount,
    *,
    at: datetime,
    policy: RequestPolicy,
    reserve_share: float,
    only: ProductChoice = EVERYTHING,
) -> TokenPlan:
    """Return what a run started at `at` would check, by the live balance. Nothing is spent.

    When Keepa does not answer, the balance is the one last reported. Products that are chosen by
    name are asked for even if they are not due.

    Raises:
        InvalidChoiceError: Nobody watches the products asked for.
        TerminalError: Keepa refuses the key.
    """
    watched = watched_products(connection, at=at)
    simulated, named = _simulated(connection, account), set(only.asins)
    chosen, unknown = only.among(
        [p for p in watched if p.asin in named or (p.asin, p.domain) not in simulated]
    )
    if unknown:
        _LOG.warning("nobody watches %s", ", ".join(unknown))
    try:
        account.client.token_status()
    except TransientError as error:
        _LOG.warning("planned with the balance last reported: %s", error)
    plan = _plan(
        account.ledger,
        policy.candidates(_in_known_locales(chosen), at=at, in_any_case=bool(only.asins)),
        at=at,
        policy=policy,
        reserve_share=reserve_share,
    )
    return replace(plan, simulated=frozenset(simulated))


def plan_by_ledger(
    connection: Connection,
    ledger: TokenLedger,
    *,
    at: datetime,
    policy: RequestPolicy,
    reserve_share: float,
    is_simulated: bool,
) -> TokenPlan:
    """Return what a run started at `at` would check, by the balance last reported.

    For whoever has no key: Keepa is not asked.

    Args:
        connection: Where the watch list is.
        ledger: The account's.
        at: Now.
        policy: How much runs ask for, and how often.
        reserve_share: What of the balance is kept for products about to alert.
        is_simulated: Whether the account is the simulator's.
    """
    left_out = set() if is_simulated else simulated_products(connection)
    watched = watched_products(connection, at=at)
    chosen = [one for one in watched if (one.asin, one.domain) not in left_out]
    candidates = policy.candidates(_in_known_locales(chosen), at=at)
    plan = _plan(ledger, candidates, at=at, policy=policy, reserve_share=reserve_share)
    return replace(plan, simulated=frozenset(left_out))


def _plan(
    ledger: TokenLedger,
    candidates: Iterable[Candidate],
    *,
    at: datetime,
    policy: RequestPolicy,
    reserve_share: float,
) -> TokenPlan:
    return plan_tokens(
        candidates,
        ledger.reading(),
        at=at,
        interval=policy.interval,
        horizon=policy.interval * _HORIZON_SHARE,
        reserve_share=reserve_share,
        prices=ledger.prices(),
    )


def _simulated(connection: Connection, account: KeepaAccount) -> set[tuple[str, str]]:
    """Return the watched products that only the simulator knows, if Keepa itself is asked."""
    return simulated_products(connection) if account.client.config.source == "keepa" else set()


def pause_simulated_watches(
    connection: Connection,
    products: Collection[tuple[str, str]],
    operator: str | None,
    at: datetime,
) -> None:
    """Pause the watches of the simulator's products, and notify `operator` if there is one."""
    pause_products(connection, products)
    details = (
        f"Keepa itself is asked now. It would charge {len(products)} tokens a run for products "
        "that the simulator made up. Their watches are paused; to remove them: keeper watch remove "
        "--simulated"
    )
    _LOG.warning("%s", details)
    if operator is not None:
        trouble = Trouble(
            "simulated-watches", f"{len(products)} watched products were the simulator's", details
        )
        raise_notice(connection, trouble, operator=operator, at=at)


def _in_known_locales(products: Sequence[WatchedProduct]) -> Iterator[WatchedProduct]:
    for product in products:
        try:
            locale_of(product.domain)
        except UnknownLocaleError as error:
            _LOG.warning("%s is skipped: %s", product.asin, error)
        else:
            yield product


def _page_of(detail: Detail, reading: TokenReading | None) -> int:
    """Return how many products a request may ask for, so that the tokens can ever reach for it."""
    if reading is None:
        return detail.page_products
    return max(min(detail.page_products, reading.cap // detail.most_tokens), 1)


def _batches(plan: TokenPlan, size: int) -> Iterator[Sequence[Candidate]]:
    """Yield batches of about equal price whose products are asked for in one way."""
    groups: dict[tuple[bool, bool, Detail], list[Candidate]] = {}
    for product in plan.now:
        kind = (product.is_unknown, not product.is_about_to_alert, product.detail)
        groups.setdefault(kind, []).append(product)
    for (_, _, detail), group in groups.items():
        most = max(int(size / plan.prices.each(detail)), 1)
        for start in range(0, len(group), most):
            yield group[start : start + most]


def label_of(products: Sequence[Candidate | ProductToCheck]) -> str:
    """Return what a batch holds, for people: its locales, how many of each, and the first ASINs."""
    counts = Counter(product.domain for product in products)
    locales = ", ".join(f"{domain} {count}" for domain, count in sorted(counts.items()))
    return f"{locales}: {some_of([product.asin for product in products])}"
