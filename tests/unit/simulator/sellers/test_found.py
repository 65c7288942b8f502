from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from keepa.models.backend import Seller

from keeper.domain.locales import LOCALES, Locale, locale_of
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.merchants import MERCHANTS, merchants_of, merchants_offering
from keeper.simulator.products.sheets import STANDARD
from tests.unit.simulator.asking import ask

DAY = 1440


def ids(catalogue: Catalogue, locale: Locale) -> list[str]:
    return [merchant.seller_id for merchant in merchants_of(catalogue.seed, locale)]


def ask_sellers(api: KeepaApi, *sellers: str, **query: object) -> dict[str, Any]:
    status, reply = ask(api, "seller", domain=1, seller=",".join(sellers), **query)
    assert status == 200
    return reply


def test_each_known_seller_costs_a_token_and_an_unknown_one_nothing(
    api: KeepaApi, catalogue: Catalogue, us: Locale
) -> None:
    first, second, *_ = ids(catalogue, us)
    reply = ask_sellers(api, first, "A000000000000", second)
    assert (list(reply["sellers"]), reply["tokensConsumed"]) == ([first, second], 2)
    none = ask_sellers(api, "A000000000000", storefront=1)
    assert (none["sellers"], none["tokensConsumed"]) == ({}, 0)


def test_a_seller_is_what_the_keepa_package_reads(
    api: KeepaApi, catalogue: Catalogue, us: Locale
) -> None:
    for seller_id, seller in ask_sellers(api, *ids(catalogue, us))["sellers"].items():
        read = Seller.model_validate(seller)
        assert (read.sellerId, read.domainId) == (seller_id, 1)
        assert "asinList" not in seller
        for part in ("positiveRating", "neutralRating", "negativeRating", "ratingCount"):
            assert len(seller[part]) == 4
        for shares in zip(
            *(seller[part] for part in ("positiveRating", "neutralRating", "negativeRating")),
            strict=True,
        ):
            assert sum(shares) == 100
            assert min(shares) >= 0
        month, quarter, year, ever = seller["ratingCount"]
        assert month <= quarter <= year <= ever == seller["currentRatingCount"]
        assert seller["ratingsLast30Days"] == month


def test_ratings_grow_and_are_never_rewritten(
    api: KeepaApi, catalogue: Catalogue, us: Locale
) -> None:
    (seller_id, *_) = ids(catalogue, us)
    before = ask_sellers(api, seller_id)["sellers"][seller_id]
    api.clock.change(jump=timedelta(days=200))
    after = ask_sellers(api, seller_id)["sellers"][seller_id]
    for early, late in zip(before["csv"], after["csv"], strict=True):
        assert late[: len(early)] == early
        assert len(late) > len(early)
        assert early[0::2] == sorted(set(early[0::2]))
    counts = after["csv"][1][1::2]
    assert counts == sorted(counts)
    assert all(0 <= rating <= 100 for rating in after["csv"][0][1::2])


def test_a_storefront_lists_what_the_seller_offers_freshest_first(
    api: KeepaApi, catalogue: Catalogue, us: Locale, at_minute: int
) -> None:
    (largest, *_) = ids(catalogue, us)
    offered = {
        sheet.asin: sheet
        for sheet in catalogue.products_in(us)
        if sheet.product_type == STANDARD and sheet.has_history
        if largest in {merchant.seller_id for merchant in merchants_offering(sheet, us)}
    }
    reply = ask_sellers(api, largest, storefront=1)
    seller = reply["sellers"][largest]
    seen = dict(zip(seller["asinList"], seller["asinListLastSeen"], strict=True))
    assert reply["tokensConsumed"] == 10
    assert len(seen) == len(seller["asinList"]) >= 2
    assert list(seen.values()) == sorted(seen.values(), reverse=True)
    assert at_minute - 7 * DAY < min(seen.values()) <= max(seen.values()) <= at_minute
    gone = {a for a, s in offered.items() if s.ended and s.ended <= at_minute - 7 * DAY}
    assert seen.keys() == offered.keys() - gone
    assert seller["totalStorefrontAsins"][1] == len(offered)
    brands = Counter(sheet.brand.lower() for sheet in offered.values())
    for group in seller["sellerBrandStatistics"]:
        assert group["productCount"] == brands[group["brand"]]
    assert sum(g["productCount"] for g in seller["sellerCategoryStatistics"]) == len(offered)
    assert 0 < seller["competitors"][0]["percent"] <= 100
    assert seller["competitors"][0]["sellerId"] in ids(catalogue, us)


