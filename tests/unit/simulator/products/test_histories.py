from datetime import UTC, datetime

import numpy as np
import pytest

from keeper.domain.locales import Locale, locale_of
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.histories import History, make_history
from keeper.simulator.products.sheets import CATALOGUE_ORIGIN, ProductSheet

DAY = 1440
YEAR = 365 * DAY
INDEX = {price_type.name: price_type.index for price_type in PRICE_TYPES}


@pytest.fixture(scope="module")
def market_share(catalogue: Catalogue) -> list[tuple[ProductSheet, Locale, History]]:
    at = to_keepa_minutes(datetime(2026, 6, 1, tzinfo=UTC))
    return [
        (sheet, sheet.home, make_history(sheet, sheet.home, at))
        for sheet in map(catalogue.sheet, range(120))
    ]


@pytest.mark.parametrize("later", [1, 6 * 60, 45 * DAY, 400 * DAY])
def test_time_only_adds_points(catalogue: Catalogue, at_minute: int, later: int) -> None:
    for number in range(25):
        sheet = catalogue.sheet(number)
        before = catalogue.history(sheet, sheet.home, at_minute)
        after = catalogue.history(sheet, sheet.home, at_minute + later)
        assert before.entries.keys() <= after.entries.keys()
        for index, entries in before.entries.items():
            assert np.array_equal(entries, after.entries[index][: len(entries)])
            assert (after.entries[index][len(entries) :, 0] > at_minute).all()


def test_time_does_add_points(catalogue: Catalogue, at_minute: int, us: Locale) -> None:
    new = INDEX["NEW"]
    changed = 0
    for sheet in catalogue.products_in(us, limit=40):
        before = catalogue.history(sheet, us, at_minute).entries.get(new)
        after = catalogue.history(sheet, us, at_minute + 7 * DAY).entries.get(new)
        changed += before is not None and after is not None and len(after) > len(before)
    assert changed >= 20


def test_a_history_depends_on_seed_product_and_locale_alone(at_minute: int) -> None:
    small, large, other = Catalogue(7, 10), Catalogue(7, 10_000), Catalogue(8, 10)
    sheet = small.sheet(3)
    locale = sheet.home
    assert large.sheet(3) == sheet
    assert other.sheet(3).asin != sheet.asin
    one = small.history(sheet, locale, at_minute)
    two = large.history(sheet, locale, at_minute)
    assert all(np.array_equal(one.entries[i], two.entries[i]) for i in one.entries)


def test_times_strictly_increase_and_end_with_the_last_look(
    market_share: list[tuple[ProductSheet, Locale, History]],
) -> None:
    for sheet, _, history in market_share:
        for entries in history.entries.values():
            assert (np.diff(entries[:, 0]) > 0).all()
            assert entries[0, 0] >= sheet.tracked_since
            assert entries[-1, 0] <= history.looks[-1]


def test_consecutive_points_differ(
    market_share: list[tuple[ProductSheet, Locale, History]],
) -> None:
    for _, _, history in market_share:
        for entries in history.entries.values():
            assert (entries[1:, 1:] != entries[:-1, 1:]).any(axis=1).all()


def test_tracking_began_one_to_three_years_before_the_origin(catalogue: Catalogue) -> None:
    origin = to_keepa_minutes(CATALOGUE_ORIGIN)
    ages = [origin - catalogue.sheet(number).tracked_since for number in range(400)]
    assert YEAR <= min(ages) < 1.2 * YEAR
    assert 2.8 * YEAR < max(ages) <= 3 * YEAR


def test_series_have_keepas_shapes_and_values(
    market_share: list[tuple[ProductSheet, Locale, History]],
) -> None:
    for _, _, history in market_share:
        for index, entries in history.entries.items():
            assert entries.shape[1] == (3 if PRICE_TYPES[index].has_shipping else 2)
            assert (entries[:, 1] >= -1).all()
            assert (entries[:, 1] != 0).all() or not PRICE_TYPES[index].is_price
            if PRICE_TYPES[index].has_shipping:
                assert set(entries[entries[:, 1] == -1, 2].tolist()) <= {-1, 0}
                assert (entries[:, 2] >= -1).all()
        if INDEX["RATING"] in history.entries:
            ratings = history.entries[INDEX["RATING"]][:, 1]
            assert ((ratings >= 10) & (ratings <= 50)).all()


@pytest.mark.parametrize(
    "name",
    "AMAZON NEW USED SALES LISTPRICE NEW_FBM_SHIPPING LIGHTNING_DEAL WAREHOUSE NEW_FBA COUNT_NEW "
    "COUNT_USED RATING COUNT_REVIEWS BUY_BOX_SHIPPING USED_NEW_SHIPPING USED_VERY_GOOD_SHIPPING "
    "USED_GOOD_SHIPPING USED_ACCEPTABLE_SHIPPING BUY_BOX_USED_SHIPPING PRIME_EXCL COUNT_NEW_FBA "
    "COUNT_NEW_FBM".split(),
)
def test_the_catalogue_has_series(
    name: str, market_share: list[tuple[ProductSheet, Locale, History]]
) -> None:
    index = price_type_of(name).index
    having = [history for _, _, history in market_share if index in history.entries]
    assert len(having) >= 20
    assert any((history.entries[index][:, 1] >= 0).any() for history in having)


