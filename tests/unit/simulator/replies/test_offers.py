"""Offer objects and buy boxes beside the series they come from."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from keeper.domain.locales import Locale
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.merchants import merchants_of
from keeper.simulator.products.sheets import STANDARD
from keeper.simulator.replies.offers import WantedOffers, listed_offers, sellers_of
from tests.unit.simulator.asking import read

AMAZON, FBM, WAREHOUSE, FBA, BUY_BOX, USED_BUY_BOX = 0, 7, 9, 10, 18, 32
USED: Final = {2: 19, 3: 20, 4: 21, 5: 22}
_Found = list[dict[str, Any]]


@pytest.fixture(scope="module")
def ask(api_at: Callable[..., KeepaApi], catalogue: Catalogue, us: Locale) -> Callable[..., _Found]:
    """Ask one simulator, whose clocks stand still, for products as a query wants them."""
    api = api_at()
    asins = [
        s.asin
        for s in catalogue.products_in(us)
        if s.product_type == STANDARD and s.has_history and not s.hides_price
    ]

    def products(**query: str) -> _Found:
        api.bucket.set_left(100_000)
        given = {"key": "simulator", "domain": "1", "stats": "90", **query}
        return [
            product
            for first in range(0, 60, 20)
            for product in read(
                api.answer("product", given | {"asin": ",".join(asins[first : first + 20])}).body
            )["products"]
        ]

    return products


@pytest.fixture(scope="module")
def products(ask: Callable[..., _Found]) -> _Found:
    """Products with their offers, collected for them; tests only read them."""
    return ask(offers="100")


def live(product: dict[str, Any]) -> _Found:
    return [product["offers"][place] for place in product["liveOffersOrder"] or ()]


def prices(offers: _Found) -> list[int]:
    return [offer["offerCSV"][-2] for offer in offers]


def test_the_live_offers_are_those_the_series_count(products: _Found) -> None:
    for product in products:
        stats, offers = product["stats"], live(product)
        assert len(offers) == stats["totalOfferCount"] == stats["retrievedOfferCount"]
        assert len(offers) == abs(product["csv"][15][-1])
        assert (
            sum(o["isFBA"] and not o["isAmazon"] for o in offers if o["condition"] == 1)
            == (stats["offerCountFBA"])
        )
        assert all(offer["lastSeen"] == stats["lastOffersUpdate"] for offer in offers)
        landed = [sum(offer["offerCSV"][-2:]) for offer in offers]
        assert landed == sorted(landed)


def test_the_cheapest_offer_of_each_kind_is_its_series_price(products: _Found) -> None:
    kinds = dict.fromkeys((AMAZON, FBA, FBM, WAREHOUSE, *USED.values()), 0)
    for product in products:
        last = {i: (product["csv"][i] or [-1, -1, -1])[1::] for i in kinds}
        triplets = {FBM, *USED.values()}
        current = {i: course[-2 if i in triplets else -1] for i, course in last.items()}
        of_kind: dict[int, _Found] = {index: [] for index in kinds}
        for offer in live(product):
            if offer["isAmazon"]:
                of_kind[AMAZON].append(offer)
            elif offer["isWarehouseDeal"]:
                of_kind[WAREHOUSE].append(offer)
            elif offer["condition"] > 1:
                of_kind[USED[offer["condition"]]].append(offer)
            else:
                of_kind[FBA if offer["isFBA"] else FBM].append(offer)
        for index, offers in of_kind.items():
            assert min(prices(offers), default=-1) == current[index]
            kinds[index] += bool(offers)
    assert all(found >= 3 for found in kinds.values())


def test_past_offers_are_left_out_on_request(ask: Callable[..., _Found], products: _Found) -> None:
    only_live = ask(offers="100", **{"only-live-offers": "1"})
    past = 0
    for product, shorter in zip(products, only_live, strict=True):
        last = product["stats"]["lastOffersUpdate"]
        offers = product["offers"] or []
        past += sum(offer["lastSeen"] < last for offer in offers)
        assert (shorter["offers"] or []) == [o for o in offers if o["lastSeen"] == last]
        assert live(shorter) == live(product)
    assert past > 100


def test_no_more_live_offers_are_listed_than_asked_for_the_cheapest(
    catalogue: Catalogue, us: Locale, at_minute: int
) -> None:
    shortened = 0
    for sheet in catalogue.products_in(us, limit=40):
        history, sellers = catalogue.history(sheet, us, at_minute), sellers_of(sheet, us)
        every = listed_offers(history, sellers, WantedOffers(100))
        few = listed_offers(history, sellers, WantedOffers(3, only_live=True))
        cheapest = [every.offers[place]["offerId"] for place in every.live[:3]]
        assert [few.offers[place]["offerId"] for place in few.live] == cheapest
        assert len(few.offers) == min(len(every.live), 3)
        shortened += len(every.live) > 3
    assert shortened > 20


def test_courses_of_offers_are_like_recorded_ones(products: _Found) -> None:
    for product in products:
        for offer in product["offers"] or ():
            times, courses = offer["offerCSV"][::3], offer["offerCSV"]
            assert times == sorted(set(times))
            assert times[-1] <= offer["lastSeen"] <= product["stats"]["lastOffersUpdate"]
            assert min(courses[1::3]) > 0
            assert min(courses[2::3]) >= 0
        assert len({offer["offerId"] for offer in product["offers"] or ()}) == (
            len(product["offers"] or ())
        )


def test_merchants_are_known_sellers(products: _Found, catalogue: Catalogue, us: Locale) -> None:
    known = {merchant.seller_id for merchant in merchants_of(catalogue.seed, us)}
    sellers = {
        offer["sellerId"]
        for product in products
        for offer in product["offers"] or ()
        if not offer["isAmazon"] and not offer["isWarehouseDeal"]
    }
    assert sellers <= known
    assert len(sellers) > 20


def test_the_buy_box_belongs_to_who_offers_at_its_price(products: _Found) -> None:
    holders = 0
    for product in products:
        stats, history = product["stats"], product["buyBoxSellerIdHistory"]
        if history is None:
            continue
        times = [int(minute) for minute in history[::2]]
        assert times == sorted(set(times))
        assert set(times) <= set(product["csv"][BUY_BOX][::3])
        assert all(a != b for a, b in zip(history[1::2], history[3::2], strict=False))
        assert (history[-1] == "-1") is (stats["buyBoxPrice"] == -1)
        if stats["buyBoxPrice"] == -1:
            assert stats["buyBoxSellerId"] is None
            continue
        assert stats["buyBoxSellerId"] == history[-1]
        # The box moves with each look, the offers with their collections.
        holders += any(
            offer["sellerId"] == history[-1]
            and offer["offerCSV"][-2] == stats["buyBoxPrice"]
            and offer["isFBA"] == stats["buyBoxIsFBA"]
            for offer in live(product)
        )
    assert holders > 40


def test_the_used_buy_box_belongs_to_a_used_offer(products: _Found) -> None:
    found = 0
    for product in products:
        stats = product["stats"]
        if "buyBoxUsedPrice" not in stats:
            assert product.get("buyBoxUsedHistory", [""] * 4)[-3] == ""
            continue
        found += 1
        assert product["csv"][USED_BUY_BOX][-2] == stats["buyBoxUsedPrice"]
        assert product["buyBoxUsedHistory"][-3:] == [
            stats["buyBoxUsedSellerId"],
            str(stats["buyBoxUsedCondition"]),
            "0",
        ]
        assert product["csv"][USED[stats["buyBoxUsedCondition"]]][-2] == stats["buyBoxUsedPrice"]
    assert found >= 5


def test_the_buy_box_alone_brings_who_has_it(ask: Callable[..., _Found], products: _Found) -> None:
    for whole, box in zip(products, ask(buybox="1"), strict=True):
        for name in ("buyBoxSellerIdHistory", "buyBoxUsedHistory"):
            assert box.get(name) == whole.get(name)
        assert box["stats"]["buyBoxSellerId"] == whole["stats"]["buyBoxSellerId"]
        assert (box["offers"], box["liveOffersOrder"]) == (None, None)
        assert box["stats"]["offerCountFBA"] == -2


def test_without_histories_who_has_the_buy_box_is_still_known(
    ask: Callable[..., _Found], products: _Found
) -> None:
    for whole, short in zip(products, ask(offers="100", history="0"), strict=True):
        assert (short["csv"], short["buyBoxSellerIdHistory"]) == (None, None)
        assert "buyBoxUsedHistory" not in short
        assert short["stats"] == whole["stats"]


def test_without_either_nothing_is_said_of_sellers(
    ask: Callable[..., _Found],
) -> None:
    for product in ask():
        stats = product["stats"]
        assert product["buyBoxSellerIdHistory"] is None
        assert {name for name in stats if name.startswith("buyBox")} == {
            "buyBoxPrice",
            "buyBoxShipping",
        }
        assert stats["buyBoxPrice"] == stats["offerCountFBM"] == -2
        assert not stats.keys() & {"lastBuyBoxUpdate", "sellerIdsLowestFBA"}


def test_days_cut_courses_and_leave_the_price_in_force(
    ask: Callable[..., _Found], products: _Found, at_minute: int
) -> None:
    since, cut_off = at_minute - 10 * 1440, 0
    for whole, cut in zip(products, ask(offers="100", days="10"), strict=True):
        assert live(cut) == [
            offer | {"offerCSV": course} for offer, course in _shortened(whole, since)
        ]
        assert all(offer["lastSeen"] >= since for offer in cut["offers"])
        cut_off += len(whole["offers"]) - len(cut["offers"])
    assert cut_off > 50


def _shortened(product: dict[str, Any], since: int) -> list[tuple[dict[str, Any], list[int]]]:
    found = []
    for offer in live(product):
        course = offer["offerCSV"]
        points = [course[n : n + 3] for n in range(0, len(course), 3)]
        kept = [point for point in points if point[0] >= since] or points[-1:]
        found.append((offer, [number for point in kept for number in point]))
    return found


def test_stock_is_counted_on_request(ask: Callable[..., _Found], products: _Found) -> None:
    assert not any("stockCSV" in offer for p in products for offer in p["offers"])
    counted = 0
    for product in ask(offers="100", stock="1"):
        last = product["stats"]["lastOffersUpdate"]
        for offer in product["offers"]:
            is_live = offer["lastSeen"] == last
            assert ("stockCSV" in offer) is is_live
            assert offer["lastStockUpdate"] == (last if is_live else 0)
            if is_live:
                minute, pieces = offer["stockCSV"]
                assert minute == last
                assert pieces > 0
                counted += 1
                if offer["isAmazon"]:
                    assert product["stats"]["stockAmazon"] == pieces
    assert counted > 200
