"""Searches for products worth watching, what they propose, and the decisions; operators only."""

import json
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Path, Query, Response, status
from pydantic import Field

from keeper.console.api.shapes import STORABLE, TEXT, Domain, Money, Number, PriceTypeName, Reply
from keeper.console.api.shapes import Request as RequestBody
from keeper.console.auth import OperationsReader, OperationsWriter
from keeper.console.context import Context
from keeper.console.paging import (
    TOTAL,
    Cursor,
    Limit,
    WithTotal,
    read_cursor,
    with_total,
    write_cursor,
)
from keeper.console.problems import (
    BAD_CURSOR,
    BAD_REQUEST,
    NOT_FOUND,
    NOT_SIGNED_IN,
    OPERATORS_ONLY,
    OTHER_SITE,
    SCOPE_MISSING,
    ProblemError,
    answers,
)
from keeper.domain.asins import ASIN_PATTERN, product_url
from keeper.domain.locales import locale_of
from keeper.pipeline.discovery.searches import (
    Decided,
    DiscoveryGoneError,
    DiscoveryKind,
    DiscoveryProgress,
    Proposal,
    ProposalState,
    SearchTerms,
    UnclearDiscoveryError,
    add_discovery,
    best_sellers,
    count_proposals_of,
    decide_proposals,
    discoveries_of,
    finder,
    proposals_of,
    remove,
)

router = APIRouter()
_READ = answers(NOT_SIGNED_IN, SCOPE_MISSING, OPERATORS_ONLY)
_WRITE = answers(NOT_SIGNED_IN, SCOPE_MISSING, OPERATORS_ONLY, OTHER_SITE)
_ORDER = "asin"
_LARGEST_QUERY = 20_000


class DiscoveryReply(Reply):
    """A search for products worth watching, and what came of it."""

    id: int
    kind: DiscoveryKind
    name: str
    domain: str
    category: int | None = Field(description="Amazon's number, for best sellers.")
    rank_range_days: int = Field(description="Days over which ranks are averaged; 0: right now.")
    selection: dict[str, Any] | None = Field(description="The product finder's query.")
    propose: int = Field(description="How many of its proposals may wait for a decision.")
    price_type: str = Field(description="In which an approved product is watched.")
    below_average_percent: int | None = Field(
        description="An approved product's target is so far below its average; null: no target."
    )
    searched_at: datetime | None
    problem: str | None = Field(description="Why the last search failed.")
    proposed: int = Field(description="Proposals that wait for a decision.")
    approved: int
    rejected: int

    @classmethod
    def of_progress(cls, progress: DiscoveryProgress) -> Self:
        """Return what the API says of a search."""
        found = progress.discovery
        if found.discovery_id is None:
            raise TypeError("a saved search has no number")
        return cls(
            id=found.discovery_id,
            kind=found.kind,
            name=found.name,
            domain=found.domain,
            category=found.category,
            rank_range_days=found.rank_range_days,
            selection=None if found.selection is None else dict(found.selection),
            propose=found.propose,
            price_type=found.price_type,
            below_average_percent=found.below_average_percent,
            searched_at=found.searched_at,
            problem=found.problem,
            proposed=progress.proposed,
            approved=progress.approved,
            rejected=progress.rejected,
        )


class Discoveries(Reply):
    """The searches, those that searched longest ago first."""

    items: list[DiscoveryReply]


class _NewSearch(RequestBody):
    """What every search has."""

    name: str | None = Field(
        default=None, min_length=1, max_length=200, pattern=TEXT, description="What to call it."
    )
    domain: Domain = "us"
    propose: int = Field(
        default=20, ge=1, le=100, description="How many of its proposals may wait for a decision."
    )
    price_type: PriceTypeName = "NEW"
    below_average_percent: int | None = Field(
        default=None,
        ge=1,
        le=90,
        description="Target of approved products: so far below their average of 90 days.",
    )

    def terms(self) -> SearchTerms:
        """Return it as the pipeline takes it."""
        return SearchTerms(
            self.domain, self.name, self.propose, self.price_type, self.below_average_percent
        )


