"""The simulator's replies beside every recorded one: shape, identities, envelope and charges."""

from pathlib import Path
from typing import Any, Final

import pytest

from keeper.domain.locales import Locale
from keeper.domain.prices.types import PRICE_TYPES
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.api.recordings import Recordings
from keeper.simulator.api.token_bucket import TokenBucket
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.clock import CatalogueClock, ClockMode
from keeper.simulator.products.sheets import STANDARD
from tests.unit.simulator.asking import read
from tests.unit.simulator.conftest import AT
from tests.unit.simulator.deal_identities import breaches
from tests.unit.simulator.hand_clock import HandClock
from tests.unit.simulator.reply_shapes import Shape, shape_of

pytestmark = pytest.mark.recordings

# Of books, fees and sizes, which nothing reads; `imagesCSV` and `variationCSV` ended in April 2026.
# A path above stands for those below it.
LEFT_OUT_OF_PRODUCTS: Final = frozenset(
    """
    author availabilityAmazonDelay binding buyBoxEligibleOfferCounts competitivePriceThreshold
    contributors description ebayListingIds edition fbaFees features format formats
    frequentlyBoughtTogether g gtinList imagesCSV isB2B isEligibleForSuperSaverShipping
    isEligibleForTradeIn isHeatSensitive isRedirectASIN isSNS itemHeight itemLength itemTypeKeyword
    itemWeight itemWidth languages lastEbayUpdate lastStockUpdate launchpad numberOfItems
    numberOfPages offers[].couponHistory offers[].stockCSV offers[].stockLimit packageHeight
    packageLength packageQuantity packageWeight packageWidth partNumber promotions publicationDate
    referralFeePercent referralFeePercentage releaseDate salesRankDisplayGroup
    salesRankReferenceHistory size type upcList urlSlug variableClosingFee variationCSV
    websiteDisplayGroup websiteDisplayGroupName stats.buyBoxAvailabilityMessage
    stats.buyBoxIsBackorder stats.buyBoxIsFreeShippingEligible stats.buyBoxIsPrimeEligible
    stats.buyBoxIsPrimeExclusive stats.buyBoxIsPrimePantry stats.buyBoxIsWarehouseDeal
    stats.buyBoxMaxOrderQuantity stats.buyBoxMinOrderQuantity stats.buyBoxShippingCountry
    stats.buyBoxStats stats.buyBoxUsedStats stats.deltaPercent90_monthlySold stats.isAddonItem
    stats.outOfStockCountAmazon30 stats.outOfStockCountAmazon90 stats.stockAmazon stats.stockBuyBox
    stats.stockPerCondition3rdFBA stats.stockPerConditionFBM
    """.split()
)
# The recorded products are books without coupons or parents, older than the variants of pictures.
MORE_THAN_RECORDED: Final = {
    "color": {"str"},
    "coupon": {"list"},
    "coupon[]": {"int"},
    "images[].variant": {"str"},
    "model": {"str"},
    "parentAsin": {"str"},
}


@pytest.fixture(scope="module")
def recorded_products(recordings_folder: Path) -> list[dict[str, Any]]:
    return [read(p.read_bytes()) for p in sorted(recordings_folder.glob("product_*.json"))]


@pytest.fixture(scope="module")
def recorded_replies(recordings_folder: Path) -> list[dict[str, Any]]:
    replies = [read(p.read_bytes()) for p in sorted(recordings_folder.glob("deals_*.json"))]
    assert replies
    return replies


def ask(api: KeepaApi, endpoint: str, **query: str) -> dict[str, Any]:
    answer = api.answer(endpoint, {"key": "simulator", "domain": "1", **query})
    assert answer.status == 200
    reply: dict[str, Any] = read(answer.body)
    return reply


@pytest.fixture(scope="module")
def asked_once(catalogue: Catalogue) -> KeepaApi:
    """A simulator for the replies that several tests only read."""
    hand_clock = HandClock(AT)
    api = KeepaApi(
        catalogue, CatalogueClock(ClockMode.HOLD, AT, hand_clock), TokenBucket(10, hand_clock)
    )
    api.bucket.set_left(10_000)
    return api


@pytest.fixture(scope="module")
def products(asked_once: KeepaApi, catalogue: Catalogue, us: Locale) -> list[dict[str, Any]]:
    # None of the recorded products is a parent, a digital or a withdrawn one.
    asins = [s.asin for s in catalogue.products_in(us, limit=60) if s.product_type == STANDARD]
    # As the recordings were: a request with offers carries twenty products.
    return [
        product
        for first in range(0, len(asins), 20)
        for product in ask(
            asked_once,
            "product",
            asin=",".join(asins[first : first + 20]),
            stats="365",
            offers="20",
            rating="1",
        )["products"]
    ]


@pytest.fixture(scope="module")
def deals_reply(asked_once: KeepaApi) -> dict[str, Any]:
    return ask(asked_once, "deal", selection='{"priceTypes":[1],"dateRange":3}')