def test_a_storefront_of_one_product_costs_no_more(hand_api: KeepaApi, us: Locale) -> None:
    small = hand_api.catalogue
    (sheet,) = small.products_in(us)
    (merchant, *_) = merchants_offering(sheet, us)
    reply = ask_sellers(hand_api, merchant.seller_id, storefront=1)
    assert reply["sellers"][merchant.seller_id]["asinList"] == [sheet.asin]
    assert reply["tokensConsumed"] == 1


@pytest.fixture
def hand_api(api: KeepaApi, us: Locale) -> KeepaApi:
    """A simulator of a catalogue with one product in the US."""
    sizes = (size for size in range(1, 50) if len(list(Catalogue(7, size).products_in(us))) == 1)
    api.catalogue = Catalogue(7, next(sizes))
    return api


@pytest.mark.parametrize(
    ("count", "storefront", "limit"), [(101, 0, 100), (2, 1, 1)], ids=["sellers", "storefronts"]
)
def test_more_sellers_than_a_reply_carries_are_refused(
    api: KeepaApi, count: int, storefront: int, limit: int
) -> None:
    seller = ",".join(f"A{number:013}" for number in range(count))
    status, reply = ask(api, "seller", domain=1, seller=seller, storefront=storefront)
    assert (status, reply["tokensConsumed"]) == (400, 0)
    expected = f"Maximum allowed batch size for this request is {limit}."
    assert reply["error"]["message"] == expected


@pytest.mark.parametrize(
    ("query", "details"),
    [({}, "seller"), ({"seller": ","}, "seller"), ({"seller": "A", "domain": 7}, "domain")],
)
def test_bad_parameters_are_refused(api: KeepaApi, query: dict[str, object], details: str) -> None:
    status, reply = ask(api, "seller", **{"domain": 1, **query})
    assert (status, reply["error"]["details"]) == (400, details)


def test_the_most_rated_sellers_come_first(api: KeepaApi, catalogue: Catalogue, us: Locale) -> None:
    status, reply = ask(api, "topseller", domain=1)
    listed = reply["sellerIdList"]
    assert (status, reply["tokensConsumed"]) == (200, 50)
    assert sorted(listed) == sorted(ids(catalogue, us))
    found = ask_sellers(api, *listed)["sellers"]
    counts = [found[seller_id]["currentRatingCount"] for seller_id in listed]
    assert counts == sorted(counts, reverse=True)


def test_brazil_has_sellers_and_no_list_of_them(api: KeepaApi, catalogue: Catalogue) -> None:
    (seller, *_) = ids(catalogue, locale_of("br"))
    status, reply = ask(api, "topseller", domain=12)
    assert (status, reply["error"]["details"], reply["tokensConsumed"]) == (405, "domain", 0)
    assert list(ask(api, "seller", domain=12, seller=seller)[1]["sellers"]) == [seller]


def test_no_two_sellers_share_an_id_or_a_name(catalogue: Catalogue) -> None:
    everywhere = [ids(catalogue, locale) for locale in LOCALES]
    assert len({seller_id for some in everywhere for seller_id in some}) == MERCHANTS * len(LOCALES)
    for locale in LOCALES:
        assert len({merchant.name for merchant in merchants_of(7, locale)}) == MERCHANTS
