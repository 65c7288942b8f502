"""Fetching a filter's deals and their products' histories under a ceiling of tokens."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from keeper.domain.locales import Locale
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.events import Source
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.tokens.balance import TokenRequest
from keeper.pipeline.deals import fetch as step
from keeper.pipeline.deals.fetch import DealFetchResult, fetch_deals, worth_a_token
from keeper.sources.keepa.client import ProductPage
from keeper.sources.keepa.deals.requests import DealFilterRejectedError
from keeper.sources.keepa.errors import KeepaRequestRejectedError, TokensExhaustedError
from keeper.sources.keepa.products.requests import BASIC, ProductQuery, past_query
from keeper.sources.keepa.tokens import Envelope
from keeper.sources.keepa.transport import Reply
from keeper.stores.lake.deal_files import DealFolder
from keeper.stores.postgres.connection import Connection
from tests.deals import CHECKED_AT, FILTER, a_deal

NEW = 1


def asin_of(number: int) -> str:
    return f"B{number:09d}"


def entry(number: int, price: int = 2000) -> dict[str, Any]:
    """Return a deal of a product that usually costs 30.00, as far as fetching looks at it."""
    return {
        "asin": asin_of(number),
        "current": [-1, price],
        "avg": [[-2, 3000]] * 4,
        "currentSince": [-1, to_keepa_minutes(CHECKED_AT) - 60],
        "creationDate": to_keepa_minutes(CHECKED_AT),
    }


class Keepa:
    """Has so many deals, and tokens for so many requests."""

    source: Source = "simulator"

    def __init__(self, deals: Sequence[Mapping[str, Any]], requests: int = 1000) -> None:
        self.deals = deals
        self.requests = requests
        self.pages: list[int] = []
        self.histories: list[tuple[str, ...]] = []
        self.queries: list[ProductQuery] = []

    def ask(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
        page = json.loads(str(parameters["selection"]))["page"]
        envelope = self._spend(5)
        self.pages.append(page)
        body = {"deals": {"dr": self.deals[150 * page : 150 * (page + 1)]}}
        return Reply(json.dumps(body).encode(), envelope, CHECKED_AT)

    def product_pages(
        self,
        locale: Locale,
        asins: Sequence[str],
        query: ProductQuery = BASIC,
        *,
        page_products: int | None = None,
        may_use_reserve: bool = False,
    ) -> Iterator[ProductPage]:
        assert not may_use_reserve
        self.queries.append(query)
        size = page_products or query.detail.page_products
        for start in range(0, len(asins), size):
            asked = tuple(asins[start : start + size])
            envelope = self._spend(query.estimate(len(asked)))
            self.histories.append(asked)
            body = b'{"products": []}'
            yield ProductPage(locale, asked, query.detail, body, CHECKED_AT, envelope)

    def _spend(self, tokens: int) -> Envelope:
        if not self.requests:
            raise TokensExhaustedError("no tokens")
        self.requests -= 1
        return Envelope(CHECKED_AT, 100, 1000, 5, tokens, 10)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Products whose history is stored."""
    stored: set[str] = set()
    monkeypatch.setattr(
        step, "known_histories", lambda connection, *, asins, **_: stored & set(asins)
    )
    return stored


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """What is recorded beside the filter."""
    recorded: list[str | None] = []
    monkeypatch.setattr(
        step, "record_problem", lambda connection, filter_id, problem: recorded.append(problem)
    )
    return recorded


@pytest.fixture
def folder(tmp_path: Path, known: set[str], notes: list[str | None]) -> DealFolder:
    folder = DealFolder.of(tmp_path, "collect_deals/run", 0)
    folder.write_filter(FILTER)
    return folder


def fetch(folder: DealFolder, keepa: Keepa, *, tokens: int = 200) -> DealFetchResult:
    return fetch_deals(folder, cast(Connection, None), keepa, max_tokens=tokens)


def test_the_filter_is_kept_as_it_was_planned(folder: DealFolder) -> None:
    assert folder.read_filter() == FILTER


def test_pages_are_read_to_the_end_and_what_is_left_buys_histories(folder: DealFolder) -> None:
    keepa = Keepa([entry(number) for number in range(160)])

    result = fetch(folder, keepa)

    assert result == DealFetchResult(2, 160, histories=160, tokens=170, complete=True)
    assert keepa.pages == [0, 1]
    assert [len(asked) for asked in keepa.histories] == [100, 60]


def test_half_of_the_tokens_are_for_pages_and_all_are_a_ceiling(folder: DealFolder) -> None:
    keepa = Keepa([entry(number) for number in range(1000)])

    result = fetch(folder, keepa, tokens=40)

    assert result == DealFetchResult(4, 600, histories=20, tokens=40, complete=False)


def test_the_first_page_is_read_whatever_the_ceiling(folder: DealFolder) -> None:
    keepa = Keepa([entry(1)])

    assert fetch(folder, keepa, tokens=5) == DealFetchResult(1, 1, 0, 5, complete=True)
    assert keepa.histories == []


def test_the_largest_drops_are_worth_a_token_first(folder: DealFolder) -> None:
    keepa = Keepa([entry(1, 2500), entry(2, 1000), entry(3, 3000), entry(4, -1), entry(5, 2900)])

    fetch(folder, keepa, tokens=7)

    assert keepa.histories == [(asin_of(2), asin_of(1))]


