"""The steps of a run of discover_products: whom to ask, what is found, proposed and decided."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from keeper.clock import Clock, utc_now
from keeper.domain.discovery import (
    Discovery,
    DiscoveryKind,
    Proposal,
    ProposalState,
    target_below,
)
from keeper.domain.locales import locale_of
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import price_type_of
from keeper.domain.runs.states import RunState
from keeper.errors import TerminalError
from keeper.pipeline.discovery.question import Question, ask_about, read_answer
from keeper.pipeline.runs.finish import RunFailedError
from keeper.sources.keepa.client import KeepaClient, ProductPage
from keeper.sources.keepa.discovery import (
    BEST_SELLERS_COST,
    FINDER_PAGE_COST,
    best_sellers,
    find_products,
)
from keeper.sources.keepa.errors import TokensExhaustedError
from keeper.sources.keepa.products.decode import DecodedProduct, decode_products
from keeper.sources.keepa.products.requests import ProductQuery
from keeper.sources.keepa.products.statistics import statistics_of, value_at
from keeper.stores.lake.found_products import found_before, keep_found
from keeper.stores.lake.paths import LakePath
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.discovery.proposals import (
    Decision,
    DiscoveryProgress,
    add_proposals,
    decide,
    known_products,
    list_discoveries,
    list_proposals,
    record_search,
)
from keeper.stores.postgres.runs.runs import RunCounts, finish_run, start_run

_LOG: Final = logging.getLogger(__name__)
_MOST_LOOKED_THROUGH: Final = 1_000
"""Products of a finder; the further down, the less it is what was looked for."""
_AVERAGED: Final = timedelta(days=90)
_HIGHEST_RATING: Final = 50


@dataclass(frozen=True, slots=True)
class PlannedSearch:
    """A search a run makes.

    Attributes:
        discovery_id: Which.
        label: Its name and locale.
        limit: How many products the run may propose for it, those proposed already included.
    """

    discovery_id: int
    label: str
    limit: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """Products a search found that were never watched or proposed, the best first."""

    discovery_id: int
    asins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """How many products were proposed, and how many of the candidates Keepa does not know."""

    proposed: int
    unknown: int


def plan_discovery(
    connection: Connection,
    *,
    run: str,
    dag_id: str,
    source: str,
    max_proposals: int,
    started_at: datetime,
) -> list[PlannedSearch]:
    """Choose the searches a run makes and record the run's start.

    A search is left out while as many of its proposals wait for a decision as it may have, and so
    are all once `max_proposals` wait, so that nobody is asked more than they answer.
    """
    planned, estimated = [], 0
    searches = list_discoveries(connection, run)
    room = max_proposals - sum(search.left_over for search in searches)
    for search in searches:
        discovery = search.discovery
        limit = min(discovery.propose - search.left_over, room)
        missing = limit - search.of_run
        if missing <= 0 or discovery.discovery_id is None:
            continue
        room -= limit
        is_list = discovery.kind is DiscoveryKind.BEST_SELLERS
        estimated += BEST_SELLERS_COST if is_list else FINDER_PAGE_COST
        estimated += _query_for(discovery).estimate(missing)
        label = f"{discovery.domain} {discovery.name}"
        planned.append(PlannedSearch(discovery.discovery_id, label, limit))
    start_run(
        connection,
        run_id=run,
        dag_id=dag_id,
        source=source,
        started_at=started_at,
        tokens_estimated=estimated,
    )
    if not searches:
        _LOG.warning(
            "There is nothing to look for; add a search: "
            "keeper discover add best-sellers --domain us --category ID"
        )
    _LOG.info("%d of %d searches, about %d tokens", len(planned), len(searches), estimated)
    return planned


def find_candidates(
    connection: Connection,
    client: KeepaClient,
    lake: LakePath,
    planned: PlannedSearch,
    *,
    run: str,
    clock: Clock = utc_now,
) -> Candidates:
    """Make one search; one that was made in this run, or may propose no more, costs nothing.

    Raises:
        TerminalError: Keepa refuses it, and the search's row says why; the others go on.
        TransientError: Keepa or the tokens are away for now.
    """
    search = _search_of(connection, planned.discovery_id, run)
    wanted = 0 if search is None else planned.limit - search.of_run
    if search is None or wanted <= 0:
        _LOG.info("%s: nothing more to look for in this run", planned.label)
        return Candidates(planned.discovery_id, ())
    found = found_before(lake, run, planned.discovery_id, search.discovery.propose)
    if found is not None:
        _LOG.info("%s: %d products, found before in this run", planned.label, len(found))
        return Candidates(planned.discovery_id, tuple(found))
    try:
        asins = _new_products(connection, client, search.discovery, wanted)
    except TerminalError as error:
        record_search(connection, planned.discovery_id, clock(), str(error))
        raise
    keep_found(lake, run, planned.discovery_id, search.discovery.propose, asins)
    record_search(connection, planned.discovery_id, clock(), None)
    _LOG.info("%s: %d products nobody was asked about yet", planned.label, len(asins))
    return Candidates(planned.discovery_id, tuple(asins))


def propose(
    connection: Connection,
    client: KeepaClient,
    candidates: Iterable[Candidates],
    *,
    run: str,
) -> Proposed:
    """Look candidates up, and keep them as proposals with title, price and rating.

    Each costs what its search's price type does, and a token for the rating where that is not
    included. Each reply is kept before the next is asked for: called again, it goes on.

    Raises:
        KeeperError: As errors.py says.
    """
    searches = {
        search.discovery.discovery_id: search.discovery
        for search in list_discoveries(connection, run)
    }
    finder: dict[tuple[str, str], Discovery] = {}
    for found in candidates:
        # Removed since it searched: nobody wants its products any more.
        if discovery := searches.get(found.discovery_id):
            for asin in found.asins:
                finder.setdefault((discovery.domain, asin), discovery)
    proposed = unknown = 0

    def lookup(product: tuple[str, str]) -> tuple[str, Detail]:
        return product[0], _query_for(finder[product]).detail

    for (domain, detail), products in groupby(sorted(finder, key=lookup), key=lookup):
        asins = sorted(asin for _, asin in products)
        known = known_products(connection, domain, asins)
        fresh = [asin for asin in asins if asin not in known]
        query = ProductQuery(detail, with_rating=True)
        for page in client.product_pages(locale_of(domain), fresh, query):
            decoded = decode_products(page.body).products
            source = client.config.source
            proposals = [
                _proposal(product, finder[domain, product.asin], page, source, run)
                for product in decoded
                if (domain, product.asin) in finder
            ]
            proposed += add_proposals(connection, proposals)
            unknown += len(page.asked) - len(proposals)
    _LOG.info("%d products proposed, %d Keepa does not know", proposed, unknown)
    return Proposed(proposed, unknown)


def open_question(
    connection: Connection, user: str | None, *, clock: Clock = utc_now
) -> Question | None:
    """Return the question about all proposals that wait for a decision, None if none do.

    Args:
        connection: Where they are.
        user: See `record_answer`.
        clock: Gives the time of the question.
    """
    return ask_about(list_proposals(connection), user, at=clock())


def record_answer(
    connection: Connection,
    asked: Sequence[str],
    chosen: Sequence[str],
    *,
    answered_by: str,
    user: str | None,
    clock: Clock = utc_now,
) -> Decision:
    """Do what was answered: approved products join a watch list, refused ones are remembered.

    Args:
        connection: Where the proposals are.
        asked: The options of the question.
        chosen: Those chosen.
        answered_by: Who chose.
        user: E-mail address of the user whose list they join, None for the system user's.
        clock: Gives the time of the decision.

    Raises:
        AnswerError: The choice contradicts itself; nothing is decided.
    """
    answer = read_answer(asked, chosen)
    decision = decide(
        connection,
        approved=answer.approved,
        rejected=answer.rejected,
        decided_by=answered_by,
        decided_at=clock(),
        email=user,
    )
    _LOG.info(
        "%s: %d products join the watch list, %d are not proposed again",
        answered_by,
        decision.approved,
        decision.rejected,
    )
    return decision


def summarise_discovery(
    connection: Connection,
    *,
    run: str,
    unknown: int,
    failed: Sequence[str],
    cause: str | None = None,
    finished_at: datetime,
) -> dict[str, object]:
    """Write the run's row and return it.

    Args:
        connection: Where `pipeline_runs` is.
        run: The run.
        unknown: Products Keepa does not know.
        failed: Names of the run's tasks that did not succeed.
        cause: Which of them failed first and why, in one sentence.
        finished_at: Now.

    Raises:
        RunFailedError: After the row is written, if a search or the proposing failed.
    """
    searches = list_discoveries(connection, run)
    problem = cause
    if failed and not cause:
        reasons = [
            f"{search.discovery.domain} {search.discovery.name}: {search.discovery.problem}"
            for search in searches
            if search.discovery.problem is not None
        ]
        problem = "; ".join([f"unfinished: {', '.join(failed)}", *reasons])
    row = finish_run(
        connection,
        run_id=run,
        state=RunState.FAILED if problem else RunState.SUCCESS,
        finished_at=finished_at,
        counts=RunCounts(
            # Not what the task counted: tried again, it goes on where it ended.
            products_fetched=sum(search.of_run for search in searches),
            products_missing=unknown,
        ),
        problem=problem,
    )
    if problem:
        raise RunFailedError(f"run {run}: {problem}")
    return row


def _query_for(discovery: Discovery) -> ProductQuery:
    # Somebody chooses by the rating.
    return ProductQuery(price_type_of(discovery.price_type).detail, with_rating=True)


def _search_of(connection: Connection, discovery_id: int, run: str) -> DiscoveryProgress | None:
    """Return a search; None if it has been removed."""
    for search in list_discoveries(connection, run):
        if search.discovery.discovery_id == discovery_id:
            return search
    return None


def _new_products(
    connection: Connection, client: KeepaClient, discovery: Discovery, wanted: int
) -> list[str]:
    fresh: dict[str, None] = {}
    looked = 0
    pages = _pages(client, discovery)
    while len(fresh) < wanted:
        try:
            asins = next(pages, None)
        except TokensExhaustedError:
            # Begun again after a refill, the search would pay for the same pages once more.
            if looked:
                _LOG.warning(
                    "%s: the tokens end after %d pages with %d new products",
                    discovery.name,
                    looked,
                    len(fresh),
                )
                break
            raise
        if asins is None:
            break
        looked += 1
        known = known_products(connection, discovery.domain, asins)
        fresh.update((asin, None) for asin in asins if asin not in known)
    return list(fresh)[:wanted]


def _pages(client: KeepaClient, discovery: Discovery) -> Iterator[tuple[str, ...]]:
    locale = locale_of(discovery.domain)
    if discovery.category is not None:
        yield best_sellers(client, locale, discovery.category, discovery.rank_range_days).asins
        return
    for found in find_products(client, locale, discovery.selection or {}, _MOST_LOOKED_THROUGH):
        yield found.asins


def _proposal(
    product: DecodedProduct, discovery: Discovery, page: ProductPage, source: str, run: str
) -> Proposal:
    at = page.received_at

    def newest(name: str) -> int | None:
        series = product.series.get(price_type_of(name).index)
        return None if series is None else value_at(series, at, landed=False)

    prices = product.series.get(price_type_of(discovery.price_type).index)
    average = None
    if prices is not None:
        average = statistics_of(prices, at - _AVERAGED, at, landed=False).average
    rating = newest("RATING")
    return Proposal(
        asin=product.asin,
        domain=page.locale.domain,
        discovery_id=discovery.discovery_id or 0,
        title=product.title,
        price_type=discovery.price_type,
        price_minor=newest(discovery.price_type),
        currency=page.locale.currency,
        average_90_days_minor=average,
        target_minor=target_below(average, discovery.below_average_percent),
        rating=rating / 10 if rating is not None and rating <= _HIGHEST_RATING else None,
        review_count=newest("COUNT_REVIEWS"),
        sales_rank=newest("SALES"),
        source=source,
        run_id=run,
        state=ProposalState.PROPOSED,
    )
