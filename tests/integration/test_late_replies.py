"""Replies that the simulator charges and sends too late, and what the products then cost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from keeper.domain.locales import locale_of
from keeper.domain.prices.detail import Detail
from keeper.domain.tokens.balance import TokenRequest
from keeper.sources.keepa.client import KeepaClient, ProductPage, ProductQuery
from keeper.sources.keepa.errors import KeepaLateReplyError, KeepaUnavailableError
from tests.keepa_simulator import Simulator, watch_list

US = locale_of("us")
LATE = {"kind": "slow", "delay_s": 3, "endpoint": "product"}
IN_PIECES = {"kind": "trickle", "seconds": 5, "endpoint": "product"}
PRODUCTS = 5


@dataclass
class Asking:
    """A client that waits for a fraction of a second, and the simulator it asks."""

    client: KeepaClient
    simulator: Simulator
    waits: list[float] = field(default_factory=list)

    def left(self) -> int:
        status = httpx.get(f"{self.simulator.url}/token", params={"key": "simulator"}, timeout=10)
        return int(status.json()["tokensLeft"])

    def pages(self, query: ProductQuery) -> list[ProductPage]:
        return list(self.client.product_pages(US, ASINS, query))


ASINS = [watch.asin for watch in watch_list(60) if watch.domain == "us"][:PRODUCTS]


@pytest.fixture
def asking(simulate: Callable[..., Simulator]) -> Iterator[Asking]:
    # A minute's refill would hide what a request has cost.
    with asking_of(simulate(refill_rate=1000)) as asking:
        asking.simulator.post("tokens", {"left": 500})
        asking.client.token_status()
        yield asking


@contextmanager
def asking_of(simulator: Simulator) -> Iterator[Asking]:
    waits: list[float] = []
    config = replace(simulator.config(), timeout_s=1, max_attempts=5)
    with KeepaClient(config, sleep=waits.append) as client:
        yield Asking(client, simulator, waits)


@pytest.mark.parametrize("fault", [LATE, IN_PIECES], ids=["late", "in pieces"])
@pytest.mark.parametrize("detail", list(Detail))
def test_a_page_whose_reply_was_late_costs_at_most_twice_its_price(
    asking: Asking, fault: dict[str, Any], detail: Detail
) -> None:
    before = asking.left()
    expected = asking.pages(ProductQuery(detail))
    price = before - asking.left()
    assert price >= PRODUCTS * (detail.tokens if detail is not Detail.OFFERS else 5)
    asking.simulator.post("faults", fault)

    before = asking.left()
    pages = asking.pages(ProductQuery(detail, update_h=0))
    spent = before - asking.left()

    assert [page.asked for page in pages] == [tuple(ASINS[:3]), tuple(ASINS[3:])]
    assert [page.detail for page in pages] == [detail, detail]
    assert sum(len(page.asked) for page in expected) == PRODUCTS
    # Asked with `update=0` the first time, which costs a token a product more where it is young.
    assert price < spent <= 2 * (price + PRODUCTS)
    assert asking.waits == []


def test_halves_that_are_late_too_are_not_asked_for_a_third_time(asking: Asking) -> None:
    asking.simulator.post("faults", {**LATE, "count": 20})

    before = asking.left()
    with pytest.raises(KeepaLateReplyError, match="it was charged"):
        asking.pages(ProductQuery())

    assert before - asking.left() <= 2 * PRODUCTS
    assert asking.waits == []


def test_a_late_reply_that_cost_nothing_is_tried_once_more_as_it_is(asking: Asking) -> None:
    uncharged = {"kind": "status", "status": 500, "delay_s": 3, "endpoint": "product"}
    asking.simulator.post("faults", uncharged)
    (page,) = asking.pages(ProductQuery())
    assert page.asked == tuple(ASINS)
    assert len(asking.waits) == 1

    asking.simulator.post("faults", {**uncharged, "count": 20})
    with pytest.raises(KeepaUnavailableError):
        asking.pages(ProductQuery())
    # Twice as a page, twice as its first half.
    assert len(asking.waits) == 3


def test_other_requests_are_not_repeated_either(asking: Asking) -> None:
    asking.simulator.post("faults", {**LATE, "endpoint": "bestsellers", "count": 20})
    before = asking.left()
    with pytest.raises(KeepaLateReplyError):
        asking.client.ask(
            TokenRequest("bestsellers", estimate=50), {"domain": 1, "category": 1, "range": 0}
        )
    assert before - asking.left() <= 50


def test_a_late_balance_is_an_outage_like_any_other(asking: Asking) -> None:
    asking.simulator.post("faults", {**LATE, "endpoint": "token", "count": 20})
    with pytest.raises(KeepaUnavailableError) as caught:
        asking.client.token_status()
    assert not isinstance(caught.value, KeepaLateReplyError)
    assert len(asking.waits) == 4