class NewBestSellers(_NewSearch):
    """A search for the best sellers of a category; 50 tokens each time, a proposal 2."""

    kind: Literal["best_sellers"]
    category: Number = Field(description="Amazon's number of it.")
    rank_range_days: Literal[0, 30, 90, 180] = 0


class NewFinder(_NewSearch):
    """A search by Keepa's product finder; 11 tokens each time, a proposal 2."""

    kind: Literal["finder"]
    selection: Annotated[dict[str, Any], Field(min_length=1, max_length=200), STORABLE] = Field(
        description="The product finder's query, as Keepa's page shows it.",
        examples=[{"current_SALES_lte": 1000}],
    )


NewDiscovery = Annotated[NewBestSellers | NewFinder, Field(discriminator="kind")]


class ProposalReply(Reply):
    """A product that may join the watch list."""

    asin: str
    domain: str
    discovery_id: int
    found_by: str | None = Field(description="The search's name.")
    title: str | None = Field(description="Amazon's text, to be shown as text only.")
    url: str
    price_type: str
    price: Money | None = Field(description="When it was proposed; null: there was no offer.")
    average_90_days: Money | None
    target: Money | None = Field(description="The target its watch would get.")
    rating: float | None
    review_count: int | None
    sales_rank: int | None
    state: ProposalState
    decided_by: str | None
    decided_at: datetime | None
    source: str = Field(description="keepa, or simulator for invented products.")

    @classmethod
    def of_proposal(cls, proposal: Proposal) -> Self:
        """Return what the API says of a proposal."""

        def money(minor: int | None) -> Money | None:
            return Money.of_minor(minor, proposal.currency)

        return cls(
            asin=proposal.asin,
            domain=proposal.domain,
            discovery_id=proposal.discovery_id,
            found_by=proposal.found_by,
            title=proposal.title,
            url=product_url(proposal.asin, locale_of(proposal.domain)),
            price_type=proposal.price_type,
            price=money(proposal.price_minor),
            average_90_days=money(proposal.average_90_days_minor),
            target=money(proposal.target_minor),
            rating=proposal.rating,
            review_count=proposal.review_count,
            sales_rank=proposal.sales_rank,
            state=proposal.state,
            decided_by=proposal.decided_by,
            decided_at=proposal.decided_at,
            source=proposal.source,
        )


class ProposalPage(Reply):
    """A page of proposals."""

    items: list[ProposalReply]
    next_cursor: str | None = Field(description="Where the next page begins; null after the last.")
    total: int | None = Field(description=TOTAL)


class ProposedProduct(RequestBody):
    """Which product is meant."""

    asin: str = Field(pattern=ASIN_PATTERN)
    domain: Domain


class Decision(RequestBody):
    """What is to become of proposals."""

    products: list[ProposedProduct] = Field(min_length=1, max_length=500)
    state: Literal["APPROVED", "REJECTED"] = Field(
        description="APPROVED is watched from now on, REJECTED never proposed again."
    )
    owner_id: Number | None = Field(
        default=None, description="Whose watch list; null for Keeper's own, without targets."
    )


class DecidedProduct(Reply):
    """What became of one of them."""

    asin: str
    domain: str
    outcome: Literal["decided", "decided before", "not proposed"]
    state: ProposalState | None

    @classmethod
    def of_decided(cls, decided: Decided) -> Self:
        """Return what the API says of it."""
        proposal = decided.proposal
        outcome: Literal["decided", "decided before", "not proposed"] = "decided before"
        if proposal is None:
            outcome = "not proposed"
        elif decided.is_new:
            outcome = "decided"
        return cls(
            asin=decided.asin,
            domain=decided.domain,
            outcome=outcome,
            state=None if proposal is None else proposal.state,
        )


class Decisions(Reply):
    """What became of each, in the order of products."""

    results: list[DecidedProduct]


@router.get("/discoveries", tags=["discoveries"], responses=_READ, name="list")
async def list_discoveries(caller: OperationsReader, context: Context) -> Discoveries:
    """List the searches for products worth watching, with what came of them; operators only."""
    found = await context.database.run(partial(discoveries_of, account=caller.account))
    return Discoveries(items=[DiscoveryReply.of_progress(one) for one in found])