@pytest.mark.parametrize(
    ("name", "price", "shipping"),
    [
        ("BUY_BOX_SHIPPING", -1, -1),
        ("BUY_BOX_SHIPPING", -1, 0),
        ("BUY_BOX_SHIPPING", 1, -1),
        ("NEW_FBM_SHIPPING", -1, -1),
        ("NEW_FBM_SHIPPING", 1, -1),
    ],
    ids=["empty box", "empty box, shipping 0", "box, shipping unknown", "no merchant", "unknown"],
)
def test_triplets_occur_as_keepa_has_them(
    name: str,
    price: int,
    shipping: int,
    market_share: list[tuple[ProductSheet, Locale, History]],
) -> None:
    found = 0
    for _, _, history in market_share:
        entries = history.entries.get(INDEX[name])
        if entries is not None:
            found += int(((np.sign(entries[:, 1]) == price) & (entries[:, 2] == shipping)).sum())
    assert found > 0


@pytest.mark.parametrize("name", ["AMAZON", "NEW", "USED", "BUY_BOX_SHIPPING", "COUNT_NEW"])
def test_sold_out_spells_come_and_go(
    name: str, market_share: list[tuple[ProductSheet, Locale, History]]
) -> None:
    back = 0
    for _, _, history in market_share:
        entries = history.entries.get(INDEX[name])
        if entries is not None:
            missing = entries[:, 1] < 0
            back += int((missing[:-1] & ~missing[1:]).sum())
    assert back > 20


def test_new_is_the_lowest_offer(
    market_share: list[tuple[ProductSheet, Locale, History]],
) -> None:
    for _, _, history in market_share:
        last = {
            name: int(history.entries[INDEX[name]][-1, 1])
            for name in ("AMAZON", "NEW", "NEW_FBA", "NEW_FBM_SHIPPING")
            if INDEX[name] in history.entries
        }
        offers = [price for name, price in last.items() if name != "NEW" and price >= 0]
        assert last.get("NEW", -1) == min(offers, default=-1)


def test_products_without_history_and_of_both_lengths_exist(catalogue: Catalogue) -> None:
    sheets = [catalogue.sheet(number) for number in range(400)]
    assert {sheet.series_count for sheet in sheets} == {34, 36}
    silent = [sheet for sheet in sheets if not sheet.has_history]
    assert 1 <= len(silent) <= 12
    history = catalogue.history(silent[0], silent[0].home, to_keepa_minutes(CATALOGUE_ORIGIN))
    assert history.csv() == [None] * silent[0].series_count


def test_a_product_not_yet_tracked_has_no_history(catalogue: Catalogue) -> None:
    sheet = catalogue.sheet(0)
    assert catalogue.history(sheet, sheet.home, sheet.tracked_since - 1).entries == {}
    assert catalogue.history(sheet, sheet.home, sheet.tracked_since).entries


def test_products_live_in_many_locales_and_always_at_home(catalogue: Catalogue) -> None:
    sheets = [catalogue.sheet(number) for number in range(400)]
    assert all(sheet.home in sheet.locales for sheet in sheets)
    for domain in ("us", "uk", "de", "jp"):
        assert sum(locale_of(domain) in sheet.locales for sheet in sheets) > 100
    absent = next(sheet for sheet in sheets if locale_of("us") not in sheet.locales)
    assert catalogue.find(absent.asin, locale_of("us")) is None
    assert catalogue.find(absent.asin, absent.home) == absent


def test_prices_are_in_each_locales_minor_unit(catalogue: Catalogue, at_minute: int) -> None:
    ratios = []
    for sheet in catalogue.products_in(locale_of("jp"), limit=60):
        entries = catalogue.history(sheet, locale_of("jp"), at_minute).entries.get(
            INDEX["LISTPRICE"]
        )
        if entries is not None:
            offered = entries[entries[:, 1] > 0, 1]
            assert (offered % 10 == 0).all()
            ratios.append(float(np.median(offered)) / sheet.usual_price)
    # Yen have no minor unit: a thing of 10 dollars lists at some 1,900 yen, not 190,000.
    assert 120 < float(np.median(ratios)) < 260


def test_the_catalogue_ends_at_its_size() -> None:
    catalogue, larger = Catalogue(7, 10), Catalogue(7, 11)
    last = larger.sheet(10)
    assert catalogue.find(last.asin, last.home) is None
    assert larger.find(last.asin, last.home) is not None