def strangers(simulated: Shape, recorded: Shape) -> dict[str, set[str]]:
    """Return the simulated paths that were not recorded, or with types that were not."""
    return {
        path: types - recorded.get(path, set())
        for path, types in simulated.items()
        if not types <= recorded.get(path, set())
    }


def missing(simulated: Shape, recorded: Shape) -> set[str]:
    """Return the recorded paths that are not simulated, without those below them."""
    absent = recorded.keys() - simulated.keys()
    return {
        path
        for path in absent
        if not any(path.startswith((f"{other}.", f"{other}[")) for other in absent)
    }


def test_products_have_nothing_keepas_have_not(
    products: list[dict[str, Any]], recorded_products: list[dict[str, Any]]
) -> None:
    found = strangers(shape_of(products), shape_of(recorded_products))
    assert found == MORE_THAN_RECORDED


def test_products_have_every_field_of_keepas_but_those_left_out(
    products: list[dict[str, Any]], recorded_products: list[dict[str, Any]]
) -> None:
    simulated = shape_of(products)
    for recorded in recorded_products:
        assert missing(simulated, shape_of([recorded])) <= LEFT_OUT_OF_PRODUCTS
    assert missing(simulated, shape_of(recorded_products)) == LEFT_OUT_OF_PRODUCTS


def test_series_and_statistics_are_laid_out_as_keepas(
    products: list[dict[str, Any]], recorded_products: list[dict[str, Any]]
) -> None:
    for product in products + recorded_products:
        length = len(product["csv"])
        assert length in {34, 36}
        for price_type, flat in zip(PRICE_TYPES, product["csv"], strict=False):
            width = 3 if price_type.has_shipping else 2
            assert flat is None or (flat and len(flat) % width == 0)
            times = flat[::width] if flat else []
            assert times == sorted(set(times))
        for name, value in product["stats"].items():
            if isinstance(value, list) and name in {"current", "avg", "avg90", "min", "isLowest"}:
                assert len(value) == length
        for name in ("min", "max", "minInInterval", "maxInInterval"):
            assert all(pair is None or len(pair) == 2 for pair in product["stats"][name])


def test_deals_are_shaped_as_keepas(
    deals_reply: dict[str, Any], recorded_replies: list[dict[str, Any]]
) -> None:
    simulated = shape_of([deals_reply])
    for recorded in recorded_replies:
        shape = shape_of([recorded])
        assert strangers(simulated, shape) == {"simulated": {"bool"}}
        assert missing(simulated, shape) == set()


def test_deals_keep_to_the_identities_of_keepas(
    deals_reply: dict[str, Any], recorded_replies: list[dict[str, Any]]
) -> None:
    for reply in [*recorded_replies, deals_reply]:
        assert reply["deals"]["dr"]
        for deal in reply["deals"]["dr"]:
            assert breaches(deal) == []
            for name in ("avg", "delta", "deltaPercent"):
                assert [len(row) for row in deal[name]] == [34] * 4
            for name in ("current", "currentSince", "deltaLast", "backInStock"):
                assert len(deal[name]) == 34


def test_envelopes_begin_and_add_up_as_keepas(
    catalogue: Catalogue, hand_clock: HandClock, recorded_replies: list[dict[str, Any]]
) -> None:
    for recorded in recorded_replies:
        assert "tokensConsumed" in recorded
        rate = recorded["refillRate"]
        api = KeepaApi(
            catalogue,
            CatalogueClock(ClockMode.HOLD, AT, hand_clock),
            TokenBucket(rate, hand_clock),
        )
        api.bucket.set_left(recorded["tokensLeft"] + recorded["tokensConsumed"])
        # The recorded reply came this long before a refill.
        hand_clock.pass_seconds(60 - recorded["refillIn"] / 1000)
        reply = ask(api, "deal", selection='{"priceTypes":[1],"dateRange":0}')
        assert list(reply)[:7] == list(recorded)[:7]
        for name in ("tokensLeft", "refillIn", "refillRate", "tokensConsumed"):
            assert reply[name] == recorded[name], name
        assert 0 < recorded["refillIn"] <= 60_000
        assert recorded["tokensLeft"] + recorded["tokensConsumed"] <= api.bucket.cap == 60 * rate


def test_every_recorded_product_costs_one_token(
    api: KeepaApi, recordings_folder: Path, recorded_products: list[dict[str, Any]]
) -> None:
    api.recordings = Recordings(recordings_folder)
    asins = sorted({product["asin"] for product in recorded_products})
    reply = ask(api, "product", asin=",".join(asins), stats="365")
    assert reply["tokensConsumed"] == len(asins) == len(reply["products"])
    assert reply["tokensLeft"] == 600 - len(asins)
    page = ask(api, "deal", selection='{"priceTypes":[1],"page":0}')
    assert len(page["deals"]["dr"]) == 150
    assert (page["tokensConsumed"], page["tokensLeft"]) == (5, 600 - len(asins) - 5)