@router.post(
    "/discoveries",
    tags=["discoveries"],
    responses=_WRITE
    | answers(BAD_REQUEST)
    | {201: {"model": DiscoveryReply, "description": "It is new."}},
    name="add",
)
async def add(
    caller: OperationsWriter, context: Context, body: NewDiscovery, response: Response
) -> DiscoveryReply:
    """Save a search, or change the one of that name in its locale; operators only."""
    try:
        if isinstance(body, NewBestSellers):
            discovery = best_sellers(body.terms(), body.category, body.rank_range_days)
        else:
            query = json.dumps(body.selection)
            if len(query) > _LARGEST_QUERY:
                raise UnclearDiscoveryError("the selection is too long")
            discovery = finder(body.terms(), query)
    except UnclearDiscoveryError as error:
        raise ProblemError(BAD_REQUEST, str(error)) from None
    work = partial(add_discovery, account=caller.account, discovery=discovery)
    saved, is_new = await context.database.run(work)
    if is_new:
        response.status_code = status.HTTP_201_CREATED
    return DiscoveryReply.of_progress(saved)


@router.delete(
    "/discoveries/{discovery_id}",
    tags=["discoveries"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_WRITE | answers(NOT_FOUND),
    name="remove",
)
async def remove_discovery(
    caller: OperationsWriter,
    context: Context,
    discovery_id: Annotated[Number, Path(description="The search's number.")],
) -> None:
    """Stop a search; what it proposed stays, and so does what was rejected; operators only."""
    work = partial(remove, account=caller.account, discovery_id=discovery_id)
    try:
        await context.database.run(work)
    except DiscoveryGoneError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None


@router.get("/proposals", tags=["proposals"], responses=_READ | answers(BAD_CURSOR), name="list")
async def list_proposals(
    caller: OperationsReader,
    context: Context,
    limit: Limit = 100,
    cursor: Cursor = None,
    state: Annotated[
        ProposalState | None, Query(description="Only in this state; without it all.")
    ] = None,
    domain: Annotated[Domain | None, Query(description="Only of this locale.")] = None,
    discovery_id: Annotated[Number | None, Query(description="Only of this search.")] = None,
    total: WithTotal = False,
) -> ProposalPage:
    """List the products that were proposed, by locale and ASIN; operators only."""
    start = read_cursor(cursor, _ORDER)
    after = None if start is None else start[0].split(" ", 1)
    if after is not None and len(after) != 2:
        raise ProblemError(BAD_CURSOR)
    where: dict[str, Any] = {"state": state, "domain": domain, "discovery_id": discovery_id}
    page = partial(
        proposals_of,
        account=caller.account,
        **where,
        after=None if after is None else (after[0], after[1]),
        most=limit + 1,
    )
    count = partial(count_proposals_of, account=caller.account, **where)
    found, counted = await context.database.run(with_total(page, count, is_asked=total))
    last = found[limit - 1] if len(found) > limit else None
    return ProposalPage(
        items=[ProposalReply.of_proposal(one) for one in found[:limit]],
        next_cursor=None if last is None else write_cursor(_ORDER, f"{last.domain} {last.asin}", 0),
        total=counted,
    )


@router.patch(
    "/proposals", tags=["proposals"], responses=_WRITE | answers(NOT_FOUND), name="decide"
)
async def decide(caller: OperationsWriter, context: Context, body: Decision) -> Decisions:
    """Approve proposals, which are watched from then on, or reject them for good; operators only.

    One that was decided before stays as it is.
    """
    work = partial(
        decide_proposals,
        account=caller.account,
        products=[(one.domain, one.asin) for one in body.products],
        is_approved=body.state == "APPROVED",
        owner_id=body.owner_id,
        at=context.clock(),
    )
    try:
        found = await context.database.run(work)
    except DiscoveryGoneError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    return Decisions(results=[DecidedProduct.of_decided(one) for one in found])
