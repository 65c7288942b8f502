from datetime import UTC, datetime

import numpy as np
import pytest

from keeper.domain.locales import Locale, locale_of
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.products.histories import History, OffersCollection, make_history
from keeper.simulator.products.series import OF_COLLECTIONS
from keeper.simulator.products.sheets import CATALOGUE_ORIGIN, STANDARD, ProductSheet

DAY = 1440
YEAR = 365 * DAY
LANDED_SINCE = datetime(2026, 2, 23, tzinfo=UTC)
INDEX = {price_type.name: price_type.index for price_type in PRICE_TYPES}

UPDATES = INDEX["EXTRA_INFO_UPDATES"]


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
        for index, entries in history.entries.items():
            if index != UPDATES:
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


def values_at(history: History, name: str, minute: int) -> tuple[int, int]:
    """Return price and shipping on the market, not as of the last collection; −1 for no offer."""
    course = history.market.get(INDEX[name], history.entries.get(INDEX[name]))
    rows = () if course is None else course[course[:, 0] <= minute].tolist()
    if not rows or rows[-1][1] < 0:
        return -1, 0
    return rows[-1][1], max(rows[-1][2], 0) if len(rows[-1]) > 2 else 0


@pytest.mark.parametrize("is_landed", [False, True], ids=["before", "since"])
@pytest.mark.parametrize(
    ("lowest", "offers"),
    [
        ("NEW", ("AMAZON", "NEW_FBA", "NEW_FBM_SHIPPING")),
        ("USED", tuple(f"USED_{c}_SHIPPING" for c in ("NEW", "VERY_GOOD", "GOOD", "ACCEPTABLE"))),
    ],
)
def test_new_and_used_are_the_lowest_offer_with_shipping_since_february_2026(
    lowest: str,
    offers: tuple[str, ...],
    is_landed: bool,
    market_share: list[tuple[ProductSheet, Locale, History]],
) -> None:
    seam = to_keepa_minutes(LANDED_SINCE)
    with_shipping = 0
    for sheet, _, history in market_share:
        if sheet.hides_price:
            continue
        for look in history.looks[history.looks >= seam][:10] if is_landed else [seam - 1]:
            prices = [values_at(history, name, int(look)) for name in offers]
            found = [price + shipping * is_landed for price, shipping in prices if price >= 0]
            assert values_at(history, lowest, int(look))[0] == min(found, default=-1)
            items = [price for price, _ in prices if price >= 0]
            with_shipping += min(found, default=-1) != min(items, default=-1)
    assert (with_shipping > 20) is is_landed


def test_offers_are_collected_rarely_and_irregularly(
    market_share: list[tuple[ProductSheet, Locale, History]],
) -> None:
    medians = []
    for sheet, _, history in market_share:
        if not sheet.has_history:
            continue
        collected = history.entries[UPDATES][:, 0]
        assert set(collected.tolist()) <= set(history.looks.tolist())
        medians.append(float(np.median(np.diff(collected))) / 60)
        for index in OF_COLLECTIONS & history.entries.keys():
            assert set(history.entries[index][:, 0].tolist()) <= set(collected.tolist())
    assert 2 <= min(medians) < 8
    assert 40 < max(medians) <= 61


def test_the_other_series_move_with_every_look(
    market_share: list[tuple[ProductSheet, Locale, History]],
) -> None:
    between = 0
    for _, _, history in market_share:
        box = history.entries.get(INDEX["BUY_BOX_SHIPPING"])
        if box is not None:
            between += len(set(box[:, 0].tolist()) - set(history.entries[UPDATES][:, 0].tolist()))
    assert between > 5_000


def test_a_collection_between_looks_shows_the_market_of_that_time(
    market_share: list[tuple[ProductSheet, Locale, History]],
) -> None:
    found = 0
    for _, _, whole in market_share:
        if not len(whole.looks):
            continue
        at = int(whole.looks[-1]) + 1
        asked = [OffersCollection(at - 20 * DAY, 20), OffersCollection(at, 100)]
        collected = whole.collected(asked)
        assert collected.last_collection == at
        assert [made.minute for made in asked] == sorted(
            set(collected.entries[UPDATES][:, 0].tolist())
            - set(whole.entries[UPDATES][:, 0].tolist())
        )
        for index in OF_COLLECTIONS & whole.market.keys():
            for minute in (at, at - 20 * DAY):
                course = whole.market[index]
                shown = collected.entries[index]
                place = int(course[:, 0].searchsorted(minute, side="right")) - 1
                seen = int(shown[:, 0].searchsorted(minute, side="right")) - 1
                if place >= 0 and course[place, 1] >= 0:
                    assert shown[seen, 1:].tolist() == course[place, 1:].tolist()
            found += collected.entries[index][-1, 0] == at
        unmoved = whole.entries.keys() - OF_COLLECTIONS
        assert all(collected.entries[i] is whole.entries[i] for i in unmoved)
    assert found > 20


def test_without_further_collections_a_history_stays_as_it_is(
    market_share: list[tuple[ProductSheet, Locale, History]],
) -> None:
    for _, _, whole in market_share[:30]:
        if len(whole.looks):
            same = whole.collected([OffersCollection(int(whole.entries[UPDATES][-1, 0]), 20)])
            assert same.entries.keys() == whole.entries.keys()
            for index, entries in whole.entries.items():
                assert np.array_equal(same.entries[index], entries)


def test_a_collection_says_when_it_left_offers_out(
    market_share: list[tuple[ProductSheet, Locale, History]],
) -> None:
    _, _, whole = next(s for s in market_share if s[2].offers_at(int(s[2].looks[-1])) > 3)
    at = int(whole.looks[-1]) + 1
    offers = whole.offers_at(at)
    assert whole.collected([OffersCollection(at, offers)]).entries[UPDATES][-1, 1] == offers
    assert whole.collected([OffersCollection(at, 2)]).entries[UPDATES][-1, 1] == -2


def test_products_without_history_and_of_both_lengths_exist(catalogue: Catalogue) -> None:
    sheets = [catalogue.sheet(number) for number in range(400)]
    assert {sheet.series_count for sheet in sheets} == {34, 36}
    silent = [s for s in sheets if not s.has_history and s.product_type == STANDARD]
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