def test_prices_that_come_with_offers_are_dearer_so_fewer_are_bought(
    folder: DealFolder,
) -> None:
    folder.write_filter(replace(FILTER, price_type="WAREHOUSE"))
    deals = [entry(number) | {"current": [-1] * 9 + [2000]} for number in range(10)]
    for deal in deals:
        deal["avg"] = [[-2] * 9 + [3000]] * 4
        deal["currentSince"] = [to_keepa_minutes(CHECKED_AT) - 60] * 10
    keepa = Keepa(deals)

    result = fetch(folder, keepa, tokens=22)

    # Five for the page; three times five of what is left.
    assert (result.histories, result.tokens) == (3, 20)
    assert keepa.queries == [past_query(Detail.OFFERS)]


def test_stored_histories_are_not_bought_again(folder: DealFolder, known: set[str]) -> None:
    known |= {asin_of(0), asin_of(2)}
    keepa = Keepa([entry(number) for number in range(4)])

    fetch(folder, keepa)

    assert keepa.histories == [(asin_of(1), asin_of(3))]


def test_a_history_somebody_bought_today_is_not_bought_again(folder: DealFolder) -> None:
    for hours, asin in ((5, asin_of(0)), (25, asin_of(1))):
        folder.archive.write(
            b"{}",
            endpoint="product",
            domain="us",
            asked=(asin,),
            received_at=CHECKED_AT - timedelta(hours=hours),
            tokens_consumed=1,
            source="simulator",
            run_id="track_prices/run",
        )
    keepa = Keepa([entry(number) for number in range(3)])

    fetch(folder, keepa)

    assert keepa.histories == [(asin_of(1), asin_of(2))]


@pytest.mark.parametrize("requests", range(5))
def test_out_of_tokens_loses_nothing_and_going_on_pays_for_nothing_twice(
    folder: DealFolder, requests: int
) -> None:
    deals = [entry(number) for number in range(310)]
    first, second = Keepa(deals, requests), Keepa(deals)
    with pytest.raises(TokensExhaustedError):
        fetch(folder, first, tokens=400)

    result = fetch(folder, second, tokens=400)

    assert result == DealFetchResult(3, 310, histories=310, tokens=325, complete=True)
    assert first.pages + second.pages == [0, 1, 2]
    asked = [asin for page in first.histories + second.histories for asin in page]
    assert sorted(asked) == [asin_of(number) for number in range(310)]


def test_going_on_keeps_the_ceiling_of_tokens(folder: DealFolder) -> None:
    deals = [entry(number) for number in range(310)]
    first, second = Keepa(deals, requests=4), Keepa(deals)
    with pytest.raises(TokensExhaustedError):
        fetch(folder, first, tokens=165)

    result = fetch(folder, second, tokens=165)

    assert result == DealFetchResult(3, 310, histories=150, tokens=165, complete=True)
    assert [len(asked) for asked in first.histories + second.histories] == [100, 50]


def test_a_filter_fetched_whole_asks_for_nothing(folder: DealFolder) -> None:
    deals = [entry(number) for number in range(3)]
    done = fetch(folder, Keepa(deals))

    assert fetch(folder, Keepa(deals, requests=0)) == done


def test_a_page_that_is_no_page_of_deals_ends_the_reading_and_is_kept(folder: DealFolder) -> None:
    class Odd(Keepa):
        def ask(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
            if '"page":1' in str(parameters["selection"]).replace(" ", ""):
                return Reply(b'{"tokensLeft": 1}', self._spend(5), CHECKED_AT)
            return super().ask(request, parameters)

    result = fetch(folder, Odd([entry(number) for number in range(400)]))

    assert (result.pages, result.deals) == (2, 150)
    assert folder.read_page(folder.pages()[1]) == b'{"tokensLeft": 1}'


def test_a_rejected_filter_is_recorded_and_so_is_its_recovery(
    folder: DealFolder, notes: list[str | None]
) -> None:
    class Strict(Keepa):
        def ask(self, request: TokenRequest, parameters: Mapping[str, object]) -> Reply:
            raise KeepaRequestRejectedError("invalid format", details="deltaPercentRange")

    with pytest.raises(DealFilterRejectedError):
        fetch(folder, Strict([]))
    fetch(folder, Keepa([]))

    assert notes == [
        "deal filter 'kettles', field `deltaPercentRange`: invalid format; change or disable this "
        "filter",
        None,
    ]


def test_a_deal_not_below_its_average_is_worth_no_token() -> None:
    deals = [
        a_deal(asin="B000000001", price_minor=3000),
        a_deal(
            asin="B000000002",
            average_90_days_minor=None,
            average_month_minor=None,
            average_week_minor=None,
            average_day_minor=None,
        ),
        a_deal(asin="B000000003", price_minor=2999),
    ]

    assert worth_a_token(deals) == ["B000000003"]


def test_while_keepa_has_no_average_of_90_days_a_shorter_one_serves() -> None:
    deals = [
        a_deal(asin="B000000001", price_minor=2900, average_90_days_minor=None),
        a_deal(
            asin="B000000002",
            price_minor=2000,
            average_90_days_minor=None,
            average_month_minor=None,
        ),
        a_deal(asin="B000000003", price_minor=3000, average_90_days_minor=None),
    ]

    assert worth_a_token(deals) == ["B000000002", "B000000001"]
