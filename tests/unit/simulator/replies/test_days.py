"""What `days` leaves of a product's courses; the public client's own test of it says how much."""

from collections.abc import Callable
from typing import Any

import pytest

from keeper.domain.locales import Locale
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.products.catalogue import Catalogue
from tests.unit.simulator.asking import ask

DAYS = 30


@pytest.fixture(scope="module")
def products(
    api_at: Callable[..., KeepaApi], catalogue: Catalogue, us: Locale
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Products whole, and the same cut to the last days."""
    api = api_at()
    lively = [s for s in catalogue.products_in(us) if s.has_history and s.sold_used][:20]
    query = {"domain": 1, "asin": ",".join(sheet.asin for sheet in lively), "offers": 20}
    whole = ask(api, "product", **query)[1]["products"]
    cut = ask(api, "product", **query, days=DAYS)[1]["products"]
    return list(zip(whole, cut, strict=True))


@pytest.mark.parametrize(("name", "step"), [("buyBoxSellerIdHistory", 2), ("buyBoxUsedHistory", 4)])
def test_who_had_a_buy_box_before_stays_as_the_one_who_had_it_then(
    products: list[tuple[dict[str, Any], dict[str, Any]]], name: str, step: int, at_minute: int
) -> None:
    since = at_minute - DAYS * 1440
    shortened = 0
    for whole, cut in products:
        if not whole.get(name):
            continue
        minutes = [int(minute) for minute in cut[name][::step]]
        assert whole[name][-len(cut[name]) :] == cut[name]
        assert all(minute > since for minute in minutes[1:])
        left_out = [int(minute) for minute in whole[name][::step]][: -len(minutes)]
        assert not left_out or minutes[0] <= since
        shortened += bool(left_out)
    assert shortened > 5


def test_every_course_of_prices_begins_within_the_days(
    products: list[tuple[dict[str, Any], dict[str, Any]]], at_minute: int
) -> None:
    since = at_minute - DAYS * 1440
    for _, cut in products:
        ranks = cut["salesRanks"].values()
        assert all(flat[0] >= since for flat in [*cut["csv"], *ranks] if flat is not None)
        assert all(offer["lastSeen"] >= since for offer in cut["offers"] or ())


def test_whoever_offers_a_product_is_a_seller_that_keepa_knows(
    api: KeepaApi, products: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    offers = [offer for whole, _ in products for offer in whole["offers"] or ()]
    merchants = {o["sellerId"] for o in offers if not o["isAmazon"] and not o["isWarehouseDeal"]}
    assert len(merchants) > 10
    found = ask(api, "seller", domain=1, seller=",".join(merchants))[1]["sellers"]
    assert found.keys() == merchants
