"""What /product sends and takes, for each class of request: the table that Keepa's replies keep."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.locales import Locale
from keeper.domain.prices.points import to_keepa_minutes
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.api.recordings import Recordings
from keeper.simulator.api.token_bucket import TokenBucket
from keeper.simulator.faults.plan import Fault, FaultKind
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.sheets import STANDARD
from tests.unit.simulator.asking import read
from tests.unit.simulator.hand_clock import HandClock

PRODUCTS = 40
PLAIN = {*range(7), 8, *range(11, 15), *range(28, 31), 34, 35}
WITH_OFFERS = set(range(36)) - {31}
CLASSES = [
    pytest.param({}, PLAIN, id="plain"),
    pytest.param({"rating": "1"}, PLAIN | {16, 17}, id="rating"),
    pytest.param({"buybox": "1"}, PLAIN | {18}, id="buy box"),
    pytest.param({"offers": "20"}, WITH_OFFERS, id="offers"),
    pytest.param({"offers": "100", "buybox": "1", "rating": "1"}, WITH_OFFERS, id="everything"),
]


def ask(api: KeepaApi, asins: Collection[str], **query: str) -> dict[str, Any]:
    given = {"key": "simulator", "domain": "1", "asin": ",".join(asins), "stats": "90", **query}
    answer = api.answer("product", given)
    assert answer.status == 200
    reply: dict[str, Any] = read(answer.body)
    assert reply["tokensConsumed"] == answer.cost
    return reply


def present(products: list[dict[str, Any]]) -> set[int]:
    return {
        index
        for product in products
        for index, flat in enumerate(product["csv"] or ())
        if flat is not None
    }


@pytest.fixture(autouse=True)
def _tokens_enough(api: KeepaApi) -> None:
    api.bucket.set_left(100_000)


@pytest.fixture(scope="module")
def asins(catalogue: Catalogue, us: Locale) -> list[str]:
    standard = (s.asin for s in catalogue.products_in(us) if s.product_type == STANDARD)
    return list(islice(standard, PRODUCTS))


@pytest.fixture
def offered(catalogue: Catalogue, us: Locale, at_minute: int) -> str:
    """Return a product with an offer, which costs one page."""
    return next(
        sheet.asin
        for sheet in catalogue.products_in(us)
        if (new := catalogue.history(sheet, us, at_minute).entries.get(1)) is not None
        and new[-1, 1] > 0
    )


@pytest.fixture(scope="module")
def everything(api_at: Callable[..., KeepaApi], asins: list[str]) -> set[int]:
    """Return the series the products have at all."""
    api = api_at()
    api.bucket.set_left(100_000)
    pages = (ask(api, asins[first : first + 20], offers="20") for first in range(0, PRODUCTS, 20))
    return present([product for page in pages for product in page["products"]])


@pytest.mark.parametrize(("query", "series"), CLASSES)
def test_only_the_series_asked_for_come(
    api: KeepaApi,
    asins: list[str],
    everything: set[int],
    query: Mapping[str, str],
    series: set[int],
) -> None:
    assert everything >= {7, 9, 10, 16, 17, 18, 19, 20, 21, 22, 32, 33}
    pages = [
        ask(api, asins[first : first + 20], **query)["products"] for first in range(0, PRODUCTS, 20)
    ]
    products = [product for page in pages for product in page]
    assert len(products) == PRODUCTS
    assert present(products) == series & everything
    for product in products:
        stats = product["stats"]
        for index in set(range(len(product["csv"]))) - series:
            assert stats["current"][index] == stats["avg90"][index] == -1
            assert stats["outOfStockPercentage90"][index] == -1
            assert stats["min"][index] is stats["maxInInterval"][index] is None
            assert stats["isLowest"][index] is False
        assert ("offersSuccessful" in product) is ("offers" in query)
        assert (stats["buyBoxPrice"] == -2) is not (query.keys() & {"offers", "buybox"} != set())


@pytest.mark.recordings
@pytest.mark.parametrize(("query", "series"), CLASSES)
def test_recordings_are_shown_by_the_same_table(
    api: KeepaApi, recordings_folder: Path, us: Locale, query: Mapping[str, str], series: set[int]
) -> None:
    api.recordings = Recordings(recordings_folder)
    at = api.clock.minute()
    us_asins = {
        read(path.read_bytes())["asin"] for path in recordings_folder.glob("product_*.json")
    }
    found = ask(api, sorted(us_asins), **query)["products"]
    assert len(found) == len(us_asins)
    for product in found:
        recorded = api.recordings.product(product["asin"], us, at)
        assert recorded is not None
        assert present([product]) == series & present([recorded])


@pytest.mark.recordings
def test_recordings_cost_what_simulated_products_cost(
    api: KeepaApi, recordings_folder: Path
) -> None:
    api.recordings = Recordings(recordings_folder)

    def tokens(**query: str) -> int:
        return int(ask(api, ["184297291X"], **query)["tokensConsumed"])

    # The last snapshot is of a year ago: due for a look, its rating too old to be charged.
    assert [tokens(update="0"), tokens(update="0")] == [1, 2]
    assert [tokens(rating="1"), tokens(buybox="1")] == [1, 3]
    assert [tokens(offers="20"), tokens(offers="20"), tokens(offers="20", update="0")] == [6, 5, 7]


@pytest.mark.parametrize(
    ("query", "each"),
    [({}, 1), ({"rating": "1"}, 2), ({"buybox": "1"}, 3), ({"buybox": "1", "rating": "1"}, 4)],
    ids=["plain", "rating", "buy box", "both"],
)
def test_each_product_costs_its_class(
    api: KeepaApi, catalogue: Catalogue, us: Locale, query: Mapping[str, str], each: int
) -> None:
    known = [s.asin for s in catalogue.products_in(us, limit=40) if s.has_history][:20]
    assert ask(api, known, **query)["tokensConsumed"] == each * 20


@pytest.mark.parametrize("offers", [20, 30, 100])
def test_offers_cost_the_pages_found(api: KeepaApi, asins: list[str], offers: int) -> None:
    stored = ask(api, asins[:10], offers=str(offers), update="-1")
    assert stored["tokensConsumed"] == 5 * 10
    recent = {
        product["asin"]
        for product in stored["products"]
        if product["stats"]["lastOffersUpdate"] > api.clock.minute() - 60
    }
    reply = ask(api, asins[:10], offers=str(offers), buybox="1", rating="1")
    tokens = 5 * len(recent)
    for product in reply["products"]:
        if product["asin"] in recent:
            continue
        found = min(product["stats"]["totalOfferCount"], offers)
        tokens += 6 * -(-found // 10) if found else 5
    assert reply["tokensConsumed"] == tokens > 50
    # What was collected within the hour is not collected again.
    assert ask(api, asins[:10], offers=str(offers))["tokensConsumed"] == 5 * 10


def test_offers_are_collected_when_they_are_older_than_asked(api: KeepaApi, offered: str) -> None:
    def tokens(**query: str) -> int:
        return int(ask(api, [offered], offers="20", **query)["tokensConsumed"])

    api.clock.change(jump=timedelta(hours=100))
    first = tokens()
    assert first in {6, 12}
    assert tokens() == 5
    api.clock.change(jump=timedelta(minutes=59))
    assert tokens() == tokens(update="1") == 5
    api.clock.change(jump=timedelta(minutes=1))
    assert tokens(update="8760") == tokens(update="-1") == 5
    assert tokens() in {6, 12}


def test_a_request_moves_the_offers_and_their_time(
    api: KeepaApi, catalogue: Catalogue, us: Locale
) -> None:
    sheet = next(s for s in catalogue.products_in(us) if s.has_history and s.collection_share < 0.5)
    at = api.clock.minute()
    look = catalogue.history(sheet, us, at).last_look
    before = ask(api, [sheet.asin], offers="20", update="-1")["products"][0]
    known = before["csv"][15][-2]
    assert before["stats"]["lastOffersUpdate"] == before["lastRatingUpdate"] == known < at
    assert before["lastUpdate"] == before["stats"]["lastBuyBoxUpdate"] == look

    plain = ask(api, [sheet.asin])["products"][0]
    assert (plain["lastUpdate"], plain["stats"]["lastOffersUpdate"]) == (at, known)
    assert plain["lastRatingUpdate"] == known

    api.clock.change(jump=timedelta(minutes=10))
    after = ask(api, [sheet.asin], offers="20")["products"][0]
    assert after["csv"][15] == [*before["csv"][15], at + 10, after["stats"]["totalOfferCount"]]
    assert after["stats"]["lastOffersUpdate"] == after["lastUpdate"] == at + 10
    assert after["lastRatingUpdate"] == after["stats"]["lastBuyBoxUpdate"] == at + 10
    for index in (7, 9, 10, 16, 17, 19, 20, 21, 22, 32, 33):
        if before["csv"][index]:
            assert after["csv"][index][: len(before["csv"][index])] == before["csv"][index]
    # What it found stays, with a request that collects nothing and after a longer time.
    assert ask(api, [sheet.asin], rating="1")["products"][0]["csv"][16] == after["csv"][16]
    api.clock.change(jump=timedelta(days=40))
    later = ask(api, [sheet.asin], offers="20", update="-1")["products"][0]
    assert (at + 10) in later["csv"][15][::2]


def test_nothing_of_the_future_is_known_when_the_clock_goes_back(
    api: KeepaApi, offered: str
) -> None:
    before = ask(api, [offered], offers="20", update="-1")["products"][0]
    api.clock.change(jump=timedelta(days=30))
    ask(api, [offered], offers="20")
    api.clock.change(jump=timedelta(days=-30))
    assert ask(api, [offered], offers="20", update="-1")["products"][0] == before


def test_equal_requests_at_equal_times_get_equal_replies(
    api: KeepaApi, offered: str, hand_clock: HandClock
) -> None:
    twin = KeepaApi(Catalogue(7, 400), api.clock, TokenBucket(2_000, hand_clock))
    for hours in (0, 7, 0, 50):
        api.clock.change(jump=timedelta(hours=hours))
        one, two = (ask(it, [offered], offers="20") for it in (api, twin))
        assert one["products"] == two["products"]


def test_stock_costs_only_beside_offers(api: KeepaApi, offered: str) -> None:
    assert ask(api, [offered], stock="1")["tokensConsumed"] == 1
    api.clock.change(jump=timedelta(hours=100))
    assert ask(api, [offered], stock="1", offers="20")["tokensConsumed"] in {8, 14}


def test_failed_offers_cost_a_token_and_say_so(api: KeepaApi, offered: str) -> None:
    api.clock.change(jump=timedelta(hours=100))
    api.faults.add(Fault(FaultKind.OFFERS_FAIL, count=2))
    assert ask(api, [offered])["tokensConsumed"] == 1  # no offers asked for: nothing to fail

    failed = ask(api, [offered], offers="20")
    assert failed["tokensConsumed"] == 1
    (product,) = failed["products"]
    assert product["offersSuccessful"] is False
    # The product itself was looked at; its offers are as old as before.
    at = api.clock.minute()
    assert product["lastUpdate"] == at > product["stats"]["lastOffersUpdate"]
    assert product["csv"][15][-2] == product["stats"]["lastOffersUpdate"]
    assert ask(api, [offered], offers="20", **{"only-live-offers": "1"})["tokensConsumed"] == 0

    (product,) = (reply := ask(api, [offered], offers="20"))["products"]
    assert product["offersSuccessful"] is True
    assert reply["tokensConsumed"] in {6, 12}


def test_the_offers_of_single_products_can_fail(api: KeepaApi, asins: list[str]) -> None:
    api.clock.change(jump=timedelta(hours=100))
    api.faults.add(Fault(FaultKind.OFFERS_FAIL, asins=(asins[3],)))
    products = ask(api, asins[:5], offers="20")["products"]
    assert [p["offersSuccessful"] for p in products] == [True, True, True, False, True]


@pytest.mark.parametrize("offers", ["0", "1", "19", "101", "500"])
def test_offers_outside_of_what_keepa_collects_are_refused(
    api: KeepaApi, offered: str, offers: str
) -> None:
    query = {"key": "simulator", "domain": "1", "asin": offered, "offers": offers}
    answer = api.answer("product", query)
    reply = read(answer.body)
    assert (answer.status, reply["tokensConsumed"]) == (400, 0)
    expected = "Either no or a minimum of 20 offers must be requested."
    assert reply["error"]["message"] == expected


@pytest.mark.parametrize(
    ("query", "tokens"),
    [({}, 2), ({"offers": "20"}, 2), ({"buybox": "1"}, 2), ({"update": "-1"}, 0)],
    ids=["plain", "offers", "buy box", "not looked for"],
)
def test_unknown_products_cost_the_look_for_them(
    api: KeepaApi, query: Mapping[str, str], tokens: int
) -> None:
    reply = ask(api, ["B000000000", "1593694512"], **query)
    assert reply["tokensConsumed"] == tokens
    assert "products" not in reply


@pytest.mark.parametrize(
    "interval", ["2026-01-05,2026-02-04", "1767571200000,1770163200000"], ids=["dates", "ms"]
)
def test_statistics_count_over_the_interval_asked_for(
    api: KeepaApi, offered: str, interval: str
) -> None:
    (product,) = ask(api, [offered], stats=interval)["products"]
    begin, end = (to_keepa_minutes(datetime(2026, *day, tzinfo=UTC)) for day in ((1, 5), (2, 4)))
    new = dict(zip(product["csv"][1][::2], product["csv"][1][1::2], strict=True))
    at_begin = [price for minute, price in new.items() if minute <= begin][-1]
    within = [price for minute, price in new.items() if begin < minute <= end]
    lowest = min(price for price in [at_begin, *within] if price > 0)
    assert product["stats"]["atIntervalStart"][1] == at_begin
    assert product["stats"]["minInInterval"][1][1] == lowest
    assert begin <= product["stats"]["minInInterval"][1][0] <= end
